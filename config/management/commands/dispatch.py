"""The loop that needs no broker. It calls the same claims as the Celery tasks: either is enough, both never double.

Everything that must happen is a row with a due time, so that a dispatcher may die, hang or run twice.
"""

import logging
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DEFAULT_DB_ALIAS, DatabaseError, InterfaceError, close_old_connections, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.utils.module_loading import import_string

from core import clock

log = logging.getLogger(__name__)

PAGING = ("escalation.services.advance_due", "escalation.services.deliver_due")
# Paging first. A room that is not installed has no jobs; the rest must be there.
JOBS = (
    *PAGING,
    "intake.services.submission.assess_unassessed",
    "escalation.services.send_canary",
    "intake.services.auditing.audit_paging",
    "escalation.services.plan_drills",
    "escalation.services.send_drills",
    "screening.services.raise_overdue",
    "core.services.tell_compliance",
    "escalation.services.tell_supervisors",
    "consents.services.take_effect_due",
    "consents.services.sealing.seal_due",
    "consents.services.stamping.stamp_due",
    "ehr.services.relay_finished",
    "ehr.services.push_due",
    "ehr.services.read_charts_due",
    "audit.services.seal",
    "escalation.services.beat",
)
MAY_BE_ABSENT = ("ehr",)
LONGEST_PAUSE = 30.0
NAP = 0.2


@dataclass
class Job:
    """`rests_until` is on this process's own monotonic clock: it spaces failures out, no deadline hangs on it."""

    name: str
    call: Callable[[], object]
    failures: int = 0
    rests_until: float = 0.0


def installed_jobs(paths: tuple[str, ...] = JOBS) -> list[Job]:
    """Raises ImportError for a job that ought to be there."""
    rooms = {path: path.partition(".")[0] for path in paths}
    return [
        Job(path, import_string(path))
        for path in paths
        if rooms[path] not in MAY_BE_ABSENT or apps.is_installed(rooms[path])
    ]


def pause(failures: int) -> float:
    """Seconds to wait after so many failures in a row: 1, 2, 4 … at most 30."""
    return min(LONGEST_PAUSE, float(1 << min(failures - 1, 10)))


def database_answers() -> bool:
    """Asked on a new connection: the old one may be all that is broken."""
    drop_connections()
    try:
        clock.now()
    except (DatabaseError, InterfaceError):
        drop_connections()
        return False
    return True


def drop_connections() -> None:
    """The pool too: left alone it tries again ever more rarely, and a database that is back would wait for it."""
    database = connections[DEFAULT_DB_ALIAS]
    database.close()
    if isinstance(database, DatabaseWrapper):
        database.close_pool()


class Dispatcher:
    """Runs each job in turn. One that fails waits longer each time and stops nobody else; after one that took long (a
    chart or a mail server that hangs) paging comes first again, so that a page waits for one such job and not for all.
    """

    def __init__(self, jobs: list[Job], interval: float) -> None:
        self.jobs = jobs
        self.interval = interval
        self.stopping = False
        self.outage = 0

    def stop(self, _signum: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def run(self) -> None:
        """Until told to stop; the current job is finished first."""
        while not self.stopping:
            self.cycle()
            close_old_connections()
            self.sleep(pause(self.outage) if self.outage else self.interval)

    def cycle(self) -> bool:
        """Every job that isn't resting, once. False when one failed or the database is gone."""
        whole = True
        for job in self.jobs:
            began = time.monotonic()
            whole = self.turn(job) and whole
            took_long = time.monotonic() - began > self.interval
            for paging in (one for one in self.jobs if took_long and one.name in PAGING):
                whole = self.turn(paging) and whole
            if self.outage:
                break
        return whole

    def turn(self, job: Job) -> bool:
        """True as well for one that rests, and once the end was asked for."""
        return self.stopping or job.rests_until > time.monotonic() or self.attempt(job)

    def attempt(self, job: Job) -> bool:
        try:
            job.call()
        # As broad as it looks: whatever one job does, paging and the others go on. The undone work is still a row.
        except Exception as error:
            if isinstance(error, DatabaseError | InterfaceError) and not database_answers():
                self.note_outage(error)
            else:
                job.failures += 1
                job.rests_until = time.monotonic() + pause(job.failures)
                log.error("%s failed (%s), %d in a row", job.name, type(error).__name__, job.failures)
            return False
        if self.outage:
            log.warning("the database is back")
        self.outage, job.failures = 0, 0
        return True

    def note_outage(self, error: Exception) -> None:
        self.outage += 1
        if self.outage == 1:
            log.error("the database is gone (%s); trying again until it is back", type(error).__name__)

    def sleep(self, seconds: float) -> None:
        """In naps: a signal must not wait for a long pause to end."""
        end = time.monotonic() + seconds
        while not self.stopping and (left := end - time.monotonic()) > 0:
            time.sleep(min(NAP, left))


@contextmanager
def stopped_by_signals(dispatcher: Dispatcher) -> Iterator[None]:
    before = {number: signal.signal(number, dispatcher.stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Command(BaseCommand):
    help = "Page, score, seal and file what is due, without a broker. Stop it with Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do everything that is due and exit")
        parser.add_argument("--interval", type=float, default=1.0, help="seconds between rounds (default 1.0)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 0.05 <= options["interval"] <= 60:
            raise CommandError("--interval must be between 0.05 and 60 seconds.")
        try:
            jobs = installed_jobs()
        except ImportError as error:
            raise CommandError(f"This installation is incomplete: {error}.") from error
        dispatcher = Dispatcher(jobs, options["interval"])
        with stopped_by_signals(dispatcher):
            if not options["once"]:
                self.stdout.write("Dispatching. Ctrl-C stops.")
                dispatcher.run()
            elif dispatcher.cycle():
                return
            elif dispatcher.outage:
                raise CommandError("No database. Run ./run setup, or set DATABASE_URL to a PostgreSQL you have.")
            else:
                raise CommandError("A job failed; the log says which. Nothing is lost: it is due again.")
