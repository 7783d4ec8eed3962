"""Where a packet's fields stand on their way into the chart."""

from dataclasses import dataclass
from uuid import UUID

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


def packet_status(packet_id: UUID) -> PacketStatus:
    """Every item of a packet in the order it is sent; one query."""
    rows = list(ExportItem.objects.filter(packet_ref=packet_id).order_by("position"))
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
