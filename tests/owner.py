"""The role that owns the test database: it makes, empties and drops it, and plays the attacker."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import environ
import psycopg
from django.db import connection


def owner_login() -> dict[str, str]:
    """As Django's connection settings name it."""
    config = environ.Env.db_url_config(os.environ["DATABASE_OWNER_URL"])
    return {"USER": config["USER"], "PASSWORD": config["PASSWORD"]}


def connect(*, autocommit: bool = False) -> psycopg.Connection:
    """A second connection to the test database."""
    config, login = connection.settings_dict, owner_login()
    return psycopg.connect(
        host=config["HOST"] or config["OPTIONS"].get("host"),
        port=config["PORT"] or None,
        dbname=config["NAME"],
        user=login["USER"],
        password=login["PASSWORD"] or None,
        autocommit=autocommit,
    )


@contextmanager
def as_owner(*, autocommit: bool = False) -> Iterator[psycopg.Connection]:
    """The same for the length of a block."""
    with connect(autocommit=autocommit) as owner:
        yield owner
