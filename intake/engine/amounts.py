"""Amounts with a unit: the units a form offers, which amounts are asked about once more, and what was said then.

One digit too many is easily typed. A question may carry `confirm-above` (one Quantity for each unit): above it, and for
nothing or less than nothing, the patient is asked whether the amount is right. It is never refused. The word is kept
on the answer itself, whose id counts the unusual amounts of its question, so that another amount needs another word.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from intake.engine.definition import CANDOR, Item, Words
from intake.engine.elements import CORE, Element
from intake.engine.showing import in_words
from intake.engine.values import Coding, Quantity, UnreadableValue, Value, order

CONFIRMED: Final = f"{CANDOR}confirmed-amount"
SURE_FIELD: Final = re.compile(r"(?P<key>.+)(?P<sure>!sure-[0-9]{1,6})", re.DOTALL)
_ID: Final = re.compile(r"amount-([0-9]{1,6})")
_CONFIRM_ABOVE: Final = f"{CANDOR}confirm-above"


def read_units(element: Element) -> tuple[tuple[Coding, ...], tuple[Words, ...]]:
    """unitOption: the units, and beside each what it is called."""
    units, words = [], []
    for extension in element.extensions(f"{CORE}questionnaire-unitOption"):
        unit, coding = _typed(extension), extension.object("valueCoding")
        if coding is None or not isinstance(unit, Coding):
            element.findings.add("extension-value", extension.path, name="unitOption", kind="a Coding")
        else:
            units.append(unit)
            words.append(coding.words("display"))
    return tuple(units), tuple(words)


def read_confirm_above(element: Element) -> tuple[Value, ...]:
    found = []
    for extension in element.extensions(_CONFIRM_ABOVE):
        limit = _typed(extension)
        if isinstance(limit, Quantity) and limit.value is not None:
            found.append(Value("Quantity", limit))
        else:
            element.findings.add("extension-value", extension.path, name="confirm-above", kind="a Quantity")
    return tuple(found)


def _typed(extension: Element) -> object:
    try:
        return extension.typed("value").content
    except UnreadableValue:
        return None


def is_unusual(item: Item, value: Value) -> bool:
    """Whether the amount is asked about once more."""
    amount = value.content
    if not item.confirm_above or not isinstance(amount, Quantity) or amount.value is None:
        return False
    return amount.value <= 0 or any(order(value, limit) == 1 for limit in item.confirm_above)


def shown(item: Item, value: Value, language: str) -> str:
    """How an answer was understood: 5 tablets, 5 tabletas, March 15, 1990; "" where there is nothing to add."""
    amount = value.content
    if not isinstance(amount, Quantity):
        return in_words(value, language)
    names = (
        words.to(language)
        for unit, words in zip(item.units, item.unit_words, strict=True)
        if (unit.system, unit.code) == (amount.system, amount.code)
    )
    return in_words(Value(value.type, replace(amount, unit=next(names, "") or amount.unit)), language)


def sure_field(raw: Mapping[str, Any]) -> str:
    """What is put behind a question's key to ask about this very amount. It stands in addresses: it tells nothing."""
    return f"!sure-{_number(raw)}"


def _number(raw: Any) -> int:
    """Which unusual amount of its question this is; 0 for one that `merge` has not seen."""
    found = _ID.fullmatch(str(raw.get("id"))) if isinstance(raw, Mapping) else None
    return int(found[1]) if found else 0


def said_of(raw: Any) -> bool | None:
    """Whether the patient called this answer's amount right; None while nothing was said."""
    extensions = raw.get("extension") if isinstance(raw, Mapping) else None
    for found in extensions if isinstance(extensions, list) else ():
        if isinstance(found, Mapping) and found.get("url") == CONFIRMED and isinstance(found.get("valueBoolean"), bool):
            return bool(found["valueBoolean"])
    return None


def with_words(
    item: Item,
    answers: Sequence[tuple[Mapping[str, Any], Value | None]],
    before: Sequence[Any],
    posted: Mapping[str, Sequence[str]],
) -> list[Mapping[str, Any]]:
    """The answers, each unusual amount with a number of its own and with what was posted about that number.

    `before` are the question's answers until now; of those one keeps its number while it stays what it is.
    """
    latest = max(map(_number, before), default=0)
    found: list[Mapping[str, Any]] = []
    for raw, value in answers:
        told = raw
        if value is not None and is_unusual(item, value):
            if not any(raw is known for known in before):
                latest += 1
                told = {"id": f"amount-{latest}", **raw}
            told = _with_word(told, posted.get(sure_field(told)))
        found.append(told)
    return found


def _with_word(raw: Mapping[str, Any], words: Sequence[str] | None) -> Mapping[str, Any]:
    if words is None:
        return raw
    before = raw.get("extension")
    others = before if isinstance(before, list) else []
    kept = [found for found in others if not (isinstance(found, Mapping) and found.get("url") == CONFIRMED)]
    said = next((text for text in words if text in ("true", "false")), "")
    if said:
        kept.append({"url": CONFIRMED, "valueBoolean": said == "true"})
    bare = {name: part for name, part in raw.items() if name != "extension"}
    return {**bare, "extension": kept} if kept else bare
