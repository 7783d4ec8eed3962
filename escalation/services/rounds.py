"""What comes round, and that it came to its end: one row each, by the database's clock, so that two drivers are one."""

from django.db import connection

from core import clock
from escalation.models import Round

CLAIM = """
INSERT INTO escalation_round AS round (name, due_at)
VALUES (%(name)s, clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (name) DO UPDATE SET due_at = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE round.due_at <= clock_timestamp()
RETURNING name
"""
# Often enough to see that something runs, and not a write for every second of it.
END = """
UPDATE escalation_round SET ended_at = clock_timestamp()
WHERE name = %s AND (ended_at IS NULL OR ended_at < clock_timestamp() - interval '15 seconds')
"""


def claim(name: str, seconds: int) -> bool:
    """Whether it is this caller's turn; nobody else's for so many seconds. One that dies costs that long."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"name": name, "seconds": seconds})
        return cursor.fetchone() is not None


def end(name: str) -> None:
    """It was done to its end."""
    with connection.cursor() as cursor:
        cursor.execute(END, [name])
        is_known = cursor.rowcount == 1
    if not is_known:
        Round.objects.bulk_create([Round(name=name, due_at=clock.Now(), ended_at=clock.Now())], ignore_conflicts=True)
