"""The database of a test process is a copy: to migrate one takes longer than most of what is tested on it.

The original stays between runs, under a name that says what it was made from. Other migrations or packages make
another one, and the old one goes.
"""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from owner import owner_login

from audit.actions import Actor
from intake.services import library

PREFIX = "test_candor_from_"
TURN = 0xCA4D02  # of PostgreSQL's advisory locks: one process makes the original, the others wait for it


def made_from() -> str:
    """A digest of what the tables, and who owns them, follow from."""
    digest = hashlib.sha256(connection.settings_dict["USER"].encode())
    for file in (*sorted(settings.BASE_DIR.glob("*/migrations/*.py")), settings.BASE_DIR / "requirements.txt"):
        digest.update(str(file.relative_to(settings.BASE_DIR)).encode() + file.read_bytes())
    return digest.hexdigest()[:16]


@contextmanager
def database() -> Iterator[None]:
    """One of this process's own with the forms that ship, gone afterwards: the owner makes it, then this process is the
    runtime role, and the owner again to drop it."""
    name = f"test_candor_{os.getpid()}"  # a sweep knows whose it was
    runtime = {key: connection.settings_dict[key] for key in ("USER", "PASSWORD")}
    connection.settings_dict.update(owner_login())
    _copy(name)
    call_command("grant_runtime")
    with connection.cursor() as cursor:  # no test pulls the plug on it
        cursor.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    connection.close()
    connection.settings_dict.update(runtime)
    library.publish_library(actor=Actor.system("test"))
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(owner_login())
        connection.creation.destroy_test_db(name, verbosity=0)


def _copy(name: str) -> None:
    """Make the database `name` as the migrations leave it, and turn to it. The connection is its owner's."""
    original = f"{PREFIX}{made_from()}"
    with connection._nodb_cursor() as server:
        server.execute("SELECT pg_advisory_lock(%s)", [TURN])
        server.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{PREFIX}%"])
        known = {row[0] for row in server.fetchall()}
        if original not in known:
            for old in known:
                server.execute(f'DROP DATABASE IF EXISTS "{old}"')
            _migrate(server, original)
        server.execute(f'DROP DATABASE IF EXISTS "{name}"')
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE "{original}"')
    connection.settings_dict["NAME"] = settings.DATABASES["default"]["NAME"] = name


def _migrate(server, original: str) -> None:
    """It gets its name when it is whole; until then it goes by this process's, so that a sweep finds it."""
    half = f"test_candor_{os.getpid()}"
    connection.settings_dict["TEST"]["NAME"] = half
    connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
    connection.close()
    server.execute(f'ALTER DATABASE "{half}" RENAME TO "{original}"')
