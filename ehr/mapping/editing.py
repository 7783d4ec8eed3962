"""What a clinician may correct of a proposed entry before it is filed: how a medicine is taken, a reaction, a remark.

Never what the entry is about (the medicine, the substance), nor anything of a questionnaire's answers or a score: those
are the patient's words and our arithmetic. The answers are filed beside the entry as the patient gave them.

A correction must not contradict what it stands beside: a statement that there is none has nothing to correct, and words
that deny the entry itself are refused. Such an entry is kept out, and a person writes the chart.
"""

import copy
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from ehr.mapping.codes import NO_KNOWN_ALLERGY
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
NONE = (
    "This says that there is none, and a note beside it would contradict it. Keep it out of the chart, and write what "
    "there is into the chart yourself, or ask the patient again."
)
# SNOMED CT: no known allergy (the only one our forms offer), and of a drug, of food, of the environment, of latex, as
# public FHIR implementation guides map them. Recognised here, and never written by us.
_NONE_KNOWN = frozenset({NO_KNOWN_ALLERGY, "409137002", "429625007", "428607008", "716184000"})
# The whole name of a medicine or an allergy, where it was typed.
_NONE_TYPED = re.compile(
    "(none|no|nothing|na|nka|nkda|never|ninguno|ninguna|nada"
    "|no (known )?(drug |food |medicine )?(allergy|allergies)|no (medicine|medicines|medication|medications|meds)"
    "|(ninguna|sin) alergias?( conocidas?)?|(ningun|sin) medicamentos?)"
)
# Words that say the entry isn't so, while it goes on saying that it is: curated, and on the safe side.
_DENIES = {
    "MedicationStatement": re.compile(
        r"\b(stopped|discontinued|no longer|not taking|does ?n.?t take|never took|(never|not) taken|entered in error"
        r"|ya no|dejo de|suspendid[oa]|no (la |lo )?toma)\b"
    ),
    "AllergyIntolerance": re.compile(
        r"\b(not allergic|no (known )?allerg(y|ies)|(is|was) no allergy|not an allergy|no reaction|tolerate[sd]?"
        r"|no longer|entered in error|no es alergic[oa]|no es alergia|sin reaccion|tolera)\b"
    ),
}
_SEVERITIES = ("mild", "moderate", "severe")
_PLACES: dict[str, dict[str, tuple[str, Path]]] = {
    "MedicationStatement": {
        "amount": ("Amount each time", _AMOUNT),
        "how": ("How it is taken", ("dosage", 0, "text")),
        "note": ("Note", ("note", 0, "text")),
    },
    "AllergyIntolerance": {
        "reaction": ("Reaction", ("reaction", 0, "manifestation", 0, "text")),
        "severity": ("How bad (mild, moderate or severe)", ("reaction", 0, "severity")),
        "note": ("Note", ("note", 0, "text")),
    },
}


def fields(resource: Mapping[str, Any]) -> tuple[Field, ...]:
    """What may be corrected of this resource; of most nothing. What nobody told of is not made up."""
    if says_none(resource):
        return ()
    places = _PLACES.get(str(resource["resourceType"]), {})
    found = (Field(name, label, _text(_at(resource, path))) for name, (label, path) in places.items())
    return tuple(one for one in found if one.value or one.name in ("how", "note"))


def says_none(resource: Mapping[str, Any]) -> bool:
    """Whether it states that there is none: no known allergy, no medicine."""
    if resource["resourceType"] not in _PLACES:
        return False
    about = resource.get("code") or resource.get("medicationCodeableConcept") or {}
    codes = {one.get("code") for one in about.get("coding", ())}
    return bool(codes & _NONE_KNOWN) or (not codes and bool(_NONE_TYPED.fullmatch(_plain(about.get("text", "")))))


def edited(resource: Mapping[str, Any], changes: Mapping[str, str]) -> dict[str, Any]:
    """A copy with these fields changed, by name. Raises CannotEdit.

    An entry that is not protected as a record of care for alcohol or drug use must not become one by a remark
    (42 CFR 2.12): its labels, its notice and the consent it needs were decided when it was proposed.
    """
    if says_none(resource):
        raise CannotEdit(NONE)
    labels = {one.name: one.label for one in fields(resource)}
    whole = copy.deepcopy(dict(resource))
    for name, text in changes.items():
        if name not in labels:
            raise CannotEdit("This can't be changed.")
        value = _checked(name, labels[name], text.strip())
        _put(whole, _PLACES[str(resource["resourceType"])][name][1], value)
    if not whole.get("note", [{}])[0].get("text", "x"):
        del whole["note"]
    _refuse_contradiction(resource, whole)
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


def _checked(name: str, label: str, words: str) -> str | Decimal:
    if not words and name != "note":
        raise CannotEdit(f"{label} can't be left empty. Keep the entry out of the chart instead.")
    if len(words) > LONGEST:
        raise CannotEdit(f"{label} is longer than {LONGEST} characters.")
    if name == "severity" and words not in _SEVERITIES:
        raise CannotEdit(f"How bad it is has to be one of: {', '.join(_SEVERITIES)}.")
    return _amount(words) if name == "amount" else words


def _refuse_contradiction(before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """What is typed now may neither deny the entry nor leave an amount in words that is no longer the amount."""
    for label, _, now in differing(before, after):
        if _DENIES[str(after["resourceType"])].search(_plain(now)):
            raise CannotEdit(
                f"{label}: these words say that the entry itself is not so. Keep it out of the chart, and write into "
                "the chart yourself what is so."
            )
    was, now = (_at(one, _AMOUNT) for one in (before, after))
    words = _text(_at(after, ("dosage", 0, "text")))
    if was is not None and was != now and was in (Decimal(one) for one in re.findall(r"\d+(?:\.\d+)?", words)):
        raise CannotEdit(f"“How it is taken” still says {was}. Correct both.")


def _plain(words: str) -> str:
    """Lower case without accents, its words parted by one space."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", words) if not unicodedata.combining(char))
    return " ".join(re.findall(r"[\w']+", bare.casefold().replace("’", "'")))


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
