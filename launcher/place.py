"""Where a checkout keeps its data and its sockets, and as whom its servers run."""

import contextlib
import hashlib
import os
import pwd
import re
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from launcher.console import Failure

# sun_path holds 104 bytes on the meanest system; the longest name put into the folder is "/valkey-12345678.sock".
LONGEST_SOCKET_FOLDER = 103 - len("/valkey-12345678.sock")
# What a URL carries without quoting: the same address must read alike for libpq, kombu and django-environ.
PLAIN = re.compile(r"[A-Za-z0-9._/-]+")


@dataclass(frozen=True)
class Account:
    """The login that the embedded servers run as; `uid` and `gid` are None when it is the one that runs us."""

    uid: int | None = None
    gid: int | None = None

    def reaches(self, folder: Path) -> bool:
        """Whether this login can enter the folder."""
        if self.uid is None:
            return True
        enter = ["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)]
        return self.run(enter) == 0

    def run(self, command: list[str]) -> int:
        """Run a short command as this login, unheard; as from a shell, 126 when it may not be run."""
        try:
            return subprocess.run(
                command,
                cwd="/",
                check=False,
                capture_output=True,
                user=self.uid,
                group=self.gid,
                extra_groups=None if self.uid is None else [],
            ).returncode
        except OSError:
            return 126

    def own(self, folder: Path) -> Path:
        """Make a folder that only this login enters; refuses one that another login holds."""
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
        wanted = os.geteuid() if self.uid is None else self.uid
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {wanted, os.geteuid()}:
            raise Failure(f"{folder} belongs to somebody else. Remove it, or set CANDOR_DATA to another folder.")
        if self.uid is not None and self.gid is not None:
            os.chown(folder, self.uid, self.gid)
        folder.chmod(0o700)
        return folder


@dataclass(frozen=True)
class Place:
    """A checkout, its data folder and the login of its servers."""

    checkout: Path
    data: Path
    servers_run_as: Account
    asked_for: bool = False  # by CANDOR_DATA

    @property
    def sockets(self) -> Path:
        """The folder of the servers' sockets: in the data folder, or a short plain path named after it.

        Not from TMPDIR: that differs between shells, and the address is written to `.env.local`.
        """
        inside = self.data / "sockets"
        if len(os.fsencode(inside)) <= LONGEST_SOCKET_FOLDER and PLAIN.fullmatch(str(inside)):
            return inside
        return Path("/", "tmp", f"candor-{digest(self.data)}")

    @property
    def logs(self) -> Path:
        """The folder of what the processes print."""
        return self.data / "log"

    def make(self) -> None:
        """Make the data folder: ours alone, but as root the servers' login may pass through."""
        try:
            passable = 0o700 if self.servers_run_as.uid is None else 0o711
            with contextlib.suppress(FileExistsError):
                self.data.mkdir(parents=True)
                self.data.chmod(passable)
            for name in ("log", "demo", "runs"):
                Account().own(self.data / name)
            (self.data / "runs").chmod(passable)  # a run's own broker lives there
        except (OSError, Failure):
            raise Failure(
                f"{self.data} is not yours to write. Run as its owner, or set CANDOR_DATA to a folder of your own."
            ) from None
        self._claim()
        if not self.servers_run_as.reaches(self.data):
            raise Failure(
                f"PostgreSQL does not run as root, and its login can't enter {self.data}. "
                "Set CANDOR_DATA to a folder that others may pass through (chmod o+x on each folder above it)."
            )

    def _claim(self) -> None:
        """Note whose folder it is: two checkouts never share one."""
        note = self.data / "checkout"
        holder = Path(note.read_text()) if note.exists() else self.checkout
        if self.asked_for and holder != self.checkout and (holder / "run").exists():
            raise Failure(f"{self.data} is the data folder of {holder}. Set CANDOR_DATA to another one.")
        note.write_text(str(self.checkout))


def digest(path: Path) -> str:
    """Name a path by twelve characters."""
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def find(checkout: Path, wanted: str) -> Place:
    """Choose the data folder: what was asked for, else `.data`, else one that PostgreSQL's login can reach."""
    data = (checkout / Path(wanted).expanduser()).resolve() if wanted else checkout / ".data"
    account = account_for(data / "postgres")
    if not wanted and not account.reaches(checkout):
        data = Path("/var/lib/candor", digest(checkout))
        account = account_for(data / "postgres")
    return Place(checkout, data, account, asked_for=bool(wanted))


def account_for(cluster: Path) -> Account:
    """Choose who runs PostgreSQL: us, but as root the owner of the cluster there is, else postgres, else nobody."""
    if os.geteuid() != 0:
        return Account()
    if cluster.exists():
        found = cluster.stat()
        return Account(found.st_uid, found.st_gid)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return Account(entry.pw_uid, entry.pw_gid)
    raise Failure("PostgreSQL does not run as root, and there is no user postgres. Type: adduser --system postgres")
