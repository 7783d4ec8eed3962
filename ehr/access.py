"""The door to a packet's exports: clinicians of the care team who may approve filing."""

from uuid import UUID

from django.http import Http404

import escalation.selectors
from core.access import may
from core.models import Patient, User
from core.permissions import Permission
from ehr.models import ExportItem
from intake.access import get_packet_for_clinician


def get_export_for_clinician(user: User, packet_id: UUID) -> UUID:
    """The packet's id, if the user may approve what is filed of it. Raises Http404."""
    packet = get_packet_for_clinician(user, packet_id)
    if not may(user, Permission.APPROVE_FILING, packet.clinic_id):
        raise Http404
    return packet.id


def get_item_for_clinician(user: User, item_id: UUID) -> ExportItem:
    item = ExportItem.objects.select_related("patient").filter(pk=item_id).first()
    if item is None:
        raise Http404
    get_export_for_clinician(user, escalation.selectors.source_of(item.packet_ref) or item.packet_ref)
    if item.sensitivity == "sud" and not sees_sensitive(user, item.patient):
        raise Http404
    return item


def sees_sensitive(user: User, patient: Patient) -> bool:
    """What tells of substance use is the care team's."""
    return user.has_perm("core.care_for", patient)
