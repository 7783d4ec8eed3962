"""The clinician's inbox: what is dangerous first, only one's own patients, and a poll that costs nothing."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from staff_story import another_patient, in_danger, invited, session_of, submitted

from audit.models import Event
from core.models import Program, Site
from escalation.models import Incident

INBOX = "/staff/inbox/"


def prologue(world):
    return in_danger(world)


def text(client):
    return client.get(INBOX).content.decode()


def test_an_open_incident_stands_first_with_its_clock(world, story):
    submitted(invited(world, another_patient(world, "Zamora")).packet)
    page = text(session_of(world.clinician))
    assert page.index("Open incidents") < page.index(story[1].code) < page.index("To review") < page.index("Zamora")
    assert 'data-seconds-left="2' in page


def test_what_was_submitted_waits_for_review_the_worst_finding_first(world, story):
    calm = submitted(invited(world, another_patient(world, "Calm")).packet)
    worst = submitted(story[0])
    page = text(session_of(world.clinician))
    review = page[page.index("To review") : page.index("Your other patients")]
    assert review.index(str(worst.id)) < review.index(str(calm.id))


def test_packets_of_other_clinicians_patients_are_not_listed(world, story):
    invited(world, another_patient(world, "Elsewhere", world.backup))
    assert "Elsewhere" not in text(session_of(world.clinician))
    assert "Elsewhere" in text(session_of(world.backup))


def test_a_supervisor_sees_the_whole_clinic(world, story):
    invited(world, another_patient(world, "Elsewhere", world.backup))
    assert "Elsewhere" in text(session_of(world.supervisor))


def test_whoever_is_on_call_sees_the_incident_of_a_patient_of_somebody_else(world, story):
    assert story[1].code in text(session_of(world.backup))


def test_a_clinician_of_another_clinic_sees_nothing_of_ours(world, story):
    page = text(session_of(world.stranger))
    assert "Rosa" not in page
    assert story[1].code not in page


@pytest.mark.parametrize("who", ["front_desk", "stranger_desk", "compliance"])
def test_to_everybody_else_there_is_no_inbox(world, who):
    assert session_of(getattr(world, who)).get(INBOX).status_code == 404


def test_a_person_who_lost_the_role_loses_the_inbox_at_once(world):
    client = session_of(world.clinician)
    assert client.get(INBOX).status_code == 200
    world.clinician.memberships.update(is_active=False)
    assert client.get(INBOX).status_code == 404


def test_the_list_leaves_one_event_that_names_everybody_on_it(world, story):
    other = another_patient(world, "Zamora")
    invited(world, other)
    text(session_of(world.clinician))
    event = Event.objects.get(action="patient.read")
    assert str(world.patient.id) in event.context
    assert str(other.id) in event.context


def test_a_poll_answers_304_and_leaves_no_event_until_something_changes(world, story):
    client = session_of(world.clinician)
    tag = client.get(INBOX)["ETag"]
    asked = {"HX-Request": "true", "If-None-Match": tag}
    assert client.get(INBOX, headers=asked).status_code == 304
    assert Event.objects.filter(action="patient.read").count() == 1
    session_of(world.backup).post(f"/incidents/{story[1].code}/acknowledge/")
    part = client.get(INBOX, headers=asked)
    assert part.status_code == 200
    assert "Blake Backup took it" in part.content.decode()
    assert "<html" not in part.content.decode()


def test_what_a_poll_says_aloud_counts_in_good_english(world, story):
    part = session_of(world.clinician).get(INBOX, headers={"HX-Request": "true"}).content.decode()
    assert ">1 open incident, 1 finding and 0 packets to review<" in part


def test_no_answer_may_be_kept_by_a_browser_or_a_proxy(world, story):
    client = session_of(world.clinician)
    page = client.get(INBOX)
    same = client.get(INBOX, headers={"HX-Request": "true", "If-None-Match": page["ETag"]})
    assert page["Cache-Control"] == same["Cache-Control"] == "no-store"


def test_the_number_of_queries_does_not_grow_with_the_list(world, story):
    client = session_of(world.clinician)

    def queries():
        with CaptureQueriesContext(
            connection,
        ) as asked:
            client.get(INBOX)
        return len(asked)

    submitted(story[0])
    few = queries()
    for n in range(6):
        packet = invited(world, another_patient(world, f"Family{n}")).packet
        if n % 2:
            submitted(packet)
    assert queries() == few


def test_closed_incidents_stand_last(world, story):
    client = session_of(world.clinician)
    client.post(f"/incidents/{story[1].code}/outcome/", {"kind": "reached_safe", "note": "Called her.", "seen": "1"})
    assert Incident.objects.get(pk=story[1].pk).state == "resolved"
    page = text(client)
    assert page.index("Your other patients") < page.index("Closed incidents") < page.rindex(story[1].code)


@pytest.mark.parametrize(("who", "where"), [("clinician", INBOX), ("front_desk", "/admin/")])
def test_home_leads_everybody_to_the_one_place_they_work_in(world, who, where):
    reply = session_of(getattr(world, who)).get("/staff/")
    assert (reply.status_code, reply["Location"]) == (302, where)


def test_home_offers_compliance_each_of_its_places(world):
    page = session_of(world.compliance).get("/staff/").content.decode()
    for place in ("/audit/", "/staff/privacy/", "/admin/consents/document/"):
        assert f'href="{place}"' in page


def test_home_says_so_when_nobody_gave_a_role(world):
    world.clinician.memberships.update(is_active=False)
    assert "No role yet" in session_of(world.clinician).get("/staff/").content.decode()


def narrowed(client, **chosen):
    return client.get(INBOX, chosen).content.decode()


def test_the_list_is_narrowed_by_what_an_address_may_say_and_incidents_always_stand(world, story):
    submitted(invited(world, another_patient(world, "Zamora")).packet)
    invited(world, another_patient(world, "Elsewhere", world.backup))
    sam = session_of(world.supervisor)
    other = Site.objects.create(clinic=world.clinic, name="Other site", code="S2")
    program = Program.objects.create(clinic=world.clinic, name="P", public_name="Other program", legal_name="P")
    for chosen, shown in (
        ({}, {"Zamora", "Elsewhere"}),
        ({"whose": "own"}, set()),
        ({"state": "submitted"}, {"Zamora"}),
        ({"state": "invited"}, {"Elsewhere"}),
        ({"site": world.site.id}, {"Zamora", "Elsewhere"}),
        ({"site": other.id}, set()),
        ({"program": program.id}, set()),
        ({"due": "on"}, set()),
        ({"state": "nonsense"}, {"Zamora", "Elsewhere"}),
    ):
        page = narrowed(sam, **chosen)
        assert {name for name in ("Zamora", "Elsewhere") if name in page} == shown, chosen
        assert story[1].code in page, chosen
    assert "Zamora" in narrowed(session_of(world.clinician), whose="own")
    assert "Other site" not in narrowed(session_of(world.stranger))


def test_the_rest_comes_page_by_page_and_a_poll_asks_for_its_own_page(world, story, monkeypatch):
    monkeypatch.setattr("intake.selectors.listing.LISTED", 2)
    for n in range(3):
        invited(world, another_patient(world, f"Family{n}"))
    client = session_of(world.clinician)
    first, second = narrowed(client), narrowed(client, page=2)
    assert [name in first for name in ("Family2", "Family1", "Family0")] == [True, True, False]
    assert "Family0" in second
    assert f'hx-get="{INBOX}?page=2"' in second
    assert 'href="?page=2"' in first
    assert "None among what you asked for" in narrowed(client, page=9)


def test_whoever_runs_the_system_finds_the_settings_and_whether_paging_is_alive(world):
    page = session_of(world.operator).get("/staff/").content.decode()
    assert 'href="/staff/paging/"' in page and 'href="/admin/"' in page
    assert 'href="/staff/paging/"' in session_of(world.supervisor).get("/staff/inbox/").content.decode()
    assert "/staff/paging/" not in session_of(world.clinician).get("/staff/inbox/").content.decode()
