"""What is wrong with paging, seen from outside of it: by the facts of each open incident and by the clock. Pure.

Nothing here is used by what sends pages. Limits are our own.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any
from uuid import UUID

from escalation.policy.duty import DUTY_LEVELS, in_words

LATE = timedelta(seconds=60)
CANARY_EVERY = 300
CANARY_WITHIN = 90
PROVED_FOR = timedelta(days=30)
AUDIT_EVERY = 60
BEAT_EVERY = 60
# A round that has not come to its end for so long has stopped.
STOPPED = timedelta(seconds=180)
RED_SECONDS = 120
DRILL_WEEKDAY, DRILL_AT = 2, time(10)  # Wednesday at ten by the clinic's clock: nobody is woken by a test


class Code(StrEnum):
    """What an alarm says; no more than this leaves the house."""

    RISK_WITHOUT_INCIDENT = "risk-without-incident"
    UNREAD_ANSWERS = "unread-answers"
    STEP_OVERDUE = "step-overdue"
    NOBODY_TOLD = "nobody-told"
    UNACKNOWLEDGED = "unacknowledged"
    NO_DUE_TIME = "no-due-time"
    STUCK_PAGE = "stuck-page"
    ON_CALL_GAP = "on-call-gap"
    NOBODY_MAY_ANSWER = "nobody-may-answer"
    CANARY_LATE = "canary-late"
    GAP_AHEAD = "gap-ahead"
    UNREACHABLE_STEP = "unreachable-step"


MEANS: Mapping[str, str] = {
    Code.RISK_WITHOUT_INCIDENT: "A dangerous answer was stored and nobody was paged. The auditor has paged for it now.",
    Code.UNREAD_ANSWERS: "Answers can't be opened or scored, and nobody was paged. The auditor has paged for it now.",
    Code.STEP_OVERDUE: "The next step of an incident is more than a minute late: does a dispatcher or a worker run?",
    Code.NOBODY_TOLD: "An incident is past its first deadline and no page went out: look at its page, and phone.",
    Code.UNACKNOWLEDGED: "The whole ladder was climbed and nobody took the incident: phone whoever is on duty.",
    Code.NO_DUE_TIME: "An unresolved incident has no due time: it will never be paged. Phone, then repair the row.",
    Code.STUCK_PAGE: "A page was claimed and not sent: does a dispatcher or a worker run?",
    Code.ON_CALL_GAP: "Nobody is on duty now at a level of the ladder: pages go to a level above, or to everybody.",
    Code.NOBODY_MAY_ANSWER: "No active member of staff may answer pages: an incident would page nobody.",
    Code.CANARY_LATE: "No test incident arrived in the last six and a half minutes: pages do not travel.",
    Code.GAP_AHEAD: "In the next 72 hours a level has nobody, or the roster names somebody who has left.",
    Code.UNREACHABLE_STEP: "A step of the ladder reaches nobody by a contact point that is verified and was tested.",
}
# Pages still go out, to other people than were meant.
GAPS = frozenset({Code.ON_CALL_GAP})
# Told and listed; they stop no heartbeat and turn no bar red, because today's pages still arrive.
WARNINGS = frozenset({Code.GAP_AHEAD, Code.UNREACHABLE_STEP})


@dataclass(frozen=True, slots=True)
class Seen:
    """An unresolved incident as its row says. `told`: pages that went out to somebody."""

    state: str
    opened_at: datetime | None
    due_at: datetime | None
    ladder: Sequence[Mapping[str, Any]]
    told: int


def wrong_with(one: Seen, now: datetime) -> tuple[Code, ...]:
    """Whatever its age: no incident is too old to be looked at. A missing time is a failure, not a pass."""
    if one.due_at is None or one.opened_at is None:
        return (Code.NO_DUE_TIME,)
    found = [Code.STEP_OVERDUE] if one.due_at < now - LATE else []
    if one.state != "acknowledged":
        waits = [timedelta(seconds=int(step.get("wait_seconds", 0))) for step in one.ladder] or [LATE]
        if not one.told and one.opened_at + waits[0] < now:
            found.append(Code.NOBODY_TOLD)
        if one.opened_at + sum(waits, timedelta()) < now:
            found.append(Code.UNACKNOWLEDGED)
    return tuple(found)


def next_drill(now: datetime, zone: tzinfo) -> datetime:
    """The next Wednesday at ten by that clock, after `now`."""
    local = now.astimezone(zone)
    day = local.date() + timedelta(days=(DRILL_WEEKDAY - local.weekday()) % 7)
    at = datetime.combine(day, DRILL_AT, zone)
    return at if at > now else datetime.combine(day + timedelta(days=7), DRILL_AT, zone)


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of the ways to one person: whether one is verified, and whether a test arrived by it lately."""

    name: str
    verified: bool
    tested: bool


def unreachable(steps: Sequence[tuple[str, Sequence[UUID]]], proofs: Mapping[UUID, Proof]) -> tuple[str, ...]:
    """One sentence for each step (its name, whom it pages) that reaches nobody by a proved contact point."""
    return tuple(
        fault for number, (name, people) in enumerate(steps, 1) if (fault := _step_fault(number, name, people, proofs))
    )


def unplanned(steps: Sequence[tuple[str, str]], held: Collection[str]) -> tuple[str, ...]:
    """One sentence for each step (its name, its level) of a level that nobody holds, now or planned."""
    return tuple(
        f"Step {number} ({name}): nobody has duty as {in_words(level)}, now or planned. "
        "Plan a rotation or an override at that level first, or choose another level."
        for number, (name, level) in enumerate(steps, 1)
        if level in DUTY_LEVELS and level not in held
    )


def gap_now(level: str) -> str:
    return (
        f"{in_words(level).capitalize()}: nobody has duty now. Its pages go to a level above that has somebody, or to "
        "everybody who may answer. Plan a rotation or an override at this level, or take its step out of the ladder."
    )


def _step_fault(number: int, name: str, people: Sequence[UUID], proofs: Mapping[UUID, Proof]) -> str:
    known = sorted((proofs[one] for one in people if one in proofs), key=lambda one: one.name)
    if any(one.verified and one.tested for one in known):
        return ""
    if not people:
        return f"Step {number} ({name}) pages nobody: put somebody on duty who may answer pages."
    if untested := [one.name for one in known if one.verified]:
        return f"Step {number} ({name}): no test page reached {', '.join(untested)} in the last 30 days. Send one."
    names = ", ".join(one.name for one in known) or "nobody"
    return f"Step {number} ({name}) pages {names}, without a verified contact point. Add one, and send a test."
