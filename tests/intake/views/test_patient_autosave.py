"""Autosave: kept before it is confirmed, once per key, with the questions that an answer brings up."""

import json
import uuid

import packets as given
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from patient_pages import autosave, opened, sign
from plain_browser import Page

from intake.models import Response
from intake.services import packets, submission

MOST_QUERIES = 16  # whatever the length of the form; without the savepoints that only a test's transaction makes


@pytest.fixture
def invitation(world):
    return given.invite(world)


@pytest.fixture
def browser(invitation):
    return opened(invitation)


def keys_on(page) -> set[str]:
    return {name[2:] for name in page.ids if name.startswith("q-")}


def test_an_answer_is_kept_and_confirmed(browser):
    have = keys_on(browser.go("/i/packet/demographics/"))
    reply = autosave(browser, "demographics", {"demo-given": ["Rosa"]}, have=have)
    assert (reply.status_code, reply.json()) == (200, {"revision": 1, "problems": {}, "risk": False})
    assert dict(browser.go("/i/packet/demographics/").fields)["demo-given"] == "Rosa"


def test_the_same_key_again_is_one_save_and_another_body_is_refused(browser):
    browser.go("/i/packet/demographics/")
    key = uuid.uuid4()
    for _ in range(3):
        assert autosave(browser, "demographics", {"demo-given": ["Rosa"]}, key=key).json()["revision"] == 1
    assert autosave(browser, "demographics", {"demo-given": ["Rita"]}, key=key).status_code == 409
    assert Response.objects.get().revision == 1


def test_questions_that_come_up_are_sent_and_those_on_the_page_are_only_named(browser):
    have = keys_on(browser.go("/i/packet/demographics/"))
    saved = autosave(browser, "demographics", {"demo-has-address": ["true"]}, have=have)
    part = Page(f'<form id="page">{saved.json()["html"]}</form>')
    assert {"demo-address-line", "demo-city", "demo-state", "demo-zip"} <= part.names
    assert "demo-given" not in part.names
    assert "q-demo-given" in part.ids
    assert len(saved.content) <= 10_000


def test_what_cannot_be_read_is_said_in_words(browser):
    browser.go("/i/packet/demographics/")
    saved = autosave(browser, "demographics", {"demo-has-address": ["true"]})
    saved = autosave(browser, "demographics", {"demo-zip": ["12"]})
    assert saved.json()["problems"] == {"demo-zip": "This doesn't look right. Please check it."}
    assert autosave(browser, "demographics", {"demo-zip": ["02134"]}).json()["problems"] == {}


def test_a_dangerous_answer_is_confirmed_as_such(browser):
    browser.go("/i/packet/phq-9/")
    assert autosave(browser, "phq-9", {"phq9-q9": [given.NOT_AT_ALL]}).json()["risk"] is False
    assert autosave(browser, "phq-9", {"phq9-q9": [given.SEVERAL]}).json()["risk"] is True


def test_a_locked_part_is_refused_and_nothing_is_stored(browser):
    browser.go("/i/packet/demographics/")
    assert autosave(browser, "dast-10", {"dast10-q1": [given.YES]}).status_code == 409
    assert not Response.objects.exists()
    sign(browser, "share-permission")
    browser.go("/i/packet/dast-10/")
    assert autosave(browser, "dast-10", {"dast10-q1": [given.YES]}).status_code == 200


def test_a_finished_or_withdrawn_packet_takes_nothing_more(browser, invitation, world):
    given.complete(invitation.packet)
    browser.go("/i/packet/demographics/")
    token = dict(browser.page.fields)["csrfmiddlewaretoken"]
    submission.submit(packet=invitation.packet, key=uuid.uuid4())
    assert autosave(browser, "demographics", {"demo-given": ["Rita"]}, token=token).status_code == 409
    given_again = packets.invite(
        patient=world.patient, program=world.program, site=world.site, language="en", invited_by=world.front_desk
    )
    other = opened(given_again)
    packets.withdraw(packet=given_again.packet, by=world.front_desk)
    assert autosave(other, "demographics", {"demo-given": ["Rita"]}, token=token).status_code == 403


def test_our_token_is_needed(browser):
    browser.go("/i/packet/demographics/")
    assert autosave(browser, "demographics", {"demo-given": ["Rosa"]}, token="x" * 64).status_code == 403
    assert not Response.objects.exists()


def test_a_part_that_is_no_form_of_this_packet_is_not_found(browser):
    browser.go("/i/packet/demographics/")
    for slug in ("nothing", "privacy-notice"):
        assert autosave(browser, slug, {"x": ["y"]}).status_code == 404
    assert browser.client.get("/i/packet/demographics/save").status_code == 405


def test_hostile_bodies_are_refused_and_never_an_error_of_ours(browser):
    token = dict(browser.go("/i/packet/demographics/").fields)["csrfmiddlewaretoken"]

    def status(body: str | bytes) -> int:
        headers = {"X-CSRFToken": token}
        kind = "application/json"
        return browser.client.post("/i/packet/demographics/save", body, content_type=kind, headers=headers).status_code

    key = str(uuid.uuid4())
    whole = {"key": key, "changes": {"demo-given": ["x"]}, "have": []}
    for body in (
        "", "null", "[]", "{}", '"x"', "{", b"\xff\xfe", "[" * 100_000,
        json.dumps(whole | {"key": "1"}),
        json.dumps(whole | {"changes": {}}),
        json.dumps(whole | {"changes": ["demo-given"]}),
        json.dumps(whole | {"changes": {"demo-given": "x"}}),
        json.dumps(whole | {"changes": {"demo-given": [1]}}),
        json.dumps(whole | {"changes": {"demo-given": ["\ud800"]}}),
        json.dumps(whole | {"changes": {"\ud800": ["x"]}}),
        json.dumps(whole | {"have": {"a": 1}}),
        json.dumps(whole | {"changes": {str(n): ["x"] for n in range(5000)}}),
    ):  # fmt: skip
        assert status(body) == 400, body[:80]
    assert status(json.dumps(whole | {"changes": {"demo-given": ["x" * 10_000_000]}})) == 400
    assert not Response.objects.exists()
    odd = {"demo-given": ["a\x00b"], "nothing[3].here": ["x"]}
    assert set(autosave(browser, "demographics", odd).json()["problems"]) == {"demo-given"}


def test_what_was_typed_comes_back_inert(browser):
    browser.go("/i/packet/medications/")
    autosave(browser, "medications", {"med-any": [given.YES]})
    browser.go("/i/packet/medications/")
    browser.press(name="!add", value="med-list")
    browser.go("/i/packet/medications/")
    saved = autosave(browser, "medications", {"med-list[0].med-name": ["<img src=x onerror=alert(1)>"]})
    assert "<img" not in saved.json()["html"]


def test_the_number_of_queries_does_not_grow_with_the_form(browser):
    for slug, key, text in (("phq-9", "phq9-q1", given.SEVERAL), ("demographics", "demo-given", "Rosa")):
        have = keys_on(browser.go(f"/i/packet/{slug}/"))
        autosave(browser, slug, {key: [text]}, have=have)
        with CaptureQueriesContext(connection) as queries:
            assert autosave(browser, slug, {key: [text]}, have=have).status_code == 200
        asked = [one["sql"] for one in queries if not one["sql"].startswith(("SAVEPOINT", "RELEASE"))]
        assert len(asked) <= MOST_QUERIES
