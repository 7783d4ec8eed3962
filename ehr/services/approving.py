"""Nothing proposed by a machine is filed without a clinician: approve what is held, correct an item or keep it
out, each with a reason.

What tells of substance use is decided by the care team alone, who alone see it.
"""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.db import transaction

import audit.services
import core.doorbell
from audit.actions import Action, Actor, Ref
from core import clock
from core.models import User
from ehr.access import sees_sensitive
from ehr.mapping import wire
from ehr.mapping.editing import differing, edited
from ehr.models import ExportItem, ItemEdit
from ehr.selectors import BY_CLINICIAN, NOT_SENT, STOPPED, held_notes, resting_on
from ehr.services.finishing import file_if_complete


class NotYours(Exception):
    """Entries about substance use rest on it, and the care team alone decides about those."""


@transaction.atomic
def approve(*, packet_id: UUID, user: User) -> int:
    """Release every held item of the packet that the user may see; returns how many. `ehr.access` has let the user near
    the packet."""
    now = clock.now()
    held = ExportItem.objects.select_for_update(of=("self",)).select_related("patient")
    items = [*held.filter(packet_ref=packet_id, state=ExportItem.State.HELD)]
    items += held.filter(pk__in=held_notes(packet_id).values("pk"))
    if items and not sees_sensitive(user, items[0].patient):
        items = [one for one in items if one.sensitivity != "sud"]
    for item in items:
        item.state, item.reason, item.due_at = ExportItem.State.PENDING, "", now
        item.save()
        _record(Action.EXPORT_APPROVED, item, user)
    core.doorbell.ring("ehr.push_due")
    return len(items)


@transaction.atomic
def edit(*, item_id: UUID, user: User, changes: Mapping[str, str], reason: str) -> bool:
    """Correct what may be corrected (`mapping.editing`) of a held item; False when it is held no more, or nothing
    changed. It stays held: correcting is not approving. Raises CannotEdit."""
    item = ExportItem.objects.select_for_update().filter(pk=item_id, state=ExportItem.State.HELD).first()
    if item is None:
        return False
    proposed = wire.loads(item.resource)
    corrected = edited(proposed, changes)
    labels = [label for label, _, _ in differing(proposed, corrected)]
    if not labels:
        return False
    ItemEdit.objects.create(item=item, before=item.resource, reason=reason, edited_by=user)
    item.resource = wire.dumps(corrected).decode()
    item.save()
    _record(Action.EXPORT_EDITED, item, user, fields=labels)
    return True


@transaction.atomic
def reject(*, item_id: UUID, user: User, reason: str) -> int:
    """Keep an item out of the chart for good, and with it what refers to it, which could never be filed without.

    Returns how many were kept out; 0 when it is already on its way or there. Raises NotYours, where others may not be
    decided by this user.
    """
    item = ExportItem.objects.select_for_update(of=("self",)).filter(pk=item_id, state__in=NOT_SENT).first()
    if item is None:
        return 0
    resting = resting_on(item, ExportItem.objects.select_for_update(of=("self",)))
    if any(one.sensitivity == "sud" for one in resting) and not sees_sensitive(user, item.patient):
        raise NotYours
    now = clock.now()  # one for all: it was one decision
    for one in (item, *resting):
        one.state, one.reason, one.due_at = ExportItem.State.REJECTED, BY_CLINICIAN, None
        _settle(one, user, reason, now)
        _record(Action.EXPORT_REJECTED, one, user)
    file_if_complete(item.packet_ref)
    return 1 + len(resting)


@transaction.atomic
def enter_by_hand(*, item_id: UUID, user: User, note: str) -> bool:
    """Somebody has seen to what the chart refused or holds otherwise, and says how; nothing more is sent of it, nor of
    what refers to it. False when there is nothing to see to."""
    item = ExportItem.objects.select_for_update(of=("self",)).filter(pk=item_id).filter(STOPPED).first()
    if item is None:
        return False
    resting = resting_on(item, ExportItem.objects.select_for_update(of=("self",)))
    if any(one.sensitivity == "sud" for one in resting) and not sees_sensitive(user, item.patient):
        raise NotYours
    now = clock.now()  # one for all: it was one decision
    for one in (item, *resting):
        one.state, one.due_at = ExportItem.State.MANUAL, None
        _settle(one, user, note, now)
        _record(Action.EXPORT_BY_HAND, one, user)
    file_if_complete(item.packet_ref)
    return True


def _settle(item: ExportItem, user: User, note: str, at: datetime) -> None:
    item.rejection_note, item.settled_by, item.settled_at = note, user, at
    item.save()


def _record(action: Action, item: ExportItem, user: User, **context: object) -> None:
    audit.services.record(
        action,
        actor=Actor.staff(user.id),
        obj=Ref("ehr.ExportItem", str(item.id)),
        clinic_id=item.connection.clinic_id,
        patient_id=item.patient_id,
        context={"type": item.resource_type, **context},
    )
