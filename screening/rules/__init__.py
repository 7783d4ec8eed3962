"""What in a result a clinician must hear of, and why.

The findings are the flags each instrument file carries, with their sources. A finding on an item holds without a total.
Urgencies are proposals until a clinician has signed them off.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from screening import instruments
from screening.instruments.base import YES, Flag, Instrument, Item, Priority
from screening.scoring import Incomplete, Score, level_reached

# These page a human at once; every other finding becomes a review item.
PAGING = frozenset(
    {
        "suicide-item-positive",
        "suicide-risk-high",
        "suicide-risk-moderate",
        "overdose-in-30-days",
        "harm-to-others",
    }
)
DECLINED = "risk-item-declined"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at. `because` is a sentence that quotes the answers: PHI, for clinicians only."""

    code: str
    urgency: Priority
    because: str
    pages: bool


def findings(instrument: str, result: Score | Incomplete, answers: Mapping[str, str]) -> tuple[Finding, ...]:
    """The findings in this result, in the instrument's own order.

    `answers` are those that `screening.scoring.score` accepted. Raises UnknownInstrument.
    """
    chosen = instruments.get(instrument)
    found = ((flag, _TESTS[flag.kind](chosen, flag, result, answers)) for flag in chosen.flags)
    return tuple(Finding(flag.code, flag.priority, because, flag.code in PAGING) for flag, because in found if because)


def declined(instrument: str, link_ids: Collection[str]) -> tuple[Finding, ...]:
    """A review item for each of these risk questions that the patient would rather not answer: silence is no No.

    "medium" is our proposal; it pages nobody, because a forced answer is a false answer. Raises UnknownInstrument.
    """
    chosen = instruments.get(instrument)
    return tuple(
        Finding(DECLINED, "medium", f'{chosen.name}: the patient would rather not answer "{item.text}".', pages=False)
        for item in chosen.items
        if item.link_id in link_ids
    )


def _item_yes(instrument: Instrument, flag: Flag, _: Score | Incomplete, answers: Mapping[str, str]) -> str | None:
    item = instrument.item(flag.link_id)
    if item is None or answers.get(flag.link_id) != YES:
        return None
    return f'"{item.text}" was answered Yes ({flag.source}).'


def _item_at_least(instrument: Instrument, flag: Flag, _: Score | Incomplete, answers: Mapping[str, str]) -> str | None:
    item = instrument.item(flag.link_id)
    option = item.option(answers.get(flag.link_id, "")) if item else None
    if item is None or option is None or (value := item.value(option)) is None or value < flag.at_least:
        return None
    return (
        f'{instrument.name} "{item.text}" was answered "{option.text}" ({value}), '
        f"at or above the limit of {flag.at_least} whatever the total ({flag.source})."
    )


def _total_at_least(instrument: Instrument, flag: Flag, result: Score | Incomplete, _: Mapping[str, str]) -> str | None:
    if not isinstance(result, Score) or result.total is None or result.total < flag.at_least:
        return None
    return f"The {instrument.name} total is {result.total}, at or above the cut-off of {flag.at_least} ({flag.source})."


def _level(instrument: Instrument, flag: Flag, result: Score | Incomplete, answers: Mapping[str, str]) -> str | None:
    if result.band != flag.level:
        return None
    _, grounds = level_reached(instrument, answers)
    quoted = " and ".join(_quoted(instrument, item, answers) for item in grounds)
    at_least = "at least " if isinstance(result, Incomplete) and flag.level != instrument.levels[0].code else ""
    return f"The {instrument.name} shows {at_least}{flag.level} risk: {quoted} ({flag.source})."


def _quoted(instrument: Instrument, item: Item, answers: Mapping[str, str]) -> str:
    if item.link_id in answers:
        return f'"{item.text}" was answered Yes'
    before = instrument.item(item.asked_after_yes or "")
    assert before is not None
    return f'{_quoted(instrument, before, answers)} and "{item.text}" was left blank, which counts as Yes'


def _only_first(instrument: Instrument, flag: Flag, result: Score | Incomplete, _: Mapping[str, str]) -> str | None:
    if not isinstance(result, Score) or not result.total or result.working[0].value != result.total:
        return None
    return f'All {result.total} points come from "{instrument.items[0].text}" ({flag.source}).'


_TESTS: Mapping[str, Callable[[Instrument, Flag, Score | Incomplete, Mapping[str, str]], str | None]] = {
    "item_gte": _item_at_least,
    "item_yes": _item_yes,
    "total_gte": _total_at_least,
    "level": _level,
    "only_first_item_positive": _only_first,
}
