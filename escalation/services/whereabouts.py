"""Where the patient is and how to reach them now, as they tell it from the crisis help."""

from uuid import UUID

from django.conf import settings
from django.db import transaction

from audit.actions import Action, Actor, Ref
from audit.services import record
from core.crypto import blind_index
from core.models import Patient
from escalation.models import Whereabouts

LONGEST_PLACE, LONGEST_NUMBER = 500, 40


@transaction.atomic
def tell_whereabouts(*, patient: Patient, source_ref: UUID, key: UUID, place: str, number: str, actor: Actor) -> bool:
    """Keep what was told of the packet `source_ref`, whether or not an incident is open. True if it was new.

    `key` is of the page that it was typed into: the same words of the same page again are one row, because a reply may
    get lost; other words are another row. Nothing is kept of two blank fields.
    """
    place, number = place.strip()[:LONGEST_PLACE], number.strip()[:LONGEST_NUMBER]
    if not place and not number:
        return False
    sent = "\n".join((str(source_ref), str(key), number, place))
    told, is_new = Whereabouts.objects.get_or_create(
        fingerprint=blind_index(settings.INDEX_KEY, sent, context="whereabouts"),
        defaults={"patient": patient, "source_ref": source_ref, "place": place, "number": number},
    )
    if is_new:
        record(
            Action.WHEREABOUTS_TOLD,
            actor=actor,
            obj=Ref("escalation.Whereabouts", str(told.id)),
            clinic_id=patient.clinic_id,
            patient_id=patient.id,
        )
    return is_new
