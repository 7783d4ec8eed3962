"""`./run demo` and `./run demo-check`: the whole house on one machine, with a demo clinic."""

import contextlib
import http.client
import json
import os
import socket
import time
from dataclasses import dataclass
from pathlib import Path

from launcher import database, packages, runs, setup
from launcher.console import Failure, last_line, say, tell
from launcher.database import Logins
from launcher.processes import Command, Lock, Process, end, kill_session, spawn, undisturbed
from launcher.runs import Run
from launcher.setup import Ready
from launcher.valkey import Valkey

HOST = "127.0.0.1"
PATIENCE = 60.0  # seconds for the pages to answer
AT_LEAST = 15.0  # seconds between two starts of the same process: at most four a minute
CAN_BE_LEFT_OUT = {"redis", "celery", "dispatch"}
BIG_LOG = 5_000_000


@dataclass
class Service:
    """A process of the demo. Those of a higher tier stop first."""

    name: str
    command: Command
    tier: int
    log: Path
    process: Process | None = None
    started: float = 0.0


@dataclass(frozen=True)
class Held:
    """The demo's sockets, ours from the moment they are chosen: no other demo can be mistaken for this one."""

    web: socket.socket
    peers: socket.socket
    mail: socket.socket

    def all(self) -> tuple[socket.socket, ...]:
        return self.web, self.peers, self.mail

    def of(self, name: str) -> tuple[socket.socket, ...]:
        """Those that this service is handed."""
        return {"web": (self.web,), "demo_peers": (self.peers, self.mail)}.get(name, ())


class Crew:
    """The demo's processes: started, watched, and stopped from the workers down to the mail receiver."""

    def __init__(self, checkout: Path, env: dict[str, str], run: Run, held: Held) -> None:
        self.checkout, self.env, self.run, self.held = checkout, env, run, held
        self.services: list[Service] = []

    def start(self, service: Service) -> None:
        """Start a process, also again; its sockets stay open meanwhile, so no request is refused."""
        if service not in self.services:
            self.services.append(service)
        service.started = time.monotonic()
        fds = [one.fileno() for one in self.held.of(service.name)]
        service.process = spawn(service.command, cwd=self.checkout, env=self.env, log=service.log, pass_fds=fds)
        self.run.remember_process(service.process)

    def watch(self) -> None:
        """Start again what died, and say so."""
        for service in self.services:
            process = service.process
            if process is None or process.poll() is None or time.monotonic() - service.started < AT_LEAST:
                continue
            kill_session(process.pid)
            say(f"{service.name} ended ({ending(process)}) and starts again. Its last words: {last_line(service.log)}")
            self.start(service)

    def await_port(self, service: Service, port: int, path: str) -> None:
        """Wait until the service answers 200 at `path`; raises a Failure when it ends first or takes too long."""
        deadline = time.monotonic() + PATIENCE
        while not answers(port, path):
            process = service.process
            if process is None or process.poll() is not None or time.monotonic() > deadline:
                raise Failure(f"{service.name} did not start: {last_line(service.log)} (all of it: {service.log})")
            time.sleep(0.1)

    def stop(self) -> None:
        """Stop tier by tier."""
        with undisturbed():
            for tier in sorted({service.tier for service in self.services}, reverse=True):
                end([s.process for s in self.services if s.tier == tier and s.process is not None])


@dataclass(frozen=True)
class Stage:
    """A database, a broker and a data folder for one demo: the standing ones, or passing ones of its own."""

    here: Ready
    run: Run
    logins: Logins
    redis_url: str
    data: Path


def stage(here: Ready, scope: contextlib.ExitStack, *, passing: bool) -> Stage:
    """Prepare the stage. A passing one shares nothing with another run and is gone afterwards."""
    run = scope.enter_context(runs.begin(here.place.data, here.drop_databases))
    if not passing:
        return Stage(here, run, here.logins, here.redis_url, here.place.data)
    name = f"candor_check_{run.tag}"
    run.remember_database(name)
    database.order(here.venv.python, here.place.checkout, do="create", owner=here.logins.owner, database=name)
    (run.folder / "demo").mkdir(mode=0o700)
    return Stage(here, run, here.logins.to(name), private_broker(here, scope, run), run.folder)


def private_broker(here: Ready, scope: contextlib.ExitStack, run: Run) -> str:
    """Start a broker for one run, so that no other run's worker takes its messages; gives its address."""
    broker = Valkey(here.place, here.venv.folder, folder=run.folder / "valkey", tag=run.tag)
    if here.redis_url != Valkey(here.place, here.venv.folder).url:
        return here.redis_url
    process = broker.start(outlives_us=False)
    if process is not None:
        run.remember_process(process)
        scope.callback(broker.address.unlink, missing_ok=True)
        scope.callback(end, [process])
    return broker.url


def open_house(scope: contextlib.ExitStack, on: Stage, held: Held) -> Crew:
    """Prepare the database and the demo clinic, start everything; gives the crew once the pages answer.

    The web loads while the clinic is seeded, the workers after it: two cores are busy, and the links come soonest.
    """
    without = left_out()
    port, peers_port, mail_port = (port_of(one) for one in held.all())
    redis_url = f"redis+socket://{on.run.folder}/stopped.sock" if "redis" in without else on.redis_url
    env = on.here.environment(on.logins) | {
        "CANDOR_DEMO": "1",
        "CANDOR_DATA": str(on.data),
        "REDIS_URL": redis_url,
        "BASE_URL": f"http://{HOST}:{port}",
        "DEMO_HTTP_PORT": str(peers_port),
        "DEMO_HTTP_FD": str(held.peers.fileno()),
        "DEMO_SMTP_FD": str(held.mail.fileno()),
        "EMAIL_HOST": HOST,
        "EMAIL_PORT": str(mail_port),
    }
    crew = Crew(on.here.place.checkout, env, on.run, held)
    scope.callback(crew.stop)
    peers, web, *workers = services(on, held.web.fileno())
    crew.start(peers)
    on.here.migrate(on.logins)
    say("Starting the web and preparing the demo clinic.")
    crew.start(web)
    on.here.manage("demo_seed", env=env, doing="preparing the demo clinic")
    crew.await_port(peers, peers_port, "/")
    crew.await_port(web, port, "/health/live")
    for worker in workers:
        if worker.name not in without:
            crew.start(worker)
    return crew


def services(on: Stage, web_fd: int) -> list[Service]:
    """List the demo's processes: the peers outside the house, the web, the two that carry what is due."""
    python, logs = on.here.venv.python, on.here.place.logs
    gunicorn = ["-m", "gunicorn", "config.wsgi", "--worker-class", "gthread", "--workers", "2", "--threads", "4"]
    bound = ["--bind", f"fd://{web_fd}", "--no-control-socket"]
    celery = ["-m", "celery", "-A", "config", "worker", "-B", "--concurrency", "1", "--loglevel", "WARNING"]
    quiet = ["--without-gossip", "--without-mingle", "--hostname", f"{on.run.tag}@%h"]
    return [
        Service("demo_peers", [python, "manage.py", "demo_peers"], 0, tidy(logs / "peers.log")),
        Service("web", [python, *gunicorn, *bound], 1, tidy(logs / "web.log")),
        Service("celery", [python, *celery, *quiet, "-s", on.run.folder / "beat"], 2, tidy(logs / "celery.log")),
        Service("dispatch", [python, "manage.py", "dispatch"], 2, tidy(logs / "dispatch.log")),
    ]


def demo(checkout: Path, *, port: int | None, system: bool) -> int:
    """Run the demo until Ctrl-C; gives 0."""
    left_out()
    with contextlib.ExitStack() as scope:
        listening = scope.enter_context(listen(port) if port else listen_from(8000))
        if not port and port_of(listening) != 8000:
            say(f"Port 8000 is taken; using {port_of(listening)}.")
        here = scope.enter_context(setup.ready(checkout, requirements=packages.RUNTIME, system=system))
        only = scope.enter_context(contextlib.closing(Lock(here.place.data / "demo.lock")))
        passing = not only.take()
        if passing:
            say("Another demo runs from this checkout; this one gets a database of its own until it ends.")
        on = stage(here, scope, passing=passing)
        peers, mail = (scope.enter_context(listen_from(first)) for first in (8025, 8026))
        crew = open_house(scope, on, Held(listening, peers, mail))
        with contextlib.suppress(KeyboardInterrupt):
            show_links(on.data / "demo" / "links.json")
            while True:
                time.sleep(1)
                crew.watch()
                here.servers.revive()
        say("Stopping.")
    return 0


def demo_check(checkout: Path, *, system: bool) -> int:
    """Drive one patient through a demo of its own; stdout and the exit code are those of `manage.py demo_check`."""
    left_out()
    with contextlib.ExitStack() as scope:
        listening = scope.enter_context(listen(0))
        here = scope.enter_context(setup.ready(checkout, requirements=packages.RUNTIME, system=system))
        on = stage(here, scope, passing=True)
        crew = open_house(scope, on, Held(listening, *(scope.enter_context(listen(0)) for _ in range(2))))
        say("Driving one patient through it.")
        command: Command = [here.venv.python, "manage.py", "demo_check", "--base-url", crew.env["BASE_URL"]]
        driver = spawn(command, cwd=checkout, env=crew.env)
        scope.callback(end, [driver])
        while driver.poll() is None:
            time.sleep(0.2)
            crew.watch()
        if driver.returncode != 0:
            say(f"The check failed. What the processes said is in {here.place.logs}")
        return 1 if driver.returncode < 0 else driver.returncode


def show_links(path: Path) -> None:
    """Print where to look and how to sign in, as `demo_seed` wrote it."""
    links = json.loads(path.read_text())
    rows = [
        ("Patient's phone", f"{links['patient']} (born {links['patient_birth_date']})"),
        ("Front desk", links["front_desk"]),
        ("Clinician", links["clinician"]),
        ("Compliance", links["compliance"]),
        ("Pages by mail", links["mail"]),
        ("Sandbox chart", links["chart"]),
        ("Sign-in codes", links["demo"]),
        *((f"  {one['role']}", f"{one['email']}, password: {one['password']}") for one in links["people"]),
    ]
    tell("The demo runs; Ctrl-C stops it.")
    for name, value in rows:
        tell(f"  {name:<16} {value}")


def left_out() -> set[str]:
    """Read CANDOR_DEMO_WITHOUT: what to leave out, to show that the rest carries the demo alone."""
    names = {name.strip() for name in os.environ.get("CANDOR_DEMO_WITHOUT", "").split(",") if name.strip()}
    if not names <= CAN_BE_LEFT_OUT:
        raise Failure(f"CANDOR_DEMO_WITHOUT takes {', '.join(sorted(CAN_BE_LEFT_OUT))}, separated by commas.")
    return names


def listen(port: int) -> socket.socket:
    """Hold a port for the web, 0 for any free one; it is ours before the web starts, so that no two demos share it."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise Failure(f"Port {port} can't be used ({error.strerror}). Choose another: ./run demo --port N") from None
    return listening


def listen_from(first: int) -> socket.socket:
    """Hold the first free port from `first` on."""
    for port in range(first, first + 50):
        with contextlib.suppress(Failure):
            return listen(port)
    return listen(0)


def free_port() -> int:
    """Find a port that is free now, for a process that binds it itself."""
    with listen(0) as found:
        return port_of(found)


def port_of(listening: socket.socket) -> int:
    """Give the port of a listening socket."""
    port: int = listening.getsockname()[1]
    return port


def answers(port: int, path: str) -> bool:
    """Whether a GET gives 200. Not by urllib: a proxy of the environment has no business here."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def ending(process: Process) -> str:
    """Say how a process ended."""
    return f"signal {-process.returncode}" if process.returncode < 0 else f"exit {process.returncode}"


def tidy(log: Path) -> Path:
    """Put a log that has grown big aside."""
    if log.exists() and log.stat().st_size > BIG_LOG:
        log.replace(f"{log}.1")
    return log
