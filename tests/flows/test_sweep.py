"""The sweep of what was kept but not scored: an unreadable row pages, and holds nobody else up."""

import packets as given
import pytest
from django.db import connection

from escalation.models import Incident
from intake.models import Response
from intake.services import submission


@pytest.fixture
def packet(world):
    return given.invite(world).packet


def unscored(packet, slug, *, readable):
    given.answer(packet, slug)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE intake_response SET assessed_revision = 0 WHERE packet_id = %s", [packet.id])
        if not readable:
            cursor.execute("UPDATE intake_response SET answers = 'v1.k1.AAAA' WHERE packet_id = %s", [packet.id])


def test_answers_that_can_not_be_opened_page_after_three_tries(packet):
    unscored(packet, "phq-9", readable=False)
    for _ in range(3):
        assert submission.assess_unassessed() == 0
    assert Incident.objects.get().snapshot["triggers"][0]["code"] == "could-not-be-scored"


def test_a_row_that_always_fails_does_not_hold_up_the_next(packet):
    unscored(packet, "phq-9", readable=False)
    submission.assess_unassessed(limit=1)
    given.answer(packet, "gad-7")
    Response.objects.filter(step__slug="gad-7").update(assessed_revision=0)
    assert submission.assess_unassessed(limit=1) == 1


def test_a_repeat_after_a_lost_reply_still_opens_the_crisis_help(packet):
    import uuid

    key = uuid.uuid4()
    assert given.answer(packet, "phq-9", {"phq9-q9": ["LA6569-3"]}, key=key).risk
    again = given.answer(packet, "phq-9", {"phq9-q9": ["LA6569-3"]}, key=key)
    assert (again.replayed, again.risk) == (True, True)
