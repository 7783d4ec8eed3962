"""One small server beside the demo: the mail viewer, the sandbox chart's FHIR endpoint and its viewer."""

import json
import socket
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.template.loader import render_to_string

from config.demo.chart import Chart, Resource
from config.demo.mailbox import Mailbox

LIMIT = 5 * 1024 * 1024
FAILED = (
    b"HTTP/1.0 500 Failed\r\nContent-Type: text/html; charset=utf-8\r\nConnection: close\r\n\r\n"
    b"<!doctype html><title>Error</title><p>This page could not be shown. The reason stands in peers.log.</p>"
)
HTML = "text/html; charset=utf-8"


def rows(resource: Resource) -> list[tuple[str, str]]:
    """A resource's leaves as path and value, for the viewer: discrete fields, one by one."""
    found: list[tuple[str, str]] = []

    def walk(node: Any, path: str) -> None:
        if isinstance(node, dict):
            for name, value in node.items():
                walk(value, f"{path}.{name}" if path else name)
        elif isinstance(node, list):
            for number, value in enumerate(node):
                walk(value, f"{path}[{number}]")
        else:
            text = str(node)
            found.append((path, text if len(text) < 200 else f"{text[:60]}… ({len(text)} characters)"))

    walk({name: value for name, value in resource.items() if name not in ("meta", "text")}, "")
    return found


def title(resource: Resource) -> str:
    """What it is about, in words, wherever its kind keeps them; "" where it says nothing."""
    for name in ("code", "medicationCodeableConcept", "type"):
        about = resource.get(name)
        if isinstance(about, dict):
            shown = [about.get("text"), *(one.get("display") for one in about.get("coding", ()))]
            if words := next((str(one) for one in shown if one), ""):
                return words
    return ""


def page(path: str, chart: Chart, mailbox: Mailbox) -> str | None:
    """The HTML of a viewer page, or None."""
    if path == "/mail/":
        return render_to_string("config/demo/mail.html", {"letters": list(reversed(mailbox.letters()))})
    if path in ("/", "/chart/"):
        shown = [(resource, title(resource), rows(resource)) for resource in reversed(chart.all())]
        return render_to_string("config/demo/chart.html", {"resources": shown})
    return None


class Handler(BaseHTTPRequestHandler):
    server_version = "CandorDemo"
    chart: Chart
    mailbox: Mailbox

    def do_GET(self) -> None:
        return self.answer(b"")

    def do_POST(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        if length > LIMIT:
            return self.reply(413, "too large", "text/plain")
        return self.answer(self.rfile.read(length))

    def answer(self, body: bytes) -> None:
        self.reply(*self.answered(body))

    def answered(self, body: bytes) -> tuple[int, str, str]:
        """Status, text and its kind."""
        path = urlsplit(self.path).path
        if path.startswith("/fhir/") or self.command == "POST":
            return self.fhir(body)
        if path == "/mail.json":
            return 200, json.dumps(self.mailbox.letters()), "application/json"
        if path == "/chart.json":
            return 200, json.dumps(self.chart.all()), "application/json"
        if path == "/demo.css":
            return 200, (settings.BASE_DIR / "static/css/demo.css").read_text(), "text/css"
        html = page(path, self.chart, self.mailbox)
        return (200, html, HTML) if html else (404, "Not found", HTML)

    def fhir(self, body: bytes) -> tuple[int, str, str]:
        path = self.path.removeprefix("/fhir")
        status, resource = self.chart.handle(self.command, path, body, self.headers.get("If-None-Exist", ""))
        return status, json.dumps(resource, ensure_ascii=False), "application/fhir+json; fhirVersion=4.0"

    def reply(self, status: int, text: str, kind: str) -> None:
        body = text.encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Silent: a request line of the chart may carry an identifier."""


class Server(ThreadingHTTPServer):
    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whatever failed: an empty reply would look as if the demo had died."""
        super().handle_error(request, client_address)
        with suppress(OSError):
            request.sendall(FAILED)


def serve(chart: Chart, mailbox: Mailbox, listening: socket.socket) -> ThreadingHTTPServer:
    """A server on a socket that somebody else holds for it, not yet running."""
    handler = type("BoundHandler", (Handler,), {"chart": chart, "mailbox": mailbox})
    server = Server(listening.getsockname(), handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    return server
