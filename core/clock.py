"""Time comes from the database, so that no worker's clock can move a deadline."""

from datetime import datetime

from django.db import connection
from django.db.models import Func
from django.db.models.fields import DateTimeField


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
