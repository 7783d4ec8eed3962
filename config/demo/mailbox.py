"""A real SMTP receiver that keeps what it was sent, for the demo's mail viewer and `./run demo-check`."""

import email
import socket
import threading
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from email import policy
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller


@dataclass(frozen=True)
class Letter:
    at: str
    to: str
    subject: str
    body: str


class Mailbox:
    """Letters as .eml files in a folder, in order of arrival."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.lock = threading.Lock()

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # aiosmtpd calls it by this name
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self.lock:
            count = len(list(self.folder.glob("*.eml")))
            (self.folder / f"{count:06d}_{at.replace(':', '')}.eml").write_bytes(envelope.content)
        return "250 kept"

    def letters(self) -> list[dict[str, str]]:
        return [asdict(self.read(file)) for file in sorted(self.folder.glob("*.eml"))]

    @staticmethod
    def read(file: Path) -> Letter:
        letter = email.message_from_bytes(file.read_bytes(), policy=policy.default)
        part = letter.get_body(("plain",))
        text = part.get_content() if part else ""
        stamp = datetime.fromtimestamp(file.stat().st_mtime, UTC).isoformat(timespec="milliseconds")
        return Letter(stamp, str(letter["To"]), str(letter["Subject"]), str(text))


class Receiver(Controller):
    """Receives on a socket that somebody else holds for it."""

    def __init__(self, mailbox: Mailbox, listening: socket.socket) -> None:
        hostname, port = listening.getsockname()
        super().__init__(mailbox, hostname=hostname, port=port)
        self.listening = listening

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self.listening)


def receive(mailbox: Mailbox, listening: socket.socket) -> Controller:
    """Start receiving."""
    controller = Receiver(mailbox, listening)
    controller.start()
    return controller
