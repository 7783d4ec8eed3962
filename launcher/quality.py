"""`./run test`, `./run check` and `./run mutate`."""

import base64
import contextlib
import os
import secrets
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from launcher import database, demo, packages, runs, setup
from launcher.console import say
from launcher.processes import Command, end, spawn
from launcher.setup import Ready

# A file stays on one worker: the browser and the peers start once for it. The tests say themselves which come first.
PARALLEL = ("--numprocesses", str(min(os.cpu_count() or 1, 4)), "--dist", "loadfile", "--no-loadscope-reorder")

# Not named test_…, so that only `./run screens` makes them.
PICTURES = ("tests/browser/screens.py", "tests/browser/readme_pictures.py", "tests/consents/paper_pictures.py")

# Of each property of the form engine; a plain run tries fewer.
EXAMPLES = {"CANDOR_EXAMPLES": "2000"}


def test(checkout: Path, arguments: Sequence[str], *, system: bool) -> int:
    """Run pytest with these arguments; gives its exit code."""
    with setup.ready(checkout, requirements=packages.DEVELOPMENT, system=system) as here:
        return run_tests(here, arguments)


def mutate(checkout: Path, arguments: Sequence[str]) -> int:
    """Try the form engine's tests with faults in the engine; gives 1 if too many go unnoticed. Needs no server."""
    venv = setup.environment(checkout, requirements=packages.DEVELOPMENT)
    command: Command = [venv.python, "-m", "launcher.mutation", *arguments]
    return subprocess.run(command, cwd=checkout, check=False).returncode


def run_tests(here: Ready, arguments: Sequence[str], more: Mapping[str, str] = MappingProxyType({})) -> int:
    """Run pytest beside a broker and a data folder of its own, so that a running demo notices nothing."""
    with contextlib.ExitStack() as scope:
        run = scope.enter_context(runs.begin(here.place.data, here.drop_databases))
        env = here.environment() | {
            "REDIS_URL": demo.private_broker(here, scope, run),
            "CANDOR_DATA": str(run.folder),
            **more,
        }
        if here.logins.embedded:
            database.order(here.venv.python, here.place.checkout, do="sweep", owner=here.logins.owner)
        # In our own process group: Ctrl-C and a debugger's prompt reach it as if it had been called directly.
        command: Command = [here.venv.python, "-m", "pytest", *PARALLEL, *arguments]
        process = spawn(command, cwd=here.place.checkout, env=env, own_session=False)
        try:
            return process.wait()
        except KeyboardInterrupt as stopped:
            if stopped.args != (signal.SIGINT,):
                process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):  # it drops its database
                process.wait(timeout=30)
            raise
        finally:
            end([process])


def check(checkout: Path, *, system: bool) -> int:
    """Run all that CI runs, to the end; gives 1 if any step failed."""
    ready = setup.ready(checkout, requirements=packages.DEVELOPMENT, system=system)
    with ready as here, tempfile.TemporaryDirectory() as folder:
        python, environment = here.venv.python, here.environment()

        def step(*command: str, env: dict[str, str] = environment) -> Callable[[], int]:
            return lambda: subprocess.run([python, *command], cwd=checkout, env=env, check=False).returncode

        imports = "import sys; from importlinter.cli import lint_imports_command as main; sys.exit(main())"
        deploy = ["check", "--deploy", "--fail-level", "WARNING"]
        production = as_in_production(environment) | {"CANDOR_SEAL_P12": f"{folder}/seal.p12"}
        steps = {
            "ruff check": step("-m", "ruff", "check", ".", "run"),
            "ruff format": step("-m", "ruff", "format", "--check", ".", "run"),
            "mypy": step("-m", "mypy", "--scripts-are-modules", ".", "run"),
            "imports": step("-c", imports),
            "migrations": step("manage.py", "makemigrations", "--check", "--dry-run"),
            "manage.py check": step("manage.py", "check"),
            "a certificate": step("manage.py", "make_seal_certificate", f"{folder}/seal.p12", "--name", "Candor"),
            "manage.py check --deploy": step("manage.py", *deploy, env=production),
            "tests": lambda: run_tests(here, ["--check", "--cov", "--cov-report=term"], EXAMPLES),
        }
        failed = [name for name, run in steps.items() if not passes(name, run)]
    say(f"Failed: {', '.join(failed)}" if failed else "All passed.")
    return 1 if failed else 0


def passes(name: str, run: Callable[[], int]) -> bool:
    """Run one step under its name, and say how long it took."""
    say(f"== {name}")
    began = time.monotonic()
    code = run()
    say(f"== {name}: {'ok' if code == 0 else 'FAILED'} ({time.monotonic() - began:.1f} s)")
    return code == 0


def as_in_production(environment: dict[str, str]) -> dict[str, str]:
    """Settings as a real installation has them, with throw-away secrets and without `.env.local`."""

    def key() -> str:
        return base64.b64encode(secrets.token_bytes(32)).decode()

    return environment | {
        "CANDOR_NO_LOCAL_ENV": "1",
        "DEBUG": "false",
        "SECRET_KEY": secrets.token_urlsafe(64),
        "CANDOR_FIELD_KEYS": f"k1:{key()}",
        "CANDOR_INDEX_KEY": key(),
        "CANDOR_AUDIT_KEY": key(),
        "BASE_URL": "https://candor.example",
        "ALLOWED_HOSTS": "candor.example",
        "BEHIND_PROXY": "true",
        "EMAIL_HOST": "mail.candor.example",
        "EMAIL_USE_TLS": "true",
        "DEFAULT_FROM_EMAIL": "alerts@candor.example",
        "HEARTBEAT_URL": "https://monitor.example/ping",
        "OPERATOR_EMAIL": "operator@candor.example",
    }
