"""Which PostgreSQL, and with which two logins: the owner migrates, the runtime role serves."""

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from launcher.console import Failure
from launcher.place import Place

RUNTIME_ROLE = "candor_web"


@dataclass(frozen=True)
class Logins:
    """Two ways into one database. `role` is the runtime one's name; empty until it is made or known."""

    owner: str
    runtime: str
    embedded: bool
    role: str = ""

    def to(self, database: str) -> "Logins":
        """The same logins for another database of the server."""

        def swap(url: str) -> str:
            return urlsplit(url)._replace(path=f"/{database}").geturl()

        return replace(self, owner=swap(self.owner), runtime=swap(self.runtime))


def embedded_logins(place: Place) -> Logins:
    """Give the addresses of the embedded server, in the one form that libpq and django-environ both read."""
    host = f"@/candor?host={place.sockets}"
    return Logins(
        f"postgresql://candor_owner{host}", f"postgresql://{RUNTIME_ROLE}{host}", embedded=True, role=RUNTIME_ROLE
    )


def choose(exported: Mapping[str, str], written: Mapping[str, str], place: Place) -> Logins:
    """Choose by what is exported, then by what `.env.local` says, then the embedded server.

    An owner's URL without a runtime one gives empty `runtime`: `make_runtime_role` fills it.
    """
    ours = embedded_logins(place)
    url, owner = exported.get("DATABASE_URL", ""), exported.get("DATABASE_OWNER_URL", "")
    if owner and not url:
        raise Failure("DATABASE_OWNER_URL is set without DATABASE_URL. Set both, or DATABASE_URL alone.")
    if not url or url == written.get("DATABASE_URL"):
        return _by_file(written, ours)
    if owner:
        return Logins(owner, url, embedded=False)
    if written.get("DATABASE_OWNER_URL") == url:
        return Logins(url, written.get("DATABASE_URL", ""), embedded=False)
    if "DATABASE_URL" in written or "DATABASE_OWNER_URL" in written:
        raise Failure(
            ".env.local names another database than the DATABASE_URL that is set. Unset it, or remove DATABASE_URL and "
            "DATABASE_OWNER_URL from .env.local."
        )
    return Logins(url, "", embedded=False)


def _by_file(written: Mapping[str, str], ours: Logins) -> Logins:
    url, owner = written.get("DATABASE_URL", ""), written.get("DATABASE_OWNER_URL", "")
    if not url or url.partition("?")[0] == ours.runtime.partition("?")[0]:
        return ours
    if not owner:
        raise Failure(".env.local has DATABASE_URL without DATABASE_OWNER_URL, the login that migrates. Add it.")
    return Logins(owner, url, embedded=False)


def make_ready(logins: Logins, place: Place, python: Path) -> Logins:
    """Have both logins exist and get in; raises a Failure that says what to type otherwise."""
    if logins.embedded:
        order(python, place.checkout, do="embedded", admin=f"postgresql://postgres@/postgres?host={place.sockets}")
        return logins
    if not logins.runtime:
        made = order(python, place.checkout, do="runtime", owner=logins.owner)
        return replace(logins, runtime=made["url"], role=made["role"])
    found = order(python, place.checkout, do="reach", owner=logins.owner, runtime=logins.runtime)
    return replace(logins, role=found["role"])


def order(python: Path, checkout: Path, **what: Any) -> dict[str, str]:
    """Have `launcher.roles` do something in the database."""
    done = subprocess.run(
        [python, "-m", "launcher.roles"],
        input=json.dumps(what),
        cwd=checkout,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise Failure(f"The database says: {reason}")
    answer: dict[str, str] = json.loads(done.stdout)
    return answer
