"""Autosave: kept before it is confirmed, once per key, with the questions that an answer brings up."""

import gzip
import json
import uuid

import packets as given
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from patient_pages import autosave, opened, sign
from plain_browser import Page

from intake.models import FormVersion, Response, Step
from intake.selectors import definition_of
from intake.services import packets, submission

# Every statement that the database hears of one answer, whatever the length of the form, its first answer included:
#  1 the session                       5 the draft
#  2 BEGIN (in a test SAVEPOINT)       6 its history
#  3 the packet's lock and the key     7 the evidence
#  4 the draft, its form, the gate     8 COMMIT (in a test RELEASE)
MOST_QUERIES = 8
# What an instrument that is complete adds: a savepoint and its end, the result, the evidence of the scoring.
A_RESULT = 4


def prologue(world):
    invitation = given.invite(world)
    return invitation, opened(invitation)


@pytest.fixture
def invitation(story):
    return story[0]


@pytest.fixture
def browser(story):
    return story[1]


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
    refused = autosave(browser, "demographics", {"demo-given": ["Rita"]}, key=key)
    assert refused.status_code == 409
    assert refused.json()["detail"].startswith("This page is out of date.")
    assert Response.objects.get().revision == 1


def test_questions_that_come_up_are_sent_and_those_on_the_page_are_only_named(browser):
    have = keys_on(browser.go("/i/packet/demographics/?at=demo-has-address"))
    saved = autosave(browser, "demographics", {"demo-has-address": ["true"]}, have=have)
    part = Page(f'<form id="page">{saved.json()["html"]}</form>')
    assert {"demo-address-line", "demo-city", "demo-state", "demo-zip"} <= part.names
    assert "demo-has-address" not in part.names
    assert "q-demo-has-address" in part.ids
    assert len(gzip.compress(saved.content)) <= 4000


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
    assert status(json.dumps(whole | {"changes": {"demo-given": ["x" * 10_000_000]}})) == 413
    assert not Response.objects.exists()
    odd = {"demo-given": ["a\x00b"], "nothing[3].here": ["x"]}
    assert set(autosave(browser, "demographics", odd).json()["problems"]) == {"demo-given", "nothing[3].here"}


def test_what_was_typed_comes_back_inert(browser):
    browser.go("/i/packet/medications/")
    autosave(browser, "medications", {"med-any": [given.YES]})
    browser.go("/i/packet/medications/")
    browser.press(name="!add", value="med-list")
    browser.go("/i/packet/medications/")
    saved = autosave(browser, "medications", {"med-list[0].med-name": ["<img src=x onerror=alert(1)>"]})
    assert "<img" not in saved.json()["html"]


def long_form(packet, questions=300):
    """A form of that many questions, the last ten of which depend on the first."""
    items = [{"linkId": "q0", "type": "boolean", "text": "Do you?"}]
    for n in range(1, questions):
        condition = (
            {"enableWhen": [{"question": "q0", "operator": "=", "answerBoolean": True}]} if n > questions - 10 else {}
        )
        items.append({"linkId": f"q{n}", "type": "string", "text": f"Question {n}", **condition})
    about = {"resourceType": "Questionnaire", "url": "https://example.test/long", "title": "Long", "status": "active"}
    definition = {**about, "item": items}
    form = FormVersion.objects.create(slug="long", version="1.0.0", definition=definition, sha256="0" * 64)
    Step.objects.create(packet=packet, position=99, what="form", slug="long", form=form)


def statements(browser, slug, changes, have=()):
    with CaptureQueriesContext(connection) as queries:
        reply = autosave(browser, slug, changes, have=have)
    assert reply.status_code == 200, reply.json()
    return [one["sql"] for one in queries], reply


@pytest.mark.parametrize(
    ("slug", "key", "texts"),
    [
        ("demographics", "demo-given", ("Rosa", "Rosita")),
        ("phq-9", "phq9-q1", (given.SEVERAL, given.NOT_AT_ALL)),
        ("dast-10", "dast10-q1", (given.YES, given.NO)),  # behind the Part 2 gate
        ("long", "q0", ("true", "false")),
    ],
)
def test_an_answer_costs_eight_statements_whatever_the_length_of_the_form(browser, invitation, slug, key, texts):
    given.sign(invitation.packet, "share-permission")
    long_form(invitation.packet)
    have = keys_on(browser.go(f"/i/packet/{slug}/"))
    definition_of(Step.objects.get(packet=invitation.packet, slug=slug).form_id)  # parsed once in each process
    for text in texts:
        asked, reply = statements(browser, slug, {key: [text]}, have)
        assert len(asked) <= MOST_QUERIES, "\n".join(asked)
        assert len(gzip.compress(reply.content)) <= 4000


def test_a_result_costs_four_more_and_the_same_answer_again_nothing_but_its_key(browser, invitation):
    given.sign(invitation.packet, "treatment")
    browser.go("/i/packet/phq-9/")
    given.answer(invitation.packet, "phq-9", {f"phq9-q{n}": [given.NOT_AT_ALL] for n in range(1, 9)})
    asked, _ = statements(browser, "phq-9", {"phq9-q9": [given.NOT_AT_ALL]})
    assert len(asked) <= MOST_QUERIES + A_RESULT, "\n".join(asked)
    asked, reply = statements(browser, "phq-9", {"phq9-q9": [given.NOT_AT_ALL]})
    assert len(asked) <= 5, "\n".join(asked)
    assert reply.json()["revision"] == 2


@pytest.mark.parametrize(("language", "words"), [("en", "We could not read"), ("es", "No pudimos leer")])
def test_a_refusal_is_in_plain_words_of_the_patients_language(browser, language, words):
    browser.go("/i/packet/demographics/")
    if language != "en":
        browser.press(name="!language", value=language)
        browser.go("/i/packet/demographics/")
    assert autosave(browser, "demographics", {}).json()["detail"].startswith(words)
