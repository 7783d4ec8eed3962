"""Reading a patient's answers, with the evidence that they were read."""

from dataclasses import dataclass

from django.db import transaction

import audit.services
import consents.selectors
import screening.selectors
from audit.actions import Action, Actor, Ref
from core.models import User
from intake import selectors
from intake.models import Packet


@dataclass(frozen=True)
class ClinicalPacket:
    packet: Packet
    forms: tuple[selectors.AnsweredForm, ...]
    results: tuple[screening.selectors.ResultView, ...]
    decisions: tuple[consents.selectors.DecisionRow, ...]


@transaction.atomic
def read_packet(*, packet: Packet, user: User) -> ClinicalPacket:
    """What a clinician reads of one packet; PACKET_READ and SCREENING_READ are recorded or nothing is returned.

    `packet` comes from `access.get_packet_for_clinician`.
    """
    forms = selectors.answered_forms(packet)
    results = screening.selectors.results([form.response_id for form in forms])
    for action in (Action.PACKET_READ, Action.SCREENING_READ):
        audit.services.record(
            action,
            actor=Actor.staff(user.id),
            obj=Ref("intake.Packet", str(packet.id)),
            clinic_id=packet.clinic_id,
            patient_id=packet.patient_id,
            context={"forms": len(forms), "results": len(results)},
        )
    return ClinicalPacket(packet, forms, results, consents.selectors.decisions(packet.id))
