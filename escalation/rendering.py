"""The words of a page. All it can say is in `PageFacts`: no patient, no answer, no instrument, no kind of care.

That somebody took it says the code and the site, and nobody's name: who it was stands on the incident's page.
"""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.template.loader import render_to_string

from core.channels.base import Message
from escalation.policy import zone


@dataclass(frozen=True)
class PageFacts:
    """`code` of the incident, `site_code` or "", and when the next step is taken, in the clinic's time zone.

    `late_minutes`: how long ago it should have gone out; said from LATE_MINUTES on.
    """

    code: str
    site_code: str
    acknowledge_by: datetime
    time_zone: str
    late_minutes: int = 0


LATE_MINUTES = 2
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
    if facts.late_minutes >= LATE_MINUTES:
        words["late"] = str(facts.late_minutes)
    subject, body = "escalation/notify/subject.txt", BODIES.get(channel, "escalation/notify/email.txt")
    return _message(subject, body, words, to, callback)


def taken_message(facts: PageFacts, *, to: str, channel: str = "email", callback: str = "") -> Message:
    """To whoever was paged: somebody has it. A receiver of facts finds "taken" in place of a time and a link."""
    words = {"code": facts.code, "site": facts.site_code, "taken": "yes"}
    body = "escalation/notify/taken_voice.txt" if channel == "voice" else "escalation/notify/taken.txt"
    return _message("escalation/notify/taken_subject.txt", body, words, to, callback)


def added_message(facts: PageFacts, *, to: str, channel: str = "email", callback: str = "") -> Message:
    """To whoever took it: there is something more to read. A receiver of facts finds "added" in place of a time."""
    link = f"{settings.BASE_URL}/incidents/{facts.code}/"
    words = {"code": facts.code, "site": facts.site_code, "added": "yes", "link": link}
    body = "escalation/notify/added_voice.txt" if channel == "voice" else "escalation/notify/added.txt"
    return _message("escalation/notify/added_subject.txt", body, words, to, callback)


def _message(subject: str, body: str, words: dict[str, str], to: str, callback: str) -> Message:
    return Message(
        to=to,
        subject=render_to_string(subject, words).strip(),
        body=render_to_string(body, {**words, "spelled": ", ".join(words["code"])}).strip() + "\n",
        reference=words["code"],
        facts=words,
        callback=callback,
    )
