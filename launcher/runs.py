"""What a run must clean up, written down so that the next run can do it when this one is killed."""

import contextlib
import json
import secrets
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from launcher.processes import Lock, Process, alone, identity, kill_session


class Run:
    """One `./run demo`, `demo-check` or `test`: a name, a folder that goes with it, and its list."""

    def __init__(self, data: Path) -> None:
        self.tag = secrets.token_hex(4)
        self.folder = data / "runs" / self.tag
        self.folder.mkdir(mode=0o711)  # PostgreSQL's login passes through to a broker of the run's own
        self.lock = Lock(self.folder / "lock")
        self.lock.wait()

    def remember_process(self, process: Process) -> None:
        """Note a process that must end with this run."""
        self._note("process", [process.pid, identity(process.pid)])

    def remember_database(self, name: str) -> None:
        """Note a database that must go with this run; called before it is made."""
        self._note("database", name)

    def _note(self, kind: str, value: object) -> None:
        with (self.folder / "list").open("a") as notes:
            notes.write(json.dumps([kind, value]) + "\n")


@contextlib.contextmanager
def begin(data: Path, drop: Callable[[list[str]], None]) -> Iterator[Run]:
    """Open a run, after cleaning up those that nobody holds any more. `drop` removes databases by name."""
    with alone(data / "runs.lock"):
        for folder in (data / "runs").iterdir():
            with contextlib.closing(Lock(folder / "lock")) as lock:
                if lock.take():
                    clean_up(folder, drop)
        run = Run(data)
    try:
        yield run
    finally:
        clean_up(run.folder, drop)
        run.lock.close()


def clean_up(folder: Path, drop: Callable[[list[str]], None]) -> None:
    """End the processes on a run's list that are still the same ones, drop its databases, remove its folder."""
    notes = folder / "list"
    listed = [json.loads(line) for line in notes.read_text().splitlines()] if notes.exists() else []
    for kind, value in listed:
        if kind == "process" and value[1] and identity(value[0]) == value[1]:
            kill_session(value[0])
    databases = [value for kind, value in listed if kind == "database"]
    if databases:
        drop(databases)
    shutil.rmtree(folder)
