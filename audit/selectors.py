"""Reads of the log: an event as it is hashed, the sealed log in order, the seal's lag."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Q, QuerySet

from audit.actions import Action
from audit.chain import Record, Sealed, leaf
from audit.models import Event, Leaf, Unsealed


def as_record(event: Event) -> Record:
    """The fields that are sealed."""
    return Record(
        id=str(event.id),
        at=event.at,
        action=event.action,
        actor_kind=event.actor_kind,
        actor_id=event.actor_id,
        clinic_id=str(event.clinic_id or ""),
        patient_id=str(event.patient_id or ""),
        object_type=event.object_type,
        object_id=event.object_id,
        request_id=event.request_id,
        context=event.context,
    )


def sealed_log(batch: int = 2000) -> Iterator[Sealed]:
    """Every leaf in order with its event; memory stays flat whatever the length."""
    start = 0
    while True:
        leaves = list(Leaf.objects.filter(seq__gt=start).order_by("seq")[:batch])
        if not leaves:
            return
        events = Event.objects.in_bulk([one.event_id for one in leaves])
        for one in leaves:
            event = events.get(one.event_id)
            yield Sealed(
                seq=one.seq,
                event_id=str(one.event_id),
                leaf_hash=bytes(one.leaf_hash),
                link_hash=bytes(one.link_hash),
                record=as_record(event) if event else None,
            )
        start = leaves[-1].seq


@dataclass(frozen=True)
class Lag:
    """Events not sealed yet, the age of the oldest in seconds, and an event that is neither sealed nor waiting."""

    waiting: int
    oldest_seconds: float
    stray: UUID | None


def lag() -> Lag:
    """How far the seal is behind, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(at)), 0) FROM audit_unsealed"
        )
        waiting, oldest = cursor.fetchone()
    stray = (
        Event.objects.exclude(id__in=Leaf.objects.values("event_id"))
        .exclude(id__in=Unsealed.objects.values("event_id"))
        .values_list("id", flat=True)
        .first()
    )
    return Lag(waiting, float(oldest), stray)


def events(clinic_ids: Iterable[UUID], *, day: date | None, patient_id: UUID | None) -> QuerySet[Event]:
    """Events at these clinics, latest first: of one UTC day, about one patient, or both.

    A list of patients that somebody was shown is one event; its context names every patient on it.
    """
    found = Event.objects.filter(clinic_id__in=list(clinic_ids)).order_by("-at", "-id")
    if day:
        start = datetime(day.year, day.month, day.day, tzinfo=UTC)
        end = start.replace(hour=23, minute=59, second=59, microsecond=999_999)  # the last day there is has no next
        found = found.filter(at__gte=start, at__lte=end)
    if patient_id:
        found = found.filter(Q(patient_id=patient_id) | Q(context__contains=str(patient_id)))
    return found


def told(actions: Iterable[Action], **which: object) -> Iterator[tuple[Event, bool]]:
    """Events of these kinds, the earliest first, each with whether it still is as it was sealed.

    One that waits for its seal counts as it stands. The chain as a whole is `verify_audit`'s business. Two queries.
    """
    events = list(Event.objects.filter(action__in=list(actions), **which).order_by("at"))
    sealed = Leaf.objects.filter(event_id__in=[one.id for one in events]).values_list("event_id", "leaf_hash")
    leaves = {event_id: bytes(leaf_hash) for event_id, leaf_hash in sealed}
    for one in events:
        ours = leaf(settings.AUDIT_KEY, as_record(one))
        yield one, leaves.get(one.id, ours) == ours
