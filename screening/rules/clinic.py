"""A clinic's own rules: what else, or what sooner, a clinician must hear of. They can add and tighten, nothing else.

The built-in findings are not among them and hold whatever stands here, so no rule can lower one or switch it off;
a rule that reads as if it did is refused with a sentence. A rule is a JSON object:

    {"instrument": "gad-7", "kind": "total_gte", "item": "", "at_least": 10, "urgency": "medium", "pages": false}

`kind`: "item_gte" (`item` is a linkId, `at_least` its points as they enter the total), "total_gte", or "band_gte"
(`at_least` is a band or C-SSRS level, and every worse one counts too).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from screening import instruments
from screening.instruments.base import Flag, Instrument, Priority
from screening.rules import PAGING, Finding
from screening.scoring import Incomplete, Score

CODE = "clinic-rule"
KINDS = ("item_gte", "total_gte", "band_gte")
# The mildest first. Nobody's rule may be "critical" without a page.
URGENCIES = ("info", "medium", "high", "critical")
SHAPE = frozenset({"instrument", "kind", "item", "at_least", "urgency", "pages"})
Rule = Mapping[str, Any]


def findings(
    rules: Sequence[Rule], version: int, instrument: str, result: Score | Incomplete, answers: Mapping[str, str]
) -> tuple[Finding, ...]:
    """What the clinic's rules (already checked by `faults`) find in this result, in their order."""
    chosen = instruments.get(instrument)
    told = f"the clinic's own rules, version {version}"
    return tuple(
        Finding(CODE, cast(Priority, rule["urgency"]), f"{words} ({told}).", rule["pages"])
        for rule in rules
        if rule["instrument"] == instrument and (words := _reached(chosen, rule, result, answers))
    )


def faults(rules: object) -> tuple[str, ...]:
    """One sentence for each thing that is wrong; empty when the rules may be used."""
    if not isinstance(rules, list):
        return ("The rules must be a list.",)
    return tuple(f"Rule {number}: {wrong}" for number, rule in enumerate(rules, 1) if (wrong := fault(rule)))


def in_words(rule: Rule) -> str:
    """When it holds, as it is listed; what an instrument does not know any more stands as it was stored."""
    chosen = instruments.REGISTRY.get(rule["instrument"])
    if chosen is None:
        return f"{rule['instrument']}: {rule['item']} {rule['at_least']}"
    if rule["kind"] == "band_gte":
        return f"{chosen.name}: {_label(chosen, rule['at_least'])} or worse"
    if rule["kind"] == "total_gte":
        return f"{chosen.name}: the total is at least {rule['at_least']}"
    item = chosen.item(rule["item"])
    points = "1 point" if rule["at_least"] == 1 else f"{rule['at_least']} points"
    return f"{chosen.name}: “{item.text if item else rule['item']}” has at least {points}"


def band_meant(instrument: str, words: str) -> str:
    """The code of the band that was named by its code or its printed name; else the words as they are."""
    chosen = instruments.REGISTRY.get(instrument)
    names = (
        {name.casefold(): code for code in _bands(chosen) for name in (code, _label(chosen, code))} if chosen else {}
    )
    return names.get(words.casefold(), words)


def least_in_words(rule: Rule) -> str:
    """As it may be typed again."""
    chosen = instruments.REGISTRY.get(rule["instrument"])
    return _label(chosen, rule["at_least"]) if chosen and rule["kind"] == "band_gte" else str(rule["at_least"])


def _label(chosen: Instrument, band: str) -> str:
    return chosen.label(band) if band in _bands(chosen) else band


def _reached(chosen: Instrument, rule: Rule, result: Score | Incomplete, answers: Mapping[str, str]) -> str | None:
    """Why the rule holds, as the start of a sentence; None when it doesn't."""
    least = rule["at_least"]
    if rule["kind"] == "item_gte":
        item = chosen.item(rule["item"])
        option = item.option(answers.get(item.link_id, "")) if item else None
        value = item.value(option) if item and option else None
        if item is None or option is None or value is None or value < least:
            return None
        return f'{chosen.name} "{item.text}" was answered "{option.text}" ({value}), at or above {least}'
    if rule["kind"] == "total_gte":
        if not isinstance(result, Score) or result.total is None or result.total < least:
            return None
        return f"The {chosen.name} total is {result.total}, at or above {least}"
    order = _bands(chosen)
    if not result.band or result.band not in order or order.index(result.band) < order.index(least):
        return None
    at_least = "at least " if isinstance(result, Incomplete) else ""
    return f"The {chosen.name} shows {at_least}{chosen.label(result.band)}, at or above {chosen.label(least)}"


def _bands(chosen: Instrument) -> list[str]:
    """Band or level codes, the mildest first."""
    if chosen.levels:
        return [level.code for level in reversed(chosen.levels)]
    return [band.code for band in chosen.bands_for("unknown")]


def fault(rule: object) -> str | None:
    """What is wrong with one rule, as the rest of a sentence; None when it may be used."""
    if not isinstance(rule, dict) or set(rule) != SHAPE:
        return f"give exactly these: {', '.join(sorted(SHAPE))}."
    if rule["instrument"] not in instruments.REGISTRY:
        return f"choose one of these instruments: {', '.join(one.name for one in instruments.REGISTRY.values())}."
    if rule["kind"] not in KINDS:
        return f"the kind is one of {', '.join(KINDS)}."
    if rule["urgency"] not in URGENCIES or not isinstance(rule["pages"], bool):
        return f"the urgency is one of {', '.join(URGENCIES)}, and pages is true or false."
    if rule["pages"] != (rule["urgency"] == "critical") and rule["urgency"] in ("critical", "info"):
        return "what is critical pages, and what is only shown does not."
    chosen = instruments.get(rule["instrument"])
    return _limit_fault(chosen, rule) or _lowers(chosen, rule)


def _limit_fault(chosen: Instrument, rule: Rule) -> str | None:
    kind, least = rule["kind"], rule["at_least"]
    if kind == "band_gte":
        worse = _bands(chosen)[1:]
        is_known = least in worse and not rule["item"]
        named = ", ".join(_label(chosen, code) for code in worse)
        return (
            None
            if is_known
            else f"“At least” is one of these of {chosen.name}: {named}. No question is chosen with it."
        )
    item = chosen.item(rule["item"]) if kind == "item_gte" else None
    if kind == "item_gte" and item is None:
        owner = next((one.name for one in instruments.REGISTRY.values() if one.item(rule["item"])), "")
        return (
            f"this question belongs to {owner}, not to {chosen.name}."
            if owner
            else f"choose a question of {chosen.name}."
        )
    if kind == "total_gte" and (rule["item"] or chosen.levels):
        return (
            f"{chosen.name} has no total: choose its risk level."
            if chosen.levels
            else "a total belongs to no question."
        )
    highest = item.highest if item else chosen.highest
    if highest < 1:
        return "this question has no points."
    if type(least) is not int or not 1 <= least <= highest:
        return f"“At least” is a whole number from 1 to {highest}."
    return None


def _lowers(chosen: Instrument, rule: Rule) -> str | None:
    """Wherever the rule would hold a built-in finding holds as well, that is at least as urgent: refused."""
    for flag in chosen.flags:
        pages = flag.code in PAGING
        is_weaker = URGENCIES.index(rule["urgency"]) <= URGENCIES.index(flag.priority) and pages >= rule["pages"]
        if _covers(chosen, flag, rule) and is_weaker:
            paging = " and pages" if pages else ""
            return (
                f"{chosen.name} has a built-in finding ({flag.code}) that is {flag.priority} there already{paging}. "
                "A rule can add to it or tighten it, not lower it or switch it off."
            )
    return None


def _covers(chosen: Instrument, flag: Flag, rule: Rule) -> bool:
    """Whether this built-in finding holds wherever the rule does."""
    if flag.kind == "level":
        return bool(rule["kind"] == "band_gte" and rule["at_least"] == flag.level)
    if rule["kind"] == "band_gte":
        starts = {band.code: band.low for band in chosen.bands_for("unknown")}
        return flag.kind == "total_gte" and starts.get(rule["at_least"], -1) >= flag.at_least
    return bool(flag.kind == rule["kind"] and flag.link_id == rule["item"] and rule["at_least"] >= flag.at_least)
