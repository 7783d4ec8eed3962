"""Score one instrument from its answers, showing the working.

The rules are those each file under `instruments/` cites. Three hold everywhere:
- a blank is never a zero: with anything needed unanswered the result is `Incomplete`, which names what is missing;
- what the instrument doesn't ask on this path isn't missing (C-SSRS 3 to 5 and PC-PTSD-5 1 to 5 follow a Yes only);
- an answer that doesn't fit is refused, not guessed at.
A sum counts only what was asked: PC-PTSD-5 answers beside a No at its gate stay in the working and add nothing.

C-SSRS is triaged, not summed. Every Yes counts, also one given off the path: risk that was told is never dropped.
An incomplete screen is never "none" or "low", because the blank may hide more. It keeps "moderate" or "high" once an
answer has reached it, and then means "at least": a page for a moderate risk must not wait for the last question.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, get_args

from screening import instruments
from screening.instruments.base import YES, Instrument, Item, Level, Sex

# The levels that an incomplete screen may already claim.
AT_LEAST = ("high", "moderate")


class AnswersError(ValueError):
    """The answers don't fit. The message names the linkId and what is allowed, never the answer that was given."""


class WorkingLine(NamedTuple):
    """How one item entered the result. `value` is None where nothing was added."""

    link_id: str
    answer: str | None
    value: int | None
    reversed: bool
    rule: str


@dataclass(frozen=True, slots=True)
class Score:
    """A finished result. C-SSRS has a band (its level) and neither total nor positive; our own questions have none."""

    instrument: str
    total: int | None
    band: str
    positive: bool | None
    cutoff: int | None
    working: tuple[WorkingLine, ...]


@dataclass(frozen=True, slots=True)
class Incomplete:
    """No result yet: `missing` lists the linkIds. `band` is set for a C-SSRS level already reached: at least that."""

    instrument: str
    missing: tuple[str, ...]
    band: str | None
    working: tuple[WorkingLine, ...]


def score(instrument: str, answers: Mapping[str, str], *, sex: Sex = "unknown") -> Score | Incomplete:
    """Score `answers` (linkId to answer code) for the instrument with this public name.

    Raises UnknownInstrument, AnswersError, and ValueError for a sex that isn't a FHIR administrative gender.
    """
    chosen = instruments.get(instrument)
    if sex not in get_args(Sex):
        raise ValueError(f"Sex must be one of: {', '.join(get_args(Sex))}.")
    for link_id, code in answers.items():
        _check(chosen, link_id, code)
    missing = tuple(
        item.link_id for item in chosen.items if item.needed and item.link_id not in answers and asked(item, answers)
    )
    if chosen.levels:
        return _triaged(chosen, answers, missing)
    working = tuple(_summed_line(item, answers.get(item.link_id), asked(item, answers)) for item in chosen.items)
    if missing:
        return Incomplete(instrument, missing, None, working)
    if chosen.positive is None:  # a question of our own: answered, not scored
        return Score(instrument, None, "", None, None, working)
    total = sum(line.value or 0 for line in working)
    cutoff = chosen.positive.for_sex(sex)
    band = next(band.code for band in chosen.bands_for(sex) if band.low <= total <= band.high)
    return Score(instrument, total, band, total >= cutoff, cutoff, working)


def answers_to(instrument: Instrument, answers: Mapping[str, str]) -> dict[str, str]:
    """Those of the answers (linkId → code) that are this instrument's, an item asked as part of another one included.

    That holds only once something of its own was answered: two PHQ-2 answers alone are no PHQ-9 begun.
    """
    own = {item.link_id: answers[item.link_id] for item in instrument.items if item.link_id in answers}
    shared = {
        item.link_id: answers[item.same_as] for item in instrument.items if item.same_as and item.same_as in answers
    }
    return {**shared, **own} if own else {}


def asked(item: Item, answers: Mapping[str, str]) -> bool:
    """Whether the instrument asks this item on the path these answers took."""
    return item.asked_after_yes is None or answers.get(item.asked_after_yes) == YES


def level_reached(instrument: Instrument, answers: Mapping[str, str]) -> tuple[Level, tuple[Item, ...]]:
    """The triage level and the items that put it there; the last level needs none."""
    yes = [item for item in instrument.items if _says_yes(item, answers)]
    for level in instrument.levels:
        grounds = tuple(item for item in yes if item.link_id in level.any_yes)
        if grounds:
            return level, grounds
    return instrument.levels[-1], ()


def detail(result: Score | Incomplete) -> dict[str, object]:
    """The result as plain JSON values: total, band, positive, missing, working."""
    return {
        "total": result.total if isinstance(result, Score) else None,
        "band": result.band,
        "positive": result.positive if isinstance(result, Score) else None,
        "missing": list(result.missing) if isinstance(result, Incomplete) else [],
        "working": [
            {
                "linkId": line.link_id,
                "answer": line.answer,
                "value": line.value,
                "reversed": line.reversed,
                "rule": line.rule,
            }
            for line in result.working
        ],
    }


def _check(instrument: Instrument, link_id: str, code: object) -> None:
    item = instrument.item(link_id)
    if item is None:
        known = ", ".join(item.link_id for item in instrument.items)
        raise AnswersError(f"{ascii(link_id)[:80]} is not a {instrument.name} item; its items are {known}.")
    if not isinstance(code, str) or item.option(code) is None:
        allowed = ", ".join(f"{option.code} ({option.text})" for option in item.options)
        raise AnswersError(f"{link_id} takes one of these answers: {allowed}. Leave it out if it was not answered.")


@cache
def _summed_line(item: Item, code: str | None, on_path: bool) -> WorkingLine:
    option = None if code is None else item.option(code)
    if option is None:
        return WorkingLine(item.link_id, None, None, item.reverse, _blank(item, on_path))
    value = item.value(option)
    if value is None:
        rule = f"{option.text}: not scored"
    elif not on_path:
        value, rule = None, f"not counted: asked only after Yes to {item.asked_after_yes}"
    elif item.reverse:
        rule = f"{option.text} = {option.points}, reversed: {item.highest} - {option.points} = {value}"
    else:
        rule = f"{option.text} = {value}"
    return WorkingLine(item.link_id, code, value, item.reverse, rule)


def _triaged(instrument: Instrument, answers: Mapping[str, str], missing: tuple[str, ...]) -> Score | Incomplete:
    level, _ = level_reached(instrument, answers)
    working = tuple(_triage_line(instrument, item, answers) for item in instrument.items)
    if not missing:
        return Score(instrument.key, None, level.code, None, None, working)
    return Incomplete(instrument.key, missing, level.code if level.code in AT_LEAST else None, working)


def _triage_line(instrument: Instrument, item: Item, answers: Mapping[str, str]) -> WorkingLine:
    code = answers.get(item.link_id)
    reaches = next(level.code for level in instrument.levels if item.link_id in level.any_yes)
    if _says_yes(item, answers):
        rule = f"Yes: {reaches}" if code else f"unanswered, counts as Yes: {reaches}"
    else:
        rule = "No: adds no risk" if code else _blank(item, asked(item, answers))
    return WorkingLine(item.link_id, code, None, False, rule)


def _says_yes(item: Item, answers: Mapping[str, str]) -> bool:
    blank_as = item.blank_counts_as if asked(item, answers) else None
    return answers.get(item.link_id, blank_as) == YES


def _blank(item: Item, on_path: bool) -> str:
    if not on_path:
        return f"not asked: only after Yes to {item.asked_after_yes}"
    return "unanswered" if item.needed else "unanswered, not scored"
