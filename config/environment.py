"""What the settings read: the environment, or one plain sentence that says what is wrong with it.

Secrets come from the environment (NAME, or NAME_FILE naming a file). In development `./run setup`
writes them once to the git-ignored `.env.local`; that file is refused when DEBUG is off.
"""

import base64
import binascii
import os
import re
import stat
import sys
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
LOCAL_ENV = BASE_DIR / ".env.local"

env = environ.FileAwareEnv()


def read_local_env(file: Path) -> None:
    """Load `.env.local`; what is exported wins. Refused in production, when others could read it, and when it has a
    line that sets nothing: django-environ would only log it, and the setting that was meant would be missing."""
    if not file.exists():
        return
    if stat.S_IMODE(file.stat().st_mode) & 0o077:
        raise ImproperlyConfigured(".env.local can be read by others. Type: chmod 600 .env.local")
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(".env.local is no text. Move it away, then type: ./run setup") from error
    for place, line in enumerate(lines, start=1):
        if not re.match(r"\s*(#|$|(export\s+)?\w+\s*=)", line):
            raise ImproperlyConfigured(f".env.local, line {place}: write NAME=value, or # before what is none.")
    environ.Env.read_env(str(file), overwrite=False)
    if not flag("DEBUG"):
        raise ImproperlyConfigured(
            "DEBUG is off, but .env.local holds development secrets. Remove it and set real ones in the environment."
        )


def number(name: str, default: int, *, least: int = 1) -> int:
    """A whole number, or one line that says so."""
    text = env.str(name, default=str(default))
    if not text.isascii() or not text.isdigit() or int(text) < least:
        raise ImproperlyConfigured(f"{name} must be a whole number, {least} or more.")
    return int(text)


def address(name: str, *, default: str) -> str:
    """Where something is on the web, without a slash at its end."""
    found: str = env.str(name, default=default).rstrip("/")
    if not re.fullmatch(r"https?://[^\s/?#]+[^\s?#]*", found):
        raise ImproperlyConfigured(f"{name} must be an address that begins with https:// (or http://).")
    return found


def flag(name: str, *, default: bool = False) -> bool:
    """true or false, and nothing that has to be guessed."""
    text = env.str(name, default=str(default)).strip().lower()
    if text not in ("true", "false", "1", "0", "yes", "no", "on", "off"):
        raise ImproperlyConfigured(f"{name} must be true or false.")
    return text in ("true", "1", "yes", "on")


if not os.environ.get("CANDOR_NO_LOCAL_ENV"):
    read_local_env(LOCAL_ENV)

# Commands that work on files alone must start without secrets or a database (check_form, score, --help).
FILE_COMMANDS = {"check_form", "score", "verify_document", "make_seal_certificate"}
HELP = {"help", "--help", "-h", "--version", "version"}
NEEDS_NOTHING = (
    len(sys.argv) > 1
    and Path(sys.argv[0]).name == "manage.py"
    and (sys.argv[1] in FILE_COMMANDS | HELP or "--help" in sys.argv[2:] or "-h" in sys.argv[2:])
)


def given(name: str) -> str:
    """A setting as text, from NAME or from the file that NAME_FILE names; "" when there is neither."""
    try:
        value: str = env.str(name, default="")
    except OSError as error:
        raise ImproperlyConfigured(f"The file that {name}_FILE names can't be read ({error.strerror}).") from error
    return value


def secret(name: str) -> str:
    """Read a secret or stop with a sentence; commands that read only files get an unusable one."""
    value = given(name)
    if not value and NEEDS_NOTHING:
        return base64.b64encode(os.urandom(32)).decode()
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. Run ./run setup for development, or set it (or {name}_FILE).")
    return value


def key(name: str, text: str) -> bytes:
    """Decode a 256-bit key given as base64."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if len(raw) != 32:
        raise ImproperlyConfigured(f"{name} must be the base64 of 32 random bytes (openssl rand -base64 32).")
    return raw
