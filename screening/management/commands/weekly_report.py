"""`manage.py weekly_report`: whether anything that was found aged unseen. Counts and times, no patient."""

from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.models import Clinic
from screening import selectors


class Command(BaseCommand):
    help = "Print the last seven days of reviews of each clinic."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--clinic", help="the id of one clinic; without it, all of them")

    def handle(self, *args: Any, **options: Any) -> None:
        clinics = Clinic.objects.order_by("name")
        if options["clinic"]:
            clinics = clinics.filter(pk=_id(str(options["clinic"])))
        if not clinics:
            raise CommandError("There is no such clinic.")
        for clinic in clinics:
            self.stdout.write("\n".join(_lines(clinic.name, selectors.weekly(clinic.id))))


def _id(typed: str) -> UUID:
    try:
        return UUID(typed)
    except ValueError:
        raise CommandError("A clinic's id looks like 7c9e6679-7425-40de-944b-e07fc1f90ae7.") from None


def _lines(name: str, week: selectors.Week) -> list[str]:
    since = f", the oldest since {week.oldest_overdue:%Y-%m-%d %H:%M} UTC" if week.oldest_overdue else ""
    median = "none yet" if week.median_hours is None else f"{week.median_hours} h"
    return [
        f"{name}, seven days up to {week.until:%Y-%m-%d %H:%M} UTC",
        f"  overdue now: {week.overdue}{since}",
        f"  waiting: {week.waiting}; found: {week.opened}; reviewed: {week.reviewed}, {week.in_time} in time",
        f"  median time to review: {median}",
        *(
            f"  {one.name or 'nobody is named'}: {one.waiting} waiting, {one.overdue} overdue, {one.reviewed} reviewed"
            for one in week.loads
        ),
    ]
