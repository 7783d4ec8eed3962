"""A line that breaks: a proxy on loopback in front of the server, which cuts connections where a test asks for it."""

import http.client
import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from launcher.demo import HOST

BEFORE, MIDDLE, AFTER = PLACES = ("before", "middle", "after")
OF_ONE_CONNECTION = {"connection", "transfer-encoding", "content-length", "keep-alive"}


class Line:
    """Every request goes through it. What `cut` describes is lost meanwhile: on its way there ("before"), with half of
    its reply's body ("middle"), or with all of its reply ("after"); a reply without a body has no middle.

    Each connection carries one request, so that the browser repeats none by itself.
    """

    def __init__(self, server: str) -> None:
        self.server = server
        self.base = ""
        self.lost: list[str] = []  # as "METHOD path"
        self._cut: tuple[re.Pattern[str], str] | None = None

    @contextmanager
    def cut(self, request: str, place: str) -> Iterator[None]:
        """Lose every request whose "METHOD path" has this (a regular expression), and at least one."""
        self.lost.clear()
        self._cut = re.compile(request), place
        try:
            yield
        finally:
            self._cut = None
        assert self.lost, f"nothing like {request} was asked"

    def place_of(self, request: str) -> str:
        """Where this one is cut; "" where it is not."""
        cut = self._cut
        if cut is None or not cut[0].search(request):
            return ""
        self.lost.append(request)
        return cut[1]


class Passing(BaseHTTPRequestHandler):
    line: Line

    def do_GET(self) -> None:
        place = self.line.place_of(f"{self.command} {self.path}")
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if place == BEFORE:
            return
        head, content = self._asked(body)
        if not place:
            self.wfile.write(head + content)
        elif place == MIDDLE and content:
            self.wfile.write(head + content[: len(content) // 2])

    do_POST = do_HEAD = do_GET

    def _asked(self, body: bytes) -> tuple[bytes, bytes]:
        """The server's reply: its head, and its body."""
        with closing(http.client.HTTPConnection(urlsplit(self.line.server).netloc)) as server:
            server.request(self.command, self.path, body, dict(self.headers))
            reply = server.getresponse()
            content = reply.read()
        fields = [f"{name}: {value}" for name, value in reply.getheaders() if name.lower() not in OF_ONE_CONNECTION]
        start = f"HTTP/1.1 {reply.status} {reply.reason}"
        head = [start, *fields, f"Content-Length: {len(content)}", "Connection: close", "", ""]
        return "\r\n".join(head).encode("latin-1"), content

    def log_message(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def line_to(server: str) -> Iterator[Line]:
    line = Line(server)
    handler = type("PassingOnThatLine", (Passing,), {"line": line})
    with ThreadingHTTPServer((HOST, 0), handler) as proxy:
        line.base = f"http://{HOST}:{proxy.server_address[1]}"
        serving = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.1})
        serving.start()
        try:
            yield line
        finally:
            proxy.shutdown()
            serving.join()
