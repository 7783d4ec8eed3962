"""What a proposed entry says, in short lines for the clinician who approves it: nobody approves what they can't see."""

import base64
from collections.abc import Iterator, Mapping
from typing import Any

from ehr.mapping.answers import typed_value, walk

_CHOSEN = ("text", "display")


def lines(resource: Mapping[str, Any]) -> tuple[str, ...]:
    """The values alone, in the order a person reads them; the entry's label says what they are about."""
    say = _SAYS.get(str(resource["resourceType"]))
    return tuple(line for line in say(resource) if line) if say else ()


def _observation(resource: Mapping[str, Any]) -> Iterator[str]:
    told = typed_value(resource)
    bands = [one["text"] for one in resource.get("interpretation", ()) if one.get("text")]
    if told:
        yield ", ".join([_words(*told), *bands])


def _medicine(resource: Mapping[str, Any]) -> Iterator[str]:
    for dosage in resource.get("dosage", ()):
        doses = [one["doseQuantity"] for one in dosage.get("doseAndRate", ()) if "doseQuantity" in one]
        yield ", ".join(filter(None, [*(_words("Quantity", one) for one in doses), dosage.get("text", "")]))
    yield from (f"For: {one['text']}" for one in resource.get("reasonCode", ()) if one.get("text"))
    yield from _notes(resource)


def _allergy(resource: Mapping[str, Any]) -> Iterator[str]:
    for reaction in resource.get("reaction", ()):
        named = [_concept(one) for one in reaction.get("manifestation", ())]
        yield ", ".join(filter(None, [*named, reaction.get("severity", "")]))
    yield from _notes(resource)


def _answers(resource: Mapping[str, Any]) -> Iterator[str]:
    for item in walk(resource.get("item", ())):
        given = [_words(*told) for one in item.get("answer", ()) if (told := typed_value(one))]
        asked = item.get("text") or item["linkId"]
        if given:
            yield f"{asked}: {', '.join(given)}"
        elif any(one.get("valueCode") == "asked-declined" for one in item.get("extension", ())):
            yield f"{asked}: prefers not to answer"


def _patient(resource: Mapping[str, Any]) -> Iterator[str]:
    for name in resource.get("name", ()):
        words = " ".join([*name.get("given", ()), name.get("family", "")]).strip()
        yield f"Called {words}" if name.get("use") == "usual" else words
    yield f"Born {resource.get('birthDate', '')}, {resource.get('gender', '')}"
    yield from (f"{one['system'].capitalize()}: {one['value']}" for one in resource.get("telecom", ()))
    for place in resource.get("address", ()):
        kept = [*place.get("line", ()), *(place.get(part, "") for part in ("city", "state", "postalCode"))]
        yield f"Address: {', '.join(filter(None, kept))}"
    for one in resource.get("contact", ()):
        reached = [str(way["value"]) for way in one.get("telecom", ())]
        yield f"Emergency contact: {', '.join([str(one.get('name', {}).get('text', '')), *reached])}"


def _consent(resource: Mapping[str, Any]) -> Iterator[str]:
    state = {"active": "In force", "rejected": "Not given", "inactive": "Ended"}
    yield f"{state.get(resource['status'], resource['status'])}, decided {resource.get('dateTime', '')[:10]}"


def _document(resource: Mapping[str, Any]) -> Iterator[str]:
    """A note's own words; of a picture or a PDF what it is."""
    for content in resource.get("content", ()):
        attached = content["attachment"]
        kind = attached.get("contentType", "")
        if kind.startswith("text/plain"):
            yield from base64.b64decode(attached.get("data", "")).decode().splitlines()
        else:
            yield f"{'A photo' if kind.startswith('image/') else 'A PDF'} of {resource.get('date', '')[:10]}"


_SAYS = {
    "Observation": _observation,
    "MedicationStatement": _medicine,
    "AllergyIntolerance": _allergy,
    "QuestionnaireResponse": _answers,
    "Patient": _patient,
    "Consent": _consent,
    "DocumentReference": _document,
}


def _notes(resource: Mapping[str, Any]) -> Iterator[str]:
    yield from (f"Note: {one['text']}" for one in resource.get("note", ()) if one.get("text"))


def _words(kind: str, value: Any) -> str:
    if kind == "Quantity":
        unit = value.get("unit", "")
        return f"{value.get('value', '')} {'' if unit.startswith('{') else unit}".strip()
    if kind == "CodeableConcept":
        return _concept(value)
    if kind == "Boolean":
        return "yes" if value else "no"
    if isinstance(value, Mapping):  # a Coding, an Attachment, a Reference
        return next((str(value[name]) for name in (*_CHOSEN, "title", "code") if value.get(name)), "")
    return str(value)


def _concept(value: Mapping[str, Any]) -> str:
    coded = (one.get("display") or one.get("code", "") for one in value.get("coding", ()))
    return str(value.get("text") or next(filter(None, coded), ""))
