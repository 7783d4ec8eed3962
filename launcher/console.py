"""What the launcher says: plain lines. Progress and failures go to stderr, results to stdout."""

import sys
from pathlib import Path


class Failure(Exception):
    """One sentence for the person at the keyboard: what is wrong and what to type. Ends the run."""

    def __init__(self, sentence: str, *, code: int = 1) -> None:
        super().__init__(sentence)
        self.code = code


def say(line: str) -> None:
    """Show progress at once, even through a pipe."""
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def tell(line: str) -> None:
    """Print a result."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def last_line(log: Path) -> str:
    """Give the last line of a log that says something, for a failure that must fit in one line."""
    if not log.exists():
        return ""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()[-40:] if line.strip()]
    telling = [line for line in lines if "FATAL:" in line or "rror:" in line or "ERROR:" in line]
    return (telling or lines or [""])[-1]
