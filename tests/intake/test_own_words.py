"""Possible signs of danger in what a patient types: paged like a dangerous answer, and never taken back."""

import logging

import packets as given
import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from patient_pages import autosave, opened

import escalation.services
import screening.selectors
from escalation.models import Incident
from intake.models import FormVersion, Packet, Response, Step
from intake.services import submission
from screening.models import ScreeningResult

FORM, KEY = "presenting-concerns", "con-reason"
PLAIN, DENIED = "I want to kill myself.", "I don't want to die."


@pytest.fixture
def packet(world):
    return given.invite(world).packet


def say(packet, text, slug=FORM, key=KEY):
    return given.answer(packet, slug, {key: [text]})


def findings(packet, slug=FORM):
    results = screening.selectors.results([Response.objects.get(packet=packet, step__slug=slug).pk])
    return [finding for one in results if one.instrument == "own-words" for finding in one.findings]


def triggers():
    return Incident.objects.get().snapshot["triggers"]


@pytest.mark.parametrize(("slug", "key", "text"), [
    (FORM, KEY, "I can't sleep. I want to kill myself."), (FORM, KEY, "Ya no quiero vivir"),
    ("demographics", "demo-given", "I want to die"),
])  # fmt: skip
def test_plain_words_page_with_the_sentence_and_its_doubt_before_the_reply(packet, slug, key, text):
    assert say(packet, text, slug, key).risk
    (trigger,) = triggers()
    assert trigger["code"] == "possible-crisis-words"
    assert trigger["because"].startswith("Possible, found by words alone (suicide): ")
    assert text.rsplit(". ")[-1] in trigger["because"]
    (finding,) = findings(packet, slug)
    assert (finding.urgency, finding.pages) == ("high", True)


def test_a_plan_pages_at_its_own_urgency_and_a_thought_after_it_lowers_nothing(packet):
    say(packet, "I have a plan to kill myself")
    say(packet, "I think about suicide")
    assert Incident.objects.get().urgency == "critical"
    assert len(triggers()) == 2


@pytest.mark.parametrize("text", [DENIED, "I tried to kill myself when I was 16.", "My brother wants to kill himself."])
def test_doubtful_words_are_for_review_and_page_nobody(packet, text):
    assert not say(packet, text).risk
    assert not Incident.objects.exists()
    (finding,) = findings(packet)
    assert (finding.code, finding.urgency, finding.pages) == ("possible-crisis-words", "medium", False)
    assert "nobody was paged" in finding.because and text in finding.because


def test_said_by_a_guardian_it_is_about_the_patient(packet):
    Packet.objects.filter(pk=packet.pk).update(answered_by="guardian", respondent={"name": "x", "relationship": "y"})
    assert say(packet, "She says she wants to die").risk


def test_what_was_found_stays_when_the_words_go_or_turn_milder(packet):
    say(packet, f"{PLAIN} {DENIED}")
    for later in ("", "I sleep badly.", "I don't want to kill myself."):
        say(packet, later)
    assert Incident.objects.get().state == "notifying"
    assert sorted(one.pages for one in findings(packet)) == [False, False, True]


def test_typing_on_is_one_trigger_and_one_result(packet):
    for text in (
        "I want to ki",
        "I want to kill myself",
        "I want to kill myself because",
        PLAIN[:-1] + " because of it.",
    ):
        say(packet, text)
    assert len(triggers()) == 1
    assert ScreeningResult.objects.count() == 1


def test_words_without_a_hit_cost_no_statement_and_leave_no_result(packet):
    def statements(text):
        with CaptureQueriesContext(connection) as asked:
            say(packet, text)
        return len(asked)

    statements("I worry.")
    assert statements("I worry all day.") == statements("I worry all night, to tell the truth.")
    before = statements("")
    assert statements("I worry.") == before
    assert not ScreeningResult.objects.exists()


def test_a_danger_opens_the_help_once_in_a_session_and_a_graver_one_again_by_a_mark_that_tells_nothing(world):
    invitation = given.invite(world)
    browser = opened(invitation)
    browser.go(f"/i/packet/{FORM}/")
    first, same, graver = (
        autosave(browser, FORM, {key: [text]}).json()["dangers"]
        for key, text in ((KEY, "I want to die"), (KEY, "I want to die."), ("con-hope", "I have pills to kill myself"))
    )
    assert len(first) == 1 and same == []
    assert graver and not {*first} & {*graver}
    assert all(len(one) == 16 and one.isalnum() for one in first + graver)
    later = opened(invitation)
    later.go(f"/i/packet/{FORM}/")
    assert {*autosave(later, FORM, {KEY: ["I want to die"]}).json()["dangers"]} == {*first, *graver}


ITEMS = [
    {"linkId": "picked", "type": "choice", "text": "Which?", "answerOption": [{"valueString": PLAIN}]},
    {"linkId": "other", "type": "open-choice", "text": "Or?", "answerOption": [{"valueString": "Nothing"}]},
    {"linkId": "asks", "type": "boolean", "text": "More?"},
    {"linkId": "hidden", "type": "text", "text": "Say it.",
     "enableWhen": [{"question": "asks", "operator": "=", "answerBoolean": True}]},
]  # fmt: skip


@pytest.fixture
def made(packet):
    """A form of the clinic's own, without any instrument."""
    about = {"resourceType": "Questionnaire", "url": "https://example.test/own", "title": "Own", "status": "active"}
    form = FormVersion.objects.create(slug="own", version="1.0.0", definition={**about, "item": ITEMS}, sha256="0" * 64)
    Step.objects.create(packet=packet, position=99, what="form", slug="own", form=form)
    return packet


def test_free_text_of_an_open_choice_is_read_and_what_is_picked_is_not(made):
    assert not given.answer(made, "own", {"picked": [PLAIN]}).risk
    assert given.answer(made, "own", {"other": [PLAIN]}).risk


def test_words_in_a_question_that_is_hidden_by_now_still_count(made):
    given.answer(made, "own", {"asks": ["true"]})
    assert given.answer(made, "own", {"hidden": [PLAIN], "asks": ["false"]}).risk


def test_the_sweep_reads_the_words_of_a_form_that_scores_nothing(packet):
    say(packet, "I worry.")
    response = Response.objects.get(step__slug=FORM)
    response.answers = [{"linkId": KEY, "answer": [{"valueString": PLAIN}]}]
    response.assessed_revision = 0
    response.save()
    assert submission.assess_unassessed() == 1
    assert len(triggers()) == 1


def test_the_phone_opens_the_crisis_help_and_no_log_or_mail_repeats_the_words(world, caplog):
    caplog.set_level(logging.DEBUG)
    invitation = given.invite(world)
    phone = opened(invitation)
    phone.go(f"/i/packet/{FORM}/")
    assert autosave(phone, FORM, {KEY: ["quetzal: I want to kill myself"]}).json()["risk"] is True
    assert escalation.services.deliver_due() >= 1
    heard = "".join(f"{one.getMessage()} {one.exc_text or ''} {one.__dict__.get('sql', '')}" for one in caplog.records)
    letters = "".join(one.subject + one.body for one in mail.outbox)
    assert "quetzal" in triggers()[0]["because"] and "quetzal" not in heard + letters


def test_words_that_another_screen_kept_out_still_page(world):
    invitation = given.invite(world)
    phone, tablet = opened(invitation), opened(invitation)
    for one in (phone, tablet):
        one.go(f"/i/packet/{FORM}/")
    autosave(phone, FORM, {KEY: ["I worry."]})
    refused = autosave(tablet, FORM, {KEY: [PLAIN]})
    assert (refused.status_code, refused.json()["risk"]) == (409, True)
    assert PLAIN in triggers()[0]["because"]
