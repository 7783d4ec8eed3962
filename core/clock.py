"""Time comes from the database, so that no worker's clock can move a deadline; how a moment is written for a clinic."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, tzinfo
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Func
from django.db.models.fields import DateTimeField
from django.utils import timezone


class Now(Func):
    """PostgreSQL `clock_timestamp()`: the wall clock of the database, not the start of the transaction."""

    template = "clock_timestamp()"
    output_field = DateTimeField()


def now() -> datetime:
    """The database's clock (timezone-aware, UTC)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        moment: datetime = cursor.fetchone()[0]
    return moment


def turns(limit: int, *, until: float | None = None) -> Iterator[float]:
    """At least one turn and at most `limit`; none begins once the job has taken TURN_SECONDS, or after `until`.

    What is left is a row that is still due. Yields `until`, on this process's own clock: it paces, no deadline hangs
    on it.
    """
    until = time.monotonic() + settings.TURN_SECONDS if until is None else until
    for turn in range(limit):
        if turn and time.monotonic() >= until:
            return
        yield until


def take_turns(act: Callable[[], bool], limit: int) -> int:
    """Call `act` until it finds nothing left to do, or its turns are over; how often it did something."""
    done = 0
    for _ in turns(limit):
        if not act():
            break
        done += 1
    return done


def at_clinic(moment: datetime, time_zone: str) -> str:
    """The clinic's wall clock with its zone, because who is on call may be in another one; the year if it is past."""
    zone: tzinfo
    try:
        zone = ZoneInfo(time_zone)
    except (KeyError, ValueError, OSError):  # a name that nobody knows: the letters UTC then stand beside it
        zone = UTC
    local = moment.astimezone(zone)
    year = "" if local.year == timezone.now().year else f", {local.year}"
    return f"{local:%b} {local.day}{year}, {local.hour % 12 or 12}:{local:%M %p %Z}"
