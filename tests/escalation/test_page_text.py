"""What a page says, proved by saying what it is: fixed words, a code, a site code, a time and a link."""

import re
import uuid
from dataclasses import fields
from datetime import UTC, datetime

import pytest

from core.channels.registry import CHANNELS
from escalation import services
from escalation.rendering import PageFacts, page_message, taken_message

LINK = r"https://office\.example/incidents/(?P<again>[2-9A-Z]{8})/"
BODY = re.compile(
    r"Alert (?P<code>[2-9A-Z]{8})(, site [A-Za-z0-9 -]{1,12})?\.\n"
    r"Acknowledge by \d{4}-\d\d-\d\d \d\d:\d\d [A-Z]{3,4}\.\n"
    r"\n"
    rf"Sign in to respond: {LINK}\n"
)


@pytest.fixture(autouse=True)
def _base_url(settings):
    settings.BASE_URL = "https://office.example"


def test_the_page_says_the_code_the_site_the_time_and_the_link_and_nothing_else(alarm, deliver, mailbox):
    incident = alarm()
    deliver()
    (message,) = mailbox.sent
    found = BODY.fullmatch(message.body)
    assert found
    assert {found["code"], found["again"], message.reference} == {incident.code}
    assert message.subject == f"Alert {incident.code}"


def test_a_page_without_a_site_names_none(alarm, deliver, mailbox):
    alarm(site_id=None)
    deliver()
    assert BODY.fullmatch(mailbox.sent[0].body)
    assert "site" not in mailbox.sent[0].body


def test_two_patients_who_differ_in_everything_get_the_same_page(alarm, world, deliver, mailbox):
    alarm()
    world.patient.given_name, world.patient.family_name, world.patient.mrn = "Zebediah", "Quux", "MRN-77"
    world.patient.save()
    world.clinic.name = "Recovery and Psychiatry of Quux"
    world.clinic.save()
    alarm(
        packet=uuid.uuid4(), urgency="medium", key="dast10:q1", because="heroin", instrument="dast10", code="overdose"
    )
    deliver()
    deliver()
    first, second = (message.body.replace(message.reference, "CODE") for message in mailbox.sent)
    assert first == second
    for word in ("Rosa", "Núñez", "Quux", "Harbor", "Recovery", "MRN", "heroin", "phq", "dast", "suicide", "critical"):
        assert all(word.lower() not in f"{one.subject}{one.body}".lower() for one in mailbox.sent)


def test_the_words_of_a_page_are_given_four_facts_and_no_row():
    assert {field.name: field.type for field in fields(PageFacts)} == {
        "code": str,
        "site_code": str,
        "acknowledge_by": datetime,
        "time_zone": str,
        "late_minutes": int,
    }


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ("America/New_York", "2026-11-01 01:30 EDT"),
        ("Europe/Berlin", "2026-11-01 06:30 CET"),
        ("Mars/Olympus", "2026-11-01 05:30 UTC"),
        ("../../etc/passwd", "2026-11-01 05:30 UTC"),
        ("", "2026-11-01 05:30 UTC"),
    ],
)
def test_the_time_is_the_clinics_and_names_its_zone(zone, said):
    facts = PageFacts("CODE2345", "S1", datetime(2026, 11, 1, 5, 30, tzinfo=UTC), zone)
    assert f"Acknowledge by {said}." in page_message(facts, to="a@b.test").body


def test_the_time_is_when_the_next_step_is_taken(alarm, world, deliver, mailbox, pass_time):
    world.clinic.time_zone = "UTC"
    world.clinic.save()
    alarm()
    pass_time(301)
    services.advance_due()
    deliver()
    assert {f"{row.due_at:%Y-%m-%d %H:%M} UTC" for row in [world.clinic.incidents.get()]} == {
        re.search(r"by (.*)\.\n", message.body)[1] for message in mailbox.sent
    }


@pytest.mark.parametrize("channel", ["email", "sms", "voice"])
@pytest.mark.parametrize(("minutes", "said"), [(0, False), (1, False), (2, True), (43, True)])
def test_a_late_page_says_how_late_it_is(channel, minutes, said):
    facts = PageFacts("CODE2345", "S1", datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "UTC", minutes)
    message = page_message(facts, to="a@b.test", channel=channel)
    assert (f"05:30 UTC.{SPACE[channel]}This page is {minutes} min late." in message.body) is said
    assert ("late" in message.body) is ("late" in message.facts) is said


SPACE = {"email": "\n", "sms": " ", "voice": " "}
TAKEN = "Alert {code}, site S-9: somebody has taken it. You need not respond, unless you are alerted again.\n"


@pytest.mark.parametrize("channel", sorted(CHANNELS))
def test_that_it_is_taken_says_the_code_the_site_and_nobodys_name(channel):
    facts = PageFacts("CODE2345", "S-9", datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "UTC")
    message = taken_message(facts, to="a@b.test", channel=channel)
    assert message.body == TAKEN.format(code="C, O, D, E, 2, 3, 4, 5" if channel == "voice" else "CODE2345")
    assert (message.subject, message.reference) == ("Alert CODE2345 taken", "CODE2345")
    assert message.facts == {"code": "CODE2345", "site": "S-9", "taken": "yes"}


# The whole text of each channel, with placeholders: change a template and this test has to be changed on purpose.
PLAIN = "Alert {code}, site {site}.\nAcknowledge by {by}.\n\nSign in to respond: {link}\n"
TEXTS = {
    "email": PLAIN,
    "apprise": PLAIN,
    "webhook": PLAIN,
    "in_app": PLAIN,
    "sink": PLAIN,
    "sms": "Alert {code}, site {site}. Acknowledge by {by}. Sign in to respond: {link}\n",
    "voice": "Alert {spelled}, site {site}. Acknowledge by {by}. Sign in to respond.\n",
}


@pytest.mark.parametrize("channel", sorted(CHANNELS))
@pytest.mark.parametrize("site", ["S-9", ""])
def test_every_channel_says_code_site_time_and_link_and_nothing_else(channel, site):
    facts = PageFacts("CODE2345", site, datetime(2026, 11, 1, 5, 30, tzinfo=UTC), "UTC")
    message = page_message(facts, to="a@b.test", channel=channel)
    link = "https://office.example/incidents/CODE2345/"
    told = {"code": "CODE2345", "site": site, "by": "2026-11-01 05:30 UTC", "link": link}
    text = TEXTS[channel] if site else TEXTS[channel].replace(", site {site}", "")
    assert message.body == text.format(**told, spelled="C, O, D, E, 2, 3, 4, 5")
    assert (message.subject, message.reference, message.facts) == ("Alert CODE2345", "CODE2345", told)
