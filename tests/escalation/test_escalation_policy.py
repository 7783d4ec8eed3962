"""The rules of the ladder, with time as an argument."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from escalation.policy import (
    BACKUP,
    DEFAULT_LADDER,
    EVERYONE,
    LEVELS,
    MOVES,
    ON_CALL,
    SUPERVISOR,
    Duty,
    Notify,
    Rest,
    Roster,
    Rotation,
    Step,
    Wait,
    faults,
    frozen,
    may_move,
    next_action,
    on_duty,
    parsed,
    resolve,
    retry_in,
    step_after,
    stretches,
    widened,
    worst,
)

NOW = datetime(2026, 3, 8, 6, 59, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LADDER = (Step("first", ON_CALL, 300), Step("second", BACKUP, 120), Step("last", EVERYONE, 30))
ANN, BEN, CAT, DAN = (uuid.UUID(int=number) for number in range(1, 5))


def action(state="notifying", step=0, loop=0, due_at=NOW, now=NOW, ladder=LADDER):
    return next_action(ladder, state=state, step=step, loop=loop, due_at=due_at, now=now)


def test_a_new_incident_notifies_the_first_step_at_once():
    assert action("open") == Notify(0, 0, 300)


def test_nothing_is_done_before_its_time():
    later = NOW + SECOND
    assert action(due_at=later) == Wait(later)
    assert action("acknowledged", due_at=later) == Wait(later)


def test_a_missing_due_time_counts_as_due():
    assert action(due_at=None) == Notify(1, 0, 120)


def test_steps_are_taken_in_order_and_the_last_repeats_for_ever_no_faster_than_its_floor():
    assert action(step=0) == Notify(1, 0, 120)
    assert action(step=1) == Notify(2, 0, 60)
    assert action(step=2, loop=0) == Notify(2, 1, 60)
    assert action(step=2, loop=10_000) == Notify(2, 10_001, 60)


def test_a_ladder_may_set_its_own_floor():
    quick = (Step("only", ON_CALL, 5, floor_seconds=2),)
    assert step_after(quick, 0, 0) == Notify(0, 1, 5)
    assert step_after((Step("only", ON_CALL, 1, floor_seconds=10),), 0, 0).due_in_seconds == 10


def test_a_long_downtime_costs_one_step_not_a_burst():
    assert action(step=0, now=NOW + timedelta(days=3)) == Notify(1, 0, 120)


def test_a_missed_outcome_goes_on_up_the_ladder():
    assert action("acknowledged", step=0) == Notify(1, 0, 120, reopened=True)
    assert action("acknowledged", step=2, loop=1) == Notify(2, 2, 60, reopened=True)


def test_a_resolved_incident_rests():
    assert action("resolved", due_at=None) == Rest()


def test_a_step_beyond_a_shorter_ladder_is_the_last_one():
    assert action(step=9) == Notify(2, 1, 60)


@pytest.mark.parametrize("state", ["open", "notifying", "acknowledged", "resolved"])
@pytest.mark.parametrize("to", ["open", "notifying", "acknowledged", "resolved"])
def test_only_the_named_moves_exist(state, to):
    assert may_move(state, to) == ((state, to) in MOVES)
    if state == "resolved" or to == "open":
        assert not may_move(state, to)


def test_retries_slow_down_to_a_minute_and_never_below_two_seconds():
    assert [retry_in(attempt) for attempt in (0, 1, 2, 5, 6, 1000)] == [2, 2, 4, 32, 60, 60]


def test_an_urgency_is_never_lowered():
    assert worst("critical", "high") == worst("high", "critical") == "critical"
    assert worst("medium", "strange") == worst("strange", "medium") == "medium"


# --- who is on duty ---------------------------------------------------------------------------------


def shift(user, level, start=-1, end=1):
    ends_at = None if end is None else NOW + end * SECOND
    return Duty(user, level, NOW + start * SECOND, ends_at)


ALL = [ANN, BEN, CAT, DAN]


def told(level, *shifts, at=NOW, able=ALL):
    return resolve(Roster(shifts=shifts), level, at, able)


def test_the_person_on_shift_is_told():
    shifts = [shift(ANN, ON_CALL), shift(BEN, BACKUP)]
    assert told(ON_CALL, *shifts) == (ANN,)
    assert told(BACKUP, *shifts) == (BEN,)


def test_a_shift_includes_its_start_and_not_its_end():
    handover = [shift(ANN, ON_CALL, -10, 0), shift(BEN, ON_CALL, 0, 10)]
    assert told(ON_CALL, *handover, at=NOW - SECOND) == (ANN,)
    assert told(ON_CALL, *handover) == (BEN,)


def test_two_on_the_same_shift_are_both_told_once():
    assert told(ON_CALL, shift(ANN, ON_CALL), shift(BEN, ON_CALL), shift(ANN, ON_CALL, -5, 5)) == (ANN, BEN)


def test_standing_duty_covers_a_gap_and_leaves_a_covered_night_alone():
    standing = shift(CAT, ON_CALL, -100, None)
    assert told(ON_CALL, standing, shift(ANN, ON_CALL)) == (ANN,)
    assert told(ON_CALL, standing, shift(ANN, ON_CALL, 5, 9)) == (CAT,)


def test_a_gap_goes_up_the_levels_and_then_to_everyone_who_may_answer_never_down():
    assert told(ON_CALL, shift(BEN, BACKUP)) == (BEN,)
    assert told(ON_CALL, shift(BEN, SUPERVISOR), shift(CAT, BACKUP)) == (CAT,)
    assert told(BACKUP, shift(BEN, ON_CALL), able=[BEN, CAT]) == (BEN, CAT)
    assert told(ON_CALL, shift(BEN, BACKUP, 5, 9), able=[CAT, DAN]) == (CAT, DAN)
    assert told("a level nobody knows", able=[DAN]) == (DAN,)


def test_everyone_is_everyone():
    assert told(EVERYONE, shift(BEN, BACKUP), able=[CAT, BEN]) == (BEN, CAT)


def test_whoever_may_not_answer_any_more_is_a_gap():
    assert told(ON_CALL, shift(ANN, ON_CALL), shift(BEN, BACKUP), able=[BEN, CAT]) == (BEN,)


def test_an_override_stands_in_for_shift_and_rotation_and_only_in_its_time():
    roster = Roster((shift(ANN, ON_CALL),), (weekly(BEN),), (Duty(CAT, ON_CALL, NOW, NOW + SECOND),))
    assert on_duty(roster, ON_CALL, NOW, ALL) == (CAT,)
    assert on_duty(roster, ON_CALL, NOW - SECOND, ALL) == (ANN, BEN)
    assert on_duty(roster, ON_CALL, NOW + SECOND, ALL) == (BEN,)
    assert on_duty(roster, ON_CALL, NOW, [ANN, BEN]) == (ANN, BEN), "who stands in has left"


# --- rotations, by the wall clock -------------------------------------------------------------------

NEW_YORK = ZoneInfo("America/New_York")  # 2026-03-08 02:00 EST → 03:00 EDT; 2026-11-01 02:00 EDT → 01:00 EST


def weekly(*members, starts_on=date(2026, 3, 1), handover=time(8), days=7, zone=NEW_YORK):
    return Rotation(ON_CALL, zone, starts_on, handover, days, members)


def utc(*when):
    return datetime(*when, tzinfo=UTC)


@pytest.mark.parametrize(
    ("handover", "starts_on", "instant"),
    [
        (time(8), date(2026, 3, 8), utc(2026, 3, 8, 12)),  # EDT already
        (time(8), date(2026, 3, 7), utc(2026, 3, 7, 13)),
        (time(2, 30), date(2026, 3, 8), utc(2026, 3, 8, 7, 30)),  # skipped: 03:30 EDT
        (time(1, 30), date(2026, 11, 1), utc(2026, 11, 1, 5, 30)),  # twice: the first, EDT
        (time(2, 0), date(2026, 11, 1), utc(2026, 11, 1, 7)),
    ],
)
def test_a_handover_happens_once_by_the_wall_clock_also_where_the_clock_jumps(handover, starts_on, instant):
    daily = weekly(ANN, BEN, starts_on=starts_on, handover=handover, days=1)
    assert daily.starts_at(0) == instant
    assert daily.member_at(instant - SECOND, ALL) is None
    assert daily.member_at(instant, ALL) == ANN
    assert daily.member_at(daily.starts_at(1) - SECOND, ALL) == ANN
    assert daily.member_at(daily.starts_at(1), ALL) == BEN
    found = stretches(Roster(rotations=(daily,)), ON_CALL, instant, instant + timedelta(days=4), ALL)
    assert [one.people for one in found[:4]] == [(ANN,), (BEN,), (ANN,), (BEN,)]


def test_the_day_that_an_island_left_out_is_nobodys_turn_and_no_gap():
    """Samoa had no 30 December 2011: https://www.iana.org/time-zones, `southamerica`/`australasia`, Pacific/Apia."""
    apia = weekly(ANN, BEN, CAT, starts_on=date(2011, 12, 29), handover=time(12), days=1, zone=ZoneInfo("Pacific/Apia"))
    assert apia.starts_at(1) == apia.starts_at(2)
    assert apia.member_at(apia.starts_at(2) - SECOND, ALL) == ANN
    assert apia.member_at(apia.starts_at(2), ALL) == CAT


def test_the_turns_of_somebody_who_left_go_to_the_next_and_nobody_elses_moves():
    turns = weekly(ANN, BEN, CAT)
    weeks = [turns.starts_at(turn) for turn in range(6)]
    assert [turns.member_at(at, [ANN, CAT]) for at in weeks] == [ANN, CAT, CAT, ANN, CAT, CAT]
    assert turns.member_at(NOW, []) is None
    assert weekly().member_at(NOW, ALL) is None


def test_the_coming_days_have_no_holes_and_a_gap_is_a_stretch_without_people():
    roster = Roster((shift(CAT, ON_CALL, -10, 60),), (weekly(ANN, BEN, starts_on=date(2026, 3, 9)),))
    end = NOW + timedelta(days=10)
    found = stretches(roster, ON_CALL, NOW, end, ALL)
    assert [one.people for one in found] == [(CAT,), (), (ANN,), (BEN,)]
    assert [one.ends_at for one in found] == [*(one.starts_at for one in found[1:]), end]
    assert (found[0].starts_at, found[2].starts_at) == (NOW, utc(2026, 3, 9, 12))


def test_each_repeat_of_the_last_step_takes_in_more_people_and_then_everyone():
    assert widened(BACKUP, 0) == (BACKUP,)
    assert widened(BACKUP, 1) == (BACKUP, SUPERVISOR)
    assert widened(BACKUP, 3) == widened(BACKUP, 10_000) == (EVERYONE,)
    assert widened(EVERYONE, 0) == widened("a level nobody knows", 0) == (EVERYONE,)


# --- ladders ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        (None, "at least one step"),
        ([], "at least one step"),
        ({}, "at least one step"),
        ([1], "Step 1 must have"),
        ([{"name": "a", "level": "on_call", "wait_seconds": 1}] * 21, "at most 20"),
        ([{"name": " ", "level": "on_call", "wait_seconds": 60}], "needs a name"),
        ([{"name": "a", "level": "nobody", "wait_seconds": 60}], "needs a level"),
        ([{"name": "a", "level": [], "wait_seconds": 60}], "needs a level"),
        ([{"name": "a", "level": "on_call", "wait_seconds": 0}], "must wait between"),
        ([{"name": "a", "level": "on_call", "wait_seconds": True}], "must wait between"),
        ([{"name": "a", "level": "on_call", "wait_seconds": 3601}], "must wait between"),
        ([{"name": "a", "level": "on_call", "wait_seconds": "60"}], "must wait between"),
        ([{"name": "a", "level": "on_call", "wait_seconds": 60, "floor_seconds": 0}], "floor"),
        ([{"name": "a", "level": "on_call", "wait_seconds": 60, "stop": 1}], "unknown parts: stop"),
    ],
)
def test_a_ladder_that_cannot_be_followed_is_named_and_replaced(steps, said):
    assert any(said in fault for fault in faults(steps))
    assert parsed(steps) == DEFAULT_LADDER


def test_the_built_in_ladder_has_no_faults_and_survives_freezing():
    assert faults(frozen(DEFAULT_LADDER)) == ()
    assert parsed(frozen(LADDER)) == LADDER


# --- any ladder, any schedule, any delay --------------------------------------------------------------

steps = st.builds(
    Step,
    name=st.just("step"),
    level=st.sampled_from(LEVELS),
    wait_seconds=st.integers(1, 3600),
    floor_seconds=st.integers(1, 3600),
)


@settings(deadline=None)
@given(st.lists(steps, min_size=1, max_size=6), st.lists(st.integers(0, 100_000), min_size=1, max_size=30))
def test_steps_come_in_order_never_early_and_never_closer_than_configured(ladder, delays):
    state, step, loop, due_at, now, before = "open", 0, 0, NOW, NOW, None
    for delay in delays:
        assert isinstance(next_action(ladder, state="notifying", step=0, loop=0, due_at=now + SECOND, now=now), Wait)
        now = due_at + timedelta(seconds=delay)
        taken = next_action(ladder, state=state, step=step, loop=loop, due_at=due_at, now=now)
        assert isinstance(taken, Notify)
        if before is not None:
            told, at = before
            assert now - at >= timedelta(seconds=ladder[told.step].wait_seconds)
            assert (taken.step, taken.loop) == (
                (told.step + 1, 0) if told.step < len(ladder) - 1 else (told.step, told.loop + 1)
            )
        state, step, loop, due_at = "notifying", taken.step, taken.loop, now + timedelta(seconds=taken.due_in_seconds)
        before = (taken, now)
