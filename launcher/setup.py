"""Set-up: everything that `manage.py` needs, found or made; used by every verb."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from launcher import database, packages, place
from launcher.console import Failure, last_line, say
from launcher.database import Logins
from launcher.environment import EnvFile, fresh_secrets
from launcher.packages import Venv
from launcher.place import Place
from launcher.postgres import Postgres
from launcher.processes import Command, alone, complete
from launcher.servers import Embedded, Server
from launcher.valkey import Valkey


@dataclass(frozen=True)
class Ready:
    """A checkout that is set up, with its servers running."""

    place: Place
    venv: Venv
    servers: Embedded
    logins: Logins
    redis_url: str

    def environment(self, logins: Logins | None = None, *, as_owner: bool = False) -> dict[str, str]:
        """What a child gets: ours, and where the database is. The secrets it reads from `.env.local` itself."""
        logins = logins or self.logins
        # Who asked Python not to keep what it compiles would wait for it at each of a hundred starts.
        theirs = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        return {
            **theirs,
            "DATABASE_URL": logins.owner if as_owner else logins.runtime,
            "DATABASE_OWNER_URL": logins.owner,
            "CANDOR_RUNTIME_ROLE": logins.role,
            "REDIS_URL": self.redis_url,
            "CANDOR_DATA": str(self.place.data),
            "PYTHONUNBUFFERED": "1",
        }

    def manage(self, *arguments: str, env: dict[str, str], doing: str) -> None:
        """Run a management command; its output goes to a log, its failure is one line."""
        log = self.place.logs / "manage.log"
        command: Command = [self.venv.python, "manage.py", *arguments]
        if complete(command, doing=doing, cwd=self.place.checkout, log=log, env=env) != 0:
            raise Failure(f"manage.py {arguments[0]} failed: {last_line(log)} (all of it: {log})")

    def migrate(self, logins: Logins) -> None:
        """Bring a database to this checkout's schema, as its owner, and grant the runtime role its part."""
        env = self.environment(logins, as_owner=True)
        with alone(self.place.data / "setup.lock"):
            say("Bringing the database up to date.")
            self.manage("migrate", "--noinput", env=env, doing="migrating")
            self.manage("grant_runtime", env=env, doing="granting")

    def drop_databases(self, names: list[str]) -> None:
        """Remove databases that a run made for itself."""
        database.order(self.venv.python, self.place.checkout, do="drop", owner=self.logins.owner, databases=names)


def find_place(checkout: Path) -> Place:
    """Find the data folder, without making it."""
    written = EnvFile(checkout).values
    return place.find(checkout, os.environ.get("CANDOR_DATA") or written.get("CANDOR_DATA", ""))


def embedded_servers(where: Place, venv: Path) -> Embedded:
    """Both servers of a data folder, whether or not this run uses them."""
    return Embedded(where.data, [Postgres(where, venv), Valkey(where, venv)])


def environment(checkout: Path, *, requirements: tuple[str, ...]) -> Venv:
    """Make the Python environment alone, for what needs neither database nor broker."""
    where = find_place(checkout)
    where.make()
    venv = Venv(checkout, where.logs / "setup.log")
    with alone(where.data / "setup.lock"):
        venv.ensure(requirements)
    return venv


@contextlib.contextmanager
def ready(checkout: Path, *, requirements: tuple[str, ...], system: bool) -> Iterator[Ready]:
    """Set the checkout up and have its servers running during the block. `system` allows apt-get."""
    where = find_place(checkout)
    where.make()
    venv = Venv(checkout, where.logs / "setup.log")
    with alone(where.data / "setup.lock"):
        venv.ensure(requirements)
        venv.ensure_pdf(system=system)
        written = EnvFile(checkout)
        written.add({name: os.environ.get(name) or value for name, value in fresh_secrets().items()})
    logins = database.choose(os.environ, written.values, where)
    broker = Valkey(where, venv.folder)
    redis_url = external_redis(written.values) or broker.url
    wanted: list[Server] = [Postgres(where, venv.folder)] if logins.embedded else []
    wanted += [broker] if redis_url == broker.url else []
    servers = Embedded(where.data, wanted)
    with servers.in_use():
        with alone(where.data / "setup.lock"):
            logins = database.make_ready(logins, where, venv.python)
            EnvFile(checkout).add(
                {
                    "CANDOR_DATA": str(where.data),
                    "DATABASE_URL": logins.runtime,
                    "DATABASE_OWNER_URL": logins.owner,
                    "CANDOR_RUNTIME_ROLE": logins.role,
                    "REDIS_URL": redis_url,
                }
            )
        yield Ready(where, venv, servers, logins, redis_url)


def external_redis(written: dict[str, str]) -> str:
    """Give the Redis that the machine's owner named, exported or in `.env.local`; empty for the embedded one."""
    url = os.environ.get("REDIS_URL") or written.get("REDIS_URL", "")
    return "" if url.endswith("/valkey.sock") else url


def set_up(checkout: Path, *, system: bool) -> None:
    """`./run setup`: leave `manage.py` usable, with the database and the broker running until `./run stop`."""
    with ready(checkout, requirements=packages.RUNTIME, system=system) as here:
        here.migrate(here.logins)
        here.servers.keep()
    say("Ready. Try ./run demo, or .venv/bin/python manage.py …; ./run stop ends the database and the broker.")


def stop(checkout: Path) -> str:
    """`./run stop`: end what `./run setup` left running; gives the sentence to show."""
    where = find_place(checkout)
    if not where.data.exists():
        return "Nothing was running."
    return embedded_servers(where, checkout / ".venv").stop()
