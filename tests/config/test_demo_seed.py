"""The demo's clinic on an ordinary day: who is where, made by the services, once, and out of the demo-check's way."""

import json

import pytest
from django.core import mail
from personas import signed_in

import escalation.services
from audit.models import Event
from config.demo import seed, story
from core.models import Patient, User
from escalation.models import Incident
from intake.models import Packet

ROSA, WAITS_FOR_REVIEW, IN_DANGER, IN_SPANISH, A_CHILD = (f"MRN-100{n}" for n in (1, 4, 5, 6, 7))


@pytest.fixture
def links(db, settings, tmp_path):
    """Seeds and gives the links; can be called again, as each start of the demo does."""
    settings.DATA_DIR = tmp_path
    return lambda: json.loads(seed.seed().read_text())


def packet_of(mrn):
    return Packet.objects.get(patient=next(one for one in Patient.objects.all() if one.mrn == mrn))


def at_work(email):
    return signed_in(User.objects.get(email=email))


def test_an_ordinary_day_is_told_and_nobody_is_paged_for_it(links):
    links()
    assert packet_of(ROSA).state == "invited"
    the_desk_sees_every_kind_of_packet(at_work("desk@candor.demo"))
    the_clinician_sees_who_waits_and_what_was_done(at_work("clinician@candor.demo"))
    assert escalation.services.deliver_due() == 0, "a page would be counted by the demo-check, and wake nobody"
    assert mail.outbox == []
    done = set(Event.objects.values_list("action", flat=True))
    assert {
        "patient.created", "packet.invited", "packet.opened", "packet.locked", "packet.submitted", "incident.opened",
        "incident.acknowledged", "incident.resolved", "packet.respondent",
    } <= done  # fmt: skip


def the_desk_sees_every_kind_of_packet(dana):
    page = dana.get("/admin/intake/packet/").content.decode()
    for words in ("Link locked", "Sent by the patient", "Invited", "Opened", "In progress"):
        assert f'<td class="field-standing">{words}</td>' in page
    assert all(f"{one.family}, {one.given}" in page for one in story.PEOPLE)
    spanish = dana.get(f"/admin/intake/packet/{packet_of(IN_SPANISH).pk}/change/").content.decode()
    assert "Offer an interpreter" not in spanish, "what has no Spanish words is left out"
    assert "Ira Mockup" in dana.get(f"/admin/intake/packet/{packet_of(A_CHILD).pk}/change/").content.decode()


def the_clinician_sees_who_waits_and_what_was_done(casey):
    incident = Incident.objects.get()
    assert (incident.state, incident.patient.mrn) == ("resolved", IN_DANGER)
    assert incident.outcome.signed_as == "Casey Morgan, LCSW"
    page = casey.get("/staff/inbox/").content.decode()
    assert incident.code in page
    assert "Sample" in page.split('id="open-title"')[1]
    theirs = casey.get(f"/staff/patients/{packet_of(WAITS_FOR_REVIEW).patient_id}/").content.decode()
    assert theirs.count("Robin") > 1, "in the heading and in what was answered"
    assert "Rosa" not in theirs


def test_each_start_renews_the_demo_patients_link_alone_and_adds_whoever_is_missing(links, monkeypatch):
    with monkeypatch.context() as before_there_were_others:
        before_there_were_others.setattr(story, "PEOPLE", ())
        first = links()
        assert Patient.objects.count() == 1
    links()
    assert Patient.objects.count() == len(story.PEOPLE) + 1
    before = set(Packet.objects.values_list("id", "token_sha256"))
    assert links()["patient"] != first["patient"]
    assert Patient.objects.count() == len(story.PEOPLE) + 1
    assert [pk for pk, _ in before - set(Packet.objects.values_list("id", "token_sha256"))] == [packet_of(ROSA).pk]


def test_everybodys_name_says_that_they_are_invented():
    invented = {"Sample", "Example", "Specimen", "Placeholder", "Facsimile", "Muestra", "Mockup"}
    assert {one.family for one in story.PEOPLE} == invented
