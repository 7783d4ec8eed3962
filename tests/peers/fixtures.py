"""Fixtures that start the peers of this folder on free loopback ports and stop them afterwards.

What is not installed is a skip that says what to install; under CI (`CI` set) it is a failure.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import RSAKey

from ehr.adapters.smart import jwks
from ehr.mapping import wire

HERE = Path(__file__).parent
DEFINITIONS = HERE / "node_modules" / ".cache" / "r4"


@dataclass(frozen=True)
class FhirPeer:
    """An open FHIR R4 server."""

    base: str


@dataclass(frozen=True)
class SmartPeer:
    """The same behind SMART Backend Services, and the client that is registered there."""

    base: str
    client_id: str
    private_key: str


class Validators:
    """All validators we have, as one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def errors(self, resources: Mapping[str, Mapping[str, Any]]) -> list[str]:
        """A line "name: error" per error in any of the named resources, whichever validator found it."""
        names = {}
        for number, (name, resource) in enumerate(resources.items()):
            file = self._folder / f"{number}.json"
            file.write_bytes(wire.dumps(resource))
            names[file.name] = name
        files = [str(self._folder / file) for file in names]
        lines = [
            *_run(["node", str(HERE / "validator.mjs"), *files]),
            *_run([sys.executable, str(HERE / "second_opinion.py"), str(DEFINITIONS), *files]),
        ]
        return [f"{names[file]}: {error}" for file, _, error in (line.partition(": ") for line in lines)]


def _run(command: list[str]) -> list[str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode in (0, 1), done.stderr[-2000:]
    return done.stdout.splitlines()


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """The installed packages of this folder; without them there is no peer to talk to."""
    missing = None
    if not shutil.which("node"):
        missing = "Node 20 is not installed (apt-get install nodejs npm)."
    elif not (HERE / "node_modules" / "@medplum").is_dir():
        missing = "The test peers are not installed. Type: npm ci --prefix tests/peers"
    if missing and os.environ.get("CI"):
        pytest.fail(missing)
    if missing:
        pytest.skip(missing)
    return HERE / "node_modules"


@contextmanager
def _serving(*arguments: str) -> Iterator[dict[str, str]]:
    command = ["node", str(HERE / "serve.mjs"), *arguments]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


@pytest.fixture(scope="session")
def fhir_peer(node_modules) -> Iterator[FhirPeer]:
    with _serving() as addresses:
        yield FhirPeer(addresses["chart"])


@pytest.fixture(scope="session")
def smart_peer(node_modules) -> Iterator[SmartPeer]:
    private_key = RSAKey.generate_key(2048).as_pem(private=True).decode()
    with _serving(json.dumps({"clientId": "candor", "jwks": jwks(private_key)})) as addresses:
        yield SmartPeer(addresses["smart"], "candor", private_key)


@pytest.fixture
def validators(node_modules, tmp_path) -> Validators:
    if not (DEFINITIONS / "package.json").exists():
        subprocess.run(["node", str(HERE / "definitions.mjs"), str(DEFINITIONS)], check=True, timeout=60)
    return Validators(tmp_path)
