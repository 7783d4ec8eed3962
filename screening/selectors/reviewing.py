"""What waits to be looked at, for whom, since when; and the week's report that says whether anything aged unseen."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from uuid import UUID

from django.db.models import Q, QuerySet

from core import clock
from core.access import own_patients
from core.models import Patient, User
from screening import instruments
from screening.models import PrioritySignOff, ReviewItem
from screening.rules.clinic import CODE
from screening.rules.priorities import ANY

LISTED = 100
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class ReviewRow:
    """One item in a list. `because` and `urgency` are "" where only the care team may know (42 CFR 2.12)."""

    id: UUID
    patient: Patient
    is_sensitive: bool
    urgency: str
    is_signed: bool
    instrument: str
    because: str
    reviewer: str
    raised_to: str
    is_raised: bool
    opened_at: datetime
    due_at: datetime
    due_in_seconds: int
    time_zone: str

    @property
    def is_late(self) -> bool:
        return self.due_in_seconds < 0


def to_review(items: QuerySet[ReviewItem], user: User) -> tuple[ReviewRow, ...]:
    """Those of `items` (from `access.review_items_for`) that are open, the first due first, at most a hundred.

    Four queries whatever their number.
    """
    waiting = items.filter(state=ReviewItem.State.OPEN).order_by("due_at")
    rows = list(waiting.select_related("finding__result", "patient", "clinic", "reviewer", "raised_to")[:LISTED])
    own = set(own_patients(user).filter(pk__in=[row.patient_id for row in rows]).values_list("pk", flat=True))
    signed, now = _signed({row.clinic_id for row in rows}), clock.now()
    return tuple(_row(row, row.patient_id in own or row.reviewer_id == user.pk, signed, now) for row in rows)


def overdue(clinic_id: UUID) -> QuerySet[ReviewItem]:
    """Open items past their due time, the longest first."""
    late = ReviewItem.objects.filter(clinic_id=clinic_id, state=ReviewItem.State.OPEN, due_at__lte=clock.Now())
    return late.order_by("due_at")


@dataclass(frozen=True)
class Load:
    """One reviewer's share; `name` is "" for what has no reviewer."""

    name: str
    waiting: int
    overdue: int
    reviewed: int


@dataclass(frozen=True)
class Week:
    """Seven days up to `until`: how much was found, looked at (and in time), and what stands overdue now."""

    until: datetime
    opened: int
    reviewed: int
    in_time: int
    median_hours: float | None
    waiting: int
    overdue: int
    oldest_overdue: datetime | None
    loads: tuple[Load, ...]


def weekly(clinic_id: UUID) -> Week:
    """The last seven days of one clinic: counts and times, nobody's name but the reviewers'. Two queries."""
    now = clock.now()
    since = now - WEEK
    ours = ReviewItem.objects.filter(clinic_id=clinic_id).select_related("reviewer", "reviewed_by").defer("note")
    rows = list(ours.filter(Q(state=ReviewItem.State.OPEN) | Q(reviewed_at__gte=since)))
    waiting = [row for row in rows if row.state == ReviewItem.State.OPEN]
    done = [row for row in rows if row.reviewed_at is not None]
    late = [row.due_at for row in waiting if row.due_at <= now]
    hours = [(row.reviewed_at - row.opened_at).total_seconds() / 3600 for row in done if row.reviewed_at]
    return Week(
        until=now,
        opened=sum(row.opened_at >= since for row in rows),
        reviewed=len(done),
        in_time=sum(row.reviewed_at is not None and row.reviewed_at <= row.due_at for row in done),
        median_hours=round(median(hours), 1) if hours else None,
        waiting=len(waiting),
        overdue=len(late),
        oldest_overdue=min(late, default=None),
        loads=_loads(waiting, done, now),
    )


def _loads(waiting: Iterable[ReviewItem], done: Iterable[ReviewItem], now: datetime) -> tuple[Load, ...]:
    """What waits counts for whoever was named, what was reviewed for whoever did it."""
    counted: dict[str, list[int]] = {}
    for row in waiting:
        share = counted.setdefault(str(row.reviewer or ""), [0, 0, 0])
        share[0] += 1
        share[1] += row.due_at <= now
    for row in done:
        counted.setdefault(str(row.reviewed_by or ""), [0, 0, 0])[2] += 1
    return tuple(Load(name, *share) for name, share in sorted(counted.items()))


Signed = frozenset[tuple[UUID, str, str, str]]


def _signed(clinic_ids: Iterable[UUID]) -> Signed:
    rows = PrioritySignOff.objects.filter(clinic_id__in=clinic_ids)
    return frozenset(rows.values_list("clinic_id", "instrument", "code", "urgency"))


def is_signed(signed: Signed, clinic_id: UUID, instrument: str, code: str, urgency: str) -> bool:
    """A clinic's own rule was signed by whoever approved it."""
    return code == CODE or any((clinic_id, one, code, urgency) in signed for one in (instrument, ANY))


def signed_priorities(clinic_id: UUID) -> Signed:
    """What clinicians of this clinic have signed; every other priority still waits for it. For `is_signed`."""
    return _signed([clinic_id])


def _row(item: ReviewItem, is_readable: bool, signed: Signed, now: datetime) -> ReviewRow:
    finding, shown = item.finding, is_readable or not item.is_sensitive
    instrument = finding.result.instrument
    return ReviewRow(
        id=item.id,
        patient=item.patient,
        is_sensitive=item.is_sensitive,
        urgency=finding.urgency if shown else "",
        is_signed=not shown or is_signed(signed, item.clinic_id, instrument, finding.code, finding.urgency),
        instrument=instruments.get(instrument).name if shown else "",
        because=finding.because if shown else "",
        reviewer=str(item.reviewer or ""),
        raised_to=str(item.raised_to or ""),
        is_raised=item.raised_at is not None,
        opened_at=item.opened_at,
        due_at=item.due_at,
        due_in_seconds=int((item.due_at - now).total_seconds()),
        time_zone=item.clinic.time_zone,
    )
