"""Who is on duty at an instant: overrides, shifts, rotations, standing duty. Pure; times are aware, people are ids.

A gap goes up, never down and never to nobody: see `resolve`. Only people in `able` (those who may answer the clinic's
pages now) are ever told, so that somebody who has left is a gap.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from uuid import UUID
from zoneinfo import ZoneInfo

ON_CALL, BACKUP, SUPERVISOR, MEDICAL_DIRECTOR = "on_call", "backup", "supervisor", "medical_director"
EVERYONE = "everyone"
# From the first who is told to the last; somebody can be on duty at every one but "everyone".
LEVELS = (ON_CALL, BACKUP, SUPERVISOR, MEDICAL_DIRECTOR, EVERYONE)
DUTY_LEVELS = LEVELS[:-1]
# Our own limit; the hour is for the night on which the clocks go back.
LONGEST_OVERRIDE = timedelta(days=31, hours=1)


@dataclass(frozen=True, slots=True)
class Duty:
    """Somebody at a level in [starts_at, ends_at). A shift without an end is standing duty, used when nothing else
    covers; an override is this person instead of whoever it would be."""

    user_id: UUID
    level: str
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rotation:
    """`members` take turns of `days` days each; turn 0 begins on `starts_on` at `handover` by the clock in `zone`."""

    level: str
    zone: tzinfo
    starts_on: date
    handover: time
    days: int
    members: tuple[UUID, ...]

    def starts_at(self, turn: int) -> datetime:
        """When a turn begins, in UTC. A handover in the hour that spring skips happens as long after midnight as on any
        other day (02:30 is then 03:30 by the clock); in the hour that autumn doubles, the first time."""
        local = datetime.combine(self.starts_on + timedelta(days=turn * self.days), self.handover, self.zone)
        return local.replace(fold=0).astimezone(UTC)

    def turn_at(self, at: datetime) -> int:
        """The turn that `at` falls into; below 0 before the rotation begins."""
        turn = (at.astimezone(self.zone).date() - self.starts_on).days // self.days
        while self.starts_at(turn) > at:
            turn -= 1
        while self.starts_at(turn + 1) <= at:
            turn += 1
        return turn

    def member_at(self, at: datetime, able: Iterable[UUID]) -> UUID | None:
        """Whose turn it is. A turn of somebody who has left goes to the next in order; nobody else's turn moves."""
        turn, may = self.turn_at(at), set(able)
        if turn < 0 or not self.members:
            return None
        first = turn % len(self.members)
        return next((one for one in self.members[first:] + self.members[:first] if one in may), None)


@dataclass(frozen=True, slots=True)
class Roster:
    """All that a clinic has written down about who is on duty."""

    shifts: tuple[Duty, ...] = ()
    rotations: tuple[Rotation, ...] = ()
    overrides: tuple[Duty, ...] = ()

    def people(self) -> set[UUID]:
        """Everybody named in it, still here or not."""
        named = {one.user_id for one in (*self.shifts, *self.overrides)}
        return named.union(*(one.members for one in self.rotations))

    def levels(self) -> set[str]:
        """Every level at which somebody is named."""
        return {one.level for one in (*self.shifts, *self.overrides)} | {one.level for one in self.rotations}

    def held(self, able: Iterable[UUID]) -> set[str]:
        """Every level at which somebody who is able is named, now or later."""
        may = set(able)
        turns = {one.level for one in self.rotations if may.intersection(one.members)}
        return turns | {one.level for one in (*self.shifts, *self.overrides) if one.user_id in may}


def in_words(level: str) -> str:
    return level.replace("_", " ")


def on_duty(roster: Roster, level: str, at: datetime, able: Sequence[UUID]) -> tuple[UUID, ...]:
    """Who is on duty at a level: an override alone; else shifts with an end and the rotation; else standing duty.

    Empty in a gap.
    """
    return _held_by(roster, level, at, able)[1]


def _held_by(roster: Roster, level: str, at: datetime, able: Sequence[UUID]) -> tuple[str, tuple[UUID, ...]]:
    """What of the roster decides, in words, and whom it names."""
    shifts = [one for one in roster.shifts if one.level == level and _covers(one, at)]
    members = [one.member_at(at, able) for one in roster.rotations if one.level == level]
    turns, ending = [one for one in members if one], [one.user_id for one in shifts if one.ends_at is not None]
    choices = (
        ("override", [one.user_id for one in roster.overrides if one.level == level and _covers(one, at)]),
        (" and ".join(["shift"] * bool(ending) + ["rotation"] * bool(turns)), ending + turns),
        ("standing duty", [one.user_id for one in shifts]),
    )
    here = ((kind, [one for one in people if one in able]) for kind, people in choices)
    kind, people = next((each for each in here if each[1]), ("", []))
    return kind, _unique(people)


def resolve(roster: Roster, level: str, at: datetime, able: Sequence[UUID]) -> tuple[UUID, ...]:
    """Who is told: whoever is on duty at `level`; in a gap at the next level above that has anybody; else `able`.

    Never nobody while anybody is able. "everyone" is all who are able, those on duty first.
    """
    if level == EVERYONE:
        rostered = [one for each in DUTY_LEVELS for one in on_duty(roster, each, at, able)]
        return _unique([*rostered, *able])
    above = DUTY_LEVELS[DUTY_LEVELS.index(level) :] if level in DUTY_LEVELS else ()
    found = (on_duty(roster, each, at, able) for each in above)
    return next((people for people in found if people), _unique(able))


def people_of(roster: Roster, levels: Sequence[str], at: datetime, able: Sequence[UUID]) -> tuple[UUID, ...]:
    """Those of several levels, each once, in the order of the levels."""
    return _unique([one for level in levels for one in resolve(roster, level, at, able)])


def widened(level: str, loop: int) -> tuple[str, ...]:
    """The levels that the last step pages when it repeats for the `loop`-th time: one more above with each, at last
    everyone."""
    first = LEVELS.index(level) if level in LEVELS else len(LEVELS) - 1
    taken = LEVELS[first : first + loop + 1]
    return (EVERYONE,) if EVERYONE in taken else taken


@dataclass(frozen=True, slots=True)
class Stretch:
    """The same people are on duty at a level throughout [starts_at, ends_at), by one `kind` of plan. Nobody: a gap."""

    level: str
    starts_at: datetime
    ends_at: datetime
    people: tuple[UUID, ...]
    kind: str = ""


def stretches(roster: Roster, level: str, start: datetime, end: datetime, able: Sequence[UUID]) -> tuple[Stretch, ...]:
    """Who is on duty at a level from `start` to `end`, without holes: gaps are stretches without people."""
    marks = sorted({start, *(one for one in _changes(roster, level, start, end) if start < one < end)})
    found: list[Stretch] = []
    for begins, ends in zip(marks, [*marks[1:], end], strict=True):
        kind, people = _held_by(roster, level, begins, able)
        if found and (found[-1].people, found[-1].kind) == (people, kind):
            begins = found.pop().starts_at
        found.append(Stretch(level, begins, ends, people, kind))
    return tuple(found)


def doubled(
    roster: Roster, level: str, start: datetime, end: datetime, able: Sequence[UUID]
) -> dict[tuple[UUID, str], datetime]:
    """Who is on duty at `level` from `start` to `end` and at another level at the same time: since when, first."""
    own, found = stretches(roster, level, start, end, able), {}
    for other in (one for one in DUTY_LEVELS if one != level):
        for theirs in stretches(roster, other, start, end, able):
            for mine in own:
                since = max(mine.starts_at, theirs.starts_at)
                if since < min(mine.ends_at, theirs.ends_at):
                    found.update(
                        {
                            (one, other): since
                            for one in mine.people
                            if one in theirs.people and (one, other) not in found
                        }
                    )
    return found


def override_fault(starts_at: datetime, ends_at: datetime, now: datetime) -> str:
    """Why nobody may stand in then, in a sentence; "" when somebody may. What has begun and goes on may be written."""
    if ends_at <= now:
        return "This time is over already: nobody can be on duty in the past."
    if ends_at - starts_at > LONGEST_OVERRIDE:
        return "An override is at most 31 days long. For longer, plan a rotation."
    return ""


def _changes(roster: Roster, level: str, start: datetime, end: datetime) -> Iterator[datetime]:
    for one in (*roster.shifts, *roster.overrides):
        if one.level == level:
            yield one.starts_at
            if one.ends_at is not None:
                yield one.ends_at
    for rotation in roster.rotations:
        if rotation.level == level:
            first, last = rotation.turn_at(start), rotation.turn_at(end)
            yield from (rotation.starts_at(turn) for turn in range(first, last + 1))


def _covers(one: Duty, at: datetime) -> bool:
    return one.starts_at <= at and (one.ends_at is None or at < one.ends_at)


def _unique(people: Sequence[UUID]) -> tuple[UUID, ...]:
    return tuple(dict.fromkeys(people))


def zone(name: str) -> tzinfo:
    """A time zone by its IANA name; UTC for a name that nobody knows, for a page must not wait for its settings."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC
