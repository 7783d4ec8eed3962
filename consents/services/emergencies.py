"""A disclosure to medical personnel without consent, in a bona fide medical emergency (42 CFR 2.51).

Nothing is released until the facts of 2.51(c) are written down: the disclosure, its facts, the note for the chart and
the privacy officer's task are one transaction.
"""

import uuid
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

from django.db import transaction

import audit.services
import core.doorbell
import core.outbox
from audit.actions import Action, Actor, Ref
from consents.models import Disclosure, EmergencyDisclosure, PrivacyTask
from consents.policy import EMERGENCY
from consents.services.privacy import open_task
from core import clock
from core.models import Patient, User

BASIS = "2.51-emergency"
TOPIC = "emergency.disclosed"
IN_ADVANCE = timedelta(minutes=5)  # clocks differ


@dataclass(frozen=True)
class Facts:
    """2.51(c): to whom and of which facility, when, the nature of the emergency; and why nobody could be asked, and
    what was told. Who disclosed it is whoever is signed in."""

    recipient_name: str
    recipient_affiliation: str
    disclosed_at: datetime
    nature: str
    why_no_consent: str
    what: str


class MissingFact(Exception):
    """`name` is the field that has no letter in it, or `disclosed_at`: a time that has not come."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


@transaction.atomic
def disclose_in_emergency(*, patient: Patient, user: User, facts: Facts) -> EmergencyDisclosure:
    """Write it all down, and only then is anything released; the very same facts from the same person are one
    disclosure (a button pressed twice). Raises MissingFact; then nothing was written."""
    for one in fields(facts):
        value = getattr(facts, one.name)
        if isinstance(value, str) and not any(char.isalpha() for char in value):
            raise MissingFact(one.name)
    now = clock.now()
    if facts.disclosed_at > now + IN_ADVANCE:
        raise MissingFact("disclosed_at")
    patient = Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    if known := _written_already(patient, user, facts):
        return known
    key = uuid.uuid4()
    disclosure = Disclosure.objects.create(
        patient=patient,
        recipient=facts.recipient_name[:120],
        recipient_address=facts.recipient_affiliation[:200],
        summary="Told to medical personnel in an emergency",
        description=facts.what,
        is_part2=True,
        channel="spoken",
        purpose=EMERGENCY,
        categories=[],
        basis=BASIS,
        source_ref=key,
        attempt=1,
        state=Disclosure.State.SENT,
        at=min(facts.disclosed_at, now),
        settled_at=now,
    )
    emergency = EmergencyDisclosure.objects.create(
        id=key,
        disclosure=disclosure,
        disclosed_by=user,
        **{one.name: getattr(facts, one.name) for one in fields(facts)},
    )
    open_task(patient=patient, kind=PrivacyTask.Kind.EMERGENCY, ref=emergency.id)
    core.outbox.publish(TOPIC, emergency.id)
    core.doorbell.ring("ehr.relay_finished")
    audit.services.record(
        Action.DISCLOSURE_EMERGENCY,
        actor=Actor.staff(user.id),
        obj=Ref("consents.EmergencyDisclosure", str(emergency.id)),
        clinic_id=patient.clinic_id,
        patient_id=patient.id,
        context={"disclosure": str(disclosure.id)},
    )
    return emergency


def _written_already(patient: Patient, user: User, facts: Facts) -> EmergencyDisclosure | None:
    same = EmergencyDisclosure.objects.filter(
        disclosure__patient=patient, disclosed_by=user, disclosed_at=facts.disclosed_at
    )
    for one in same:
        if all(getattr(one, field.name) == getattr(facts, field.name) for field in fields(facts)):
            return one
    return None
