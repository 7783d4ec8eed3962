"""The inbox, the story of an incident, how late paging is, and who may look."""

import uuid
from datetime import timedelta

import pytest
from django.http import Http404

from audit.actions import Actor
from core import clock
from core.models import Membership
from escalation import selectors, services
from escalation.access import get_incident_for_clinician
from escalation.models import Incident, Page, Shift


def staff(user):
    return {"user": user, "actor": Actor.staff(user.id)}


def test_unanswered_incidents_come_first_then_taken_ones_then_what_is_done(alarm, world, pass_time):
    done, taken, waiting = (alarm(packet=uuid.uuid4()) for _ in range(3))
    services.resolve(incident_id=done.pk, kind="reached_safe", note="She is safe.", **staff(world.clinician))
    services.acknowledge(incident_id=taken.pk, **staff(world.backup))
    pass_time(400)
    rows = selectors.inbox([world.clinic.id])
    assert [row.incident.pk for row in rows] == [waiting.pk, taken.pk, done.pk]
    assert [row.taken_by for row in rows] == [None, world.backup, world.clinician]
    assert -110 < rows[0].due_in_seconds < -90
    assert 3190 < rows[1].due_in_seconds < 3210
    assert rows[2].due_in_seconds is None


def test_the_inbox_shows_only_the_clinics_asked_for(alarm, world):
    alarm()
    assert selectors.inbox([world.other_clinic.id]) == []
    assert selectors.inbox([]) == []


def test_the_inbox_takes_as_many_queries_for_many_as_for_one(alarm, world, django_assert_num_queries):
    for _ in range(5):
        incident = alarm(packet=uuid.uuid4())
    services.acknowledge(incident_id=incident.pk, **staff(world.backup))
    with django_assert_num_queries(4):
        for row in selectors.inbox([world.clinic.id]):
            assert row.incident.patient.full_name
            assert row.incident.site.code


def test_the_timeline_tells_who_and_when_in_order(alarm, world, deliver, pass_time):
    incident = alarm()
    deliver()
    alarm(key="later")
    services.hand_over(incident_id=incident.pk, **staff(world.clinician))
    services.acknowledge(incident_id=incident.pk, **staff(world.backup))
    deliver()
    services.resolve(incident_id=incident.pk, kind="welfare_check", note="Check requested.", **staff(world.supervisor))
    story = selectors.timeline(Incident.objects.get(pk=incident.pk))
    assert [(one.kind, one.who, one.detail) for one in story] == [
        ("opened", None, "critical"),
        ("page", world.clinician, "delivered"),
        ("joined", None, ""),
        ("handed_over", world.clinician, "Backup"),
        ("page", world.backup, "answered"),
        ("acknowledged", world.backup, ""),
        ("told", world.clinician, "delivered"),
        ("resolved", world.supervisor, "welfare_check"),
    ]
    assert [one.at for one in story] == sorted(one.at for one in story)
    assert story[5].until - story[5].at == timedelta(minutes=60)


def test_the_timeline_opens_even_when_the_snapshot_does_not(alarm, owner_sql, db):
    incident = alarm()
    Incident.objects.filter(pk=incident.pk).update(snapshot={"triggers": []})
    fresh = Incident.objects.defer("snapshot").get(pk=incident.pk)
    assert selectors.timeline(fresh)[0].kind == "opened"


def test_paging_is_not_late_when_nothing_is_due(alarm, deliver):
    assert selectors.paging_lateness() == 0
    alarm()
    deliver()
    assert selectors.paging_lateness() == 0


@pytest.mark.parametrize("late", ["page", "lease", "incident", "outcome"])
def test_lateness_is_that_of_the_most_overdue(alarm, world, deliver, late):
    incident = alarm()
    deliver()
    then = clock.now() - timedelta(seconds=500)
    if late == "page":
        Page.objects.update(state="retry", due_at=then)
    elif late == "lease":
        Page.objects.update(state="claimed", lease_until=then)
    else:
        if late == "outcome":
            services.acknowledge(incident_id=incident.pk, **staff(world.clinician))
        Incident.objects.update(due_at=then)
    assert 499 < selectors.paging_lateness() < 520


def test_an_incident_that_nobody_could_be_told_of_is_late_since_it_opened(alarm):
    alarm()
    Incident.objects.update(opened_at=clock.now() - timedelta(seconds=500))
    Page.objects.update(state="dead", last_error="address refused")
    assert selectors.paging_lateness() > 499


def test_an_answered_incident_is_not_late_for_its_unsent_pages(alarm, world):
    incident = alarm()
    Page.objects.update(due_at=clock.now() - timedelta(seconds=500))
    services.acknowledge(incident_id=incident.pk, **staff(world.clinician))
    assert selectors.paging_lateness() == 0


# --- who may look -----------------------------------------------------------------------------------


@pytest.mark.parametrize("person", ["clinician", "backup", "supervisor"])
def test_whoever_answers_the_clinics_pages_opens_its_incidents_on_the_care_team_or_not(alarm, world, person):
    incident = alarm()
    assert get_incident_for_clinician(getattr(world, person), incident.code.lower()) == incident


@pytest.mark.parametrize("person", ["front_desk", "compliance", "stranger", "stranger_desk"])
def test_strangers_and_the_front_desk_find_nothing(alarm, world, person):
    with pytest.raises(Http404):
        get_incident_for_clinician(getattr(world, person), alarm().code)


def test_an_unknown_code_and_a_former_colleague_find_nothing(alarm, world):
    with pytest.raises(Http404):
        get_incident_for_clinician(world.clinician, "22222222")
    Membership.objects.filter(user=world.clinician).update(is_active=False)
    with pytest.raises(Http404):
        get_incident_for_clinician(world.clinician, alarm().code)


def test_a_page_may_say_that_the_team_was_told_only_while_an_incident_is_open_and_somebody_is_on_duty(alarm, world):
    packet = uuid.uuid4()
    assert not selectors.is_told(packet)
    incident = alarm(packet=packet)
    assert selectors.is_told(packet)
    services.resolve(incident_id=incident.pk, kind="reached_safe", note="She is safe.", **staff(world.clinician))
    assert not selectors.is_told(packet)


def test_whoever_left_whose_shift_is_over_or_not_begun_or_who_serves_elsewhere_is_nobody_on_duty(alarm, world):
    packet, now = uuid.uuid4(), clock.now()
    alarm(packet=packet)
    Membership.objects.filter(user=world.backup).update(is_active=False)
    ours = Shift.objects.filter(user=world.clinician)
    assert selectors.is_told(packet)
    ours.update(ends_at=now - timedelta(hours=1))
    assert not selectors.is_told(packet)
    ours.update(starts_at=now + timedelta(hours=1), ends_at=None)
    assert not selectors.is_told(packet)
    Shift.objects.create(clinic=world.other_clinic, user=world.stranger, level="on_call", starts_at=now)
    assert not selectors.is_told(packet)
