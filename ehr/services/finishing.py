"""When nothing of a packet waits any more: all of it is in the chart, or a person has decided about the rest."""

from uuid import UUID

import intake.services.packets
from ehr.models import ExportItem
from ehr.selectors import SETTLED


def file_if_complete(packet_ref: UUID) -> None:
    if not ExportItem.objects.filter(packet_ref=packet_ref).exclude(SETTLED).exists():
        intake.services.packets.mark_filed(packet_id=packet_ref)
