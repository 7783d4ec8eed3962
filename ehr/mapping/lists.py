"""Medicines and allergies as told beside what the chart holds: only here, only there, both, or both and not the same.

Two entries are one when they share a code, else when their names are the same letters and digits. Nothing is guessed:
a brand and its substance, or a misspelling, stand apart and a person sees both.
"""

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MEDICINE_TYPES = ("MedicationStatement", "MedicationRequest")
# FHIR R4: no longer taken, or never true.
_ENDED = frozenset(
    {"completed", "stopped", "cancelled", "not-taken", "entered-in-error", "draft", "refuted", "inactive", "resolved"}
)


@dataclass(frozen=True, slots=True)
class Entry:
    """One medicine or allergy. `details` is how it is taken or what it does, "" where nothing is said."""

    name: str
    codes: frozenset[tuple[str, str]]
    details: str


@dataclass(frozen=True, slots=True)
class Line:
    """`state` is "same", "differs", "here" (only told) or "chart" (only there)."""

    state: str
    told: Entry | None
    charted: Entry | None


def compare(told: Iterable[Mapping[str, Any]], charted: Iterable[Mapping[str, Any]]) -> tuple[Line, ...]:
    """Both lists of FHIR resources beside each other: what was told in its order, then what only the chart has."""
    left = [entry(one) for one in charted if is_current(one)]
    lines = []
    for ours in map(entry, told):
        theirs = _match(ours, left)
        if theirs is not None:
            left.remove(theirs)
        lines.append(Line(_state(ours, theirs), ours, theirs))
    return (*lines, *(Line("chart", None, theirs) for theirs in left))


def entry(resource: Mapping[str, Any]) -> Entry:
    is_allergy = resource["resourceType"] == "AllergyIntolerance"
    about = resource.get("code" if is_allergy else "medicationCodeableConcept") or {}
    codings = [one for one in about.get("coding", ()) if one.get("code")]
    shown = [about.get("text"), *(one.get("display") for one in codings)]
    shown.append((resource.get("medicationReference") or {}).get("display"))
    return Entry(
        name=next((one for one in shown if one), "without a name"),
        codes=frozenset((one.get("system", ""), one["code"]) for one in codings),
        details=", ".join(_reactions(resource) if is_allergy else _doses(resource)),
    )


def is_current(resource: Mapping[str, Any]) -> bool:
    """Not ended, refuted or entered in error, as the chart says."""
    said = {resource.get("status")}
    for name in ("clinicalStatus", "verificationStatus"):
        said |= {one.get("code") for one in (resource.get(name) or {}).get("coding", ())}
    return not said & _ENDED


def _match(ours: Entry, left: list[Entry]) -> Entry | None:
    same = [one for one in left if one.codes & ours.codes] or [one for one in left if _plain(one) == _plain(ours)]
    alike = [one for one in same if _state(ours, one) == "same"]
    return next(iter(alike or same), None)


def _state(ours: Entry, theirs: Entry | None) -> str:
    if theirs is None:
        return "here"
    told, held = _letters(ours.details), _letters(theirs.details)
    return "differs" if told and held and told != held else "same"


def _doses(resource: Mapping[str, Any]) -> Iterator[str]:
    for dosage in (*resource.get("dosage", ()), *resource.get("dosageInstruction", ())):
        for rate in dosage.get("doseAndRate", ()):
            quantity = rate.get("doseQuantity") or {}
            if "value" in quantity:
                yield f"{quantity['value']} {quantity.get('unit', '')}".strip()
        if dosage.get("text"):
            yield dosage["text"]


def _reactions(resource: Mapping[str, Any]) -> Iterator[str]:
    for reaction in resource.get("reaction", ()):
        for one in reaction.get("manifestation", ()):
            shown = [one.get("text"), *(code.get("display") for code in one.get("coding", ()))]
            yield from [words for words in shown if words][:1]


def _plain(one: Entry) -> str:
    return _letters(one.name)


def _letters(words: str) -> str:
    """Lower case letters and digits, without accents."""
    return "".join(char for char in unicodedata.normalize("NFKD", words).casefold() if char.isalnum())
