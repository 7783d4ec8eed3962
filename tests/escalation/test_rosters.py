"""Who is on duty, from the database: rotations, overrides, people who left; what is missing is said beforehand."""

from datetime import date, time, timedelta

import pytest
from django.core.checks import run_checks
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit.actions import Actor
from audit.models import Event
from core import clock
from core.models import Membership
from escalation import policy, selectors
from escalation.models import Level, Override, RotationMember, Shift
from escalation.services import duty as planning

SEED = Actor.system("test")
HOUR = timedelta(hours=1)


@pytest.fixture
def rotate(world):
    """A weekly rotation that began on a Monday long ago."""

    def make(*members, level="on_call", **changed):
        said = {
            "time_zone": "America/New_York", "starts_on": date(2026, 1, 5), "handover": time(8), "days": 7, **changed,
        }  # fmt: skip
        return planning.set_rotation(clinic=world.clinic, level=level, members=members, actor=SEED, **said)

    return make


@pytest.fixture
def stand_in(world):
    def make(user, starts_at, ends_at, level="on_call"):
        return planning.stand_in(
            clinic=world.clinic, level=level, user=user, starts_at=starts_at, ends_at=ends_at, reason="swap", actor=SEED
        )

    return make


def on_duty(world, at, level="on_call"):
    able = selectors.may_answer(world.clinic.id)
    return set(policy.on_duty(selectors.roster(world.clinic.id, since=at), level, at, able))


def test_a_page_goes_to_whose_turn_it_is_and_to_whoever_stands_in(alarm, world, rotate, stand_in, paged):
    Shift.objects.all().delete()
    rotate(world.supervisor)
    alarm()
    now = clock.now()
    swap = stand_in(world.backup, now - HOUR, now + HOUR)
    alarm(packet=world.clinic.id)
    planning.cancel_stand_in(override=swap, actor=SEED)
    alarm(packet=world.site.id)
    assert sorted(paged()) == ["Blake", "Sam", "Sam"]
    assert Event.objects.filter(action="duty.set").count() == 3
    assert list(Override.history.order_by("history_id").values_list("history_type", flat=True)) == ["+", "-"]


def test_turns_change_hands_and_whoever_left_is_passed_over(world, rotate):
    rotation = rotate(world.clinician, world.backup, world.supervisor)
    at = clock.now()
    weeks = [at + timedelta(weeks=n) for n in range(3)]
    assert {person for week in weeks for person in on_duty(world, week)} == {
        world.clinician.id, world.backup.id, world.supervisor.id,
    }  # fmt: skip
    Membership.objects.filter(user=world.backup).update(is_active=False)
    assert [len(on_duty(world, week)) for week in weeks] == [1, 1, 1]
    assert world.backup.id not in {person for week in weeks for person in on_duty(world, week)}
    assert rotation.members.count() == 3, "the roster says what was planned; the look-ahead says who left"


def test_a_rotation_that_has_begun_or_somebody_who_stands_in_is_somebody_on_duty(world, rotate, stand_in):
    at, clinic = clock.now(), world.clinic.id
    assert not selectors.is_anybody_on_duty(clinic)
    rotate(world.clinician, starts_on=at.date() + timedelta(days=2))
    stand_in(world.backup, at + HOUR, at + 2 * HOUR)
    assert not selectors.is_anybody_on_duty(clinic)
    stand_in(world.backup, at - HOUR, at + HOUR)
    assert selectors.is_anybody_on_duty(clinic)
    Membership.objects.filter(user=world.backup).update(is_active=False)
    assert not selectors.is_anybody_on_duty(clinic)
    rotate(world.clinician)
    assert selectors.is_anybody_on_duty(clinic)


def test_a_rotation_said_twice_changes_nothing_and_another_replaces_it(world, rotate):
    rotation = rotate(world.clinician, world.backup)
    assert rotate(world.clinician, world.backup) == rotation
    assert rotation.history.count() == 1
    rotate(world.backup, days=1)
    assert list(rotation.members.values_list("user", "position")) == [(world.backup.id, 1)]
    assert RotationMember.history.filter(history_type="-").count() == 2
    with pytest.raises(ValueError, match="time zone"):
        rotate(world.backup, time_zone="Mars/Olympus")


def test_the_database_refuses_a_second_override_at_one_level_and_time_and_no_other(world, stand_in):
    at = clock.now()
    stand_in(world.backup, at, at + HOUR)
    stand_in(world.clinician, at + HOUR, at + 2 * HOUR)  # half-open: one ends as the other begins
    stand_in(world.clinician, at, at + HOUR, level="backup")
    Override.objects.create(
        clinic=world.other_clinic, level="on_call", user=world.stranger, starts_at=at, ends_at=at + HOUR, reason="x"
    )
    with pytest.raises(planning.AlreadyOverridden):
        stand_in(world.supervisor, at + HOUR / 2, at + 3 * HOUR)
    assert Override.objects.count() == 4
    with pytest.raises(IntegrityError, match="an_override_ends_after_it_starts"), transaction.atomic():
        stand_in(world.supervisor, at + 5 * HOUR, at + 5 * HOUR)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM escalation_historicaloverride")


def test_an_override_in_the_past_or_for_longer_than_a_month_is_refused(world, stand_in):
    at = clock.now()
    with pytest.raises(planning.NotAnOverride, match="over already"):
        stand_in(world.backup, at - 2 * HOUR, at - HOUR)
    with pytest.raises(planning.NotAnOverride, match="plan a rotation"):
        stand_in(world.backup, at, at + timedelta(days=32))
    assert not Override.objects.exists()
    stand_in(world.backup, at - HOUR, at + timedelta(days=31) - HOUR)


def test_one_person_at_two_levels_at_once_is_known_from_when_on(world, rotate, stand_in):
    at = clock.now()
    window = {"since": at, "until": at + 9 * HOUR}
    rotate(world.clinician)
    stand_in(world.clinician, at + HOUR, at + 2 * HOUR, level="backup")
    stand_in(world.backup, at + 5 * HOUR, at + 6 * HOUR, level="supervisor")
    named = "Casey Clinician"
    assert selectors.doubled(world.clinic.id, "on_call", **window) == [(named, "backup", at + HOUR)]
    assert selectors.doubled(world.clinic.id, "backup", **window) == [(named, "on_call", at + HOUR)]
    assert selectors.doubled(world.clinic.id, "supervisor", **window) == []


def test_the_roster_takes_three_queries_and_the_look_ahead_seven_however_large(
    world, rotate, stand_in, django_assert_num_queries
):
    for level in policy.DUTY_LEVELS:
        rotate(*[world.clinician, world.backup] * 5, level=level)
    at = clock.now()
    for n in range(20):
        stand_in(world.backup, at + n * HOUR, at + (n + 1) * HOUR)
    with django_assert_num_queries(3):
        selectors.roster(world.clinic.id, since=at)
    with django_assert_num_queries(7):
        selectors.coverage(world.clinic.id)
    with django_assert_num_queries(1):
        assert selectors.is_anybody_on_duty(world.clinic.id)


def warned(world):
    found = [one.msg for one in run_checks(databases=["default"]) if one.id == "escalation.W006"]
    return [one for one in found if one.startswith(world.clinic.name)]


def test_what_is_missing_in_the_next_72_hours_is_said(duty, rotate):
    world = duty
    assert warned(world) == []
    Shift.objects.filter(level="on_call").update(ends_at=clock.now() + 10 * HOUR)
    (gap,) = selectors.coverage(world.clinic.id).gaps
    assert (gap.level, gap.people) == ("on_call", ())
    (said,) = warned(world)
    assert "(on_call)" in said and f"first from {gap.starts_at:%Y-%m-%d %H:%M} UTC" in said
    rotate(world.clinician, world.backup)
    assert warned(world) == []
    Membership.objects.filter(user=world.clinician).update(is_active=False)
    (said,) = warned(world)
    assert said.endswith("On the roster, but may not answer pages: Casey Clinician.")
    Membership.objects.update(is_active=False)
    (said,) = warned(world)
    assert "would page nobody" in said


def test_the_models_and_the_policy_know_the_same_levels():
    assert tuple(Level.values) == policy.DUTY_LEVELS


def test_levels_that_the_ladder_does_not_use_are_planned_but_no_gap(duty, rotate):
    rotate(duty.supervisor, level="medical_director", starts_on=date(2099, 1, 1))
    ahead = selectors.coverage(duty.clinic.id)
    assert [one.level for one in ahead.plan] == ["on_call", "backup", "medical_director"]
    assert ahead.gaps == ()
