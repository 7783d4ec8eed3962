"""Who answers a packet: the patient, a parent or guardian for them, or the patient with a member of staff beside them.

It is recorded, not judged: who may sign for whom is the consents' business. Once one of them has begun, the packet is
theirs. A parent isn't shown what a teenager said, nor a teenager what was said about them; the other one gets a packet
of their own from the front desk.
"""

from uuid import UUID

from django.db import transaction

import audit.services
from audit.actions import Action, Actor, Ref
from intake.models import Packet

NOT_BEGUN = (Packet.State.INVITED, Packet.State.OPENED)
ANSWERABLE = (*NOT_BEGUN, Packet.State.IN_PROGRESS)


class SomebodyElseBegan(Exception):
    """The patient has begun and a guardian came, or the other way round: nothing is shown."""


@transaction.atomic
def answer_as(*, packet: Packet, name: str = "", relationship: str = "", helper_id: UUID | None = None) -> Packet:
    """Record who has opened the packet: a guardian with a name and a relationship, else the patient, perhaps helped.

    `relationship` is "parent", "guardian" or "proxy". A finished packet is left as it is. Raises SomebodyElseBegan.
    """
    packet = Packet.objects.select_for_update(of=("self",)).select_related("patient", "program", "clinic").get(
        pk=packet.pk
    )  # fmt: skip
    has_begun = packet.state not in NOT_BEGUN
    if has_begun and bool(name) != (packet.answered_by == Packet.AnsweredBy.GUARDIAN):
        raise SomebodyElseBegan
    if packet.state not in ANSWERABLE:
        return packet
    assisted_by = helper_id or (packet.assisted_by_id if has_begun else None)
    who = Packet.AnsweredBy.STAFF if assisted_by else Packet.AnsweredBy.PATIENT
    who = Packet.AnsweredBy.GUARDIAN if name else who
    respondent = {"name": name, "relationship": relationship} if name else {}
    if (who, respondent, assisted_by) != (packet.answered_by, packet.respondent, packet.assisted_by_id):
        packet.answered_by, packet.respondent, packet.assisted_by_id = who, respondent, assisted_by
        packet.save()
        helper = str(packet.assisted_by_id or "")
        _record(packet, answered_by=packet.answered_by, relationship=relationship, assisted_by=helper)
    return packet


@transaction.atomic
def go_on_alone(*, packet: Packet) -> None:
    """The patient was offered to answer without the member of staff who helps, and took the tablet."""
    _record(packet, alone=True, assisted_by=str(packet.assisted_by_id or ""))


def _record(packet: Packet, **context: object) -> None:
    """Who, never their name: it is in the packet, encrypted, and in its history."""
    audit.services.record(
        Action.PACKET_RESPONDENT,
        actor=Actor.patient(packet.patient_id),
        obj=Ref("intake.Packet", str(packet.id)),
        clinic_id=packet.clinic_id,
        patient_id=packet.patient_id,
        context=context,
    )
