"""An HTTP server that answers each request with the next thing on its list, however wrong."""

import socket
import ssl
import struct
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser

Behaviour = Callable[[socket.socket, threading.Event], None]


@dataclass(frozen=True)
class Request:
    line: str
    headers: Message
    body: bytes


def answer(status: int, body: bytes | str = b"", **headers: str) -> Behaviour:
    """A complete answer; header names with _ for -."""
    data = body.encode() if isinstance(body, str) else body
    lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(data)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return raw("\r\n".join(lines).encode() + b"\r\n\r\n" + data)


def raw(data: bytes) -> Behaviour:
    def send(connection: socket.socket, _stopped: threading.Event) -> None:
        connection.sendall(data)

    return send


def reset(connection: socket.socket, _stopped: threading.Event) -> None:
    """Take the request, then break the connection without a word."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silence(_connection: socket.socket, stopped: threading.Event) -> None:
    stopped.wait(20)


def drip(connection: socket.socket, stopped: threading.Event) -> None:
    """A header that never ends, a byte at a time: no single read ever times out."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not stopped.wait(0.02):
        connection.sendall(b"x")


class Misbehaving:
    """Context manager; `base` is its address, `requests` what came in."""

    def __init__(self, *behaviours: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._behaviours = deque(behaviours)
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.base = f"{'https' if tls else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}/fhir"
        self.requests: list[Request] = []

    def then(self, *behaviours: Behaviour) -> None:
        self._behaviours.extend(behaviours)

    def __enter__(self) -> "Misbehaving":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._listener.close()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                try:
                    self._answer(connection)
                except OSError:
                    continue  # the client gave up, which is what some tests are about

    def _answer(self, plain: socket.socket) -> None:
        connection = self._tls.wrap_socket(plain, server_side=True) if self._tls else plain
        with connection:
            self.requests.append(self._received(connection))
            self._behaviours.popleft()(connection, self._stopped)

    @staticmethod
    def _received(connection: socket.socket) -> Request:
        data = b""
        while b"\r\n\r\n" not in data:
            data += connection.recv(65536)
        head, body = data.split(b"\r\n\r\n", 1)
        line, _, headers = head.partition(b"\r\n")
        parsed = BytesHeaderParser().parsebytes(headers + b"\r\n\r\n")
        while len(body) < int(parsed.get("content-length", 0)):
            body += connection.recv(65536)
        return Request(line.decode(), parsed, body)
