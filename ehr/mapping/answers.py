"""Reading QuestionnaireResponse items: by linkId, at any depth, in the order given."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Items = Sequence[Mapping[str, Any]]
CODING = ("system", "code", "display")


def walk(items: Items) -> Iterator[Mapping[str, Any]]:
    """Every item below, groups and the follow-up questions under answers included."""
    for item in items:
        yield item
        yield from walk(item.get("item", ()))
        for answer in item.get("answer", ()):
            yield from walk(answer.get("item", ()))


def instances(items: Items, link_id: str) -> Iterator[Items]:
    """The contents of each instance of a group."""
    return (item.get("item", ()) for item in walk(items) if item.get("linkId") == link_id)


def values(items: Items, link_id: str) -> Iterator[tuple[str, Any]]:
    """Each answer as its FHIR type ("Coding", "decimal", …) and its value."""
    for item in walk(items):
        if item.get("linkId") == link_id:
            yield from (typed for answer in item.get("answer", ()) if (typed := typed_value(answer)))


def typed_value(answer: Mapping[str, Any]) -> tuple[str, Any] | None:
    """("Coding", {…}) of {"valueCoding": {…}}; None for an answer without a value."""
    for name, value in answer.items():
        if name.startswith("value"):
            return name.removeprefix("value"), value
    return None


def plain(items: Items, link_id: str) -> Any:
    """The first answer: of a choice its code, or the words typed instead. None when unanswered."""
    for kind, value in values(items, link_id):
        return value.get("code") if kind == "Coding" else value
    return None


def concepts(items: Items, link_id: str) -> list[dict[str, Any]]:
    """Each answer to a choice as a CodeableConcept: coded where picked, the patient's own words where typed."""
    return [concept_of(kind, value) for kind, value in values(items, link_id)]


def concept(items: Items, link_id: str) -> dict[str, Any]:
    """The first of them, empty when unanswered."""
    return next(iter(concepts(items, link_id)), {})


def concept_of(kind: str, value: Any) -> dict[str, Any]:
    if kind != "Coding":
        return {"text": str(value)}
    return {"coding": [bare(value)], "text": value.get("display", "")}


def bare(coding: Mapping[str, Any]) -> dict[str, Any]:
    """A coding as charts take it: without the translations our forms carry."""
    return {name: coding[name] for name in CODING if name in coding}
