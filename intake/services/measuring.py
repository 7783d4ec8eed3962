"""Ask for one instrument again: a short packet, which the front desk gives out like any other."""

from django.db import transaction

from core.models import Patient, User
from intake.models import Packet, VisitType
from intake.services import packets


class Unfinished(Exception):
    """The patient has a packet that can still be answered: one at a time."""


class NeverInvited(Exception):
    """The patient has had no packet yet: the front desk makes the first one."""


@transaction.atomic
def ask_again(*, patient: Patient, instrument: str, user: User) -> Packet:
    """Invite to this form alone, in the program, site and language of the last packet.

    Raises Unfinished, NeverInvited, packets.NothingToAsk, choosing.FormsMissing.
    """
    Patient.objects.select_for_update(no_key=True).only("id").get(pk=patient.pk)  # one at a time, whoever asks
    if packets.unfinished(patient=patient):
        raise Unfinished
    last = Packet.objects.select_related("program", "site").filter(patient=patient).order_by("-invited_at").first()
    if last is None:
        raise NeverInvited
    return packets.invite(
        patient=patient,
        program=last.program,
        site=last.site,
        language=last.language,
        invited_by=user,
        visit_type=VisitType.FOLLOW_UP,
        form=instrument,
    ).packet
