"""Scores over time on the patient's page, and the schedule that a clinician sets there."""

import packets as given
import pytest
from staff_story import another_patient, in_danger, invited, measured_before, session_of, submitted

from audit.models import Event
from intake.models import Packet
from screening.models import MeasurementPlan


def prologue(world):
    """PHQ-9 20 a month ago, 3 today; DAST-10 today."""
    packet = in_danger(world)[0]
    measured_before(world.patient)
    return packet


def page_of(user, world):
    return session_of(user).get(f"/staff/patients/{world.patient.id}/").content.decode()


def test_the_trend_has_a_chart_a_table_that_says_the_same_and_its_definitions(world, story):
    page = page_of(world.clinician, world)
    trend = page[page.index('id="trends-title"') : page.index('id="measures-title"')]
    assert '<svg class="trend"' in trend
    assert "Totals out of 27, oldest first: 20, 3." in trend
    assert "−17" in trend
    assert 'class="chip good">response' in trend
    assert "Löwe 2004" in trend
    assert "Not verified" in trend
    assert "style=" not in trend, "the policy allows no inline style"
    assert "−17 since last" in page[page.index('id="scores-title"') : page.index('id="trends-title"')]


def test_substance_use_over_time_is_for_the_care_team_alone(world, story):
    """The same two results for both readers; an older packet's response is as hidden as today's."""
    newer = invited(world).packet
    given.answer(newer, "dast-10", {f"dast10-q{n}": [given.NO] for n in range(1, 11)})
    mine, theirs = page_of(world.clinician, world), page_of(world.supervisor, world)
    assert 'id="trend-dast-10"' in mine
    assert "DAST" not in theirs


def ask(user, world, every_days, instrument="phq-9"):
    return session_of(user).post(
        f"/staff/patients/{world.patient.id}/measures/", {"instrument": instrument, "every_days": every_days}
    )


def test_a_schedule_is_set_shown_due_in_the_inbox_and_stopped(world):
    world.patient = another_patient(world, "Zamora")
    given.invite(world)
    assert ask(world.clinician, world, 14).status_code == 302
    assert "due since" in page_of(world.clinician, world)
    inbox = session_of(world.clinician).get("/staff/inbox/").content.decode()
    assert "Due again" in inbox
    assert "PHQ-9" in inbox[inbox.index("Due again") :]
    ask(world.clinician, world, 0)
    assert "Due again" not in session_of(world.clinician).get("/staff/inbox/").content.decode()
    assert Event.objects.filter(action="measurement.stopped", actor_id=str(world.clinician.id)).count() == 1


@pytest.mark.parametrize("who", ["supervisor", "backup", "stranger", "front_desk", "compliance", "stranger_desk"])
def test_nobody_but_the_care_team_sets_one(world, who):
    assert ask(getattr(world, who), world, 14).status_code == 404
    assert not MeasurementPlan.objects.exists()


@pytest.mark.parametrize(("every_days", "instrument"), [("13", "phq-9"), ("", "phq-9"), ("14", "dast-10"), ("14", "x")])
def test_what_is_not_on_the_list_is_refused_in_one_line(world, every_days, instrument):
    assert ask(world.clinician, world, every_days, instrument).status_code == 302
    assert not MeasurementPlan.objects.exists()


def test_the_front_desk_sees_nothing_of_a_schedule(world):
    """Two worlds that differ in the schedule alone look the same at the desk."""
    packet = given.invite(world).packet
    session = session_of(world.front_desk)
    addresses = ["/admin/", "/admin/intake/packet/", f"/admin/intake/packet/{packet.id}/change/"]

    def seen():
        return [len(session.get(address).content) for address in addresses]

    before = seen()
    ask(world.clinician, world, 14)
    assert seen() == before


def ask_now(user, world, instrument="phq-9"):
    address = f"/staff/patients/{world.patient.id}/measures/ask/"
    return session_of(user).post(address, {"instrument": instrument}, follow=True)


def test_asking_again_makes_a_packet_with_that_form_alone_and_its_answer_moves_the_day(world, story):
    assert "a packet that is not finished" in ask_now(world.clinician, world).content.decode()
    submitted(story)
    assert "gives the link out" in ask_now(world.clinician, world).content.decode()
    newest = Packet.objects.order_by("-invited_at").first()
    assert [step.slug for step in newest.steps.all()] == ["phq-9"]
    assert newest.visit_type == "follow_up"
    ask(world.clinician, world, 7)
    given.answer(newest, "phq-9", {f"phq9-q{n}": [given.SEVERAL] for n in range(1, 10)})
    page = page_of(world.clinician, world)
    assert "oldest first: 20, 3, 9." in page
    assert "next due" in page
    desk = session_of(world.front_desk).get(f"/admin/intake/packet/{newest.id}/change/").content.decode()
    assert "PHQ" not in desk


def test_of_a_child_an_instrument_for_adults_is_not_asked(world, story):
    submitted(story)
    world.patient.birth_date = "2015-05-04"
    world.patient.save()
    assert "be asked of this patient" in ask_now(world.clinician, world).content.decode()
    assert Packet.objects.count() == 1


@pytest.mark.parametrize("who", ["supervisor", "backup", "stranger", "front_desk"])
def test_nobody_but_the_care_team_asks(world, story, who):
    submitted(story)
    assert ask_now(getattr(world, who), world).status_code == 404
    assert Packet.objects.count() == 1
