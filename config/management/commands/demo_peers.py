"""The demo's mailbox and sandbox chart, in the foreground until stopped. Refused outside the demo."""

import signal
import socket
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.demo.chart import Chart
from config.demo.mailbox import Mailbox, receive
from config.demo.peers import serve


class Command(BaseCommand):
    help = "Run the demo's mailbox and sandbox chart (demo only)."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO or not settings.DEMO_HTTP_FD or not settings.DEMO_SMTP_FD:
            raise CommandError("This is for the demo only. Type: ./run demo")
        folder = Path(settings.DATA_DIR) / "demo"
        mailbox = Mailbox(folder / "mail")
        server = serve(Chart(folder / "chart.json"), mailbox, socket.socket(fileno=settings.DEMO_HTTP_FD))
        receiver = receive(mailbox, socket.socket(fileno=settings.DEMO_SMTP_FD))
        signal.signal(signal.SIGTERM, stop)
        self.stdout.write(f"ready: mail and chart on http://127.0.0.1:{settings.DEMO_HTTP_PORT}")
        self.stdout.flush()
        try:
            server.serve_forever(poll_interval=0.2)
        except KeyboardInterrupt:
            server.server_close()
        finally:
            receiver.stop()


def stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
