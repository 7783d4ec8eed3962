"""Checkouts with a stand-in project, so that the launcher is tested for itself and fast."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from launcher import packages

ROOT = Path(__file__).resolve().parents[2]
CLEARED = ("CANDOR_", "PYTHONDONTWRITEBYTECODE", "DATABASE_", "REDIS_URL", "SECRET_KEY", "DEBUG")


class Checkout:
    """A copy of the launcher beside a stand-in `manage.py`, in a path with spaces."""

    def __init__(self, path: Path) -> None:
        self.path = path
        (path / "config").mkdir(parents=True)
        (path / "config" / "__init__.py").touch()
        (path / "config" / "wsgi.py").write_text("from manage import application\n")
        (path / "config" / "celery.py").write_text("from celery import Celery\n\napp = Celery('standin')\n")
        shutil.copyfile(Path(__file__).with_name("standin.py"), path / "manage.py")
        shutil.copytree(ROOT / "launcher", path / "launcher", ignore=shutil.ignore_patterns("__pycache__"))
        for name in ("run", *packages.DEVELOPMENT):
            shutil.copy(ROOT / name, path / name)
        self.borrow_venv()

    @property
    def data(self) -> Path:
        return self.path / ".data"

    def borrow_venv(self) -> None:
        """Stand a `.venv` on the one that runs the tests, stamped as installed here."""
        venv = packages.Venv(self.path, Path(os.devnull))
        venv.folder.mkdir(exist_ok=True)
        for name in ("bin", "lib"):
            (venv.folder / name).symlink_to(Path(sys.prefix, name))
        shutil.copy(Path(sys.prefix, "pyvenv.cfg"), venv.folder / "pyvenv.cfg")
        (venv.folder / "candor-pdf.stamp").write_text(f"PDFs print {venv.folder}\n")
        (venv.folder / "candor-runtime.stamp").write_text(venv._fingerprint(packages.RUNTIME))

    def environment(self, **more: str) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(CLEARED)}
        return {**inherited, **more}

    def run(self, *arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
        return self.start(*arguments, **env).finish()

    def start(self, *arguments: str, **env: str) -> "Running":
        return Running([sys.executable, str(self.path / "run"), *arguments], cwd=self.path, env=self.environment(**env))

    def manage(self, *arguments: str) -> object:
        """Run `manage.py` as a person would: `.venv`'s Python, nothing exported."""
        command = [str(self.path / ".venv/bin/python"), "manage.py", *arguments]
        done = subprocess.run(command, cwd=self.path, env=self.environment(), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout or "null")

    def value(self, name: str) -> str:
        """What `.env.local` says."""
        lines = (self.path / ".env.local").read_text().splitlines()
        return next((line.partition("=")[2] for line in lines if line.startswith(f"{name}=")), "")

    def processes(self) -> dict[int, str]:
        """What lives and was started from here, by its command line or its folder (which a container may hide)."""
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            words, folder = "", Path("/")
            with contextlib.suppress(OSError):
                words = (entry / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
                folder = (entry / "cwd").readlink()
            if words and (str(self.path) in words or folder.is_relative_to(self.path)):
                found[int(entry.name)] = words
        return found


class Running:
    """A `./run` under way."""

    def __init__(self, command: list[str], cwd: Path, env: dict[str, str]) -> None:
        self.said: list[str] = []
        self.process = subprocess.Popen(
            command,
            cwd=cwd,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def until(self, words: str) -> "Running":
        """Read what it says up to a line with these words."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said.append(line)
            if words in line:
                return self
        raise AssertionError(f"{words!r} never came: {''.join(self.said)}")

    def interrupt(self) -> "subprocess.CompletedProcess[str]":
        self.process.send_signal(signal.SIGINT)
        return self.finish()

    def finish(self) -> "subprocess.CompletedProcess[str]":
        rest, _ = self.process.communicate(timeout=90)
        text = "".join([*self.said, rest])
        assert "Traceback" not in text, text
        return subprocess.CompletedProcess(self.process.args, self.process.returncode, text, "")


@contextlib.contextmanager
def checkouts(cluster: Path | None) -> Iterator[Callable[..., Checkout]]:
    """Make checkouts, with a copy of the cluster if there is one; leave nothing of them running or lying about."""
    # Not pytest's own folder: as root PostgreSQL's login must be able to reach it.
    home = Path(tempfile.mkdtemp(prefix="candor test "))
    home.chmod(0o755)
    made: list[Checkout] = []

    def make(name: str = "check out") -> Checkout:
        checkout = Checkout(home / name)
        made.append(checkout)
        if cluster is not None:
            checkout.data.mkdir(mode=0o711)
            subprocess.run(["cp", "-a", cluster, checkout.data / "postgres"], check=True)
        return checkout

    yield make
    left: dict[int, str] = {}
    for checkout in made:
        if checkout.data.exists():
            checkout.run("stop")
        left |= checkout.processes()
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    shutil.rmtree(home)
    assert not left


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path]:
    """A cluster as the first start makes it: copying one takes a tenth of the time of making one."""
    with checkouts(None) as make:
        checkout = make()
        assert checkout.run("setup").returncode == 0
        checkout.run("stop")
        yield checkout.data / "postgres"


@pytest.fixture(scope="session")
def standing(cluster) -> Iterator[Checkout]:
    """One that is set up and shared by tests that leave it usable; each runs `setup` again if it needs the servers."""
    with checkouts(cluster) as make:
        checkout = make("standing")
        assert checkout.run("setup").returncode == 0
        yield checkout


@pytest.fixture
def new_checkout(cluster) -> Iterator[Callable[..., Checkout]]:
    with checkouts(cluster) as make:
        yield make


@pytest.fixture
def bare_checkout() -> Iterator[Checkout]:
    """A checkout that was never started."""
    with checkouts(None) as make:
        yield make()


@pytest.fixture
def checkout(new_checkout) -> Checkout:
    return new_checkout()
