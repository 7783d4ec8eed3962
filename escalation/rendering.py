"""The words of a page. All it can say is in `PageFacts`: no patient, no answer, no instrument, no kind of care."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone

from core.channels.base import Message
from escalation.policy import zone


@dataclass(frozen=True)
class PageFacts:
    """`code` of the incident, `site_code` or "", and when the next step is taken, in the clinic's time zone."""

    code: str
    site_code: str
    acknowledge_by: datetime
    time_zone: str


# The words of a channel that has its own; the others carry those of an e-mail.
BODIES = {"sms": "escalation/notify/sms.txt", "voice": "escalation/notify/voice.txt"}


def page_message(facts: PageFacts, *, to: str, channel: str = "email", callback: str = "") -> Message:
    """The same words for every repeat; the incident's code is the reference that makes duplicates harmless."""
    by = facts.acknowledge_by.astimezone(zone(facts.time_zone))
    words = {
        "code": facts.code,
        "site": facts.site_code,
        "by": f"{by:%Y-%m-%d %H:%M %Z}",
        "link": f"{settings.BASE_URL}/incidents/{facts.code}/",
    }
    return Message(
        to=to,
        subject=render_to_string("escalation/notify/subject.txt", words).strip(),
        body=render_to_string(
            BODIES.get(channel, "escalation/notify/email.txt"), {**words, "spelled": ", ".join(facts.code)}
        ).strip()
        + "\n",
        reference=facts.code,
        facts=words,
        callback=callback,
    )


def at_clinic(moment: datetime, time_zone: str) -> str:
    """The clinic's wall clock with its zone, because who is on call may be in another one; the year if it is past."""
    local = moment.astimezone(zone(time_zone))
    year = "" if local.year == timezone.now().year else f", {local.year}"
    return f"{local:%b} {local.day}{year}, {local.hour % 12 or 12}:{local:%M %p %Z}"
