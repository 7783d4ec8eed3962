"""A ladder decides who hears of a dangerous answer, and one person alone may change it: the supervisors are told."""

import logging
from collections.abc import Callable

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

import core.outbox
from core import clock
from core.channels.base import Channel, ChannelError, Message
from core.channels.registry import channel_for
from core.permissions import Permission
from core.selectors import staff_with
from escalation.models import LadderChange

log = logging.getLogger(__name__)

CHANGED = "ladder.changed"


def tell_supervisors(*, limit: int = 100, channels: Callable[[str], Channel] = channel_for) -> int:
    """Mail the clinic's supervisors of each ladder that somebody changed; returns how many changes were told.

    Raises ChannelError where the mail server takes nothing now: the row waits, and is told at a later round.
    """
    return clock.take_turns(lambda: _tell_next(channels("email")), limit)


@transaction.atomic
def _tell_next(channel: Channel) -> bool:
    """Where this fails half way some are told twice; that harms nothing. Whoever changed it knows already."""
    message = core.outbox.claim(CHANGED)
    if message is None:
        return False
    change = LadderChange.objects.select_related("user", "clinic").get(pk=message.subject_id)
    supervisors = staff_with(Permission.SUPERVISE, change.clinic_id).exclude(pk=change.user_id)
    told = [one for one in supervisors.order_by("id").distinct() if _took(channel, change, one.email)]
    if not told:
        log.warning("ladder change %s: no other supervisor could be told by mail", change.id)
    core.outbox.consume(message)
    return True


def _took(channel: Channel, change: LadderChange, address: str) -> bool:
    words = {
        "who": str(change.user),
        "at": clock.at_clinic(change.at, change.clinic.time_zone),
        "link": settings.BASE_URL + reverse("escalation:paging"),
    }
    message = Message(
        to=address,
        subject=render_to_string("escalation/notify/ladder_subject.txt", words).strip(),
        body=render_to_string("escalation/notify/ladder.txt", words).strip() + "\n",
        reference=str(change.id),
        facts={"link": words["link"]},
    )
    try:
        channel.deliver(message)
    except ChannelError as error:
        if not error.permanent:
            raise
        log.error("ladder change %s: a supervisor's address is refused (%s)", change.id, error.reason)
        return False
    return True
