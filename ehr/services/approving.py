"""Nothing proposed by a machine is filed without a clinician: approve what is held, or reject an item with a reason."""

from uuid import UUID

from django.db import transaction

import audit.services
import core.doorbell
from audit.actions import Action, Actor, Ref
from core import clock
from core.models import User
from ehr.models import ExportItem
from ehr.selectors import held_notes

NOT_SENT = (ExportItem.State.HELD, ExportItem.State.PENDING)


@transaction.atomic
def approve(*, packet_id: UUID, user: User) -> int:
    """Release every held item of the packet; returns how many. `ehr.access` has let the user near the packet."""
    now = clock.now()
    held = ExportItem.objects.select_for_update()
    items = [*held.filter(packet_ref=packet_id, state=ExportItem.State.HELD)]
    items += held.filter(pk__in=held_notes(packet_id).values("pk"))
    for item in items:
        item.state, item.reason, item.due_at = ExportItem.State.PENDING, "", now
        item.save()
        _record(Action.EXPORT_APPROVED, item, user)
    core.doorbell.ring("ehr.push_due")
    return len(items)


@transaction.atomic
def reject(*, item_id: UUID, user: User, reason: str) -> bool:
    """Keep one item out of the chart for good; False when it is already on its way or there."""
    item = ExportItem.objects.select_for_update().filter(pk=item_id, state__in=NOT_SENT).first()
    if item is None:
        return False
    item.state, item.reason, item.due_at = ExportItem.State.REJECTED, "rejected-by-clinician", None
    item.rejection_note = reason
    item.save()
    _record(Action.EXPORT_REJECTED, item, user)
    return True


def _record(action: Action, item: ExportItem, user: User) -> None:
    audit.services.record(
        action,
        actor=Actor.staff(user.id),
        obj=Ref("ehr.ExportItem", str(item.id)),
        clinic_id=item.connection.clinic_id,
        patient_id=item.patient_id,
        context={"type": item.resource_type},
    )
