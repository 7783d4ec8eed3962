"""`.env.local`: what `manage.py` needs to know in development, written once and only ever extended."""

import base64
import contextlib
import os
import re
import secrets
from pathlib import Path

from launcher.console import Failure
from launcher.place import digest

HEADER = "# Written by ./run for "
EXPLAINED = "# Development only. Values that are here are kept; delete a line to have it written anew.\n"
ASSIGNMENT = re.compile(r"(?:export )?([A-Za-z_0-9]+)=(.*)")


def fresh_secrets() -> dict[str, str]:
    """Make the secrets of a new checkout."""

    def key() -> str:
        return base64.b64encode(secrets.token_bytes(32)).decode()

    return {
        "DEBUG": "true",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "CANDOR_FIELD_KEYS": f"k1:{key()}",
        "CANDOR_INDEX_KEY": key(),
        "CANDOR_AUDIT_KEY": key(),
    }


class EnvFile:
    """The file, as django-environ reads it."""

    def __init__(self, checkout: Path) -> None:
        self.checkout, self.path = checkout, checkout / ".env.local"
        self.text = self._read()
        self.values = {name: value for line in self.text.splitlines() for name, value in assignment(line)}

    def _read(self) -> str:
        """Read the file; what it says about the place of another checkout (it was copied or moved) is left out."""
        try:
            text = self.path.read_text()
        except FileNotFoundError:
            return ""
        except OSError:
            raise Failure(f"{self.path} can't be read. Run as its owner.") from None
        first, _, rest = text.partition("\n")
        if not first.startswith(HEADER) or first == f"{HEADER}{self.checkout}":
            return text
        elsewhere = Path(first.removeprefix(HEADER))
        lines = rest.splitlines()
        kept = [line for line in lines if not any(tells_place(elsewhere, *pair) for pair in assignment(line))]
        return "\n".join([f"{HEADER}{self.checkout}", *kept]) + "\n"

    def add(self, values: dict[str, str]) -> None:
        """Write the values that are not there yet. The file is ours alone, and never half written."""
        missing = {name: value for name, value in values.items() if name not in self.values}
        self.values |= missing
        text = self.text or f"{HEADER}{self.checkout}\n{EXPLAINED}"
        if not text.endswith("\n"):
            text += "\n"
        self.text = text + "".join(f"{name}={value}\n" for name, value in missing.items())
        self._write()

    def _write(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            if self.path.read_text() == self.text:
                self.path.chmod(0o600)
                return
        unfinished = self.path.with_name(".env.local.new")
        unfinished.unlink(missing_ok=True)
        with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(self.text)
        unfinished.rename(self.path)


def assignment(line: str) -> list[tuple[str, str]]:
    """Read `NAME=value` with or without quotes; empty for any other line."""
    found = ASSIGNMENT.fullmatch(line)
    if found is None:
        return []
    name, value = found.groups()
    quoted = re.fullmatch(r"'(.*)'|\"(.*)\"", value)
    return [(name, next((text for text in quoted.groups() if text is not None), "") if quoted else value)]


def tells_place(checkout: Path, name: str, value: str) -> bool:
    """Whether the launcher wrote this value for the place of a checkout, so that it is wrong for any other."""
    return (
        (name == "CANDOR_DATA" and value in {f"{checkout}/.data", f"/var/lib/candor/{digest(checkout)}"})
        or (name == "DATABASE_URL" and value.startswith("postgresql://candor_web@/candor?host="))
        or (name == "DATABASE_OWNER_URL" and value.startswith("postgresql://candor_owner@/candor?host="))
        or (name == "REDIS_URL" and value.startswith("redis+socket://") and value.endswith("/valkey.sock"))
    )
