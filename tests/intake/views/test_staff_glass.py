"""A clinician outside the care team reads a patient's page for an hour, with a reason, and compliance looks at it."""

import json
import re
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction
from staff_story import ITEM_NINE, in_danger, session_of

import core.services
from audit.actions import Actor
from audit.models import Event
from core import clock
from core.channels.base import ChannelError
from core.channels.memory import MemoryChannel
from core.models import BreakGlass, BreakGlassReview, Membership
from escalation.models import Incident

FIND, GLASS = "/staff/find/", "/staff/opened/"
REASON = {"why": "covering", "words": "Casey is ill today."}


@pytest.fixture
def packet(world):
    return in_danger(world)[0]


@pytest.fixture
def page(world):
    return f"/staff/patients/{world.patient.id}/"


def opened(world, page):
    client = session_of(world.backup)
    assert client.post(page + "open/", REASON)["Location"] == page
    return client


def test_a_patient_is_found_by_name_or_number_and_no_name_stands_in_an_address(world):
    for who, link in ((world.clinician, f'href="/staff/patients/{world.patient.id}/"'), (world.backup, "/open/")):
        for words in ("nunez", "MRN-1001", "Núñez 1990-03-15"):
            assert link in session_of(who).post(FIND, {"words": words}).content.decode()
    assert "Nobody was found" in session_of(world.backup).post(FIND, {"words": "Nun"}).content.decode()
    assert session_of(world.backup).get(FIND + "?words=nunez").status_code == 404
    assert "Nobody was found" in session_of(world.stranger).post(FIND, {"words": "nunez"}).content.decode()
    event = Event.objects.filter(action="patient.read", actor_id=str(world.backup.id)).latest("at")
    assert json.loads(event.context)["patients"] == [str(world.patient.id)]


@pytest.mark.parametrize("who", ["stranger", "front_desk", "stranger_desk", "compliance"])
def test_to_everybody_else_there_is_no_glass_to_break(world, page, who):
    client = session_of(getattr(world, who))
    assert client.get(page + "open/").status_code == client.post(page + "open/", REASON).status_code == 404
    assert not BreakGlass.objects.exists()


@pytest.mark.parametrize("missing", ["why", "words"])
def test_no_reason_opens_nothing(world, packet, page, missing):
    client = session_of(world.backup)
    assert client.get(page).status_code == 404
    assert client.post(page + "open/", REASON | {missing: " "}).status_code == 400
    assert client.get(page).status_code == 404


def test_one_word_is_no_reason_and_what_was_typed_stays(world, packet, page):
    answer = session_of(world.backup).post(page + "open/", {"why": "covering", "words": "canary-x"})
    assert answer.status_code == 400
    assert "Say in a sentence why" in answer.content.decode() and "canary-x" in answer.content.decode()
    assert not BreakGlass.objects.exists()


def test_with_a_reason_the_page_is_read_without_substance_use_and_every_read_names_the_glass(world, packet, page):
    text = opened(world, page).get(page).content.decode()
    assert "You are not on the care team" in text
    assert ITEM_NINE in text
    assert "DAST" not in text
    glass = BreakGlass.objects.get()
    reads = Event.objects.filter(action__in=["packet.read", "screening.read"], actor_id=str(world.backup.id))
    assert reads.count() >= 2
    assert {json.loads(one.context)["break_glass"] for one in reads} == {str(glass.pk)}
    session_of(world.clinician).get(page)
    own = Event.objects.filter(action="packet.read", actor_id=str(world.clinician.id)).latest("at")
    assert "break_glass" not in json.loads(own.context)


def test_what_is_opened_is_read_and_not_acted_upon(world, packet, page):
    client = opened(world, page)
    for address in (f"/chart/{packet.id}/", page + "brief.pdf", f"/staff/privacy/patients/{world.patient.id}/"):
        assert client.get(address).status_code == 404, address
    for address in (f"/chart/{packet.id}/approve/", page + "measures/"):
        assert client.post(address).status_code == 404, address
    text = client.get(page).content.decode()
    assert "/chart/" not in text
    assert "brief.pdf" not in text
    assert page not in client.get("/staff/inbox/").content.decode()


def test_after_an_hour_or_without_the_role_it_is_closed_again(world, packet, page):
    assert opened(world, page).get(page).status_code == 200
    world.backup.memberships.update(is_active=False)
    assert session_of(world.backup).get(page).status_code == 404
    now = clock.now()
    BreakGlass.objects.create(
        user=world.supervisor, patient=world.patient, why="asked", words="x", at=now - timedelta(hours=1), until=now
    )
    world.supervisor.memberships.update(role="clinician")
    assert session_of(world.supervisor).get(page).status_code == 404


def test_the_database_holds_the_hour_and_what_was_written(world, packet, page, owner_sql):
    opened(world, page)
    glass = BreakGlass.objects.get()
    assert glass.until - glass.at == timedelta(hours=1)
    with pytest.raises(DatabaseError, match="glass_is_broken_for_an_hour"), transaction.atomic():
        BreakGlass.objects.create(
            user=world.backup, patient=world.patient, why="asked", words="x", until=clock.now() + timedelta(hours=2)
        )
    for change in ({"until": clock.now()}, {"why": "other"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            BreakGlass.objects.filter(pk=glass.pk).update(**change)


def test_compliance_sees_it_waiting_and_reviews_it_once(world, packet, page):
    opened(world, page)
    client = session_of(world.compliance)
    assert "1 page opened from outside the care team" in client.get("/staff/privacy/").content.decode()
    listed = client.get(GLASS).content.decode()
    assert "Blake Backup opened Rosa Núñez" in listed
    assert "Casey is ill today." in listed
    address = f"{GLASS}{BreakGlass.objects.get().pk}/"
    assert session_of(world.backup).post(address, {"finding": "justified", "note": "x"}).status_code == 404
    assert "checked" not in listed and "selected" not in listed, "nothing is found before anybody has looked"
    for typed, said in (
        ({"finding": "justified", "note": ""}, "Say in a few words"),
        ({"finding": "justified", "note": "canary-x"}, "One word"),
        ({"note": "canary words"}, "Choose what you found."),
    ):
        page = client.post(address, typed).content.decode()
        assert said in page and typed["note"] in page
    assert not BreakGlassReview.objects.exists()
    for finding in ("follow_up", "justified"):
        client.post(address, {"finding": finding, "note": "Spoke with Blake."})
    assert BreakGlassReview.objects.get().finding == "follow_up"
    assert "Spoke with Blake." in client.get(GLASS).content.decode()
    assert "opened from outside" not in client.get("/staff/privacy/").content.decode()
    done = Event.objects.filter(action__startswith="break_glass").order_by("at")
    assert [one.action for one in done] == ["break_glass.opened", "break_glass.reviewed"]


@pytest.mark.parametrize("who", ["clinician", "supervisor", "front_desk", "stranger"])
def test_nobody_else_reads_who_opened_what(world, who):
    assert session_of(getattr(world, who)).get(GLASS).status_code == 404


def test_nobody_reviews_their_own(world, packet, page):
    core.services.break_glass(patient=world.patient, user=world.compliance, why="other", words="To audit.")
    address = f"{GLASS}{BreakGlass.objects.get().pk}/"
    assert session_of(world.compliance).post(address, {"finding": "justified", "note": "x"}).status_code == 404


# --- compliance is told by mail too ---


def told_by_mail():
    mail = MemoryChannel()
    return core.services.tell_compliance(channels=lambda _name: mail), mail.sent


def test_the_compliance_officers_of_the_clinic_get_a_mail_that_says_nothing_of_anybody(world, packet, page):
    opened(world, page)
    count, sent = told_by_mail()
    assert (count, [one.to for one in sent]) == (1, [world.compliance.email])
    words = f"{sent[0].subject} {sent[0].body} {sent[0].facts}"
    glass = BreakGlass.objects.get()
    for secret in ("Rosa", "Núñez", "MRN", "Blake", "Casey", "ill today", str(glass.id), str(world.patient.id)):
        assert secret not in words, secret
    assert words.count("/staff/opened/") == 2
    assert told_by_mail() == (0, []), "once"
    event = Event.objects.get(action="break_glass.told")
    assert json.loads(event.context) == {"told": 1}


def test_where_the_mail_server_is_away_the_row_waits(world, packet, page):
    class Away(MemoryChannel):
        def deliver(self, message):
            raise ChannelError("TimeoutError", permanent=False)

    opened(world, page)
    with pytest.raises(ChannelError):
        core.services.tell_compliance(channels=lambda _name: Away())
    assert not Event.objects.filter(action="break_glass.told").exists()
    assert told_by_mail()[0] == 1


def test_a_refused_address_and_a_clinic_without_an_officer_hold_nothing_up(world, packet, page, caplog):
    Membership.objects.filter(user=world.compliance).update(is_active=False)
    opened(world, page)
    assert told_by_mail() == (1, [])
    assert "no compliance officer could be told by mail" in caplog.text


def test_whoever_answers_an_incident_comes_from_it_to_the_question_why_and_then_to_its_packet(world, packet, page):
    incident = Incident.objects.get(source_ref=packet.id)
    [link] = re.findall(r'href="([^"]+)">Answers and scores', on_incident(world.backup, incident))
    asked = session_of(world.backup).get(link)
    assert asked.status_code == 200
    assert f"incident {incident.code}" in asked.content.decode()
    assert not BreakGlass.objects.exists(), "looking opens nothing"
    client = session_of(world.backup)
    onward = client.post(link, REASON)["Location"]
    assert onward == f"{page}?packet={packet.id}"
    assert ITEM_NINE in client.get(onward).content.decode()
    assert session_of(world.clinician).get(link)["Location"] == onward, "the care team goes straight there"


def test_the_way_from_an_incident_is_closed_to_strangers_and_to_another_patients_incident(world, packet, page):
    incident = Incident.objects.get(source_ref=packet.id)
    for who in (world.stranger, world.front_desk, world.stranger_desk, world.compliance):
        assert session_of(who).get(f"{page}open/?incident={incident.code}").status_code == 404
    neighbour = core.services.register_patient(
        clinic=world.clinic, given_name="Nell", family_name="Neighbour", birth_date=date(1990, 3, 15),
        actor=Actor.system("test"),
    )  # fmt: skip
    other = f"/staff/patients/{neighbour.id}/open/"
    assert session_of(world.backup).get(other).status_code == 200
    assert session_of(world.backup).get(f"{other}?incident={incident.code}").status_code == 404
    assert session_of(world.backup).get(f"{page}open/?incident=NOSUCH").status_code == 404


def on_incident(user, incident):
    return session_of(user).get(f"/incidents/{incident.code}/").content.decode()
