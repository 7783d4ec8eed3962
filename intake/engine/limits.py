"""What a form permits an answer to be: lengths, ranges, patterns, how many."""

import re
from collections.abc import Mapping
from typing import Final

from intake.engine.definition import Constraints, Pattern
from intake.engine.elements import CORE, SDC, Element
from intake.engine.values import Value, order

_FEW: Final = 30
_SAFE_LENGTHS: Final = {0: 5000, 1: 5000, 2: 2000, 3: 200, 4: 60}  # by the number of unbounded repeats
_BOUND_TYPES: Final[Mapping[str, set[str]]] = {
    "integer": {"integer", "decimal"},
    "decimal": {"integer", "decimal"},
    "date": {"date"},
    "dateTime": {"date", "dateTime"},
    "time": {"time"},
    "quantity": {"Quantity"},
}


def read_constraints(item: Element, type_: str) -> Constraints:
    constraints = Constraints(
        min_length=_number(item, f"{CORE}minLength"),
        max_length=item.number("maxLength"),
        pattern=_read_pattern(item),
        min_value=_bound(item, "min", type_),
        max_value=_bound(item, "max", type_),
        max_decimals=_number(item, f"{CORE}maxDecimalPlaces"),
        min_occurs=_number(item, f"{CORE}questionnaire-minOccurs"),
        max_occurs=_number(item, f"{CORE}questionnaire-maxOccurs"),
    )
    _check(item, constraints)
    return constraints


def _number(item: Element, url: str) -> int | None:
    value = item.extension(url, {"integer"})
    return value.content if value is not None and isinstance(value.content, int) else None


def _bound(item: Element, end: str, type_: str) -> Value | None:
    """minValue and maxValue for numbers and times, SDC's minQuantity and maxQuantity for quantities."""
    url = f"{SDC}{end}Quantity" if type_ == "quantity" else f"{CORE}{end}Value"
    if type_ in _BOUND_TYPES:
        return item.extension(url, _BOUND_TYPES[type_])
    if item.has_extension(url):
        item.findings.add("limit-not-allowed", item.path, name=f"{end}Value", type=type_)
    return None


def _check(item: Element, limits: Constraints) -> None:
    if limits.min_value and limits.max_value and order(limits.min_value, limits.max_value) == 1:
        item.findings.add("min-over-max", item.path, name="value")
    for name, least, most in (
        ("length", limits.min_length, limits.max_length),
        ("number of answers", limits.min_occurs, limits.max_occurs),
    ):
        if least is not None and most is not None and least > most:
            item.findings.add("min-over-max", item.path, name=name)
    for name, limit, least in (
        ("minLength", limits.min_length, 0),
        ("maxLength", limits.max_length, 1),
        ("maxDecimalPlaces", limits.max_decimals, 0),
        ("minOccurs", limits.min_occurs, 0),
        ("maxOccurs", limits.max_occurs, 1),
    ):
        if limit is not None and limit < least:
            item.findings.add("limit-impossible", item.path, name=name, limit=limit)
    repeats, required = item.flag("repeats"), item.flag("required")
    if limits.min_occurs and not (repeats and required):
        item.findings.add("min-occurs-not-required", item.path)
    if limits.max_occurs is not None and limits.max_occurs > 1 and not repeats:
        item.findings.add("max-occurs-not-repeating", item.path)


def _read_pattern(item: Element) -> Pattern | None:
    """The regex extension. One that could take for ever (or that Python doesn't read) is reported and not used."""
    value = item.extension(f"{CORE}regex", {"string"})
    if value is None or not isinstance(value.content, str):
        return None
    longest = longest_text(value.content)
    if longest:
        try:
            return Pattern(re.compile(value.content), longest)
        except (re.error, OverflowError, RecursionError):
            item.findings.add("regex-unusable", item.path)
            return None
    item.findings.add("regex-unusable", item.path)
    return None


def longest_text(pattern: str) -> int:
    """Up to how many characters the pattern may safely be tried on; 0 where it may not.

    A repeat of a group that itself repeats or branches, as in (a+)+, can take time exponential in the text; n
    unbounded repeats side by side take time in the order of its nth power.
    """
    groups = [False]  # for each open group, whether it holds an unbounded repeat or a branch
    closed = False  # whether the part just read closed such a group
    repeats = 0
    for part in re.findall(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{\d*,?\d*\}|.", pattern, re.DOTALL):
        most = _most(part)
        if most > 1 and closed:
            return 0
        repeats += most > _FEW
        groups[-1] = groups[-1] or most > _FEW or part == "|"
        closed = False
        if part == "(":
            groups.append(False)
        elif part == ")" and len(groups) > 1:
            closed = groups.pop()
            groups[-1] = groups[-1] or closed
    return _SAFE_LENGTHS.get(repeats, 0)


def _most(part: str) -> int:
    """How often at most a part of a pattern lets the one before it occur; 0 for a part that says nothing about that."""
    if part in ("*", "+"):
        return _FEW + 1
    if part[0] != "{" or len(part) < 3:
        return 0
    digits = part[1:-1].split(",")[-1]
    return int(digits[:6]) if digits else _FEW + 1
