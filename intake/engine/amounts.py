"""Amounts with a unit: the units a form offers, which amounts are asked about once more, and what was said then.

One digit too many is easily typed. A question may carry `confirm-above` (one Quantity for each unit): above it, and for
nothing or less than nothing, the patient is asked whether the amount is right. It is never refused. The word is kept
on the answer itself, so that another amount needs another word.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from intake.engine.definition import CANDOR, Item, Words
from intake.engine.elements import CORE, Element
from intake.engine.showing import in_words
from intake.engine.values import Coding, Quantity, UnreadableValue, Value, order

CONFIRMED: Final = f"{CANDOR}confirmed-amount"
SURE_FIELD: Final = re.compile(r"(?P<key>.+)(?P<sure>!sure-[0-9a-f]{8})", re.DOTALL)
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


def sure_field(value: Value) -> str:
    """What is put behind a question's key to ask about this very amount; it does not tell the amount."""
    return f"!sure-{hashlib.sha256(in_words(value, 'en').encode()).hexdigest()[:8]}"


def said_of(raw: Any) -> bool | None:
    """Whether the patient called this answer's amount right; None while nothing was said."""
    extensions = raw.get("extension") if isinstance(raw, Mapping) else None
    for found in extensions if isinstance(extensions, list) else ():
        if isinstance(found, Mapping) and found.get("url") == CONFIRMED and isinstance(found.get("valueBoolean"), bool):
            return bool(found["valueBoolean"])
    return None


def with_word(raw: Mapping[str, Any], value: Value | None, posted: Mapping[str, Sequence[str]]) -> Mapping[str, Any]:
    """The answer with what was posted about its amount. What was said of another amount is not about this one."""
    words = posted.get(sure_field(value)) if value is not None and isinstance(value.content, Quantity) else None
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
