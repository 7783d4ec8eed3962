"""The page a page leads to: who may open it, what it shows, and that looking changes nothing."""

import pytest
from staff_story import ITEM_NINE, in_danger, session_of

from audit.models import Event
from escalation.models import Acknowledgement, Incident, Outcome

WORDS = {"kind": "reached_safe", "note": "Called; safe with her sister, plan agreed."}


@pytest.fixture
def incident(world):
    return in_danger(world)[1]


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


@pytest.mark.parametrize("method", ["get", "head", "options"])
@pytest.mark.parametrize("what", ["", "acknowledge/", "hand-over/", "outcome/"])
def test_a_link_scanner_changes_nothing(casey, address, incident, method, what):
    getattr(casey, method)(address + what)
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
    assert (outcome.kind, outcome.note, outcome.signed_as) == (*WORDS.values(), "Casey Clinician, LCSW")
    assert "Casey Clinician, LCSW" in page
    assert f'action="{address}outcome/"' not in page


def test_who_signs_cannot_be_posted(casey, address, incident, world):
    casey.post(f"{address}outcome/", {**WORDS, "user": str(world.backup.id), "signed_as": "Dr. Nobody"})
    assert Outcome.objects.get(incident=incident).user == world.clinician


@pytest.mark.parametrize(
    "words", [{"kind": "reached_safe", "note": "  "}, {"note": "Called."}, {"kind": "x", "note": "y"}]
)
def test_an_outcome_without_kind_or_words_is_refused_and_what_was_typed_stays(casey, address, words):
    page = casey.post(f"{address}outcome/", words)
    assert not Outcome.objects.exists()
    assert "errorlist" in page.content.decode()
    assert words["note"].strip() in page.content.decode()


def test_words_written_while_a_colleague_closed_it_are_shown_again(world, casey, address):
    session_of(world.backup).post(f"{address}outcome/", WORDS)
    page = casey.post(f"{address}outcome/", {"kind": "safety_plan", "note": "canary words"}).content.decode()
    assert "A colleague documented the outcome" in page
    assert "canary words" in page
    assert Outcome.objects.count() == 1


def test_handing_over_pages_the_next_people(casey, address, incident):
    casey.post(f"{address}hand-over/")
    after = Incident.objects.get(pk=incident.pk)
    assert (after.state, after.step) == ("notifying", incident.step + 1)


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
