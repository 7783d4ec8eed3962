"""News for the chart beside the packets: a consent that was taken back, an emergency, what was done about an incident.

None of it waits for a clinician's approval: the first takes effect at once, the others are somebody's own signed act.
"""

from collections.abc import Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Subquery

import audit.services
import consents.selectors
import core.doorbell
import core.outbox
import escalation.selectors
import intake.selectors
from audit.actions import Action, Actor, Ref
from core import clock
from core.models import Clinic
from ehr.mapping import wire
from ehr.mapping.consent import consent_key, ended
from ehr.mapping.drafts import Context, Draft
from ehr.mapping.emergency import EmergencyRecord, draft_emergency
from ehr.mapping.incident import IncidentNote, draft_incident
from ehr.models import Attempt, Connection, ExportItem, ItemEdit, Lane

CLERK = Actor.system("ehr")
State = ExportItem.State
# Only what the chart has, or may have, has to be corrected there; the rest is stopped at the wire.
THERE = (State.VERIFIED, State.ACCEPTED, State.INFLIGHT, State.UNKNOWN)


def relay_ended() -> bool:
    """Plan what one revocation changes in the chart; False where none is waiting."""
    with transaction.atomic():
        message = core.outbox.claim("consent.ended")
        if message is None:
            return False
        _deactivate(message.subject_id)
        core.outbox.consume(message)
    return True


def _deactivate(revocation_id: UUID) -> None:
    """A new revision of each Consent that the chart holds of this signature: inactive, or denying some recipients."""
    end = consents.selectors.ended(revocation_id)
    key = consent_key(end.kind, str(end.signature_id))
    for connection_id in ExportItem.objects.filter(field_key=key).values_list("connection", flat=True).distinct():
        last = ExportItem.objects.filter(connection=connection_id, field_key=key).order_by("-revision").first()
        if last is None or not (last.revision > 1 or last.state in THERE):
            continue
        zone = ZoneInfo(last.connection.clinic.time_zone)
        resource = ended(wire.loads(last.resource), end.at.astimezone(zone).replace(microsecond=0), end.recipients)
        item = ExportItem(
            connection_id=connection_id,
            patient_id=last.patient_id,
            packet_ref=last.packet_ref,
            field_key=key,
            revision=last.revision + 1,
            position=last.position,
            resource_type="Consent",
            label=f"{last.label}, taken back",
            resource=wire.dumps(resource).decode(),
            needs=list(dict.fromkeys([*last.needs, key])),
            sensitivity=last.sensitivity,
            protected=last.protected,
            categories=last.categories,
            state=State.PENDING,
            due_at=clock.now(),
        )
        _save(item)


def relay_compared() -> bool:
    """A second person found on the paper what was entered: what the gate held for want of that goes to it once more.

    A clinician had approved it; what was corrected since then waits for another approval.
    """
    with transaction.atomic():
        message = core.outbox.claim("paper.compared")
        if message is None:
            return False
        patient_id = consents.selectors.patient_of(message.subject_id)
        asked = Attempt.objects.filter(item=OuterRef("pk")).order_by("-at").values("at")[:1]
        later = ItemEdit.objects.filter(item=OuterRef("pk"), at__gt=OuterRef("asked_at"))
        held = ExportItem.objects.filter(patient=patient_id, state=State.HELD, reason="paper-not-compared")
        again = held.annotate(asked_at=Subquery(asked)).exclude(Exists(later)).values_list("pk", flat=True)
        for item in ExportItem.objects.select_for_update().filter(pk__in=list(again)):
            item.state, item.reason, item.due_at = State.PENDING, "", clock.now()
            item.save()
        core.doorbell.ring("ehr.push_due")
        core.outbox.consume(message)
    return True


def relay_emergency() -> bool:
    """Plan the chart note of one emergency; False where none is waiting. It waits until the chart knows the patient."""
    with transaction.atomic():
        message = core.outbox.claim("emergency.disclosed")
        if message is None:
            return False
        told = consents.selectors.emergency(message.subject_id)
        clinic = told.patient.clinic
        connection = Connection.objects.filter(clinic=clinic, is_active=True).first()
        if connection:
            record = EmergencyRecord(
                recipient_name=told.recipient_name,
                recipient_affiliation=told.recipient_affiliation,
                disclosed_by=told.disclosed_by,
                disclosed_at=told.disclosed_at.astimezone(ZoneInfo(clinic.time_zone)),
                nature=told.nature,
                why_no_consent=told.why_no_consent,
                what=told.what,
            )
            draft = draft_emergency(record, _context(True, message.subject_id, clinic))
            _plan(connection, told.patient.id, message.subject_id, [draft], is_protected=True)
        core.outbox.consume(message)
    return True


def relay_documented() -> bool:
    """Plan the chart note of what somebody signed about an incident; False where none is waiting.

    It stands apart from its packet, which may never be sent, and waits until the chart knows the patient.
    """
    with transaction.atomic():
        message = core.outbox.claim("incident.documented")
        if message is None:
            return False
        told = escalation.selectors.documented(message.subject_id)
        clinic = told.patient.clinic
        connection = Connection.objects.filter(clinic=clinic, is_active=True).first()
        if connection:
            zone = ZoneInfo(clinic.time_zone)
            note = IncidentNote(
                code=told.code,
                opened_at=told.opened_at.astimezone(zone),
                what=told.what,
                note=told.note,
                signed_as=told.signed_as,
                at=told.at.astimezone(zone),
                next_attempt_at=told.next_attempt_at.astimezone(zone) if told.next_attempt_at else None,
            )
            part2, sensitivity = intake.selectors.protection(told.source_ref)
            drafts = draft_incident(note, sensitivity, _context(part2, message.subject_id, clinic))
            _plan(connection, told.patient.id, message.subject_id, drafts, is_protected=len(drafts) > 1)
        core.outbox.consume(message)
    return True


def _context(part2: bool, ref: UUID, clinic: Clinic) -> Context:
    return Context(part2, f"{settings.EHR_IDENTIFIER_SYSTEM}#{ref}", clinic.name)


def _plan(connection: Connection, patient_id: UUID, ref: UUID, drafts: Sequence[Draft], *, is_protected: bool) -> None:
    """Due at once, in this order."""
    Lane.objects.get_or_create(connection=connection, patient_id=patient_id)
    for position, draft in enumerate(drafts, start=1):
        item = ExportItem(
            connection=connection,
            patient_id=patient_id,
            packet_ref=ref,
            field_key=draft.field_key,
            position=position,
            resource_type=draft.resource_type,
            label=draft.label,
            resource=wire.dumps(draft.resource).decode(),
            needs=list(draft.needs),
            sensitivity=draft.sensitivity,
            protected=is_protected,
            categories=list(draft.categories),
            state=State.PENDING,
            due_at=clock.now(),
        )
        _save(item)


def _save(item: ExportItem) -> None:
    item.save()
    audit.services.record(
        Action.EXPORT_PLANNED,
        actor=CLERK,
        obj=Ref("ehr.ExportItem", str(item.id)),
        clinic_id=item.connection.clinic_id,
        patient_id=item.patient_id,
        context={"items": 1},
    )
    core.doorbell.ring("ehr.push_due")
