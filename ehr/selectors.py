"""Where a packet's fields stand on their way into the chart."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet

import escalation.selectors
from ehr.mapping import editing, lists, wire
from ehr.mapping.implied import tells_of_treatment
from ehr.models import ChartSnapshot, ExportItem, ItemEdit


@dataclass(frozen=True)
class ItemView:
    id: UUID
    label: str
    resource_type: str
    state: str
    state_label: str
    reason: str
    protected: bool
    fields: tuple[editing.Field, ...]
    edits: tuple["EditView", ...]


@dataclass(frozen=True)
class EditView:
    """One correction: (label, before, after) of each field, who made it, when and why."""

    by: str
    at: datetime
    reason: str
    changes: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True)
class PacketStatus:
    items: tuple[ItemView, ...]
    verified: int
    total: int
    held: int
    stopped: int
    hidden: int


EDITS = Prefetch("edits", ItemEdit.objects.select_related("edited_by").order_by("at"))
STOPPED = (ExportItem.State.REJECTED, ExportItem.State.CONFLICT, ExportItem.State.DEAD)


def packet_of(item: ExportItem) -> UUID:
    """The packet that an item is of; a signed note about an incident, and its notice, name what was signed instead."""
    return escalation.selectors.source_of(item.packet_ref) or item.packet_ref


def held_notes(packet_id: UUID) -> QuerySet[ExportItem]:
    """Signed notes about the packet's incidents that no consent covered at the wire."""
    signed = escalation.selectors.signed_about(packet_id)
    return ExportItem.objects.filter(packet_ref__in=signed, state=ExportItem.State.HELD)


def packet_status(packet_id: UUID, *, sensitive: bool) -> PacketStatus:
    """Every item of a packet in the order it is sent, and the notes about its incidents that wait for somebody;
    without those about substance use unless `sensitive`. `hidden` is how many are left out.
    """
    everything = ExportItem.objects.filter(packet_ref=packet_id).order_by("position")
    every = [*everything.prefetch_related(EDITS), *held_notes(packet_id).prefetch_related(EDITS)]
    rows = [row for row in every if sensitive or row.sensitivity != "sud"]
    return PacketStatus(
        items=tuple(_item(row) for row in rows),
        verified=sum(row.state == ExportItem.State.VERIFIED for row in rows),
        total=len(rows),
        held=sum(row.state == ExportItem.State.HELD for row in rows),
        stopped=sum(row.state in STOPPED for row in rows),
        hidden=len(every) - len(rows),
    )


def _item(row: ExportItem) -> ItemView:
    resource = wire.loads(row.resource) if row.state == ExportItem.State.HELD or row.edits.all() else None
    return ItemView(
        id=row.id,
        label=row.label,
        resource_type=row.resource_type,
        state=row.state,
        state_label=row.get_state_display(),
        reason=row.reason,
        protected=row.protected,
        fields=editing.fields(resource) if resource and row.state == ExportItem.State.HELD else (),
        edits=tuple(_edits(row, resource)),
    )


def _edits(row: ExportItem, resource: dict[str, Any] | None) -> Iterator[EditView]:
    """The first edit first; each one's outcome is what the next one began with."""
    edits = list(row.edits.all())
    befores = [wire.loads(edit.before) for edit in edits]
    for edit, before, after in zip(edits, befores, [*befores, resource][1:], strict=True):
        assert after is not None
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
