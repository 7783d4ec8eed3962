"""Changing a draft: what a page posted, one more or one less of a group, the answers a form starts with.

Every function takes the response items and returns new ones; the old ones are not touched.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, date, tzinfo
from typing import Any, Final

from intake.engine.amounts import SURE_FIELD, with_words
from intake.engine.answers import Occurrence, read_answer, read_answers
from intake.engine.calculation import as_answers
from intake.engine.conditions import decide
from intake.engine.definition import Definition, ExpressionError, Item
from intake.engine.entry import Context, names_unit, read_entry
from intake.engine.messages import say
from intake.engine.validation import AnswerError
from intake.engine.values import Quantity, UnreadableValue, Value
from intake.engine.writing import Replacement, write_draft

DECLINED_FIELD: Final = "!declined"  # posted beside an answer: "declined", or blank to take it back
UNIT_FIELD: Final = "!unit"  # posted beside a quantity
NEAR_FIELD: Final = "!near"  # posted beside typed words: the term of a table that they mean; never reaches `merge`


@dataclass(frozen=True, slots=True)
class Merged:
    """The new draft, and what of the changes could not be read: not stored, given back for another try.

    `changed` are the keys of the questions whose answer is another one now.
    """

    items: list[dict[str, Any]]
    problems: tuple[AnswerError, ...]
    changed: frozenset[str] = frozenset()


def merge(
    definition: Definition,
    items: Any,
    changes: Mapping[str, Sequence[str]],
    *,
    language: str = "en",
    today: date | None = None,
    zone: tzinfo = UTC,
    terms: Mapping[tuple[str, str], Mapping[str, Any]] | None = None,
) -> Merged:
    """Applies what was typed or chosen, by field key. An empty list or blank texts take the answer away.

    `terms`: for questions whose value set is a table, the FHIR answer of each term, by that table and what was posted.

    A question that is answered with something unreadable is left without an answer: the older one isn't what the
    patient says now. A new answer takes back "I'd rather not answer".
    """
    reading = read_answers(definition, items)
    places = {place.key: place for place in reversed(reading.occurrences) if place.item.is_question}
    context = Context(Context().today if today is None else today, zone, terms or {})
    replaced: dict[int, Replacement] = {}
    problems: list[AnswerError] = []
    for key, posted in _by_question(changes).items():
        place = places.get(key)
        replacement, codes = _answer(place, posted, context) if place is not None else (None, ["unknown-field"])
        link_id, indexes = (place.item.link_id, place.indexes) if place is not None else ("", ())
        typed = tuple(posted.get("", ()))
        problems += [AnswerError(link_id, code, say(code, language), key, indexes, typed) for code in codes]
        if place is not None and replacement is not None:
            replaced[place.index] = replacement
    changed = frozenset(
        reading.occurrences[index].key for index, new in replaced.items() if _is_new(reading.occurrences[index], new)
    )
    return Merged(write_draft(reading, replaced), tuple(problems), changed)


def _is_new(place: Occurrence, new: Replacement) -> bool:
    """Whether another answer is given than the one that stands there; what is nested in it is a matter of its own."""
    given = [_bare(raw) for raw, _ in new.answers]
    return new.declined != place.is_declined or given != [_bare(answer.raw) for answer in place.answers]


def _bare(raw: Any) -> Any:
    return {name: part for name, part in raw.items() if name != "item"} if isinstance(raw, Mapping) else raw


def split_field(name: str) -> tuple[str, str]:
    """A field's question and which part of it the field is: "" is the answer itself."""
    sure = SURE_FIELD.fullmatch(name)
    part = next((suffix for suffix in (DECLINED_FIELD, UNIT_FIELD) if name.endswith(suffix)), "")
    part = sure["sure"] if sure else part
    return name.removesuffix(part), part


def _by_question(changes: Mapping[str, Sequence[str]]) -> dict[str, dict[str, Sequence[str]]]:
    """The posted fields of each question: "" is the answer itself."""
    grouped: dict[str, dict[str, Sequence[str]]] = {}
    for name, texts in changes.items():
        key, part = split_field(name)
        grouped.setdefault(key, {})[part] = texts
    return grouped


def _answer(
    place: Occurrence, posted: Mapping[str, Sequence[str]], context: Context
) -> tuple[Replacement | None, list[str]]:
    item = place.item
    if item.read_only or item.hidden:
        return None, ["read-only"]
    wants_to_decline = "declined" in posted.get(DECLINED_FIELD, ())
    if wants_to_decline and not item.is_sensitive:
        return None, ["cannot-decline"]
    if set(posted) == {DECLINED_FIELD}:
        kept = [] if wants_to_decline else [(answer.raw, slot) for slot, answer in enumerate(place.answers)]
        return Replacement(kept, declined=wants_to_decline), []
    if "" not in posted and item.type != "quantity":
        return None, ["unknown-field"]
    unit = next((text for text in posted.get(UNIT_FIELD, ()) if text.strip()), "")
    texts = posted.get("", ()) if "" in posted else _typed_numbers(place)
    answers, codes = _read_all(place, texts, unit, context)
    read = [(raw, _value(item, raw)) for raw, _ in answers]
    told = with_words(item, read, [answer.raw for answer in place.answers], posted)
    answers = [(raw, slot) for raw, (_, slot) in zip(told, answers, strict=True)]
    if wants_to_decline and answers:
        codes.append("declined-and-answered")
    is_blank = not answers and not codes
    stays_declined = is_blank and (wants_to_decline or (place.is_declined and DECLINED_FIELD not in posted))
    return Replacement(answers, declined=stays_declined), codes


def _read_all(
    place: Occurrence, texts: Sequence[str], unit: str, context: Context
) -> tuple[list[tuple[Any, int | None]], list[str]]:
    answers: list[tuple[Any, int | None]] = []
    codes: list[str] = []
    for text in texts:
        try:
            kept_unit = "" if unit or names_unit(place.item, text) else _unit_of(place)
            raw = read_entry(place.item, text, context, unit=unit or kept_unit)
        except UnreadableValue as error:
            codes.append(error.code)
            continue
        if raw is not None:
            answers.append(_with_what_was_below(place, raw, len(answers)))
    return answers, list(dict.fromkeys(codes))


def _with_what_was_below(place: Occurrence, raw: dict[str, Any], number: int) -> tuple[Any, int | None]:
    """The answer, with the nested items that it keeps: of the same answer where the question repeats."""
    if not place.item.repeats:
        slot = 0 if number == 0 else None
        same = place.answers[0] if place.answers and number == 0 else None
    else:
        value = _value(place.item, raw)
        slot = next((i for i, answer in enumerate(place.answers) if answer.value == value), None)
        same = place.answers[slot] if slot is not None else None
        slot = 0 if not place.answers and number == 0 else slot
    if same is not None and same.value is not None and same.value == _value(place.item, raw):
        return same.raw, slot  # an unchanged answer keeps what else was said with it (ids, extensions, precision)
    return raw, slot


def _value(item: Item, raw: Mapping[str, Any]) -> Value | None:
    answer = read_answer(raw, item)
    return answer.value if answer is not None else None


def _typed_numbers(place: Occurrence) -> list[str]:
    return [
        str(value.content.value)
        for value in place.values
        if isinstance(value.content, Quantity) and value.content.value is not None
    ]


def _unit_of(place: Occurrence) -> str:
    for value in place.values:
        if isinstance(value.content, Quantity):
            return value.content.code or value.content.unit
    return ""


def begin(definition: Definition, *, patient: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
    """A new draft: the form's initial values, initially selected options, and what its initialExpressions find.

    patient: a FHIR Patient, for %patient. What an expression can't find is left for the patient to type.
    """
    return _with_initial_expressions(definition, _initial_items(definition.items), patient)


def _with_initial_expressions(
    definition: Definition, items: list[dict[str, Any]], patient: Mapping[str, Any] | None, inside: str = ""
) -> list[dict[str, Any]]:
    """The draft with the results of initialExpressions, in all of it or in one instance of a group.

    They are evaluated once, over what the draft starts with: a fixed initial value of the same question counts.
    """
    if not definition.has_initial_expressions:
        return items
    decision = decide(definition, read_answers(definition, items), {"patient": patient or []})
    replaced: dict[int, Replacement] = {}
    for place in decision.reading.occurrences:
        expression = place.item.initial_expression
        if expression is None or place.answers or place.is_declined or not place.key.startswith(inside):
            continue
        with suppress(ExpressionError):
            answers = as_answers(place.item, decision.values(expression, place))
            replaced[place.index] = Replacement([(answer.raw, None if n else 0) for n, answer in enumerate(answers)])
    return write_draft(read_answers(definition, items), replaced)


def _initial_items(items: Sequence[Item]) -> list[dict[str, Any]]:
    """Bottom up and without recursion; a repeating group starts without instances."""
    below: dict[int, list[dict[str, Any]]] = {}
    order: list[tuple[Item, int]] = []
    waiting = [(item, -1) for item in items[::-1]]
    while waiting:
        item, parent = waiting.pop()
        order.append((item, parent))
        if not (item.type == "group" and item.repeats):
            waiting += [(child, item.index) for child in item.children[::-1]]
    for item, parent in reversed(order):
        nested = below.get(item.index, [])[::-1]
        node: dict[str, Any] = {"linkId": item.link_id}
        answers = [deepcopy(dict(answer)) for answer in item.initial]
        if answers and nested:
            answers[0]["item"] = nested
        if answers:
            node["answer"] = answers
        elif nested:
            node["item"] = nested
        if len(node) > 1:
            below.setdefault(parent, []).append(node)
    return below.get(-1, [])[::-1]


class UnknownPlace(LookupError):
    """The draft has no such group or instance (any more)."""


def add_instance(
    definition: Definition, items: Any, key: str, *, patient: Mapping[str, Any] | None = None
) -> list[dict[str, Any]]:
    """One more instance of the repeating group with that key, with the form's initial values as `begin` has them.

    Unchanged where maxOccurs is reached. Raises UnknownPlace.
    """
    reading = read_answers(definition, items)
    whole = next((place for place in reading.occurrences if place.is_set and place.key == key), None)
    if whole is None:
        raise UnknownPlace(key)
    number = sum(place.parent == whole.index for place in reading.occurrences)
    most = whole.item.constraints.max_occurs
    if most is not None and number >= most:
        return write_draft(reading, {})
    nested = _initial_items(whole.item.children)
    new: dict[str, Any] = {"linkId": whole.item.link_id, **({"item": nested} if nested else {})}
    where = (whole.parent, whole.slot)
    strays = {**reading.strays, where: [*reading.strays.get(where, ()), new]}
    draft = write_draft(replace(reading, strays=strays), {})
    return _with_initial_expressions(definition, draft, patient, inside=f"{key}[{number}].")


def remove_instance(definition: Definition, items: Any, key: str) -> list[dict[str, Any]]:
    """The draft without that instance (medications[1]) and all that is in it. Raises UnknownPlace."""
    reading = read_answers(definition, items)
    for place in reading.occurrences:
        if place.key == key and place.item.type == "group" and place.item.repeats and not place.is_set:
            return write_draft(reading, {}, without=place.index)
    raise UnknownPlace(key)
