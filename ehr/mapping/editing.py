"""What a clinician may correct of a proposed entry before it is filed: how a medicine is taken, a reaction, a remark.

Never what the entry is about (the medicine, the substance), nor anything of a questionnaire's answers or a score: those
are the patient's words and our arithmetic. The answers are filed beside the entry as the patient gave them.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from ehr.mapping.implied import tells_of_treatment

Path = tuple[str | int, ...]
LONGEST = 500  # characters


class CannotEdit(Exception):
    """Says in words for a person why this correction is refused."""


@dataclass(frozen=True, slots=True)
class Field:
    """`value` is "" where the entry says nothing yet."""

    name: str
    label: str
    value: str


_AMOUNT: Path = ("dosage", 0, "doseAndRate", 0, "doseQuantity", "value")
_PLACES: dict[str, dict[str, tuple[str, Path]]] = {
    "MedicationStatement": {
        "amount": ("Amount each time", _AMOUNT),
        "how": ("How it is taken", ("dosage", 0, "text")),
        "note": ("Note", ("note", 0, "text")),
    },
    "AllergyIntolerance": {
        "reaction": ("Reaction", ("reaction", 0, "manifestation", 0, "text")),
        "note": ("Note", ("note", 0, "text")),
    },
}


def fields(resource: Mapping[str, Any]) -> tuple[Field, ...]:
    """What may be corrected of this resource; of most nothing. What nobody told of is not made up."""
    places = _PLACES.get(str(resource["resourceType"]), {})
    found = (Field(name, label, _text(_at(resource, path))) for name, (label, path) in places.items())
    return tuple(one for one in found if one.value or one.name in ("how", "note"))


def edited(resource: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
    """A copy with these fields changed, by name. Raises CannotEdit.

    An entry that is not protected as a record of care for alcohol or drug use must not become one by a remark
    (42 CFR 2.12): its labels, its notice and the consent it needs were decided when it was proposed.
    """
    labels = {one.name: one.label for one in fields(resource)}
    whole = copy.deepcopy(dict(resource))
    for name, text in changes.items():
        if name not in labels:
            raise CannotEdit("This can't be changed.")
        words = text.strip()
        if not words and name != "note":
            raise CannotEdit(f"{labels[name]} can't be left empty. Keep the entry out of the chart instead.")
        if len(words) > LONGEST:
            raise CannotEdit(f"{labels[name]} is longer than {LONGEST} characters.")
        _put(whole, _PLACES[str(resource["resourceType"])][name][1], _amount(words) if name == "amount" else words)
    if not whole.get("note", [{}])[0].get("text", "x"):
        del whole["note"]
    if tells_of_treatment(whole) and not tells_of_treatment(resource):
        raise CannotEdit(
            "These words tell of care for alcohol or drug use, and this entry is not protected as such. "
            "Write them into the chart yourself."
        )
    return whole


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """(label, before, after) of each field that is not the same."""
    was = {one.name: one.value for one in fields(before)}
    now = {one.name: one.value for one in fields(after)}
    for name, (label, _) in _PLACES.get(str(after["resourceType"]), {}).items():
        if was.get(name, "") != now.get(name, ""):
            yield label, was.get(name, ""), now.get(name, "")


def _amount(words: str) -> Decimal:
    try:
        amount = Decimal(words)
    except InvalidOperation:
        amount = Decimal(0)
    if not amount.is_finite() or amount <= 0:
        raise CannotEdit("The amount has to be a number above zero, for example 50 or 0.5.")
    return amount


def _at(value: Any, path: Path) -> Any:
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _put(whole: dict[str, Any], path: Path, value: Any) -> None:
    """Set the value, making the lists and objects on the way that aren't there."""
    place: Any = whole
    for step, following in zip(path, path[1:], strict=False):
        empty: Any = [] if isinstance(following, int) else {}
        if isinstance(step, int) and len(place) == step:
            place.append(empty)
        elif isinstance(step, str):
            place.setdefault(step, empty)
        place = place[step]
    place[path[-1]] = value


def _text(value: Any) -> str:
    return "" if value is None else str(value)
