"""Where a packet's fields stand on their way into the chart."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import QuerySet

import escalation.selectors
from ehr.models import ExportItem


@dataclass(frozen=True)
class ItemView:
    id: UUID
    label: str
    resource_type: str
    state: str
    state_label: str
    reason: str
    protected: bool


@dataclass(frozen=True)
class PacketStatus:
    items: tuple[ItemView, ...]
    verified: int
    total: int
    held: int
    stopped: int


STOPPED = (ExportItem.State.REJECTED, ExportItem.State.CONFLICT, ExportItem.State.DEAD)


def packet_of(item: ExportItem) -> UUID:
    """The packet that an item is of; a signed note about an incident, and its notice, name what was signed instead."""
    return escalation.selectors.source_of(item.packet_ref) or item.packet_ref


def held_notes(packet_id: UUID) -> QuerySet[ExportItem]:
    """Signed notes about the packet's incidents that no consent covered at the wire."""
    signed = escalation.selectors.signed_about(packet_id)
    return ExportItem.objects.filter(packet_ref__in=signed, state=ExportItem.State.HELD)


def packet_status(packet_id: UUID) -> PacketStatus:
    """Every item of a packet in the order it is sent, and the notes about its incidents that wait for somebody."""
    rows = [*ExportItem.objects.filter(packet_ref=packet_id).order_by("position"), *held_notes(packet_id)]
    return PacketStatus(
        items=tuple(
            ItemView(
                row.id, row.label, row.resource_type, row.state, row.get_state_display(), row.reason, row.protected
            )
            for row in rows
        ),
        verified=sum(row.state == ExportItem.State.VERIFIED for row in rows),
        total=len(rows),
        held=sum(row.state == ExportItem.State.HELD for row in rows),
        stopped=sum(row.state in STOPPED for row in rows),
    )
