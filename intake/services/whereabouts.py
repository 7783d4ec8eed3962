"""Where the patient is now, told from the crisis help: kept, and somebody hears of it."""

from uuid import UUID

from django.db import transaction

import escalation.selectors
import escalation.services
from audit.actions import Actor
from intake.models import Packet
from intake.services.submission import page_a_human

FEWEST_DIGITS = 7  # of a number that can be called; our own measure, to ask about it and never to refuse it
BECAUSE = "After an earlier incident was closed, the patient used the crisis help and told where they are."


@transaction.atomic
def tell_whereabouts(*, packet: Packet, key: UUID, place: str, number: str) -> bool:
    """True if something was told; a repeat of the same sending is told, too, and kept once.

    A packet in any state: danger doesn't end with sending the forms. The form is offered only where an incident is
    open; had that been closed meanwhile, a new one opens, for words that nobody reads would be lost. That it does, and
    its urgency, are our proposals.
    """
    is_new = escalation.services.tell_whereabouts(
        patient=packet.patient,
        source_ref=packet.id,
        key=key,
        place=place,
        number=number,
        actor=Actor.patient(packet.patient_id),
    )
    if is_new and not escalation.selectors.is_open(packet.id):
        page_a_human(packet, f"whereabouts:{key}", "high", "whereabouts-told", BECAUSE)
    return bool(place.strip() or number.strip())


def looks_like_a_number(typed: str) -> bool:
    return sum(char.isdigit() for char in typed) >= FEWEST_DIGITS
