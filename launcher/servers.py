"""The embedded servers: started once per data folder, shared by every launcher, stopped by the last one."""

import contextlib
import os
import socket
import struct
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

from launcher.console import Failure, last_line, say
from launcher.place import Account
from launcher.processes import Lock, Process, alone, is_held, spawn, undisturbed

PATIENCE = 120.0  # seconds; crash recovery of a busy database takes some


class Server(ABC):
    """One server process in a folder of its own, heard on a Unix socket only."""

    name: str

    def __init__(self, *, folder: Path, address: Path, log: Path, account: Account) -> None:
        self.folder, self.address, self.log, self.account = folder, address, log, account
        # Inherited by the server and all it forks: held means that something of it lives.
        self.alive = folder.with_name(f"{folder.name}.alive")

    @abstractmethod
    def command(self) -> list[str]:
        """Give the command that runs the server in the foreground."""

    @abstractmethod
    def prepare(self) -> None:
        """Make the folder ready for a start; nothing of the server is alive now."""

    @abstractmethod
    def answers(self) -> bool:
        """Whether it can be used."""

    @abstractmethod
    def ask_to_stop(self) -> None:
        """Send what makes it finish in good order."""

    def is_alive(self) -> bool:
        """Whether any process of it lives, be it only what a killed one left behind."""
        return is_held(self.alive)

    def start(self, *, outlives_us: bool = True) -> Process | None:
        """Have it running; None if it was already. Waits for what a killed one left behind."""
        lock = Lock(self.alive)
        with contextlib.closing(lock):
            deadline = time.monotonic() + PATIENCE
            while not lock.take():
                if self.answers():
                    return None
                if time.monotonic() > deadline:
                    raise Failure(f"{self.name} in {self.folder} is neither up nor gone. See {self.log}")
                time.sleep(0.05)
            self.prepare()
            process = spawn(
                self.command(),
                cwd=self.folder,
                log=self.log,
                uid=self.account.uid,
                gid=self.account.gid,
                pass_fds=[lock.descriptor],
                outlives_us=outlives_us,
            )
        deadline = time.monotonic() + PATIENCE
        while not self.answers():
            if process.poll() is not None or time.monotonic() > deadline:
                raise Failure(f"{self.name} did not start: {last_line(self.log)} (all of it: {self.log})")
            time.sleep(0.05)
        return process

    def stop(self) -> None:
        """Stop it and wait until nothing of it lives."""
        self.ask_to_stop()
        deadline = time.monotonic() + PATIENCE / 2
        while self.is_alive():
            if time.monotonic() > deadline:
                raise Failure(f"{self.name} in {self.folder} does not stop. See {self.log}")
            time.sleep(0.05)


class Embedded:
    """The servers of one data folder, and who uses them."""

    def __init__(self, data: Path, servers: Sequence[Server]) -> None:
        self.servers = servers
        self.gate = data / "servers.lock"  # one launcher at a time starts or stops
        self.users = data / "users.lock"  # shared by the launchers that need the servers
        self.kept = data / "kept"  # `./run setup` leaves them running until `./run stop`

    @contextlib.contextmanager
    def in_use(self) -> Iterator[None]:
        """Have the servers running during the block; the last user stops them, unless they are kept."""
        with contextlib.closing(Lock(self.users)) as users:
            try:
                with alone(self.gate):
                    users.share()
                    self._start()
                yield
            finally:
                with undisturbed(), alone(self.gate):
                    if users.take() and not self.kept.exists():
                        self._stop()

    def _start(self) -> None:
        for server in self.servers:
            if server.start() is not None:
                say(f"{server.name} runs in {server.folder}")

    def _stop(self) -> None:
        for server in reversed(self.servers):
            if server.is_alive():
                server.stop()
            with contextlib.suppress(OSError):  # there may be another's socket in it
                server.address.parent.rmdir()

    def revive(self) -> None:
        """Start again what died meanwhile."""
        for server in self.servers:
            if not server.is_alive():
                with alone(self.gate):
                    if server.start() is not None:
                        say(f"{server.name} had died and runs again (its log: {server.log})")

    def keep(self) -> None:
        """Leave them running after the last launcher."""
        self.kept.touch()

    def stop(self) -> str:
        """End what `keep` began; gives the sentence that says what became of the servers."""
        with alone(self.gate), contextlib.closing(Lock(self.users)) as users:
            self.kept.unlink(missing_ok=True)
            if not any(server.is_alive() for server in self.servers):
                return "Nothing was running."
            if not users.take():
                return "Another ./run still uses the database; it stops with that one."
            self._stop()
            return "The embedded database and broker are stopped."


def listens(address: Path) -> bool:
    """Whether a process takes connections at a Unix socket."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(2)
        try:
            caller.connect(str(address))
        except OSError:
            return False
    return True


def listener(address: Path) -> int | None:
    """Give the process id behind a Unix socket, told by the kernel."""
    with socket.socket(socket.AF_UNIX) as caller:
        caller.settimeout(2)
        try:
            caller.connect(str(address))
        except OSError:
            return None
        credentials = caller.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    pid: int = struct.unpack("3i", credentials)[0]
    return pid if pid and pid != os.getpid() else None
