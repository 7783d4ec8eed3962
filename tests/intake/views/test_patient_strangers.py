"""Without a session of one's own, no page of a packet says or does anything; leaving ends it at once."""

import time
import uuid
from datetime import date

import packets as given
import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client, RequestFactory
from patient_pages import autosave, opened, sign
from plain_browser import Page

import consents.selectors
from audit.actions import Actor
from consents.services import sealing
from core.services import register_patient
from intake.access import SEEN
from intake.models import Response
from intake.services import packets
from intake.views.patient_page import closed

PAGES = ("", "review/", "done/", "phq-9/", "privacy-notice/", "substance-use/", "nothing/")


@pytest.fixture
def invitation(world):
    return given.invite(world)


@pytest.fixture
def neighbour(world, invitation):
    """Another patient's packet at the same clinic."""
    patient = register_patient(
        clinic=world.clinic,
        given_name="Nell",
        family_name="Neighbour",
        birth_date=date(1990, 3, 15),
        actor=Actor.system("test"),
    )
    return packets.invite(
        patient=patient, program=world.program, site=world.site, language="en", invited_by=world.front_desk
    )


def test_a_stranger_is_shown_the_way_in(invitation):
    for path in PAGES:
        for reply in (Client().get(f"/i/packet/{path}"), Client().post(f"/i/packet/{path}", {"decision": "signed"})):
            assert (reply.status_code, reply["Location"]) == (302, "/i/?closed#main")


def test_a_stranger_saves_nothing_and_gets_no_document(invitation):
    client = Client()
    body = {"key": str(uuid.uuid4()), "changes": {"phq9-q1": ["LA6568-5"]}, "have": []}
    assert client.post("/i/packet/phq-9/save", body, content_type="application/json").status_code == 403
    assert client.get(f"/i/packet/documents/{uuid.uuid4()}.pdf").status_code == 302
    assert not Response.objects.exists()


def test_the_way_in_says_kindly_that_the_forms_were_closed(invitation):
    page = Client().get("/i/?closed")
    assert b"What was saved is still there" in page.content


def test_a_session_left_idle_has_ended(invitation, settings):
    browser = opened(invitation)
    session = browser.client.session
    session[SEEN] = int(time.time()) - settings.PATIENT_IDLE_SECONDS - 1
    session.save()
    browser.go("/i/packet/")
    assert browser.url == "/i/?closed"


def test_the_quick_exit_ends_the_session_and_tells_nothing(invitation):
    browser = opened(invitation)
    token = dict(browser.page.fields)["csrfmiddlewaretoken"]
    reply = browser.client.post("/i/leave/", {"csrfmiddlewaretoken": token})
    assert (reply.status_code, reply["Location"]) == (302, "/i/closed/")
    page = browser.go("/i/closed/")
    assert page.text == "This page is closed."
    browser.go("/i/packet/")
    assert browser.url == "/i/?closed"


def test_leaving_needs_a_post_with_our_token(invitation):
    browser = opened(invitation)
    assert browser.client.get("/i/leave/").status_code == 405
    assert browser.client.post("/i/leave/").status_code == 403
    assert browser.go("/i/packet/") and browser.url == "/i/packet/"


def test_a_withdrawn_packet_is_closed_even_in_an_open_session(invitation, world):
    browser = opened(invitation)
    packets.withdraw(packet=invitation.packet, by=world.front_desk)
    browser.go("/i/packet/phq-9/")
    assert browser.url == "/i/?closed"


def test_a_packet_that_closes_under_a_patients_hands_says_whom_to_call(invitation, world):
    packets.withdraw(packet=invitation.packet, by=world.front_desk)
    request = RequestFactory().post("/i/packet/phq-9/")
    request.session = SessionStore()
    response = closed(request, invitation.packet)
    assert response.status_code == 410
    assert "tel:5550100100" in Page(response.content.decode()).links


def test_each_session_gets_its_own_packet_and_documents_only(invitation, neighbour):
    mine, theirs = opened(invitation), opened(neighbour)
    assert theirs.url == "/i/packet/"
    sign(mine, "treatment")
    sealing.seal_due()
    [document] = consents.selectors.signed_documents(invitation.packet.id)
    address = f"/i/packet/documents/{document.signature_id}.pdf"
    assert theirs.client.get(address).status_code == 404
    assert autosave(theirs, "phq-9", {"phq9-q1": ["LA6568-5"]}).status_code == 200
    assert list(Response.objects.values_list("packet", flat=True)) == [neighbour.packet.id]


def test_nothing_of_a_page_may_be_kept_by_a_browser(invitation):
    browser = opened(invitation)
    for path in PAGES:
        browser.go(f"/i/packet/{path}")
        assert browser.response["Cache-Control"] == "no-store"
    assert set(browser.client.cookies) <= {"session", "csrf"}
