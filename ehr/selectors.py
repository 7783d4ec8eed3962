"""Where a packet's fields stand on their way into the chart."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

import escalation.selectors
from ehr.mapping import editing, forms, lists, reasons, saying, wire
from ehr.mapping.drafts import PATIENT
from ehr.mapping.implied import tells_of_treatment
from ehr.models import ChartSnapshot, ExportItem, ItemEdit
from intake.rules.remarks import Remark

State = ExportItem.State
BY_CLINICIAN = "rejected-by-clinician"
NOT_SENT = (State.HELD, State.PENDING)
KEPT_OUT = Q(state=State.REJECTED, reason=BY_CLINICIAN)
# What needs nobody any more, and what needs a person.
SETTLED = Q(state__in=[State.VERIFIED, State.MANUAL, State.SUPERSEDED]) | KEPT_OUT
STOPPED = Q(state__in=[State.CONFLICT, State.DEAD]) | (Q(state=State.REJECTED) & ~Q(reason=BY_CLINICIAN))


@dataclass(frozen=True)
class ItemView:
    """`lines` are what it says, `why` the reason of its state in words. `says_none`: that there is none, which can't be
    corrected. `resting`: how many others refer to it and can't be filed without. `settled`: what a person decided."""

    id: UUID
    label: str
    resource_type: str
    lines: tuple[str, ...]
    state: str
    state_label: str
    why: str
    protected: bool
    says_none: bool
    is_stopped: bool
    resting: int
    fields: tuple[editing.Field, ...]
    edits: tuple["EditView", ...]
    settled: "SettledView | None"


@dataclass(frozen=True)
class EditView:
    """One correction: (label, before, after) of each field, who made it, when and why."""

    by: str
    at: datetime
    reason: str
    changes: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class SettledView:
    """Kept out of the chart, or entered by hand. By whom and when is unknown of what is older than these columns."""

    by: str
    at: datetime | None
    reason: str


@dataclass(frozen=True)
class PacketStatus:
    """`held` waits for approval, `stopped` needs a person; what a person `decided` about needs nobody any more."""

    items: tuple[ItemView, ...]
    verified: int
    total: int
    held: int
    stopped: int
    decided: int
    hidden: int


IN_CHART = Exists(
    ExportItem.objects.filter(
        connection=OuterRef("connection"), patient=OuterRef("patient"), field_key=PATIENT, state=State.VERIFIED
    )
)
EDITS = Prefetch("edits", ItemEdit.objects.select_related("edited_by").order_by("at"))


def packet_of(item: ExportItem) -> UUID:
    """The packet that an item is of; a signed note about an incident, and its notice, name what was signed instead."""
    return escalation.selectors.source_of(item.packet_ref) or item.packet_ref


def held_notes(packet_id: UUID) -> QuerySet[ExportItem]:
    """Signed notes about the packet's incidents that no consent covered at the wire."""
    signed = escalation.selectors.signed_about(packet_id)
    return ExportItem.objects.filter(packet_ref__in=signed, state=ExportItem.State.HELD)


def resting_on(item: ExportItem, items: QuerySet[ExportItem]) -> list[ExportItem]:
    """Those of the items that were not sent yet and refer to this one, over others too; one query or two.

    Of the patient none does where an earlier packet has put them into the chart.
    """
    here = ExportItem.objects.filter(connection=item.connection_id, patient=item.patient_id)
    if item.field_key == PATIENT and here.filter(field_key=PATIENT, state=State.VERIFIED).exists():
        return []
    return _resting(item, items.filter(packet_ref=item.packet_ref, connection=item.connection_id, state__in=NOT_SENT))


def _resting(item: ExportItem, items: Iterable[ExportItem]) -> list[ExportItem]:
    """In the order they are sent, in which each comes after all that it refers to."""
    keys, found = {item.field_key}, []
    for one in sorted(items, key=lambda one: one.position):
        if one.pk != item.pk and keys & set(one.needs):
            keys.add(one.field_key)
            found.append(one)
    return found


def packet_status(packet_id: UUID, *, sensitive: bool) -> PacketStatus:
    """Every item of a packet in the order it is sent, and the notes about its incidents that wait for somebody;
    without those about substance use unless `sensitive`. `hidden` is how many are left out.
    """
    ours = ExportItem.objects.annotate(in_chart=IN_CHART).select_related("settled_by").prefetch_related(EDITS)
    every = [*ours.filter(packet_ref=packet_id).order_by("position")]
    every += ours.filter(pk__in=held_notes(packet_id).values("pk"))
    waiting = [row for row in every if row.state in NOT_SENT]
    rows = [row for row in every if sensitive or row.sensitivity != "sud"]
    return PacketStatus(
        items=tuple(_item(row, waiting) for row in rows),
        verified=sum(row.state == State.VERIFIED for row in rows),
        total=len(rows),
        held=sum(row.state == State.HELD for row in rows),
        stopped=sum(_is_stopped(row) for row in rows),
        decided=sum(_is_decided(row) for row in rows),
        hidden=len(every) - len(rows),
    )


def _is_decided(row: ExportItem) -> bool:
    return row.state == State.MANUAL or (row.state == State.REJECTED and row.reason == BY_CLINICIAN)


def _is_stopped(row: ExportItem) -> bool:
    return row.state in (State.CONFLICT, State.DEAD, State.REJECTED) and not _is_decided(row)


def _item(row: ExportItem, waiting: Sequence[ExportItem]) -> ItemView:
    resource = wire.loads(row.resource)
    is_held, is_stopped = row.state == State.HELD, _is_stopped(row)
    rests = (is_stopped or row.state in NOT_SENT) and not (row.field_key == PATIENT and vars(row)["in_chart"])
    return ItemView(
        id=row.id,
        label=row.label,
        resource_type=row.resource_type,
        lines=saying.lines(resource),
        state=row.state,
        state_label="kept out of the chart" if row.reason == BY_CLINICIAN else row.get_state_display(),
        why="" if _is_decided(row) else reasons.in_words(row.reason),
        protected=row.protected,
        says_none=is_held and editing.says_none(resource),
        is_stopped=is_stopped,
        resting=len(_resting(row, (one for one in waiting if one.packet_ref == row.packet_ref))) if rests else 0,
        fields=editing.fields(resource) if is_held else (),
        edits=tuple(_edits(row, resource)),
        settled=_settled(row),
    )


def _settled(row: ExportItem) -> SettledView | None:
    if not _is_decided(row):
        return None
    return SettledView(row.settled_by.full_name if row.settled_by else "", row.settled_at, row.rejection_note)


def _edits(row: ExportItem, resource: dict[str, Any]) -> Iterator[EditView]:
    """The first edit first; each one's outcome is what the next one began with."""
    edits = list(row.edits.all())
    befores = [wire.loads(edit.before) for edit in edits]
    for edit, before, after in zip(edits, befores, [*befores, resource][1:], strict=True):
        yield EditView(edit.edited_by.full_name, edit.at, edit.reason, tuple(editing.differing(before, after)))


@dataclass(frozen=True)
class ChartLists:
    """What was told beside what the chart held at `read_at`. `fault`: a reason code; `is_due`: to be read."""

    read_at: datetime | None
    is_due: bool
    fault: str
    medicines: tuple[lists.Line, ...]
    allergies: tuple[lists.Line, ...]


def chart_lists(packet_id: UUID, patient_id: UUID, *, sensitive: bool) -> ChartLists | None:
    """None where the chart was never to be read. What tells of substance use is left out unless `sensitive`."""
    snapshot = ChartSnapshot.objects.filter(patient_id=patient_id, connection__is_active=True).first()
    if snapshot is None:
        return None
    rows = ExportItem.objects.filter(packet_ref=packet_id).exclude(state=ExportItem.State.REJECTED)
    rows = rows.filter(resource_type__in=("MedicationStatement", "AllergyIntolerance")).order_by("position")
    told = [wire.loads(row.resource) for row in rows if sensitive or row.sensitivity != "sud"]
    charted = [one for one in wire.loads(snapshot.content or "[]") if sensitive or not tells_of_treatment(one)]
    return ChartLists(
        read_at=snapshot.read_at,
        is_due=snapshot.due_at is not None,
        fault=snapshot.fault,
        medicines=lists.compare(*(_of(all_, lists.MEDICINE_TYPES) for all_ in (told, charted))),
        allergies=lists.compare(*(_of(all_, ("AllergyIntolerance",)) for all_ in (told, charted))),
    )


def _of(resources: list[dict[str, Any]], kinds: tuple[str, ...]) -> list[dict[str, Any]]:
    return [one for one in resources if one["resourceType"] in kinds]


# Whose answers an entry of a list is made of; the other keys name their form themselves ("item:phq-9:…").
_FORM_OF = {"allergy": forms.ALLERGIES, "medicine": forms.MEDICATIONS, "treatment-medicine": forms.SUBSTANCE_USE}


def remarks(patient_id: UUID, *, sensitive: bool) -> list[Remark]:
    """What clinicians corrected of the patient's entries or kept out of the chart, the earliest first; two queries.

    What tells of substance use is left out unless `sensitive`.
    """
    rows = ExportItem.objects.filter(patient=patient_id).filter(KEPT_OUT | Q(edits__isnull=False)).distinct()
    rows = rows if sensitive else rows.exclude(sensitivity="sud")
    every = rows.select_related("settled_by").prefetch_related(EDITS).order_by("packet_ref", "position")
    decided = dict[tuple[object, ...], Remark]()
    for one in (one for row in every for one in _remarks(row)):
        # What was kept out with it, because it refers to it, is the same decision.
        decided.setdefault((one.packet_id, one.slug, one.by, one.at, one.reason, one.changes), one)
    return list(decided.values())


def _remarks(row: ExportItem) -> Iterator[Remark]:
    kind, _, rest = row.field_key.partition(":")
    slug = _FORM_OF.get(kind, rest.partition(":")[0])
    for edit in _edits(row, wire.loads(row.resource)):
        yield Remark(row.packet_ref, slug, row.label, edit.by, edit.at, edit.reason, edit.changes)
    if row.state == State.REJECTED and (settled := _settled(row)):
        yield Remark(row.packet_ref, slug, row.label, settled.by, settled.at, settled.reason, ())
