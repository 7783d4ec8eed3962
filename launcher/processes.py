"""Processes and locks that leave nothing stale behind, however the launcher ends."""

import contextlib
import ctypes
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from types import FrameType

from launcher.console import say

Process = subprocess.Popen[bytes]
Command = Sequence[str | Path]

STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PR_SET_PDEATHSIG = 1
# Looked up before any fork: a child between fork and exec must not load a library.
_prctl = getattr(ctypes.CDLL(None), "prctl", None) if sys.platform == "linux" else None


class Lock:
    """An flock on a file. The kernel drops it with its last holder, so a killed one blocks nobody.

    A child that inherits the descriptor holds the lock too, and so do that child's children: this is how the launcher
    knows whether anything of a server is still alive, without trusting process ids.
    """

    def __init__(self, path: Path) -> None:
        self.descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    def take(self) -> bool:
        """Hold it alone, if nobody else holds it."""
        try:
            fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def share(self) -> None:
        """Hold it together with others."""
        fcntl.flock(self.descriptor, fcntl.LOCK_SH)

    def wait(self) -> None:
        """Hold it alone, however long that takes."""
        fcntl.flock(self.descriptor, fcntl.LOCK_EX)

    def close(self) -> None:
        """Let go."""
        os.close(self.descriptor)


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Run the block while no other launcher runs one with the same lock file."""
    with contextlib.closing(Lock(path)) as lock:
        if not lock.take():
            say("Another ./run is starting or stopping here; waiting for it.")
            lock.wait()
        yield


def is_held(path: Path) -> bool:
    """Whether anybody holds the lock at this moment."""
    with contextlib.closing(Lock(path)) as lock:
        return not lock.take()


def _dying_with(parent: int) -> Callable[[], None]:
    """Have the child end when the launcher does, even by kill -9."""

    def arrange() -> None:
        if _prctl is not None:
            _prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before prctl
            os._exit(1)

    return arrange


def spawn(
    command: Command,
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    log: Path | None = None,
    uid: int | None = None,
    gid: int | None = None,
    pass_fds: Sequence[int] = (),
    outlives_us: bool = False,
    own_session: bool = True,
) -> Process:
    """Start a process, by default in a session of its own, so that Ctrl-C reaches only the launcher.

    Output is appended to `log`, else shown. With `uid` and `gid` it runs as that account, without our groups.
    `outlives_us` is for the servers that launchers share; everything else ends with us.
    """
    output = None if log is None else os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            [str(part) for part in command],
            cwd=cwd,
            env=env,
            stdin=subprocess.DEVNULL if own_session else None,
            stdout=output,
            stderr=output,
            user=uid,
            group=gid,
            extra_groups=None if uid is None else [],
            pass_fds=pass_fds,
            start_new_session=own_session,
            preexec_fn=None if outlives_us else _dying_with(os.getpid()),
        )
    finally:
        if output is not None:
            os.close(output)


def complete(
    *commands: Command,
    doing: str,
    cwd: Path,
    log: Path,
    env: Mapping[str, str] | None = None,
    uid: int | None = None,
    gid: int | None = None,
) -> int:
    """Run to the end, side by side, with the output in `log`, saying every ten seconds that it goes on.

    Gives 0 where all ended well.
    """
    began = time.monotonic()
    parts = [log, *(log.with_name(f"{log.name}.{number}") for number in range(1, len(commands)))]
    running: list[Process] = []
    try:
        for command, part in zip(commands, parts, strict=True):
            running.append(spawn(command, cwd=cwd, env=env, log=part, uid=uid, gid=gid))
        for process in running:
            while process.poll() is None:
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    say(f"  still {doing} ({time.monotonic() - began:.0f} s)")
    finally:
        end(running)
        _gather(parts)
    return max((abs(one.returncode) for one in running), default=0)


def _gather(parts: Sequence[Path]) -> None:
    """What others wrote, in the first file."""
    for part in parts[1:]:
        if part.exists():
            with parts[0].open("ab") as log:
                log.write(part.read_bytes())
            part.unlink()


def end(processes: Sequence[Process], *, grace: float = 10.0) -> None:
    """Ask each to stop; what has not stopped after `grace` seconds is killed with all it started."""
    for process in processes:
        process.terminate()
    deadline = time.monotonic() + grace
    for process in processes:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=max(0.0, deadline - time.monotonic()))
    for process in processes:
        kill_session(process.pid)
        process.wait()


def kill_session(leader: int) -> None:
    """Kill what a process of ours started, even when it is gone itself."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, signal.SIGKILL)


def identity(pid: int) -> str:
    """Name and start tick of a live process, which together survive no reuse of its id; empty when it is gone."""
    try:
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
    except (FileNotFoundError, ProcessLookupError):
        return ""
    state, *fields = rest.split()
    return "" if state == "Z" else f"{name.partition('(')[2]} {fields[18]}"


def stop_on_signals() -> None:
    """Let SIGTERM and a closed terminal end the run as Ctrl-C does."""

    def interrupt(number: int, _frame: FrameType | None) -> None:
        for other in STOPPING:  # from now on the run cleans up, whatever else is pressed
            signal.signal(other, signal.SIG_IGN)
        raise KeyboardInterrupt(signal.Signals(number))

    for number in STOPPING:
        if signal.getsignal(number) is not signal.SIG_IGN:  # nohup
            signal.signal(number, interrupt)


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Finish the block whatever is pressed: it is the one that cleans up, and each of its steps has a time limit."""
    kept = {number: signal.signal(number, signal.SIG_IGN) for number in STOPPING}
    try:
        yield
    finally:
        for number, handler in kept.items():
            signal.signal(number, handler)
