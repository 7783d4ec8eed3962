"""The page a page leads to: who may open it, what it shows, and that looking changes nothing."""

import re
from html import unescape
from uuid import uuid4

import packets as given
import pytest
from staff_story import AT_HOME, ITEM_NINE, in_danger, session_of

from audit.models import Event
from escalation.models import Acknowledgement, ContactAttempt, HandOver, Incident, Outcome
from intake.models import Packet
from intake.selectors.reaching import how_to_reach
from intake.services.whereabouts import tell_whereabouts

WORDS = {"kind": "reached_safe", "note": "Called; safe with her sister, plan agreed.", "seen": "1"}


def prologue(world):
    return in_danger(world)[1]


@pytest.fixture
def incident(story):
    return story


@pytest.fixture
def address(incident):
    return f"/incidents/{incident.code}/"


@pytest.fixture
def casey(world, incident):
    return session_of(world.clinician)


def test_whoever_may_answer_pages_sees_who_what_and_how_to_call(casey, address):
    page = casey.get(address).content.decode()
    for fact in ("Rosa Núñez", "March 15, 1990", 'href="tel:+15550100142"', "English", ITEM_NINE, "data-seconds-left"):
        assert fact in page


def test_being_on_call_needs_no_place_on_the_care_team(world, address):
    assert session_of(world.backup).get(address).status_code == 200


@pytest.mark.parametrize("who", ["front_desk", "compliance", "stranger", "stranger_desk"])
@pytest.mark.parametrize(("what", "method"), [
    ("", "get"), ("acknowledge/", "post"), ("hand-over/", "post"), ("outcome/", "post"),
])  # fmt: skip
def test_to_everybody_else_the_incident_does_not_exist(world, address, incident, who, what, method):
    before = Incident.objects.defer("snapshot").get(pk=incident.pk).state
    assert getattr(session_of(getattr(world, who)), method)(address + what, WORDS).status_code == 404
    assert Incident.objects.get(pk=incident.pk).state == before
    assert not Event.objects.filter(action="incident.read").exists()


def test_an_unknown_code_is_a_404(casey):
    assert casey.get("/incidents/ZZZZZZZZ/").status_code == 404


PREFETCH = {"Sec-Purpose": "prefetch;prerender", "Purpose": "prefetch"}


@pytest.mark.parametrize(("method", "headers"), [("get", {}), ("head", {}), ("options", {}), ("get", PREFETCH)])
@pytest.mark.parametrize("what", ["", "acknowledge/", "hand-over/", "outcome/"])
def test_a_link_scanner_changes_nothing(casey, address, incident, method, headers, what):
    getattr(casey, method)(address + what, headers=headers)
    after = Incident.objects.get(pk=incident.pk)
    assert (after.state, after.step, after.due_at) == (incident.state, incident.step, incident.due_at)
    assert not Acknowledgement.objects.exists()


def test_reading_leaves_one_event(casey, address, incident, world):
    casey.get(address)
    event = Event.objects.get(action="incident.read")
    assert (event.actor_id, event.patient_id, event.object_id) == (
        str(world.clinician.id), world.patient.id, str(incident.id),
    )  # fmt: skip


def test_one_press_acknowledges_and_asks_for_the_outcome(casey, address, incident):
    page = casey.post(f"{address}acknowledge/", follow=True).content.decode()
    assert Incident.objects.get(pk=incident.pk).state == "acknowledged"
    assert "I am taking this" not in page
    assert f'action="{address}outcome/"' in page


def test_the_second_to_press_learns_who_was_first(world, casey, address):
    casey.post(f"{address}acknowledge/")
    page = session_of(world.backup).post(f"{address}acknowledge/", follow=True).content.decode()
    assert "Casey Clinician had already taken it" in page
    assert Acknowledgement.objects.count() == 1


def test_the_outcome_is_signed_with_name_and_credentials_and_closes_it(casey, address, incident):
    casey.post(f"{address}acknowledge/")
    page = casey.post(f"{address}outcome/", WORDS, follow=True).content.decode()
    outcome = Outcome.objects.get(incident=incident)
    assert (outcome.kind, outcome.note, outcome.signed_as) == (WORDS["kind"], WORDS["note"], "Casey Clinician, LCSW")
    assert "Casey Clinician, LCSW" in page
    assert f'action="{address}outcome/"' not in page


def test_who_signs_cannot_be_posted(casey, address, incident, world):
    casey.post(f"{address}outcome/", {**WORDS, "user": str(world.backup.id), "signed_as": "Dr. Nobody"})
    assert Outcome.objects.get(incident=incident).user == world.clinician


@pytest.mark.parametrize(
    "words",
    [{"kind": "reached_safe", "note": "  ", "seen": "1"}, {"note": "Called."}, {"kind": "x", "note": "y", "seen": "1"}],
)
def test_an_outcome_without_kind_or_words_is_refused_and_what_was_typed_stays(casey, address, words):
    page = casey.post(f"{address}outcome/", words)
    assert not Outcome.objects.exists()
    assert "errorlist" in page.content.decode()
    top = page.content.decode().split('id="incident"')[0]
    assert "Not saved." in top, "on a phone the fault itself is two screens further down"
    assert "Not saved." not in casey.get(address).content.decode()
    assert words["note"].strip() in page.content.decode()


def test_words_written_while_a_colleague_closed_it_are_shown_again(world, casey, address):
    session_of(world.backup).post(f"{address}outcome/", WORDS)
    page = casey.post(
        f"{address}outcome/", {"kind": "safety_plan", "note": "canary words", "seen": "1"}
    ).content.decode()
    assert "A colleague documented the outcome" in page
    assert "canary words" in page
    assert Outcome.objects.count() == 1


def test_handing_over_pages_the_next_people_and_says_who_did_and_to_which_step(casey, address, incident):
    casey.post(f"{address}acknowledge/")
    page = unescape(casey.post(f"{address}hand-over/", follow=True).content.decode())
    after = Incident.objects.get(pk=incident.pk)
    assert (after.state, after.step) == ("notifying", incident.step + 1)
    assert "<strong>Casey Clinician</strong> handed it over" in page and "paged then: Backup" in page
    assert "Nobody has taken it yet" not in page
    assert "Casey Clinician handed over; paged next: Backup" in page.split('id="timeline"')[1]


def test_handing_over_keeps_what_was_typed_and_a_form_sent_twice_pages_once(casey, address, incident):
    shown = casey.get(address).content.decode()
    assert f'formaction="{address}hand-over/" formnovalidate' in shown, "the button sends the outcome's words along"
    typed = {"kind": "safety_plan", "again": "10", "note": "Half a thou", "place": "0-0"}
    assert 'name="place" value="0-0"' in shown
    page = casey.post(f"{address}hand-over/", typed).content.decode()
    assert "Half a thou" in page.split("<textarea")[1]
    assert re.search(r'value="safety_plan"[^>]*checked', page)
    assert "is not signed" in page and not Outcome.objects.exists()
    again = casey.post(f"{address}hand-over/", typed).content.decode()
    assert "have been paged already" in again and "Half a thou" in again
    assert HandOver.objects.count() == 1
    assert Incident.objects.get(pk=incident.pk).step == 1


def test_what_was_typed_is_shown_again_when_a_colleague_closed_it_before_the_hand_over(world, casey, address):
    session_of(world.backup).post(f"{address}outcome/", WORDS)
    page = casey.post(f"{address}hand-over/", {"note": "canary words", "place": "0-0"}).content.decode()
    assert "nobody has to be paged" in page and "canary words" in page
    assert not HandOver.objects.exists()


def test_one_word_closes_nothing_and_stays_in_the_form_but_is_enough_for_an_attempt(casey, address):
    for kind in Outcome.Kind.values:
        page = casey.post(f"{address}outcome/", {"kind": kind, "note": "canary-x", "seen": "1"}).content.decode()
        assert "One word closes nothing" in page and "canary-x" in page
    assert not Outcome.objects.exists()
    casey.post(f"{address}outcome/", {"kind": "unable_to_reach", "note": "Voicemail", "again": "10", "seen": "1"})
    assert ContactAttempt.objects.count() == 1


def test_a_poll_answers_304_until_something_changes_and_leaves_no_event(world, casey, address):
    tag = casey.get(address)["ETag"]

    read = Event.objects.filter(action="incident.read").count()
    again = casey.get(address, headers={"If-None-Match": tag, "HX-Request": "true"})
    assert (again.status_code, again.content) == (304, b"")
    assert Event.objects.filter(action="incident.read").count() == read
    session_of(world.backup).post(f"{address}acknowledge/")
    changed = casey.get(address, headers={"If-None-Match": tag, "HX-Request": "true"})
    assert changed.status_code == 200
    assert "Blake Backup" in changed.content.decode()
    assert "<html" not in changed.content.decode()


def test_an_incident_whose_answers_do_not_open_can_still_be_taken(casey, address, incident):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE escalation_incident SET snapshot = 'v1.gone.AAAA' WHERE id = %s", [incident.id])
    page = casey.get(address)
    assert page.status_code == 200
    assert "can&#x27;t be opened" in page.content.decode() or "can't be opened" in page.content.decode()
    casey.post(f"{address}acknowledge/")
    assert Incident.objects.defer("snapshot").get(pk=incident.pk).state == "acknowledged"


def test_neither_title_nor_address_names_the_patient(casey, address):
    page = casey.get(address).content.decode()
    title = page.split("<title>")[1].split("</title>")[0]
    assert "Rosa" not in title
    assert "Núñez" not in title


# --- how to reach the patient ---


def test_how_to_reach_the_patient_comes_before_what_triggered_it_and_each_says_when_it_was_told(world, incident):
    packet = Packet.objects.get(pk=incident.source_ref)
    given.answer(packet, "demographics", given.ANSWERS["demographics"] | AT_HOME)
    tell_whereabouts(packet=packet, key=uuid4(), place="By the old bridge", number="555 010 0190")
    tell_whereabouts(packet=packet, key=uuid4(), place="At my sister's", number="")
    page = unescape(session_of(world.clinician).get(f"/incidents/{incident.code}/").content.decode())
    told = [
        "“At my sister's”", "“By the old bridge”", 'href="tel:5550100190"', 'href="tel:5550100177"',
        "NOT safe to leave", "12 Main Street, Boston", "Ines Núñez, parent", 'href="tel:5550100188"', "English",
        'href="tel:+15550100142"', "What was answered", ITEM_NINE,
    ]  # fmt: skip
    places = [page.index(one) for one in told]
    assert places == sorted(places)
    card = page[: page.index("What was answered")]
    assert len(re.findall(r"[A-Z][a-z]{2} \d+, \d+:\d\d [AP]M", card)) >= 9


def test_a_fact_says_since_when_it_stands_and_not_when_the_form_was_saved_last(world, incident):
    packet = Packet.objects.get(pk=incident.source_ref)
    given.answer(packet, "demographics", given.ANSWERS["demographics"] | AT_HOME)
    given.answer(packet, "demographics", {"demo-city": ["Salem"]})
    facts = {fact.label: fact for fact in how_to_reach(world.patient, packet.id)}
    assert facts["Address"].value.startswith("12 Main Street, Salem")
    assert facts["Phone"].at < facts["Address"].at


def test_whoever_answers_for_the_patient_is_named(world, incident):
    packet = Packet.objects.get(pk=incident.source_ref)
    packet.answered_by, packet.respondent = "guardian", {"name": "Ira Mockup", "relationship": "parent"}
    packet.save()
    page = session_of(world.clinician).get(f"/incidents/{incident.code}/").content.decode()
    assert "Ira Mockup for the patient (parent)" in page


def test_an_earlier_packets_contact_facts_stand_where_this_one_asks_for_none(world, incident):
    given.answer(Packet.objects.get(pk=incident.source_ref), "demographics")
    facts = {fact.label: fact.value for fact in how_to_reach(world.patient, uuid4())}
    assert facts["Voice message"] == "safe to leave at this number"


def test_what_nobody_told_is_said_so_that_nobody_looks_for_it(casey, address, incident):
    page = casey.get(address).content.decode()
    assert "Nobody told us: address, emergency contact, whether a voice message is safe." in page
    given.answer(Packet.objects.get(pk=incident.source_ref), "demographics", given.ANSWERS["demographics"] | AT_HOME)
    assert "Nobody told us" not in casey.get(address).content.decode()


def test_where_the_patient_is_shows_on_an_open_page_by_itself(casey, world, address, incident):
    tag = casey.get(address)["ETag"]
    packet = Packet.objects.get(pk=incident.source_ref)
    tell_whereabouts(packet=packet, key=uuid4(), place="By the old bridge", number="")
    part = casey.get(address, headers={"If-None-Match": tag, "HX-Request": "true"})
    assert part.status_code == 200
    assert "By the old bridge" in part.content.decode()


# --- an outcome answers for what was read ---


def seen_on(page):
    return re.search(r'name="seen" value="(\d+)"', page.content.decode())[1]


def test_an_outcome_closes_nothing_that_was_answered_after_the_page_was_read(casey, address, incident):
    casey.post(f"{address}acknowledge/")
    page = casey.get(address)
    read = seen_on(page)
    given.answer(Packet.objects.get(pk=incident.source_ref), "safety", {"safe-harm-others": [given.YES]})
    refused = casey.post(f"{address}outcome/", {**WORDS, "seen": read})
    assert "Something was answered since you read this page." in refused.content.decode()
    assert WORDS["note"] in refused.content.decode()
    assert Incident.objects.get(pk=incident.pk).state == "acknowledged"
    assert not Outcome.objects.exists()
    part = casey.get(address, headers={"HX-Request": "true"}).content.decode()
    assert 'name="seen"' not in part, "what comes by itself, above where somebody writes, may not have been read"
    casey.post(f"{address}outcome/", {**WORDS, "seen": seen_on(refused)})
    assert Incident.objects.get(pk=incident.pk).state == "resolved"


def test_an_attempt_in_vain_is_kept_whatever_was_answered_meanwhile(casey, address, incident):
    given.answer(Packet.objects.get(pk=incident.source_ref), "safety", {"safe-harm-others": [given.YES]})
    vain = {"kind": "unable_to_reach", "note": "No answer.", "again": "10", "seen": "1"}
    casey.post(f"{address}outcome/", vain)
    assert ContactAttempt.objects.count() == 1


# --- not reached ---


def test_not_reached_needs_a_next_attempt_and_leaves_the_incident_open(casey, address, incident):
    vain = {"kind": "unable_to_reach", "note": "No answer.", "seen": "1"}
    page = casey.post(f"{address}outcome/", vain)
    assert "Choose when you try again" in page.content.decode()
    assert not ContactAttempt.objects.exists()
    page = casey.post(f"{address}outcome/", {**vain, "again": "10"}, follow=True).content.decode()
    assert "Paging starts again in 10 minutes" in page
    assert "No answer." in page
    assert "Signed Casey Clinician, LCSW" in page
    assert f'action="{address}outcome/"' in page
    assert Incident.objects.get(pk=incident.pk).state == "acknowledged"


@pytest.mark.parametrize("again", ["61", "0", "x"])
def test_a_next_attempt_that_is_not_offered_is_refused(casey, address, again):
    casey.post(f"{address}outcome/", {"kind": "unable_to_reach", "note": "No answer.", "again": again, "seen": "1"})
    assert not ContactAttempt.objects.exists()


def test_not_a_risk_needs_its_because(casey, address):
    casey.post(f"{address}outcome/", {"kind": "not_a_risk", "note": " ", "seen": "1"})
    assert not Outcome.objects.exists()
    page = casey.post(
        f"{address}outcome/", {"kind": "not_a_risk", "note": "It was a song she quoted.", "seen": "1"}, follow=True
    )
    assert "Not a risk, because of what is written below" in page.content.decode()


def test_a_button_pressed_twice_signs_once_and_says_so(casey, address):
    vain = {"kind": "unable_to_reach", "note": "Voicemail", "again": "10", "seen": "1"}
    for _ in range(3):
        assert "Signed. Paging starts again" in casey.post(f"{address}outcome/", vain, follow=True).content.decode()
    assert ContactAttempt.objects.count() == 1
    for _ in range(2):
        page = casey.post(f"{address}outcome/", WORDS, follow=True).content.decode()
        assert "Documented and signed" in page and "colleague" not in page
    assert Outcome.objects.count() == 1


@pytest.mark.parametrize("seen", ["", "0", "2", "99999999999", "x", "-1"])
def test_an_outcome_that_does_not_say_what_its_author_had_read_closes_nothing(casey, address, seen):
    page = casey.post(f"{address}outcome/", {**WORDS, "seen": seen}).content.decode()
    assert "Read it above, then sign again." in page and WORDS["note"] in page
    assert not Outcome.objects.exists()


@pytest.mark.parametrize("note", ["\u200b\u200b \u200b", "\x01\x02\x1b", "...", "\u2060 \ufeff"])
@pytest.mark.parametrize("kind", ["not_a_risk", "unable_to_reach"])
def test_words_that_nobody_can_see_sign_nothing(casey, address, kind, note):
    page = casey.post(f"{address}outcome/", {"kind": kind, "note": note, "again": "10", "seen": "1"})
    assert page.status_code == 200 and "Not saved." in page.content.decode()
    assert not Outcome.objects.exists() and not ContactAttempt.objects.exists()


def test_taking_what_is_closed_says_so(world, casey, address):
    casey.post(f"{address}outcome/", WORDS)
    page = session_of(world.backup).post(f"{address}acknowledge/", follow=True).content.decode()
    assert "The outcome is documented; nobody has to take it." in page
