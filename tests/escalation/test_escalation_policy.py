"""The rules of the ladder, with time as an argument."""

import uuid
from datetime import UTC, datetime, timedelta

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
    Duty,
    Notify,
    Rest,
    Step,
    Wait,
    faults,
    frozen,
    may_move,
    next_action,
    parsed,
    resolve,
    retry_in,
    step_after,
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


def test_the_person_on_shift_is_told():
    shifts = [shift(ANN, ON_CALL), shift(BEN, BACKUP)]
    assert resolve(shifts, ON_CALL, NOW, [CAT]) == (ANN,)
    assert resolve(shifts, BACKUP, NOW, [CAT]) == (BEN,)


def test_a_shift_includes_its_start_and_not_its_end():
    handover = [shift(ANN, ON_CALL, -10, 0), shift(BEN, ON_CALL, 0, 10)]
    assert resolve(handover, ON_CALL, NOW - SECOND, []) == (ANN,)
    assert resolve(handover, ON_CALL, NOW, []) == (BEN,)


def test_two_on_the_same_shift_are_both_told_once():
    assert resolve([shift(ANN, ON_CALL), shift(BEN, ON_CALL), shift(ANN, ON_CALL, -5, 5)], ON_CALL, NOW, []) == (
        ANN,
        BEN,
    )


def test_standing_duty_covers_a_gap_and_leaves_a_covered_night_alone():
    standing = shift(CAT, ON_CALL, -100, None)
    assert resolve([standing, shift(ANN, ON_CALL)], ON_CALL, NOW, []) == (ANN,)
    assert resolve([standing, shift(ANN, ON_CALL, 5, 9)], ON_CALL, NOW, []) == (CAT,)


def test_a_gap_falls_to_other_levels_and_then_to_everyone():
    assert resolve([shift(BEN, BACKUP)], ON_CALL, NOW, [CAT, DAN]) == (BEN,)
    assert resolve([shift(BEN, BACKUP, 5, 9)], ON_CALL, NOW, [CAT, DAN]) == (CAT, DAN)
    assert resolve([], "a level nobody knows", NOW, [DAN]) == (DAN,)


def test_everyone_is_everyone():
    assert resolve([shift(BEN, BACKUP)], EVERYONE, NOW, [BEN, CAT]) == (BEN, CAT)


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


shifts = st.lists(
    st.builds(
        shift,
        st.sampled_from([ANN, BEN, CAT]),
        st.sampled_from([ON_CALL, BACKUP]),
        st.integers(-1000, 1000),
        st.none() | st.integers(1001, 5000),
    )
)


@settings(deadline=None)
@given(shifts, st.sampled_from(LEVELS), st.integers(-2000, 6000))
def test_at_no_instant_is_nobody_told(schedule, level, offset):
    people = resolve(schedule, level, NOW + offset * SECOND, [DAN])
    assert people
    assert len(set(people)) == len(people)
