"""What a patient types outside of the forms: a reason, a wish, a right to sign. It is read like an answer.

It is heard before anything is done with it, and in a transaction of its own: what is refused was told all the same.
"""

import logging
from collections.abc import Mapping
from uuid import UUID

from django.conf import settings
from django.db import transaction

import screening.services
from core.crypto import blind_index
from intake.models import Packet
from intake.services.submission import ASSESSOR, page_a_human

log = logging.getLogger(__name__)


def hear(*, packet: Packet, written: Mapping[str, str]) -> bool:
    """Read free text, by the name of its field, for words of danger; True when what they say pages a human.

    The same words in the same field are one finding. Where they can't be read by us, a human is paged to ask.
    """
    said = tuple((name, text) for name, text in written.items() if text.strip())
    if not said:
        return False
    with transaction.atomic():
        try:
            with transaction.atomic():
                return _weigh(packet, said)
        except Exception:  # same rule as for answers: what could not be weighed is never silently dropped
            log.exception("words of packet %s could not be weighed", packet.pk)
            because = "What was typed on a page of the documents could not be read by us. Please ask the patient."
            page_a_human(packet, f"unread:{_ref(packet, said)}", "high", "could-not-be-scored", because)
    return False


def _weigh(packet: Packet, said: tuple[tuple[str, str], ...]) -> bool:
    by_other = packet.answered_by != Packet.AnsweredBy.PATIENT
    weighed = screening.services.weigh(
        patient_id=packet.patient_id,
        source_ref=_ref(packet, said),
        revision=1,
        told=screening.services.Told({}, written=said, by_other=by_other),
        asked=screening.services.Asked(packet_ref=packet.id),
    )
    dangers = [finding for finding in weighed.found if finding.pages]
    if weighed.results:
        screening.services.keep(weighed, clinic_id=packet.clinic_id, actor=ASSESSOR)
    for finding in dangers:
        page_a_human(packet, finding.key, finding.urgency, finding.code, finding.because)
    return bool(dangers)


def _ref(packet: Packet, said: tuple[tuple[str, str], ...]) -> UUID:
    """The same for the same words in this packet; told by a keyed hash, because few words are easily guessed."""
    return UUID(blind_index(settings.INDEX_KEY, f"{packet.pk}|{said!r}", context="intake.heard")[:32])
