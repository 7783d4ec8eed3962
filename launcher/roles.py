"""Makes logins and databases; run by `.venv`'s Python, since it needs psycopg: `python -m launcher.roles < order.json`.

An order is `{"do": name, ...arguments}`, on stdin because its URLs hold passwords. The answer is JSON on stdout; a
refusal is one line on stderr and exit code 1.
"""

import json
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
from psycopg import sql

OWNER, WEB, DATABASE = "candor_owner", "candor_web", "candor"


class Refused(Exception):
    """The server does not let this login do it; the text says what to type."""


def connect(url: str) -> psycopg.Connection:
    """Connect as libpq would, whatever PostgreSQL scheme django-environ takes."""
    return psycopg.connect(f"postgresql:{url.partition(':')[2]}", autocommit=True, connect_timeout=10)


def has_role(db: psycopg.Connection, name: str) -> bool:
    return db.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone() is not None


def embedded(admin: str) -> dict[str, str]:
    """Make the two logins and the database of the embedded server; leaves alone what is there.

    The owner may make databases (for tests) and step into the web role (to close its sessions, and to show in a test
    what it may not do); neither is a superuser.
    """
    with connect(admin) as db:
        for name, options in ((OWNER, "LOGIN CREATEDB"), (WEB, "LOGIN")):
            if not has_role(db, name):
                db.execute(sql.SQL("CREATE ROLE {} {}").format(sql.Identifier(name), sql.SQL(options)))
        db.execute(sql.SQL("GRANT {} TO {}").format(sql.Identifier(WEB), sql.Identifier(OWNER)))
        if db.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone() is None:
            db.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(sql.Identifier(DATABASE), sql.Identifier(OWNER)))
    return {}


def runtime(owner: str) -> dict[str, str]:
    """Make the runtime login of a database that the machine's owner gave; gives its name and its URL."""
    parts = urlsplit(owner)
    with connect(owner) as db:
        name = f"{db.info.dbname}_web"[:63]
        may = db.execute("SELECT rolcreaterole OR rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
        if not may or not may[0]:
            raise Refused(
                f"DATABASE_URL's login may not create roles. As one that may: CREATE ROLE {name} LOGIN PASSWORD '…'; "
                "then set DATABASE_URL to that role and DATABASE_OWNER_URL to the present one."
            )
        if has_role(db, name):
            raise Refused(
                f"The role {name} exists already. Set DATABASE_URL to it and DATABASE_OWNER_URL to the present login."
            )
        password = secrets.token_urlsafe(24)
        role, me = sql.Identifier(name), sql.SQL("CURRENT_USER")
        db.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(password)))
        db.execute(sql.SQL("GRANT {} TO {}").format(role, me))
    place = parts.netloc.rpartition("@")[2]
    return {"role": name, "url": parts._replace(netloc=f"{quote(name)}:{password}@{place}").geturl()}


def create(owner: str, database: str) -> dict[str, str]:
    """Make an empty database beside the one that the URL names."""
    with connect(owner) as db:
        db.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
    return {}


def drop(owner: str, databases: list[str]) -> dict[str, str]:
    """Drop databases that `create` made, with whoever is still connected."""
    with connect(owner) as db:
        for name in databases:
            db.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
    return {}


def sweep(owner: str) -> dict[str, str]:
    """Drop the databases of test runs that were killed: tests name theirs after their process, on this machine."""
    with connect(owner) as db:
        found = db.execute("SELECT datname FROM pg_database WHERE datname ~ '^test_candor_[0-9]+$'").fetchall()
    dead = [name for (name,) in found if not Path("/proc", name.rpartition("_")[2]).exists()]
    return drop(owner, dead)


def reach(owner: str, runtime: str) -> dict[str, str]:
    """Check that both logins get in, and that the web's is not a superuser; gives its name."""
    with connect(owner):
        pass
    with connect(runtime) as db:
        found = db.execute("SELECT current_user, rolsuper FROM pg_roles WHERE rolname = current_user").fetchone()
    if found is None or found[1]:
        raise Refused("DATABASE_URL's login is a superuser: the web must not be. Use the runtime role's.")
    return {"role": str(found[0])}


ORDERS: dict[str, Callable[..., dict[str, str]]] = {
    "embedded": embedded,
    "runtime": runtime,
    "create": create,
    "drop": drop,
    "sweep": sweep,
    "reach": reach,
}


def main() -> int:
    order: dict[str, Any] = json.load(sys.stdin)
    try:
        answer = ORDERS[order.pop("do")](**order)
    except (psycopg.Error, Refused) as error:
        sys.stderr.write((str(error).strip().splitlines() or ["The database refused."])[0] + "\n")
        return 1
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
