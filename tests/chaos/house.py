"""A house of its own: PostgreSQL and Valkey that a test may kill, the web, the worker and the dispatcher as processes,
and a history of what people saw, written down outside of it.
"""

import email
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from django.db import connection
from owner import owner_login
from psycopg.conninfo import make_conninfo
from psycopg.rows import namedtuple_row
from serving import ROOT, until

from config.demo.mailbox import Mailbox, receive
from launcher import database
from launcher.console import last_line
from launcher.demo import HOST, answers, listen, port_of
from launcher.place import Place, account_for
from launcher.postgres import Postgres
from launcher.processes import Command, Process, end, kill_session, spawn
from launcher.servers import Server, listener
from launcher.valkey import Valkey

WEB = ["-m", "gunicorn", "config.wsgi", "--worker-class", "gthread", "--threads", "4", "--no-control-socket"]
# Loaded before it forks, so that a worker that was killed is back at once; a hung one is ended after four seconds.
SUPERVISED = ["--workers", "2", "--preload", "--timeout", "4"]
CELERY = ["-m", "celery", "-A", "config", "worker", "--beat", "--concurrency", "1", "--loglevel", "WARNING"]
DISPATCH = ["manage.py", "dispatch", "--interval", "0.2"]
DRIVERS = ("worker", "dispatcher")
BATCH = 24


class History:
    """One line for each thing that somebody outside saw, in order. The checker reads this, never the house's word."""

    def __init__(self, path: Path) -> None:
        self.path, self.lock = path, threading.Lock()

    def note(self, what: str, **more: Any) -> None:
        with self.lock, self.path.open("a") as file:
            file.write(json.dumps({"at": time.monotonic(), "what": what, **more}) + "\n")

    def read(self, what: str) -> list[dict[str, Any]]:
        with self.lock:
            lines = self.path.read_text().splitlines() if self.path.exists() else []
        return [one for one in map(json.loads, lines) if one["what"] == what]


class Letters(Mailbox):
    """The provider's end: what it was handed, before it says that it has it."""

    def __init__(self, folder: Path, history: History) -> None:
        super().__init__(folder)
        self.history = history

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:
        code = email.message_from_bytes(envelope.content)["X-Reference"]
        self.history.note("letter", code=code, to=envelope.rcpt_tos[0])
        return "250 kept"


class House:
    """Everything, running. `idle` names the drivers that page nobody at the moment."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.place = Place(ROOT, folder / "data", account_for(folder / "data" / "postgres"))
        self.postgres, self.valkey = Postgres(self.place, Path(sys.prefix)), Valkey(self.place, Path(sys.prefix))
        self.logins = database.embedded_logins(self.place)
        self.history = History(folder / "history.jsonl")
        self.orders = folder / "orders"
        self.processes: dict[str, Process] = {}
        self.servers: list[Process] = []
        self.environment: dict[str, str] = {}
        self.fd, self.port, self.given = 0, 0, 0
        self.links: list[dict[str, str]] = []

    @property
    def base(self) -> str:
        return f"http://{HOST}:{self.port}"

    # --- starting -------------------------------------------------------------------------------------
    def begin(self, scope: ExitStack) -> None:
        """The servers with a migrated database, the receiver, the three processes; all of it ends with `scope`."""
        self.place.make()
        self.orders.mkdir()
        scope.callback(self.end_servers)
        for server in (self.postgres, self.valkey):
            self.start_server(server)
        database.make_ready(self.logins, self.place, Path(sys.executable))
        listening, smtp = (scope.enter_context(listen(0)) for _ in range(2))
        self.fd, self.port = listening.fileno(), port_of(listening)
        receiver = receive(Letters(self.folder / "mail", self.history), smtp)
        scope.callback(receiver.stop)
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "chaos.settings",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}",
            "DATABASE_URL": self.logins.runtime,
            "DATABASE_OWNER_URL": self.logins.owner,
            "CANDOR_RUNTIME_ROLE": self.logins.role,
            "REDIS_URL": self.valkey.url,
            "CANDOR_DATA": str(self.folder),
            "DEBUG": "true",
            "CANDOR_DEMO": "false",
            "BASE_URL": self.base,
            "EMAIL_HOST": HOST,
            "EMAIL_PORT": str(port_of(smtp)),
            "CHAOS_ORDERS": str(self.orders),
            # A process that is started again is back as soon as it would be in an installation.
            "PYTHONDONTWRITEBYTECODE": "",
            "PYTHONPYCACHEPREFIX": str(self.folder / "bytecode"),
        }
        self.copy_database()
        self.run("manage.py", "grant_runtime", DATABASE_URL=self.logins.owner)
        self.links = self.invite()
        scope.callback(lambda: end([*self.processes.values()], grace=3))
        for role in ("web", *DRIVERS):
            self.start(role)
        until(lambda: answers(self.port, "/health/ready"), f"the web: {last_line(self.log('web'))}")

    def start_server(self, server: Server) -> None:
        process = server.start(outlives_us=False)
        assert process
        self.servers.append(process)

    def end_servers(self) -> None:
        for server in (self.valkey, self.postgres):
            if server.is_alive():
                server.stop()
        for process in self.servers:
            process.wait()

    def run(self, *arguments: str, **more: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.environment | more, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return done.stdout

    def copy_database(self) -> None:
        """From the test database, which is migrated and empty but for what ships: migrating again takes far longer."""
        programs, config = self.postgres.programs(), connection.settings_dict | owner_login()
        source = make_conninfo(
            dbname=config["NAME"],
            user=config["USER"],
            password=config["PASSWORD"] or None,
            host=config["HOST"] or config["OPTIONS"].get("host"),
            port=config["PORT"] or None,
        )
        dump: Command = [programs / "pg_dump", "--no-owner", "--no-privileges", "--dbname", source]
        load: Command = [
            programs / "psql",
            "--quiet",
            "--no-psqlrc",
            "--set",
            "ON_ERROR_STOP=1",
            "--dbname",
            self.logins.owner,
        ]
        schema = subprocess.run(dump, capture_output=True, check=True).stdout
        subprocess.run(load, input=schema, stdout=subprocess.DEVNULL, check=True)

    def log(self, role: str) -> Path:
        return self.folder / f"{role}.log"

    def start(self, role: str) -> None:
        """As a supervisor does: also again, after it died."""
        commands = {
            "web": [*WEB, *SUPERVISED, "--bind", f"fd://{self.fd}"],
            "worker": [*CELERY, "--schedule", str(self.folder / "beat")],
            "dispatcher": DISPATCH,
        }
        self.processes[role] = spawn(
            [sys.executable, *commands[role]],
            cwd=ROOT,
            env=self.environment | {"CHAOS_ROLE": role},
            log=self.log(role),
            pass_fds=[self.fd] if role == "web" else (),
        )

    # --- what goes wrong ------------------------------------------------------------------------------
    def on_duty(self, *roles: str) -> None:
        """These drivers page; the others do everything else, as if paging were not theirs."""
        for role in DRIVERS:
            note = self.orders / f"{role}.idle"
            note.unlink(missing_ok=True) if role in roles else note.touch()

    @contextmanager
    def fault(self, role: str, point: str, deed: str, *, nth: int) -> Iterator[Callable[[], bool]]:
        """Order it; gives whether it has landed. An order that nobody carried out is taken back."""
        self.given += 1
        (self.orders / "new").write_text(f"{self.given} {role} {deed} {nth} {point}")
        (self.orders / "new").rename(self.orders / "order")
        try:
            yield (self.orders / f"landed-{self.given}").exists
        finally:
            (self.orders / "order").unlink(missing_ok=True)

    def kill(self, role: str) -> None:
        """With all that it started, as the machine's out-of-memory killer does at its worst."""
        kill_session(self.processes[role].pid)
        self.processes[role].wait()

    def revive(self, role: str) -> None:
        """Start it again once it is gone."""
        self.processes[role].wait(timeout=60)
        kill_session(self.processes[role].pid)
        self.start(role)

    def resume(self, role: str) -> None:
        """Let what hung go on."""
        os.killpg(self.processes[role].pid, signal.SIGCONT)

    def signal_valkey(self, number: int) -> None:
        pid = listener(self.valkey.address)
        assert pid
        os.kill(pid, number)
        if number == signal.SIGKILL:
            until(lambda: not self.valkey.is_alive(), "Valkey to be gone")

    def restore_valkey(self) -> None:
        """Start it again, or let it go on."""
        if self.valkey.is_alive():
            self.signal_valkey(signal.SIGCONT)
        else:
            self.start_server(self.valkey)

    def empty_broker(self) -> None:
        with socket.socket(socket.AF_UNIX) as caller:
            caller.connect(str(self.valkey.address))
            caller.sendall(b"FLUSHALL\r\n")
            assert caller.recv(5) == b"+OK\r\n"

    def crash_postgres(self) -> None:
        """As on a power cut of the server: nothing is finished, the log is replayed at the start."""
        pid = int((self.postgres.folder / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGQUIT)
        until(lambda: not self.postgres.is_alive(), "PostgreSQL to be gone")
        self.start_server(self.postgres)

    # --- what is looked at -----------------------------------------------------------------------------
    def rows(self, query: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.logins.runtime, row_factory=namedtuple_row) as db:
            return db.execute(query, values).fetchall()

    def replies(self, packets: list[str]) -> list[float]:
        """Seconds that each 2xx took from the first time the phone asked."""
        asked: dict[str, float] = {}
        for one in self.history.read("asked"):
            asked.setdefault(one["packet"], one["at"])
        taken = [one for one in self.history.read("replied") if 200 <= one["status"] < 300]
        return [one["at"] - asked[one["packet"]] for one in taken if one["packet"] in packets]

    def expire_leases(self) -> None:
        """The leases of those who died or hang run out now: they are moved, not waited for. Waits for a row that a hung
        transaction still holds."""
        with psycopg.connect(self.logins.runtime, options="-c lock_timeout=30s") as db:
            db.execute("UPDATE escalation_page SET lease_until = clock_timestamp() WHERE state = 'claimed'")

    def invite(self) -> list[dict[str, str]]:
        invited: list[dict[str, str]] = json.loads(self.run("-m", "chaos.seeding", str(BATCH)))
        return invited

    def link(self) -> dict[str, str]:
        if not self.links:
            self.links = self.invite()
        return self.links.pop()


@contextmanager
def open_house() -> Iterator[House]:
    """In a folder that PostgreSQL's login can enter: pytest's are the caller's alone."""
    folder = Path(tempfile.mkdtemp(prefix="candor-chaos-"))
    folder.chmod(0o711)
    with ExitStack() as scope:
        scope.callback(shutil.rmtree, folder, ignore_errors=True)
        house = House(folder)
        house.begin(scope)
        yield house
