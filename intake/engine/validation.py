"""What a response still lacks, what in it is wrong, and what of it goes into the record.

Limits are those of Questionnaire.item and its value constraint extensions (FHIR R4; SDC, "Form Behavior"). Only the
enabled part is held to them. A required group needs an answer somewhere in it ("required groups must contain at least
one child element"); where something required in it is missing anyway, only that is named.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from intake.engine.answers import Occurrence, Reading, label, read_answers
from intake.engine.conditions import decide
from intake.engine.definition import ROOT, Definition, Item
from intake.engine.messages import say
from intake.engine.showing import in_figures
from intake.engine.values import TYPES, Coding, Quantity, Value, order
from intake.engine.writing import write_record

_PARTIAL_DATES = ("date", "dateTime")


@dataclass(frozen=True, slots=True)
class AnswerError:
    """Something wrong with an answer, in words for the person who gave it.

    `typed` is what was typed and could not be read, for showing it again; it is never logged.
    """

    link_id: str
    code: str
    message: str
    key: str = ""
    indexes: tuple[int, ...] = ()
    typed: tuple[str, ...] = field(default=(), repr=False)

    @property
    def label(self) -> str:
        return label(self.link_id, self.indexes)


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """Everything that follows from a response. `enabled`, `missing`, `dropped` and `declined` hold keys.

    enabled: what is asked, groups and texts included; a repeating group by its instances, or itself while it has none.
    missing: the required places without enough answers, disabled ones excepted.
    dropped: the answered questions that a condition disables: kept in the draft, not in the record.
    declined: the sensitive questions that the patient would rather not answer; they are not missing.
    calculated: the value (JSON) of each calculated question that has one; a list where the question repeats.
    failures: expressions that could not be evaluated. The form is at fault, so they don't stand in a patient's way.
    record: response items of the enabled part, in the form's order.
    """

    enabled: tuple[str, ...]
    missing: tuple[str, ...]
    errors: tuple[AnswerError, ...]
    dropped: tuple[str, ...]
    declined: tuple[str, ...]
    calculated: Mapping[str, Any]
    failures: tuple[AnswerError, ...]
    record: list[dict[str, Any]] = field(repr=False)
    places: Mapping[str, Occurrence] = field(repr=False)

    @property
    def is_complete(self) -> bool:
        return not self.missing and not self.errors

    def label(self, key: str) -> str:
        """The linkId of the place with the indexes of the instances that it is inside of: dose[0]."""
        return self.places[key].label


def evaluate(definition: Definition, items: Any, *, language: str = "en") -> Evaluation:
    """Evaluates the items of a QuestionnaireResponse. Takes any JSON and never raises."""
    decision = decide(definition, read_answers(definition, items))
    reading, enabled = decision.reading, decision.enabled
    active = [place for place in reading.occurrences if place.index in enabled]
    return Evaluation(
        enabled=tuple(place.key for place in active if place.item.link_id and not _has_instances(place, reading)),
        missing=_missing(active, reading),
        errors=tuple(_errors(active, reading, language)),
        dropped=tuple(place.key for place in reading.occurrences if place.answers and place.index not in enabled),
        declined=tuple(place.key for place in active if _is_declined(place)),
        calculated={place.key: _result(place) for place in active if place.item.calculated and place.answers},
        failures=tuple(
            _error(reading.occurrences[index], code, {}, language) for index, code in sorted(decision.failures.items())
        ),
        record=write_record(reading, enabled),
        places={place.key: place for place in reversed(reading.occurrences)},
    )


def _result(place: Occurrence) -> Any:
    values = [raw for answer in place.answers for raw in answer.raw.values()]
    return values if place.item.repeats else values[0]


def _has_instances(place: Occurrence, reading: Reading) -> bool:
    following = reading.occurrences[place.index + 1 : place.index + 2]
    return place.is_set and any(next_.parent == place.index for next_ in following)


def _is_declined(place: Occurrence) -> bool:
    return place.is_declined and place.item.is_sensitive


@dataclass(slots=True)
class _Inside:
    """What the enabled part of a group holds. An instance counts as filled unless it is blank."""

    filled: int = 0
    answered: int = 0
    missing: int = 0
    askable: int = 0

    def add(self, other: "_Inside") -> None:
        self.answered += other.answered
        self.missing += other.missing
        self.askable += other.askable


def _missing(active: Sequence[Occurrence], reading: Reading) -> tuple[str, ...]:
    missing: set[int] = set()
    inside = {place.index: _Inside() for place in active}
    for place in reversed(active):  # what is inside before what it is inside of
        here = inside[place.index]
        if place.item.is_question:
            here.askable += 1
            here.answered += bool(place.answers) or _is_declined(place)
        if _is_missing(place, here):
            missing.add(place.index)
            here.missing += 1
        if place.parent != ROOT:
            above = inside[place.parent]
            above.add(here)
            above.filled += reading.occurrences[place.parent].is_set and here.answered + here.missing > 0
    return tuple(place.key for place in active if place.index in missing and place.item.link_id)


def _is_missing(place: Occurrence, inside: _Inside) -> bool:
    item = place.item
    least = max(item.constraints.min_occurs or 0 if item.repeats else 0, 1 if item.required else 0)
    if not least or item.type == "display":
        return False
    if item.is_question:
        return len(place.answers) < least and not _is_declined(place)
    if place.is_set:
        return inside.filled < least
    is_empty = not inside.answered and not inside.missing and inside.askable > 0
    return is_empty and not item.repeats  # of a repeating group only the whole is required, not each instance


def _errors(active: Sequence[Occurrence], reading: Reading, language: str) -> Iterator[AnswerError]:
    for fault in reading.faults:
        yield AnswerError(fault.link_id, fault.code, say(fault.code, language), indexes=fault.indexes)
    for place in reading.occurrences:  # enabled or not, for nobody knows
        is_instance = place.parent != ROOT and reading.occurrences[place.parent].is_set
        if not is_instance and any(condition.broken for condition in place.item.enable_when):
            yield _error(place, "condition-broken", {}, language)
    instances = Counter(place.parent for place in active)
    for place in active:
        most = place.item.constraints.max_occurs
        if place.is_set and most is not None and instances[place.index] > most:
            yield _error(place, "too-many", {"limit": most}, language)
        for code, words in _problems(place):
            yield _error(place, code, words, language)


def _error(place: Occurrence, code: str, words: Mapping[str, object], language: str) -> AnswerError:
    said = _said(place.item, code, words, language)
    return AnswerError(place.item.link_id, code, said, key=place.key, indexes=place.indexes)


def _said(item: Item, code: str, words: Mapping[str, object], language: str) -> str:
    """The form's own words where it has some: only it knows what its pattern asks for."""
    return (code == "pattern" and item.pattern_words.to(language)) or say(code, language, **words)


Problem = tuple[str, Mapping[str, object]]


def _problems(place: Occurrence) -> Iterator[Problem]:
    item = place.item
    most = item.constraints.max_occurs if item.repeats else 1
    if most is not None and len(place.answers) > most:
        yield ("too-many", {"limit": most}) if item.repeats else ("too-many-answers", {})
    if _has_clash(place):
        yield "option-exclusive", {}
    for answer in place.answers:
        problem = (answer.problem, {}) if answer.value is None else check_answer(item, answer.raw, answer.value)
        if problem is not None:
            yield problem


def _has_clash(place: Occurrence) -> bool:
    """Whether an answer that excludes all others was given with another."""
    chosen = [place.item.option(value) for value in place.values] if len(place.answers) > 1 else []
    return any(option is not None and option.exclusive for option in chosen)


def check_answer(item: Item, raw: Mapping[str, Any], value: Value) -> Problem | None:
    """The first limit of the question that the answer breaks."""
    if not item.permits(value):
        return "not-an-option", {}
    if isinstance(value.content, Quantity) and item.units and not _has_unit(item, value.content):
        return "unit-not-allowed", {}
    if item.type in ("choice", "attachment", "reference", "quantity") or isinstance(value.content, Coding):
        return _check_range(item, value)
    return _check_text(item, str(raw[f"value{TYPES[value.type]}"]), value) or _check_range(item, value)


def _has_unit(item: Item, quantity: Quantity) -> bool:
    if quantity.code:
        return any((unit.system, unit.code) == (quantity.system, quantity.code) for unit in item.units)
    return any(quantity.unit in (unit.code, unit.display) for unit in item.units if quantity.unit)


def _check_text(item: Item, text: str, value: Value) -> Problem | None:
    limits = item.constraints
    if limits.max_length is not None and len(text) > limits.max_length:
        return "too-long", {}
    if limits.min_length is not None and len(text) < limits.min_length:
        return ("date-too-short" if value.type in _PARTIAL_DATES else "too-short"), {}
    if limits.pattern is not None:
        if len(text) > limits.pattern.longest:
            return "too-long", {}
        if not limits.pattern.regex.fullmatch(text):
            return "pattern", {}
    return None


def _check_range(item: Item, value: Value) -> Problem | None:
    limits = item.constraints
    if limits.min_value is not None and order(value, limits.min_value) == -1:
        return "too-small", {"limit": in_figures(limits.min_value)}
    if limits.max_value is not None and order(value, limits.max_value) == 1:
        return "too-large", {"limit": in_figures(limits.max_value)}
    if limits.max_decimals is not None and isinstance(value.content, Decimal):
        decimals = f"{value.content:f}".partition(".")[2]
        if len(decimals) > limits.max_decimals:
            return "too-many-decimals", {}
    return None


def answer_errors(place: Occurrence, language: str) -> tuple[str, ...]:
    """What is wrong with the answers at a place, in words."""
    return tuple(_said(place.item, code, words, language) for code, words in _problems(place))
