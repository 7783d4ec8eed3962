"""What is due next, and when. Pure: the ladder and the times are arguments; nothing is read, saved or sent.

A ladder is a list of steps `{"name", "level", "wait_seconds"}`, the last one optionally with `"floor_seconds"`.
It climbs one step each time nobody acknowledged in `wait_seconds`; its last step repeats for ever and takes in more
people each time (`policy.duty.widened`). What a downtime missed is not caught up on: the next step is taken once, and
the clock runs on from then.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from escalation.policy.duty import BACKUP, EVERYONE, LEVELS, ON_CALL

URGENCIES = ("critical", "high", "medium", "info")
FLOOR_SECONDS = 60
MOST_SECONDS = 3600
MOST_STEPS = 20
MOST_RETRY_SECONDS = 60
# Longer until anybody else hears of it is warned of, not refused. Our own limit, like those above.
LONG_FIRST_WAIT = 900

# From and to: the whole life of an incident. Nothing leaves "resolved", and only an acknowledged one gets there.
MOVES = frozenset(
    {
        ("open", "notifying"),
        ("notifying", "notifying"),
        ("open", "acknowledged"),
        ("notifying", "acknowledged"),
        ("acknowledged", "acknowledged"),
        ("acknowledged", "notifying"),
        ("acknowledged", "resolved"),
    }
)


@dataclass(frozen=True, slots=True)
class Step:
    """`wait_seconds` until the next step; the last step repeats no faster than `floor_seconds`."""

    name: str
    level: str
    wait_seconds: int
    floor_seconds: int = FLOOR_SECONDS


# Used where a clinic has no ladder, or one that can't be followed: somebody is always told.
DEFAULT_LADDER = (
    Step("On call", ON_CALL, 300),
    Step("Backup", BACKUP, 300),
    Step("Everyone who may answer", EVERYONE, 300),
)


@dataclass(frozen=True, slots=True)
class Notify:
    """Page the people of `step` now; the next step is due in `due_in_seconds`. `loop` counts repeats of the last."""

    step: int
    loop: int
    due_in_seconds: int
    reopened: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    until: datetime


@dataclass(frozen=True, slots=True)
class Rest:
    """A human has documented what was done: nothing is due any more."""


def next_action(
    ladder: Sequence[Step], *, state: str, step: int, loop: int, due_at: datetime | None, now: datetime
) -> Notify | Wait | Rest:
    """What is to be done at `now`. An unresolved incident without a due time is due at once, never skipped."""
    if state == "resolved":
        return Rest()
    if due_at is not None and due_at > now:
        return Wait(due_at)
    if state == "open":
        return first_step(ladder)
    return step_after(ladder, step, loop, reopened=state == "acknowledged")


def first_step(ladder: Sequence[Step]) -> Notify:
    return Notify(0, 0, _pause(ladder, 0))


def step_after(ladder: Sequence[Step], step: int, loop: int, *, reopened: bool = False) -> Notify:
    """One step up; from the last step, the last step again."""
    last = len(ladder) - 1
    if step < last:
        return Notify(step + 1, 0, _pause(ladder, step + 1), reopened)
    return Notify(last, loop + 1, _pause(ladder, last), reopened)


def _pause(ladder: Sequence[Step], index: int) -> int:
    step = ladder[index]
    return step.wait_seconds if index < len(ladder) - 1 else max(step.wait_seconds, step.floor_seconds)


def story(ladder: Sequence[Step]) -> str:
    """What a ladder does, for whoever has just changed it."""
    told = [f"An alert goes to {ladder[0].name} at once."]
    for index, step in enumerate(ladder[1:]):
        told.append(
            f"If nobody acknowledges, the next page goes out after {_span(_pause(ladder, index))}, to {step.name}."
        )
    every = _span(_pause(ladder, len(ladder) - 1))
    told.append(f"The last step repeats every {every}, each time to more people, until somebody takes it.")
    return " ".join(told)


def cautions(ladder: Sequence[Step]) -> tuple[str, ...]:
    """What may be followed, but should not go unsaid; in sentences."""
    first = _pause(ladder, 0)
    found = []
    if len(ladder) == 1:
        found.append(
            f"This ladder has a single step: for {_span(first)} nobody but {ladder[0].name} hears of an alert."
        )
    if first > LONG_FIRST_WAIT:
        found.append(
            f"If nobody acknowledges, the next page goes out only after {_span(first)}. That is long for a patient in "
            "danger: usual are 5 minutes."
        )
    return tuple(found)


def _span(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{seconds} seconds" if rest else f"{minutes} minute{'' if minutes == 1 else 's'}"


def retry_in(attempt: int) -> int:
    """Seconds until a page that failed for now is tried again: 2, 4, 8 … at most 60."""
    return min(MOST_RETRY_SECONDS, 1 << max(1, min(attempt, 10)))


def may_move(state: str, to: str) -> bool:
    return (state, to) in MOVES


def worst(first: str, second: str) -> str:
    """The more pressing of two urgencies; an unknown word never lowers a known one."""
    return min(first, second, key=lambda one: URGENCIES.index(one) if one in URGENCIES else len(URGENCIES))


def faults(steps: object) -> tuple[str, ...]:
    """What is wrong with a ladder, in sentences; empty when it can be followed."""
    if not isinstance(steps, list) or not steps:
        return ("A ladder needs at least one step.",)
    if len(steps) > MOST_STEPS:
        return (f"A ladder has at most {MOST_STEPS} steps.",)
    return tuple(fault for number, step in enumerate(steps, 1) for fault in _step_faults(number, step))


def _step_faults(number: int, step: object) -> list[str]:
    if not isinstance(step, Mapping):
        return [f"Step {number} must have a name, a level and a wait."]
    found = []
    if unknown := sorted(str(key) for key in step.keys() - {"name", "level", "wait_seconds", "floor_seconds"}):
        found.append(f"Step {number} has unknown parts: {', '.join(unknown)}.")
    if not isinstance(step.get("name"), str) or not step["name"].strip():
        found.append(f"Step {number} needs a name.")
    if step.get("level") not in LEVELS:
        found.append(f"Step {number} needs a level: {', '.join(LEVELS)}.")
    if not _is_pause(step.get("wait_seconds")):
        found.append(f"Step {number} must wait between 1 and {MOST_SECONDS} seconds.")
    if not _is_pause(step.get("floor_seconds", FLOOR_SECONDS)):
        found.append(f"Step {number} must repeat no faster than a floor of 1 to {MOST_SECONDS} seconds.")
    return found


def _is_pause(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= MOST_SECONDS


def parsed(steps: object) -> tuple[Step, ...]:
    """The ladder to follow: these steps, or the built-in one when they can't be followed."""
    if not isinstance(steps, list) or faults(steps):
        return DEFAULT_LADDER
    return tuple(
        Step(one["name"], one["level"], one["wait_seconds"], one.get("floor_seconds", FLOOR_SECONDS)) for one in steps
    )


def frozen(ladder: Sequence[Step]) -> list[dict[str, Any]]:
    """As stored with an incident, so that later edits of the clinic's ladder don't reach it."""
    return [
        {"name": s.name, "level": s.level, "wait_seconds": s.wait_seconds, "floor_seconds": s.floor_seconds}
        for s in ladder
    ]
