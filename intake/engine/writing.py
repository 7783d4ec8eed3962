"""From places back to QuestionnaireResponse items: the draft, which keeps everything, and the record, which doesn't.

A completed response holds no unanswered questions and nothing that is not enabled (FHIR, QuestionnaireResponse,
"Validating QuestionnaireResponses"); a draft may hold both, so that toggling a condition back restores what was said.
"""

from collections.abc import Container, Mapping, Sequence
from typing import Any, NamedTuple

from intake.engine.answers import DECLINED, Occurrence, Reading
from intake.engine.definition import ROOT


class Replacement(NamedTuple):
    """New answers for a question; each with the slot whose nested items it keeps (None: it starts without)."""

    answers: Sequence[tuple[Any, int | None]]
    declined: bool = False


def write_draft(
    reading: Reading, replaced: Mapping[int, Replacement], *, without: int | None = None
) -> list[dict[str, Any]]:
    """The response items again, everything kept: hidden answers, unreadable answers, items that belong nowhere.

    `replaced` has new answers by place; the place `without` is left out with all that is in it.
    """
    below: dict[tuple[int, int], list[Any]] = {}
    for place in reversed(reading.occurrences):
        if place.is_set or place.index == without:
            continue
        node = _draft_node(place, below, replaced.get(place.index), reading.strays)
        is_given = bool(place.raw) or any(name in node for name in ("answer", "item", "extension"))
        if is_given and place.item.link_id:
            below.setdefault(owner(place, reading), []).append(node)
    return [*below.get((ROOT, 0), [])[::-1], *reading.strays.get((ROOT, 0), ())]


def write_record(reading: Reading, enabled: Container[int]) -> list[dict[str, Any]]:
    """The response items of the enabled part, in the form's order, without what is empty, unreadable or unknown."""
    below: dict[tuple[int, int], list[Any]] = {}
    for place in reversed(reading.occurrences):
        if place.is_set or place.index not in enabled or not place.item.link_id:
            continue
        node = _record_node(place, below)
        is_declined = place.is_declined and place.item.is_sensitive
        is_shown = place.item.type == "display" and bool(place.raw)
        if "answer" in node or "item" in node or is_declined or is_shown:
            below.setdefault(owner(place, reading), []).append(node)
    return below.get((ROOT, 0), [])[::-1]


def owner(place: Occurrence, reading: Reading) -> tuple[int, int]:
    """The place and slot that the response item nests in: for an instance, where its set is."""
    if place.parent != ROOT and reading.occurrences[place.parent].is_set:
        place = reading.occurrences[place.parent]
    return place.parent, place.slot


def _draft_node(
    place: Occurrence,
    below: Mapping[tuple[int, int], list[Any]],
    replacement: Replacement | None,
    strays: Mapping[tuple[int, int], Sequence[Any]],
) -> dict[str, Any]:
    def nested(slot: int) -> list[Any]:
        return [*below.get((place.index, slot), [])[::-1], *strays.get((place.index, slot), ())]

    node = {"linkId": place.item.link_id, **{k: v for k, v in place.raw.items() if k not in ("answer", "item")}}
    answers: Sequence[tuple[Any, int | None]] = [(answer.raw, slot) for slot, answer in enumerate(place.answers)]
    if replacement is not None:
        answers = replacement.answers
        _mark_declined(node, declined=replacement.declined)
    if answers:
        node["answer"] = [
            _with_nested(raw, nested(slot) if slot is not None else []) if slot is None or slot < place.slots else raw
            for raw, slot in answers
        ]
    elif nested(0):
        node["item"] = nested(0)
    return node


def _record_node(place: Occurrence, below: Mapping[tuple[int, int], list[Any]]) -> dict[str, Any]:
    node = {"linkId": place.item.link_id, **{k: v for k, v in place.raw.items() if k not in ("answer", "item")}}
    if place.answers:
        _mark_declined(node, declined=False)
    answers = [
        _with_nested(answer.raw, below.get((place.index, slot), [])[::-1])
        for slot, answer in enumerate(place.answers)
        if answer.value is not None
    ]
    nested = below.get((place.index, 0), [])[::-1]
    if answers:
        node["answer"] = answers
    elif nested:
        node["item"] = nested
    return node


def _with_nested(raw: Any, nested: list[Any]) -> Any:
    if not isinstance(raw, Mapping):
        return raw
    answer = {name: part for name, part in raw.items() if name != "item"}
    return {**answer, "item": nested} if nested else answer


def _mark_declined(node: dict[str, Any], *, declined: bool) -> None:
    given = node.pop("extension", [])
    kept = [found for found in _as_list(given) if not (isinstance(found, Mapping) and found.get("url") == DECLINED)]
    if declined:
        kept.append({"url": DECLINED, "valueBoolean": True})
    if kept:
        node["extension"] = kept


def _as_list(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else []
