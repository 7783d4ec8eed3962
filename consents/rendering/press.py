"""The warm process that renders, and the limits around it: time, memory, the page's and the PDF's size."""

import atexit
import os
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from threading import Lock
from time import monotonic

SECONDS = 12.0  # the loop that calls also pages people
MOST_HTML, MOST_PDF = 1_000_000, 20_000_000
# All it gets of our environment: none of the secrets.
KEPT = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "PYTHONPATH", "FONTCONFIG_FILE", "FONTCONFIG_PATH", "TMPDIR")
ANSWERS = {
    b"R": "the text asks for something from outside",
    b"F": "Pango or its fonts",
    b"M": "it needs more memory than a document may",
    b"N": "Pango is not installed",
    b"": "the renderer died",
}


class CannotRender(Exception):
    """No PDF came out; the text is one line without content of the document."""


class Press:
    """One child process, started when it is first needed and again after it was stopped. One page at a time."""

    def __init__(self, *, seconds: float = SECONDS) -> None:
        self.seconds = seconds
        self.owner = os.getpid()
        self.lock = Lock()
        self.process: subprocess.Popen[bytes] | None = None
        self.line: socket.socket | None = None
        atexit.register(self.stop)

    def pdf(self, *, style: str, page: str) -> bytes:
        """Raises CannotRender; then the process is stopped, whatever state it was in."""
        frames = [text.encode() for text in (style, page)]
        if sum(map(len, frames)) > MOST_HTML:
            raise CannotRender("the text is larger than a document may be")
        with self.lock:
            until = monotonic() + self.seconds
            try:
                line = self._line() or self._started(until)
                self._wait(line, until)
                line.sendall(b"".join(len(one).to_bytes(4, "big") + one for one in frames))
                return self._answer(line, until)
            except TimeoutError as error:
                self.stop()
                raise CannotRender(f"it took longer than {self.seconds:g} seconds") from error
            except OSError as error:
                self.stop()
                raise CannotRender(ANSWERS[b""]) from error

    def _line(self) -> socket.socket | None:
        """To the process that runs; what has died meanwhile is cleared away."""
        if self.process and self.process.poll() is not None:
            self.stop()
        return self.line

    def _started(self, until: float) -> socket.socket:
        """In a session of its own: Ctrl-C is for us, and we finish what we began."""
        ours, theirs = socket.socketpair()
        self.line = ours
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603  (our own script)
                [sys.executable, "-P", str(Path(__file__).with_name("printer.py"))],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={name: os.environ[name] for name in KEPT if name in os.environ},
                start_new_session=True,
            )
        if (letter := self._read(ours, 1, until)) != b"P":
            self.stop()
            raise CannotRender(ANSWERS[letter])
        return ours

    def _answer(self, line: socket.socket, until: float) -> bytes:
        letter = self._read(line, 1, until)
        length = int.from_bytes(self._read(line, 4, until), "big")
        if letter != b"P" or length > MOST_PDF:
            if letter != b"R":
                self.stop()
            raise CannotRender(ANSWERS.get(letter, "the PDF is larger than a document may be"))
        content = self._read(line, length, until)
        if len(content) < length:
            raise ConnectionError
        return content

    def _read(self, line: socket.socket, length: int, until: float) -> bytes:
        """So many bytes; fewer only where the other side closed."""
        parts = bytearray()
        while len(parts) < length:
            self._wait(line, until)
            part = line.recv(min(length - len(parts), 1 << 20))
            if not part:
                break
            parts += part
        return bytes(parts)

    def _wait(self, line: socket.socket, until: float) -> None:
        if (left := until - monotonic()) <= 0:
            raise TimeoutError
        line.settimeout(left)

    def stop(self) -> None:
        """Nothing is lost: a page is asked for again."""
        if self.owner != os.getpid():
            return
        if self.line:
            self.line.close()
        if self.process:
            self.process.kill()
            self.process.wait()
        self.process = self.line = None


@cache
def _press_of(process: int) -> Press:
    return Press()


def press() -> Press:
    """This process's own: a forked worker must not share its parent's."""
    return _press_of(os.getpid())
