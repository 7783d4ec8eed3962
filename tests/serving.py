"""The real thing on loopback: gunicorn and `manage.py dispatch` as processes, an SMTP receiver, the sandbox chart."""

import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from django.db import connection

from config.demo.chart import Chart
from config.demo.mailbox import Letter, Mailbox, receive
from config.demo.peers import serve
from launcher.console import last_line
from launcher.demo import HOST, answers, listen, port_of
from launcher.processes import end, spawn

ROOT = Path(__file__).resolve().parents[1]
PATIENCE = 60.0  # seconds


class Post(Mailbox):
    """A mailbox whose next letter can be waited for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._arrived: queue.Queue[None] = queue.Queue()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        reply = await super().handle_DATA(server, session, envelope)
        self._arrived.put(None)
        return reply

    def next_letter(self) -> Letter:
        """The latest letter, once one more has come. Raises queue.Empty after a minute."""
        self._arrived.get(timeout=PATIENCE)
        return self.read(max(self.folder.glob("*.eml")))

    def empty(self) -> None:
        while not self._arrived.empty():
            self._arrived.get_nowait()


class House:
    """Where everything is, and the processes that a test may start beside the web."""

    def __init__(self, folder: Path, web_port: int, smtp_port: int, settings: Mapping[str, str]) -> None:
        self.folder, self.settings = folder, settings
        self.base = f"http://{HOST}:{web_port}"
        self.post = Post(folder / "mail")
        self.chart = Chart(folder / "chart.json")
        self.smtp_port = smtp_port
        self.chart_base = ""
        self.broker = ""

    def environment(self) -> dict[str, str]:
        """The runtime role on the test database, nothing of the demo; no broker unless a test names one."""
        database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
        return os.environ | {
            "DJANGO_SETTINGS_MODULE": "server_settings",
            "PYTHONPATH": f"{ROOT}{os.pathsep}{Path(__file__).parent}",
            "DATABASE_URL": database.geturl(),
            "DEBUG": "true",
            "CANDOR_DEMO": "false",
            "CANDOR_DATA": str(self.folder),
            "REDIS_URL": self.broker,
            "BASE_URL": self.base,
            "EMAIL_HOST": HOST,
            "EMAIL_PORT": str(self.smtp_port),
            **self.settings,
        }

    @contextmanager
    def running(self, name: str, *arguments: str, pass_fds: tuple[int, ...] = ()) -> Iterator[None]:
        """A process of the house, stopped by its own id; what it says is in `<name>.log`."""
        log = self.folder / f"{name}.log"
        process = spawn([sys.executable, *arguments], cwd=ROOT, env=self.environment(), log=log, pass_fds=pass_fds)
        try:
            yield
            assert process.poll() is None, f"{name} ended by itself: {last_line(log)}"
        finally:
            end([process])

    def is_quiet(self) -> bool:
        """Whether no other session of the database is in the middle of anything."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
            )
            return bool(cursor.fetchone()[0] == 0)


def until(done: Callable[[], bool], what: str) -> None:
    """Ask again and again, for a minute at most."""
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline, f"waited {PATIENCE:.0f} s for {what}"
        threading.Event().wait(0.05)


@contextmanager
def open_house(
    folder: Path,
    application: str = "config.wsgi",
    broker: str = "",
    settings: Mapping[str, str] = MappingProxyType({}),
) -> Iterator[House]:
    """Everything but the dispatcher, which a test starts when it needs one; all of it ends with the block."""
    with listen(0) as listening, listen(0) as smtp, listen(0) as filing:
        port = port_of(listening)
        house = House(folder, port, port_of(smtp), settings)
        house.broker = broker
        receiver = receive(house.post, smtp)
        chart = serve(house.chart, house.post, filing)
        house.chart_base = f"http://{HOST}:{chart.server_address[1]}/fhir"
        serving = threading.Thread(target=chart.serve_forever, kwargs={"poll_interval": 0.1})
        serving.start()
        fd = listening.fileno()
        web = ["-m", "gunicorn", application, "--worker-class", "gthread", "--threads", "4", "--no-control-socket"]
        try:
            with house.running("web", *web, "--bind", f"fd://{fd}", pass_fds=(fd,)):
                until(lambda: answers(port, "/health/ready"), "the web server (see web.log)")
                yield house
        finally:
            chart.shutdown()
            serving.join()
            chart.server_close()
            receiver.stop()
