"""Any schedule, any ladder, any people, through the days on which clocks jump: simulated time, no database.

10,000 cases in `./run check`, 1,000 in a plain run, CANDOR_EXAMPLES times five otherwise. Each case is made from its
number: a failure names it, and `case(number)` makes it again. `Slow` says once more who is on duty, by walking every
handover since the rotation began, and shares no code with the policy.
"""

import os
import random
import uuid
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from escalation import policy

CASES = 5 * int(os.environ.get("CANDOR_EXAMPLES", "200"))
CLOCKS_JUMP = (  # IANA time zone database: spring, autumn, half an hour, and a zone that never jumps
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("America/Phoenix", date(2026, 3, 8)),
)
PEOPLE = tuple(uuid.UUID(int=number) for number in range(1, 7))
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Case:
    ladder: tuple[policy.Step, ...]
    roster: policy.Roster
    able: tuple[uuid.UUID, ...]
    opens_at: datetime
    chance: random.Random


def case(number: int) -> Case:
    chance = random.Random(number)
    name, day = chance.choice(CLOCKS_JUMP)
    near = datetime.combine(day, time(), UTC) + timedelta(minutes=chance.randint(-2000, 2000))
    return Case(
        ladder=tuple(
            policy.Step(f"{n}", chance.choice(policy.LEVELS), chance.choice([1, 60, 300, 3600]), chance.randint(1, 600))
            for n in range(chance.randint(1, 6))
        ),
        roster=policy.Roster(
            shifts=tuple(spell(chance, near, standing=0.4) for _ in range(chance.randint(0, 4))),
            rotations=tuple(
                rotation(chance, level, ZoneInfo(name), day)
                for level in chance.sample(policy.DUTY_LEVELS, chance.randint(0, 3))
            ),
            overrides=tuple(spell(chance, near, standing=0) for _ in range(chance.randint(0, 2))),
        ),
        able=tuple(chance.sample(PEOPLE, chance.randint(1, len(PEOPLE)))),
        opens_at=near,
        chance=chance,
    )


def spell(chance, near, *, standing):
    starts_at = near + timedelta(minutes=chance.randint(-600, 600))
    ends_at = None if chance.random() < standing else starts_at + timedelta(minutes=chance.randint(1, 900))
    return policy.Duty(chance.choice(PEOPLE), chance.choice(policy.DUTY_LEVELS), starts_at, ends_at)


def rotation(chance, level, zone, day):
    return policy.Rotation(
        level=level,
        zone=zone,
        starts_on=day - timedelta(days=chance.randint(-2, 40)),
        handover=time(chance.choice([0, 1, 2, 2, 3, 8]), chance.choice([0, 15, 30, 59])),
        days=chance.choice([1, 1, 2, 7, 14]),
        members=tuple(chance.choices(PEOPLE, k=chance.randint(0, 4))),
    )


class Slow:
    """Who is on duty, the long way: minute by handover, in words of the documentation."""

    def __init__(self, made: Case) -> None:
        self.made = made

    def turn(self, one, at):
        """Walk the handovers from the first one; whoever took over last, or the next who is still here."""
        member, day, taken = None, one.starts_on, 0
        while one.members and datetime.combine(day, one.handover, tzinfo=one.zone).astimezone(UTC) <= at:
            order = [one.members[(taken + k) % len(one.members)] for k in range(len(one.members))]
            member = ([who for who in order if who in self.made.able] or [None])[0]
            day, taken = day + timedelta(days=one.days), taken + 1
        return member

    def on_duty(self, level, at):
        def here(spells):
            return {
                one.user_id
                for one in spells
                if one.level == level and one.user_id in self.made.able
                and one.starts_at <= at < (one.ends_at or datetime.max.replace(tzinfo=UTC))
            }  # fmt: skip

        roster = self.made.roster
        turns = {self.turn(one, at) for one in roster.rotations if one.level == level} - {None}
        planned = here(one for one in roster.shifts if one.ends_at) | turns
        return here(roster.overrides) or planned or here(roster.shifts)


def instants(made: Case):
    """Six of: any, and those at which something changes, to the microsecond."""
    moments = [made.opens_at + timedelta(minutes=made.chance.randint(-3000, 3000)) for _ in range(3)]
    moments += [one.starts_at for one in (*made.roster.shifts, *made.roster.overrides)]
    moments += [one.ends_at for one in (*made.roster.shifts, *made.roster.overrides) if one.ends_at]
    moments += [one.starts_at(one.turn_at(made.opens_at) + k) for one in made.roster.rotations for k in (0, 1)]
    either_side = [at + by for at in moments for by in (timedelta(0), timedelta(microseconds=-1))]
    return made.chance.sample(either_side, 6)


def test_at_every_instant_somebody_is_told_and_it_is_whoever_is_on_duty():
    seen = Counter()
    for number in range(CASES):
        made = case(number)
        slow = Slow(made)
        for at in instants(made):
            for level in policy.LEVELS:
                people = policy.resolve(made.roster, level, at, made.able)
                assert people and set(people) <= set(made.able) and len(set(people)) == len(people), number
            level = made.chance.choice(policy.DUTY_LEVELS)
            expected = slow.on_duty(level, at)
            assert set(policy.on_duty(made.roster, level, at, made.able)) == expected, (number, level, at)
            above = policy.DUTY_LEVELS[policy.DUTY_LEVELS.index(level) :]
            manned = next((found for one in above if (found := slow.on_duty(one, at))), set(made.able))
            assert set(policy.resolve(made.roster, level, at, made.able)) == manned, (number, level, at)
            seen["gap" if not expected else "covered"] += 1
    assert min(seen["gap"], seen["covered"]) > CASES, "cases of one kind only prove nothing"


def test_from_the_first_page_to_the_outcome_no_step_is_early_doubled_or_left_out():
    """Whoever drives it may come late or too often; people answer whenever they like, or not at all."""
    seen = Counter()
    for number in range(CASES):
        made = case(number)
        told = Story(made).told(seen)
        assert told, number
    assert min(seen[kind] for kind in ("climbed", "repeated", "taken", "missed", "resolved")) > CASES // 20, seen


class Story:
    """An incident as the services keep it: state, step, loop, due time; asserted at every move."""

    def __init__(self, made: Case) -> None:
        self.made, self.chance, self.now = made, made.chance, made.opens_at
        self.state, self.step, self.loop, self.due_at = "open", 0, 0, made.opens_at
        self.last = None  # the step taken last, and when
        self.people: list[set] = []

    def told(self, seen):
        for _ in range(self.chance.randint(3, 12)):
            self.now += self.chance.choice([timedelta(seconds=self.chance.randint(0, 90)), 7 * MINUTE, 90 * MINUTE])
            self.tick(seen)
            if self.state == "notifying" and self.chance.random() < 0.25:
                self.move("acknowledged")
                self.due_at = self.now + 60 * MINUTE
                seen["taken"] += 1
            elif self.state == "acknowledged" and self.chance.random() < 0.25:
                self.move("resolved")
                self.due_at = None
                seen["resolved"] += 1
        return self.people

    def move(self, to):
        assert policy.may_move(self.state, to)
        self.state = to

    def tick(self, seen):
        action = policy.next_action(
            self.made.ladder, state=self.state, step=self.step, loop=self.loop, due_at=self.due_at, now=self.now
        )
        if self.state == "resolved":
            assert action == policy.Rest()
        elif self.now < self.due_at:
            assert action == policy.Wait(self.due_at), "early, or after somebody has acknowledged"
        else:
            self.take(action, seen)
            again = policy.next_action(
                self.made.ladder, state=self.state, step=self.step, loop=self.loop, due_at=self.due_at, now=self.now
            )
            assert isinstance(again, policy.Wait), "twice at one instant"

    def take(self, action, seen):
        assert isinstance(action, policy.Notify)
        assert action.reopened == (self.state == "acknowledged")
        seen["missed"] += action.reopened
        last = len(self.made.ladder) - 1
        if self.last is None:
            assert (action.step, action.loop) == (0, 0)
        else:
            step, loop, at = self.last
            assert (action.step, action.loop) == ((step + 1, 0) if step < last else (last, loop + 1)), "in order"
            taken = self.made.ladder[step]
            apart = taken.wait_seconds if step < last else max(taken.wait_seconds, taken.floor_seconds)
            assert self.now - at >= timedelta(seconds=apart), "closer than configured"
            seen["climbed" if step < last else "repeated"] += 1
        levels = policy.widened(self.made.ladder[action.step].level, action.loop)
        people = set(policy.people_of(self.made.roster, levels, self.now, self.made.able))
        before = policy.widened(self.made.ladder[action.step].level, max(0, action.loop - 1))
        assert people >= set(policy.people_of(self.made.roster, before, self.now, self.made.able)), "narrower"
        assert people == set(self.made.able) or action.loop < len(policy.LEVELS) - 1, "not everybody in the end"
        self.people.append(people)
        self.move("notifying")
        self.step, self.loop = action.step, action.loop
        self.due_at = self.now + timedelta(seconds=action.due_in_seconds)
        self.last = (action.step, action.loop, self.now)
