"""The ladder climbs on the database's clock until somebody says what was done."""

from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection

from audit.actions import Actor
from core import clock
from escalation import policy, selectors, services
from escalation.models import Incident, Ladder, Page, Shift


def staff(user):
    return {"user": user, "actor": Actor.staff(user.id)}


def now_in(incident):
    return Incident.objects.get(pk=incident.pk)


def test_what_a_ladder_does_is_told_in_words_and_what_is_risky_about_it():
    short = [policy.Step("On call", "on_call", 300), policy.Step("Backup", "backup", 30)]
    assert policy.story(short) == (
        "An alert goes to On call at once. If nobody acknowledges, the next page goes out after 5 minutes, to Backup. "
        "The last step repeats every 1 minute, each time to more people, until somebody takes it."
    )
    assert policy.cautions(short) == ()
    assert policy.cautions([policy.Step("On call", "on_call", 900), short[1]]) == ()
    (late,) = policy.cautions([policy.Step("On call", "on_call", 901), short[1]])
    assert "only after 901 seconds" in late
    alone, late = policy.cautions([policy.Step("On call", "on_call", 3600)])
    assert "a single step: for 60 minutes nobody but On call" in alone and "only after 60 minutes" in late


def test_nothing_advances_before_its_time(alarm, pass_time):
    alarm()
    pass_time(290)
    assert services.advance_due() == 0
    assert Page.objects.count() == 1


def test_unanswered_it_climbs_and_its_last_step_repeats_for_ever_with_ever_more_people(
    alarm, world, pass_time, paged, recorded
):
    since = clock.now() - timedelta(days=1)
    Shift.objects.create(clinic=world.clinic, user=world.supervisor, level="supervisor", starts_at=since)
    incident = alarm()
    for wait in (301, 121, 121, 121):
        pass_time(wait)
        assert services.advance_due() == 1
        assert services.advance_due() == 0
    rounds = [["Casey"], ["Blake"], ["Blake", "Sam"], ["Blake", "Casey", "Sam"], ["Blake", "Casey", "Sam"]]
    assert paged() == [person for people in rounds for person in people]
    assert (now_in(incident).step, now_in(incident).loop) == (1, 3)
    assert recorded("incident.step") == 5


def test_after_a_long_downtime_one_step_is_taken_from_now(alarm, pass_time):
    incident = alarm()
    pass_time(7200)
    assert services.advance_due() == 1
    assert now_in(incident).step == 1
    assert now_in(incident).due_at - clock.now() > timedelta(seconds=110)


def test_people_are_resolved_when_the_step_is_taken(alarm, world, pass_time, paged):
    alarm()
    Shift.objects.filter(user=world.backup).update(user=world.supervisor)
    pass_time(301)
    services.advance_due()
    assert paged() == ["Casey", "Sam"]


def test_a_page_that_still_waits_is_replaced_by_the_same_persons_new_one(alarm, world, pass_time):
    Ladder.objects.update(steps=[{"name": "Only", "level": "on_call", "wait_seconds": 60}])
    alarm()
    for _ in range(3):
        pass_time(61)
        services.advance_due()
    hers = Page.objects.filter(user=world.clinician)
    assert hers.count() == 4
    assert set(hers.exclude(pk=hers.get(state="pending").pk).values_list("last_error", flat=True)) == {"superseded"}


def test_an_acknowledged_incident_is_left_alone_until_its_deadline(alarm, world, pass_time, paged):
    incident = alarm()
    services.acknowledge(incident_id=incident.pk, **staff(world.clinician))
    pass_time(59 * 60)
    assert services.advance_due() == 0
    assert paged() == ["Casey"]


def test_without_an_outcome_by_the_deadline_paging_resumes(alarm, world, pass_time, paged, recorded):
    incident = alarm()
    services.acknowledge(incident_id=incident.pk, **staff(world.clinician))
    pass_time(60 * 60 + 1)
    assert services.advance_due() == 1
    assert now_in(incident).state == Incident.State.NOTIFYING
    assert paged() == ["Casey", "Blake"]
    assert recorded("incident.reopened") == 1
    again = services.acknowledge(incident_id=incident.pk, **staff(world.backup))
    assert again.first
    assert now_in(incident).acknowledgements.count() == 2


def test_a_resolved_incident_never_advances(alarm, world, pass_time):
    incident = alarm()
    services.resolve(incident_id=incident.pk, kind="not_a_risk", note="Mis-tap; confirmed.", **staff(world.clinician))
    pass_time(100_000)
    assert services.advance_due() == 0
    assert now_in(incident).state == Incident.State.RESOLVED


def test_an_incident_left_open_by_hand_is_picked_up(alarm, paged):
    incident = alarm()
    Incident.objects.filter(pk=incident.pk).update(state="open", due_at=clock.now())
    assert services.advance_due() == 1
    assert now_in(incident).state == Incident.State.NOTIFYING
    assert paged() == ["Casey", "Casey"]


def test_handing_over_takes_the_next_step_at_once_from_either_state(alarm, world, paged, recorded):
    incident = alarm()
    services.hand_over(incident_id=incident.pk, **staff(world.clinician))
    assert paged() == ["Casey", "Blake"]
    services.acknowledge(incident_id=incident.pk, **staff(world.backup))
    services.hand_over(incident_id=incident.pk, **staff(world.backup))
    assert now_in(incident).state == Incident.State.NOTIFYING
    assert paged() == ["Casey", "Blake", "Blake", "Casey", "Sam"]
    assert recorded("incident.step") == 3


def test_a_resolved_incident_cannot_be_handed_over(alarm, world):
    incident = alarm()
    services.resolve(incident_id=incident.pk, kind="reached_safe", note="She is safe.", **staff(world.clinician))
    with pytest.raises(services.AlreadyResolved):
        services.hand_over(incident_id=incident.pk, **staff(world.clinician))


@pytest.mark.parametrize("person", ["front_desk", "stranger", "compliance"])
def test_only_those_who_answer_this_clinics_pages_can_act(alarm, world, person):
    incident = alarm()
    who = staff(getattr(world, person))
    with pytest.raises(PermissionDenied):
        services.acknowledge(incident_id=incident.pk, **who)
    with pytest.raises(PermissionDenied):
        services.hand_over(incident_id=incident.pk, **who)
    with pytest.raises(PermissionDenied):
        services.resolve(incident_id=incident.pk, kind="reached_safe", note="Too late.", **who)
    assert now_in(incident).state == Incident.State.NOTIFYING


def test_every_change_of_an_incident_is_in_its_history(alarm, world, pass_time):
    incident = alarm()
    pass_time(301)
    services.advance_due()
    services.acknowledge(incident_id=incident.pk, **staff(world.backup))
    services.resolve(incident_id=incident.pk, kind="safety_plan", note="Plan made.", **staff(world.backup))
    states = incident.history.order_by("history_id").values_list("state", "step")
    assert list(states) == [("open", 0), ("notifying", 0), ("notifying", 1), ("acknowledged", 1), ("resolved", 1)]


def test_a_snapshot_that_does_not_open_stops_no_pages(alarm, world, pass_time, paged, caplog):
    alarm()
    bad = alarm(packet=world.clinic.id)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE escalation_incident SET snapshot = 'v1.k1.AAAA' WHERE id = %s", [bad.pk])
    pass_time(301)
    assert services.advance_due() == 2
    assert paged() == ["Casey", "Casey", "Blake", "Blake"]
    assert "does not open" in caplog.text
    assert services.acknowledge(incident_id=bad.pk, **staff(world.backup)).first
    assert [row.readable for row in selectors.inbox([world.clinic.id])] == [True, False]


@pytest.mark.django_db(transaction=True)
def test_one_incident_that_the_database_refuses_does_not_stop_the_others(alarm, world, pass_time, owner_sql, caplog):
    bad = alarm(packet=world.clinic.id)
    good = alarm()
    owner_sql.execute(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no'; END $$;"
        "CREATE TRIGGER refuse BEFORE UPDATE OF step ON escalation_incident FOR EACH ROW"
        f" WHEN (OLD.id = '{bad.pk}') EXECUTE FUNCTION refuse()"
    )
    try:
        pass_time(301)
        assert services.advance_due() == 1
    finally:
        owner_sql.execute("DROP TRIGGER refuse ON escalation_incident; DROP FUNCTION refuse")
    assert now_in(good).step == 1
    assert now_in(bad).step == 0
    assert timedelta(seconds=50) < now_in(bad).due_at - clock.now() <= timedelta(seconds=60)
    assert "again in a minute" in caplog.text
    pass_time(61)
    assert services.advance_due() == 1
    assert now_in(bad).step == 1
