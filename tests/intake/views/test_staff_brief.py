"""The pre-session brief: one page, dangers first, each sentence with what it rests on, and for whom it is."""

import io
import sys
from datetime import timedelta

import packets as given
import pytest
from django.db.models import F
from django.test import Client
from pypdf import PdfReader
from staff_story import ITEM_NINE, in_danger, session_of

import escalation.services
from audit.actions import Actor
from audit.models import Event
from consents.rendering.press import press
from escalation.models import Incident
from intake.services.submission import page_a_human

STORY = "No puedo dormir; mi niño también está ansioso y yo lloré ayer. "


def prologue(world):
    packet = in_danger(world)[0]
    given.answer(packet, "presenting-concerns", {"con-reason": [STORY.strip()]})
    given.answer(packet, "substance-use")
    return packet


@pytest.fixture
def packet(story):
    return story


def asked(user, world) -> "tuple[int, str, int]":
    """Status, the words on one line, and how many pages."""
    client: Client = session_of(user)
    response = client.get(f"/staff/patients/{world.patient.id}/brief.pdf")
    if response.status_code != 200:
        return response.status_code, "", 0
    reader = PdfReader(io.BytesIO(response.content))
    return 200, " ".join(" ".join(page.extract_text() for page in reader.pages).split()), len(reader.pages)


def test_dangers_first_then_their_own_words_then_scores_and_each_sentence_has_its_source(world, packet):
    status, text, pages = asked(world.clinician, world)
    assert (status, pages) == (200, 1)
    order = [
        "Rosa Núñez",
        "What needs attention",
        ITEM_NINE,
        "own words",
        "“No puedo dormir",
        "Scores",
        "PHQ-9 3 of 27",
    ]
    order += ["Medicines", "Substance use (Part 2)", "Consents", "What is open", "1 incident"]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert "1+1+0+0+0+0+0+0+1" in text, "the working"
    assert "niño también está ansioso" in text
    references = text[text.index("1 incident") :]
    assert "In your own words, what would you" in references
    assert "What brings you here, " in references
    assert ITEM_NINE[:20] in references
    assert "42 CFR part 2 prohibits" in text


def test_outside_the_care_team_it_tells_nothing_of_substance_use(world, packet):
    _, text, pages = asked(world.supervisor, world)
    assert pages == 1
    assert ITEM_NINE in text
    assert "2 substance-use sections can be opened by the care team only" in text
    for word in ("DAST", "cannabis", "Cannabis", "Substance use (Part 2)"):
        assert word not in text


def test_a_patient_who_answered_nothing_has_a_page_that_says_so(world):
    given.invite(world)
    _, text, pages = asked(world.clinician, world)
    assert pages == 1
    assert "Nothing was answered." in text
    assert "parts are not finished" in text


def test_the_longest_stories_names_and_lists_stay_on_one_page_and_say_that_they_were_cut(world, packet):
    world.patient.given_name, world.patient.family_name = "WÁŴŇ" * 30, "Ñúñez " * 20
    world.patient.save()
    wide = {"con-reason": [("WWW " * 300 + STORY * 10)[:2000]], "con-hope": [("emwm" * 400)[:1500]]}
    given.answer(packet, "presenting-concerns", wide)
    given.answer(packet, "substance-use", {"sub-other": ["W" * 100]})
    _, text, pages = asked(world.clinician, world)
    assert pages == 1
    assert "…, see the patient page." in text
    assert "What is open" in text
    assert "1 incident" in text, "the references are on the page too"


def test_each_reading_leaves_evidence(world, packet):
    asked(world.clinician, world)
    read = Event.objects.filter(actor_id=str(world.clinician.id), patient_id=world.patient.id)
    assert "brief" in read.get(action="patient.read").context
    assert read.filter(action="screening.read").count() == 1


@pytest.mark.parametrize("who", ["backup", "stranger", "front_desk", "stranger_desk", "compliance"])
def test_to_everybody_else_there_is_no_brief(world, packet, who):
    assert asked(getattr(world, who), world)[0] == 404
    assert not Event.objects.filter(action="patient.read").exists()


def test_without_pango_one_sentence_says_what_to_do(world, packet, monkeypatch, tmp_path):
    """The process that renders says N when WeasyPrint can't be loaded: here one stands in that can say nothing else."""
    stand_in = tmp_path / "python"
    stand_in.write_text(f"#!{sys.executable}\nimport os, socket\nsocket.socket(fileno=os.dup(0)).sendall(b'N')\n")
    stand_in.chmod(0o755)
    press().stop()
    monkeypatch.setattr(sys, "executable", str(stand_in))
    response = session_of(world.clinician).get(f"/staff/patients/{world.patient.id}/brief.pdf", follow=True)
    assert "The PDF could not be made. This page can be printed instead." in response.content.decode()


def document(world, incident):
    actor = Actor.staff(world.clinician.id)
    escalation.services.acknowledge(incident_id=incident.id, user=world.clinician, actor=actor)
    escalation.services.resolve(
        incident_id=incident.id, user=world.clinician, kind="safety_plan", note="Called her.", actor=actor
    )


def test_an_incident_of_the_last_90_days_stands_with_its_outcome_and_who_signed_it(world, packet):
    incident = Incident.objects.get()
    assert f"Incident {incident.code}, " in asked(world.clinician, world)[1], "an open one, too"
    document(world, incident)
    _, text, pages = asked(world.clinician, world)
    assert pages == 1
    told = text[text.index("Incidents of the last 90 days") : text.index("Why they come")]
    assert f"Incident {incident.code}, " in told
    assert ITEM_NINE in told
    assert "Safety plan made, signed by Casey Clinician, LCSW, " in told
    references = text[text.index("What is open") :]
    assert f"incident {incident.code}" in references
    assert f"outcome of incident {incident.code}" in references
    Incident.objects.update(opened_at=F("opened_at") - timedelta(days=91))
    assert "Incidents of the last 90 days" not in asked(world.clinician, world)[1]


def test_an_incident_tells_nothing_of_substance_use_outside_the_care_team(world, packet):
    given.answer(packet, "substance-use", {"sub-overdose-ever": [given.YES], "sub-overdose-30": [given.YES]})
    for user, tells in ((world.clinician, True), (world.supervisor, False)):
        text = asked(user, world)[1]
        told = text[text.index("Incidents of the last 90 days") : text.index("Why they come")]
        assert ITEM_NINE in told
        assert ("overdose" in told.lower()) is tells


def test_many_incidents_stay_on_the_page(world, packet):
    for turn in range(6):
        document(world, Incident.objects.exclude(state="resolved").get())
        page_a_human(packet, f"again:{turn}", "high", "again", f"{turn} " + ITEM_NINE * 3)
    _, text, pages = asked(world.clinician, world)
    assert pages == 1
    assert "…, see the patient page." in text
