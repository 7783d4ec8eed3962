"""What was signed or declined on paper, in the packet that asked for it."""

from uuid import UUID

from django.db import transaction

import consents.selectors
import consents.services
from consents.policy import Kind
from consents.services import OnPaper
from core.models import User
from intake.models import Packet, Step
from intake.services.responses import OPEN
from intake.services.submission import NotTheirs, decided


class PaperNotChosen(Exception):
    """The patient signs on a screen in this packet, and nobody says that they can't."""


def sign_on_paper(*, step_id: UUID, paper: OnPaper, user: User) -> None:
    """The step is decided as if it had been done on a screen; `paper.why` says why it was not.

    Only the Part 2 permission opens the substance-use sections, and only while the packet is open; a packet that was
    sent stays sent. Raises PaperNotChosen, NotTheirs, Step.DoesNotExist and what `consents.services.decide_on_paper`
    raises: then nothing is stored.
    """
    with transaction.atomic():
        packets = Packet.objects.select_for_update(of=("self",)).select_related("patient", "program__clinic")
        packet = packets.get(steps=step_id)
        step = Step.objects.exclude(consent_kind=Kind.ESIGN).exclude(must="shown").get(pk=step_id, what="consent")
        if paper.why == "chosen" and not is_paper_chosen(packet):
            raise PaperNotChosen
        turns = consents.selectors.turns(step.signer)
        if turns != ("whoever",) and consents.selectors.role_of(paper.capacity) not in turns:
            raise NotTheirs
        signature = consents.services.decide_on_paper(
            patient=packet.patient,
            program=packet.program,
            source_ref=packet.id,
            slug=step.slug,
            paper=paper,
            jointly=len(turns) > 1,
            user=user,
        )
        decided(packet, step, signature.decision, is_open=packet.state in OPEN)


def is_paper_chosen(packet: Packet) -> bool:
    """Whether somebody said no to signing on a screen here, or took the agreement to it back."""
    asked = Step.objects.filter(packet=packet, consent_kind=Kind.ESIGN)
    is_declined = asked.filter(state=Step.State.DECLINED).exists()
    return is_declined or consents.selectors.is_screen_taken_back(packet.patient_id)
