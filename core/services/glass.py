"""Opening a patient's page from outside the care team, telling compliance of it, and looking at it afterwards."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.urls import reverse

import audit.services
import core.doorbell
import core.outbox
from audit.actions import Action, Actor, Ref
from core import clock
from core.channels.base import Channel, ChannelError, Message
from core.channels.registry import channel_for
from core.fields.typed import says_something
from core.models import BreakGlass, BreakGlassReview, Patient
from core.permissions import Permission
from core.selectors import staff_with

if TYPE_CHECKING:
    from core.models import User

log = logging.getLogger(__name__)

OPENED = "break_glass.opened"
TELLER = Actor.system("break_glass")
OPEN_FOR = timedelta(minutes=60)
REASONS, FINDINGS = BreakGlass.Why.choices, BreakGlassReview.Finding.choices


class TooFewWords(ValueError):
    """One word is no reason and no finding: somebody has to be able to judge by it."""


@transaction.atomic
def break_glass(*, patient: Patient, user: "User", why: str, words: str) -> BreakGlass:
    """Sixty minutes of reading, our own limit. `patient` is one of a clinic where the user may see clinical records.

    Raises TooFewWords.
    """
    if not says_something(words):
        raise TooFewWords
    glass = BreakGlass.objects.create(patient=patient, user=user, why=why, words=words, until=Now() + OPEN_FOR)
    _record(Action.GLASS_BROKEN, glass, Actor.staff(user.id), why=why)
    core.outbox.publish(OPENED, glass.id)
    core.doorbell.ring("intake.tell_compliance")
    return glass


def tell_compliance(*, limit: int = 100, channels: Callable[[str], Channel] = channel_for) -> int:
    """Mail the clinic's compliance officers of each page that was opened; returns how many openings were told. What is
    over `limit`, or over the job's time, waits for the next round.

    Raises ChannelError where the mail server takes nothing now: the row waits, and is told at a later round.
    """
    return clock.take_turns(lambda: _tell_next(channels("email")), limit)


@transaction.atomic
def _tell_next(channel: Channel) -> bool:
    """Done when the mail server has taken it for everybody who has an address it takes. Where this fails half way some
    are told twice; the words name nobody, so that harms nothing.

    No encrypted column of the patient is read: an unreadable name must not keep compliance from being told.
    """
    message = core.outbox.claim(OPENED)
    if message is None:
        return False
    glass = BreakGlass.objects.select_related("patient").only("id", "patient__clinic_id").get(pk=message.subject_id)
    officers = staff_with(Permission.SEE_AUDIT, glass.patient.clinic_id).order_by("id").distinct()
    told = [officer for officer in officers if _took(channel, str(glass.id), officer.email)]
    if not told:
        log.error("break-glass %s: no compliance officer could be told by mail; it stands on their page", glass.id)
    core.outbox.consume(message)
    _record(Action.GLASS_TOLD, glass, TELLER, told=len(told))
    return True


def _took(channel: Channel, reference: str, address: str) -> bool:
    words = {"link": settings.BASE_URL + reverse("core:glass")}
    message = Message(
        to=address,
        subject=render_to_string("core/notify/glass_subject.txt", words).strip(),
        body=render_to_string("core/notify/glass.txt", words).strip() + "\n",
        reference=reference,
        facts=words,
    )
    try:
        channel.deliver(message)
    except ChannelError as error:
        if not error.permanent:
            raise
        log.error("break-glass %s: an officer's address is refused (%s)", reference, error.reason)
        return False
    return True


@transaction.atomic
def review_glass(*, glass: BreakGlass, user: "User", finding: str, note: str) -> bool:
    """False where somebody has looked at it already: theirs stands. `glass` is from `access.get_glass_for_review`.

    Raises TooFewWords.
    """
    if not says_something(note):
        raise TooFewWords
    told = {"reviewed_by": user, "finding": finding, "note": note}
    _, is_new = BreakGlassReview.objects.get_or_create(glass=glass, defaults=told)
    if is_new:
        _record(Action.GLASS_REVIEWED, glass, Actor.staff(user.id), finding=finding)
    return is_new


def _record(action: Action, glass: BreakGlass, actor: Actor, **context: object) -> None:
    audit.services.record(
        action,
        actor=actor,
        obj=Ref("core.BreakGlass", str(glass.id)),
        clinic_id=glass.patient.clinic_id,
        patient_id=glass.patient_id,
        context=context,
    )
