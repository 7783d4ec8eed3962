"""Reads: who is on duty, the inbox with its clocks, one incident's story, how late paging is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Literal
from uuid import UUID

from django.db import connection
from django.db.models import Exists, Max, OuterRef, Q, QuerySet
from django.utils.dateparse import parse_datetime

from core import clock
from core.crypto import UnreadableValue
from core.models import ContactPoint, Membership, Patient, User
from core.permissions import Permission, roles_with
from escalation import policy
from escalation.models import (
    Acknowledgement,
    ContactAttempt,
    Incident,
    Ladder,
    Outcome,
    Override,
    Page,
    Rotation,
    RotationMember,
    Shift,
    Whereabouts,
)
from escalation.policy import Duty, Roster, Stretch, zone

RESOLVED_SHOWN = 50
WAYS = dict(ContactPoint.Kind.choices)


def may_answer(clinic_id: UUID) -> list[UUID]:
    """Every active member of staff who may answer this clinic's pages: the last fallback."""
    people = User.objects.filter(
        is_active=True,
        memberships__clinic_id=clinic_id,
        memberships__is_active=True,
        memberships__role__in=roles_with(Permission.ANSWER_PAGES),
    )
    return list(people.order_by("id").values_list("id", flat=True).distinct())


def roster(clinic_id: UUID, *, since: datetime) -> Roster:
    """What is written down about who is on duty from `since` on, people who have left included. Three queries."""
    ours = {"clinic_id": clinic_id}
    shifts = Shift.objects.filter(**ours).exclude(ends_at__lte=since).order_by("starts_at", "id")
    overrides = Override.objects.filter(**ours, ends_at__gt=since).order_by("starts_at")
    members = RotationMember.objects.filter(rotation__clinic_id=clinic_id).select_related("rotation")
    turns = groupby(members.order_by("rotation__level", "position"), key=lambda one: one.rotation)
    return Roster(
        shifts=tuple(Duty(one.user_id, one.level, one.starts_at, one.ends_at) for one in shifts),
        rotations=tuple(_rotation(one, tuple(member.user_id for member in each)) for one, each in turns),
        overrides=tuple(Duty(one.user_id, one.level, one.starts_at, one.ends_at) for one in overrides),
    )


def _rotation(row: Rotation, members: tuple[UUID, ...]) -> policy.Rotation:
    return policy.Rotation(row.level, zone(row.time_zone), row.starts_on, row.handover, row.days, members)


@dataclass(frozen=True)
class Coverage:
    """Who is on duty at each level in the coming hours, and what is wrong with that.

    `plan`: stretches level by level. `gaps`: those without people at a level that the clinic's ladder uses; a page
    would go to a level above, or to everybody. `left`: people of the roster who may not answer pages any more.
    `nobody`: no one at this clinic may. `standing`: who has duty without an end, seen in the plan or behind a rotation.
    """

    plan: tuple[Stretch, ...]
    gaps: tuple[Stretch, ...]
    left: tuple[str, ...]
    nobody: bool
    names: dict[UUID, str]
    standing: tuple[tuple[str, UUID], ...]


def coverage(clinic_id: UUID, *, hours: int = 72) -> Coverage:
    """The look-ahead. Seven queries, however large the roster is."""
    start, able = clock.now(), may_answer(clinic_id)
    end, known = start + timedelta(hours=hours), roster(clinic_id, since=start)
    steps = Ladder.objects.filter(clinic_id=clinic_id).values_list("steps", flat=True).first()
    used = {step.level for step in policy.parsed(steps)}
    levels = [one for one in policy.DUTY_LEVELS if one in used | known.levels()]
    plan = [one for level in levels for one in policy.stretches(known, level, start, end, able)]
    people = User.objects.filter(pk__in=known.people()).order_by("full_name", "email")
    names = {person.pk: str(person) for person in people}
    return Coverage(
        plan=tuple(plan),
        gaps=tuple(one for one in plan if not one.people and one.level in used),
        left=tuple(name for pk, name in names.items() if pk not in able),
        nobody=not able,
        names=names,
        standing=tuple(
            (one.level, one.user_id)
            for level in policy.DUTY_LEVELS
            for one in known.shifts
            if one.level == level and one.ends_at is None
        ),
    )


def doubled(clinic_id: UUID, level: str, *, since: datetime, until: datetime) -> list[tuple[str, str, datetime]]:
    """Who is at `level` and at another one at the same time: the name, the other level, since when. A small clinic may
    want that; the page of the other level then wakes nobody else."""
    found = policy.doubled(roster(clinic_id, since=since), level, since, until, may_answer(clinic_id))
    people = User.objects.in_bulk([person for person, _ in found])
    return [(str(people[person]), other, at) for (person, other), at in found.items()]


@dataclass(frozen=True)
class Trigger:
    """One answer that opened or joined an incident. `detail` is PHI, as it was frozen."""

    detail: dict[str, Any]
    added_at: datetime | None
    after_acknowledgement: bool


def triggers(incident: Incident) -> tuple[Trigger, ...]:
    """What triggered it, in order; what came after somebody took it is marked. Raises UnreadableValue."""
    taken_at = incident.acknowledgements.aggregate(at=Max("at"))["at"]
    return _triggers(incident, taken_at)


def _triggers(incident: Incident, taken_at: datetime | None) -> tuple[Trigger, ...]:
    found = []
    for raw in incident.snapshot["triggers"]:
        added_at = parse_datetime(raw["added_at"])
        late = taken_at is not None and added_at is not None and added_at > taken_at
        found.append(Trigger({k: v for k, v in raw.items() if k not in ("key", "added_at")}, added_at, late))
    return tuple(found)


def whereabouts(source_ref: UUID) -> list[Whereabouts]:
    """What the patient told of where they are, the latest first, whenever that was. Raises UnreadableValue."""
    return list(Whereabouts.objects.filter(source_ref=source_ref).order_by("-at"))


@dataclass(frozen=True)
class Documented:
    """What somebody signed about an incident, for the chart. `next_attempt_at`: where nobody was reached."""

    patient: Patient
    source_ref: UUID
    code: str
    opened_at: datetime
    what: str
    note: str
    signed_as: str
    at: datetime
    next_attempt_at: datetime | None


def documented(signed_id: UUID) -> Documented:
    """The outcome or the attempt with this id. Raises ContactAttempt.DoesNotExist, UnreadableValue."""
    outcome = Outcome.objects.filter(pk=signed_id).first()
    signed = outcome or ContactAttempt.objects.get(pk=signed_id)
    incident = Incident.objects.select_related("patient__clinic").defer("snapshot").get(pk=signed.incident_id)
    assert incident.patient is not None  # nobody documents a canary
    return Documented(
        patient=incident.patient,
        source_ref=incident.source_ref,
        code=incident.code,
        opened_at=incident.opened_at,
        what=outcome.get_kind_display() if outcome else ContactAttempt.LABEL,
        note=signed.note,
        signed_as=signed.signed_as,
        at=signed.at,
        next_attempt_at=getattr(signed, "next_attempt_at", None),
    )


def source_of(signed_id: UUID) -> UUID | None:
    """The packet of what was signed; None for an id that is of nothing signed."""
    signed = Q(outcome=signed_id) | Q(contact_attempts=signed_id)
    return Incident.objects.filter(signed).values_list("source_ref", flat=True).first()


def signed_about(source_ref: UUID) -> list[UUID]:
    """Ids of the outcomes and attempts of a packet's incidents."""
    ours = {"incident__source_ref": source_ref}
    attempts = ContactAttempt.objects.filter(**ours).order_by().values_list("id", flat=True)
    return list(Outcome.objects.filter(**ours).values_list("id", flat=True).union(attempts))


@dataclass(frozen=True)
class InboxRow:
    """`due_in_seconds`: until the next step, or the outcome's deadline; negative when late, None once resolved.

    `taken_by` is who acknowledged last. `new_since_taken` counts answers that came after that.
    `readable` is False when the snapshot does not open with this installation's keys.
    """

    incident: Incident
    due_in_seconds: int | None
    taken_by: User | None
    new_since_taken: int
    readable: bool


def inbox(clinic_ids: Iterable[UUID]) -> list[InboxRow]:
    """Every unresolved incident of these clinics, unanswered ones first, most urgent clock first; then the latest
    resolved ones."""
    ours = Incident.objects.select_related("patient", "clinic", "site").filter(clinic_id__in=list(clinic_ids))
    waiting = _rows(ours.exclude(state=Incident.State.RESOLVED).order_by("due_at"))
    waiting.sort(key=lambda one: one.state == Incident.State.ACKNOWLEDGED)
    done = _rows(ours.filter(state=Incident.State.RESOLVED).order_by("-resolved_at")[:RESOLVED_SHOWN])
    return _with_clocks(waiting + done)


def is_open(source_ref: UUID) -> bool:
    """Whether an incident of this packet is not resolved yet."""
    return Incident.objects.filter(source_ref=source_ref).exclude(state=Incident.State.RESOLVED).exists()


def is_told(source_ref: UUID) -> bool:
    """Whether this packet has an unresolved incident and somebody is on duty for it now.

    Only then may a page say that the care team was told.
    """
    return alert(source_ref) == "told"


def alert(source_ref: UUID) -> Literal["", "told", "untold"]:
    """The same with what it is where it isn't: "" without an unresolved incident, "untold" with nobody on duty.

    Every page of a patient asks, so the common answer costs one small query; with an incident it is two.
    """
    open_here = Incident.objects.filter(source_ref=source_ref).exclude(state=Incident.State.RESOLVED)
    clinic_id = open_here.values_list("clinic_id", flat=True).first()
    if clinic_id is None:
        return ""
    return "told" if is_anybody_on_duty(clinic_id) else "untold"


def is_anybody_on_duty(clinic_id: UUID) -> bool:
    """Whether somebody is rostered at this clinic now: only then may a page say that somebody will be told. One query.

    Whoever has left is a gap. A rotation that has begun always has somebody; it counts from its third day on, when its
    first handover is over in every time zone, so that a patient's page never asks what time it is elsewhere.
    """
    mine = {"user_id": OuterRef("user_id")}
    here = {**mine, "clinic_id": OuterRef("clinic_id"), "starts_at__lte": clock.Now()}
    begun = clock.Now() - timedelta(days=2)
    turns = RotationMember.objects.filter(
        **mine, rotation__clinic_id=OuterRef("clinic_id"), rotation__starts_on__lt=begun
    )
    return Membership.objects.filter(
        Exists(Shift.objects.filter(**here).exclude(ends_at__lte=clock.Now()))
        | Exists(Override.objects.filter(**here, ends_at__gt=clock.Now()))
        | Exists(turns),
        clinic_id=clinic_id,
        is_active=True,
        user__is_active=True,
        role__in=roles_with(Permission.ANSWER_PAGES),
    ).exists()


def of_patient(patient_id: UUID) -> list[InboxRow]:
    """Every incident of one patient, the latest first."""
    ours = Incident.objects.select_related("patient", "clinic", "site").filter(patient_id=patient_id)
    return _with_clocks(_rows(ours.order_by("-opened_at")))


def _with_clocks(incidents: list[Incident]) -> list[InboxRow]:
    latest = (
        Acknowledgement.objects.filter(incident__in=incidents)
        .order_by("incident_id", "-at")
        .distinct("incident_id")
        .select_related("user")
    )
    taken = {one.incident_id: one for one in latest}
    now = clock.now()
    return [_inbox_row(one, taken.get(one.id), now) for one in incidents]


def _rows(incidents: QuerySet[Incident]) -> list[Incident]:
    """One snapshot that does not open must not hide the others."""
    try:
        return list(incidents)
    except UnreadableValue:
        return list(incidents.defer("snapshot"))


def _inbox_row(incident: Incident, taken: Acknowledgement | None, now: datetime) -> InboxRow:
    try:
        new = sum(one.after_acknowledgement for one in _triggers(incident, taken.at if taken else None))
        readable = True
    except UnreadableValue:
        new, readable = 0, False
    seconds = int((incident.due_at - now).total_seconds()) if incident.due_at else None
    return InboxRow(incident, seconds, taken.user if taken else None, new, readable)


@dataclass(frozen=True)
class Entry:
    """One thing that happened: `kind` is opened, joined, page, told, acknowledged, handed_over, tried, located or
    resolved.

    `detail` is the urgency, how far the page came or why it was not sent, the step that it was handed over to, or the
    outcome's kind; `by` says which way
    a page went. `until` is the deadline that an acknowledgement or an attempt set. A page that is "told" says that
    somebody took it.
    """

    at: datetime
    kind: str
    who: User | None = None
    detail: str = ""
    until: datetime | None = None
    by: str = ""


def timeline(incident: Incident) -> list[Entry]:
    """Who was paged, who took it, what was documented, in order of time. No answers, so it opens always."""
    entries = [Entry(incident.opened_at, "opened", detail=incident.urgency)]
    for page in incident.pages.select_related("user"):
        at = page.accepted_at or page.due_at or incident.opened_at
        kind = "told" if page.kind == Page.Kind.TAKEN else "page"
        by = WAYS.get(page.channel, page.channel) + (" for what was added" if page.kind == Page.Kind.ADDED else "")
        entries.append(Entry(at, kind, page.user, _how_far(page), by=by))
    for taken in incident.acknowledgements.select_related("user"):
        entries.append(Entry(taken.at, "acknowledged", taken.user, until=taken.outcome_due_at))
    steps = policy.parsed(incident.ladder)
    for handed in incident.hand_overs.select_related("user"):
        entries.append(Entry(handed.at, "handed_over", handed.user, steps[handed.step].name))
    for tried in incident.contact_attempts.select_related("user"):
        entries.append(Entry(tried.at, "tried", tried.user, until=tried.next_attempt_at))
    told = Whereabouts.objects.filter(source_ref=incident.source_ref).values_list("at", flat=True)
    entries += [Entry(at, "located") for at in told]
    if incident.state == Incident.State.RESOLVED:
        outcome = incident.outcome
        entries.append(Entry(outcome.at, "resolved", outcome.user, outcome.kind))
    try:
        joined = triggers(incident)[1:]
    except UnreadableValue:
        joined = ()
    entries += [Entry(one.added_at, "joined") for one in joined if one.added_at]
    return sorted(entries, key=lambda entry: entry.at)


def _how_far(page: Page) -> str:
    """The highest level known: opened by the person, on the device, handed on; else what became of it."""
    if page.opened_at:
        return "opened"
    if page.last_error:
        return page.last_error
    return "device" if page.device_at else page.state


LATENESS = """
SELECT coalesce(extract(epoch FROM clock_timestamp() - min(since)), 0) FROM (
  SELECT page.due_at AS since FROM escalation_page page
    JOIN escalation_incident incident ON incident.id = page.incident_id
    WHERE page.state IN ('pending', 'retry') AND incident.state = 'notifying'
  UNION ALL
  SELECT lease_until FROM escalation_page WHERE state = 'claimed'
  UNION ALL
  SELECT due_at FROM escalation_incident WHERE NOT (state = 'resolved')
  UNION ALL
  SELECT opened_at FROM escalation_incident incident WHERE NOT (state = 'resolved') AND state <> 'acknowledged'
    AND NOT EXISTS (SELECT FROM escalation_page page
      WHERE page.incident_id = incident.id AND page.state = 'delivered' AND page.channel <> 'in_app')
) AS waiting
"""


def paging_lateness() -> float:
    """Seconds the most overdue thing is late; 0 when nothing is.

    Late is: a page past its time, a lease past its end, an incident past its next step or its outcome's deadline,
    and an open incident none of whose pages was delivered, since it opened.
    """
    with connection.cursor() as cursor:
        cursor.execute(LATENESS)
        return max(0.0, float(cursor.fetchone()[0]))
