"""A response laid over its form: every place where an answer can stand, with the answers that stand there.

Drafts and records are the item list of a FHIR R4 QuestionnaireResponse, as plain JSON.

Keys. A place has a key, which is also the name of its form field. It is the linkId, after a prefix for each repeat it
is inside of, outermost first:

    phone                        not inside a repeat (groups that don't repeat add nothing: linkIds are unique)
    medications                  the repeating group itself
    medications[0]               its first instance
    medications[0].dose          a question in that instance
    households[1].members[0].age a repeat inside a repeat
    drugs[2].how-often           a question under the third answer of a repeating question

The label of a place, used in reports, is its linkId followed by the same indexes: dose[0], age[1][0], medications[0].

Structure follows "Nested Items" of the QuestionnaireResponse page: items in a group nest in item.item, items under a
question nest in each answer. Under a question that has no answer they stand in item.item, the only place left: once,
and with index 0 where the question repeats.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from intake.engine.definition import CANDOR, ROOT, Definition, Item
from intake.engine.values import SUFFIXES, UnreadableValue, Value, read

DECLINED: Final = f"{CANDOR}declined-to-answer"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer as given. `value` is None where it is no value of the question's type; `problem` says why."""

    raw: Any
    value: Value | None
    problem: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Occurrence:
    """A place: an item at the instances that it is inside of.

    `is_set` marks a repeating group as a whole, whose instances are the occurrences below it. `slot` says under which
    answer of the parent the place is. `raw` is the response item found here, if any.
    """

    index: int
    item: Item
    key: str
    indexes: tuple[int, ...] = ()
    parent: int = ROOT
    slot: int = 0
    is_set: bool = False
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    answers: tuple[Answer, ...] = field(default=(), repr=False)

    @property
    def label(self) -> str:
        return label(self.item.link_id, self.indexes)

    @property
    def values(self) -> tuple[Value, ...]:
        return tuple(answer.value for answer in self.answers if answer.value is not None)

    @property
    def is_declined(self) -> bool:
        """The patient would rather not answer. An answer, where there is one, says more."""
        extensions = self.raw.get("extension")
        return not self.answers and any(
            isinstance(found, Mapping) and found.get("url") == DECLINED and found.get("valueBoolean") is True
            for found in (extensions if isinstance(extensions, list) else ())
        )

    @property
    def slots(self) -> int:
        """How many sets of nested items there are: one for each answer where the question repeats, else one."""
        return max(1, len(self.answers)) if self.item.is_question and self.item.repeats else 1


@dataclass(frozen=True, slots=True)
class Fault:
    """Something in the response that doesn't fit the form's structure."""

    link_id: str
    code: str
    indexes: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """All places in reading order, each before those below it. `strays` are response items that belong nowhere."""

    occurrences: tuple[Occurrence, ...]
    faults: tuple[Fault, ...]
    strays: Mapping[tuple[int, int], Sequence[Any]]


def label(link_id: str, indexes: Sequence[int]) -> str:
    return link_id + "".join(f"[{index}]" for index in indexes)


class _Place(NamedTuple):
    """Where the next occurrence goes; `entries` are the response items found for it."""

    item: Item
    entries: Sequence[Mapping[str, Any]]
    key: str
    indexes: tuple[int, ...]
    parent: int
    slot: int
    is_instance: bool = False


def read_answers(definition: Definition, items: Any) -> Reading:
    """Lays the response items over the form. Takes any JSON; what doesn't fit is a fault, never an exception."""
    reader = _Reader(definition)
    reader.enter(definition.items, items, owner=None)
    while reader.waiting:
        reader.visit(reader.waiting.pop())
    return Reading(tuple(reader.occurrences), tuple(reader.faults), reader.strays)


class _Reader:
    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.occurrences: list[Occurrence] = []
        self.faults: list[Fault] = []
        self.strays: dict[tuple[int, int], list[Any]] = {}
        self.waiting: list[_Place] = []  # a stack, so that nesting has no limit

    def visit(self, place: _Place) -> None:
        if place.item.type == "group":
            self._visit_group(place)
        elif place.item.type == "display":
            self._add(place)
        else:
            self._visit_question(place)

    def _add(self, place: _Place, **more: Any) -> Occurrence:
        occurrence = Occurrence(
            index=len(self.occurrences),
            item=place.item,
            key=place.key,
            indexes=place.indexes,
            parent=place.parent,
            slot=place.slot,
            raw=place.entries[0] if place.entries else {},
            **more,
        )
        self.occurrences.append(occurrence)
        holds_answer = not place.item.is_question and occurrence.raw.get("answer")
        if holds_answer or (place.item.type == "display" and occurrence.raw.get("item")):
            self._fault(occurrence, "answer-not-allowed")
        if len(place.entries) > 1 and not place.item.is_question:
            self._fault(occurrence, "too-many-instances")
        return occurrence

    def _visit_group(self, place: _Place) -> None:
        if not place.item.repeats or place.is_instance:
            group = self._add(place)
            self.enter(place.item.children, group.raw.get("item", []), owner=group)
            return
        whole = self._add(place._replace(entries=()), is_set=True)
        self.waiting += [
            _Place(place.item, (entry,), f"{place.key}[{i}]", (*place.indexes, i), whole.index, 0, is_instance=True)
            for i, entry in reversed(list(enumerate(place.entries)))
        ]

    def _visit_question(self, place: _Place) -> None:
        given = [(entry, raw) for entry in place.entries for raw in self._list(entry.get("answer", []), place)]
        # What was sent for a calculated question is not read: its value is calculated here, and only here.
        is_calculated = place.item.calculated is not None
        answers = [(raw, None if is_calculated else read_answer(raw, place.item)) for _, raw in given]
        question = self._add(place, answers=tuple(answer for _, answer in answers if answer is not None))
        if len(place.entries) > 1 and place.item.repeats:
            self._fault(question, "split-answers")
        beside = [raw for entry in place.entries for raw in self._list(entry.get("item", []), place)]
        if question.answers and beside:
            self._fault(question, "nested-beside-answer")
        blanks = [raw for raw, answer in answers if answer is None and isinstance(raw, Mapping)]
        beside += [below for raw in blanks for below in self._list(raw.get("item", []), place)]
        for slot in reversed(range(question.slots)):
            raw = question.answers[slot].raw if question.answers else {}
            below = self._list(raw.get("item", []), place) if isinstance(raw, Mapping) else []
            self.enter(place.item.children, below + beside if slot == 0 else below, owner=question, slot=slot)

    def enter(self, children: Sequence[Item], raw: Any, *, owner: Occurrence | None, slot: int = 0) -> None:
        """Puts the places of these items on the stack, each with the response items of its linkId."""
        prefix, indexes = _scope(owner, slot)
        place = ROOT if owner is None else owner.index
        by_link_id: dict[str, list[Mapping[str, Any]]] = {child.link_id: [] for child in children}
        if not isinstance(raw, list):
            self.faults.append(Fault(owner.item.link_id if owner else "", "malformed", indexes))
            raw = []
        for entry in raw:
            link_id = entry.get("linkId") if isinstance(entry, Mapping) else None
            if isinstance(link_id, str) and link_id and link_id in by_link_id:
                by_link_id[link_id].append(entry)
            else:
                self.strays.setdefault((place, slot), []).append(entry)
                self.faults.append(Fault(link_id if isinstance(link_id, str) else "", self._why(link_id), indexes))
        taken: set[str] = set()  # of two items with one linkId (an error of the form), the first gets the answers
        places = []
        for child in children:
            entries = [] if child.link_id in taken else by_link_id[child.link_id]
            taken.add(child.link_id)
            places.append(_Place(child, entries, prefix + child.link_id, indexes, place, slot))
        self.waiting += reversed(places)

    def _why(self, link_id: Any) -> str:
        if not isinstance(link_id, str) or not link_id:
            return "malformed"
        return "unknown-question" if self.definition.find(link_id) is None else "misplaced"

    def _list(self, raw: Any, place: _Place) -> list[Any]:
        if not isinstance(raw, list):
            self.faults.append(Fault(place.item.link_id, "malformed", place.indexes))
            return []
        return raw

    def _fault(self, occurrence: Occurrence, code: str) -> None:
        self.faults.append(Fault(occurrence.item.link_id, code, occurrence.indexes))


def _scope(owner: Occurrence | None, slot: int) -> tuple[str, tuple[int, ...]]:
    """The prefix and the indexes of what is below this place."""
    if owner is None:
        return "", ()
    if owner.item.is_question and owner.item.repeats:
        return f"{owner.key}[{slot}].", (*owner.indexes, slot)
    if owner.item.type == "group" and owner.item.repeats:
        return f"{owner.key}.", owner.indexes
    return owner.key[: len(owner.key) - len(owner.item.link_id)], owner.indexes


def read_answer(raw: Any, item: Item) -> Answer | None:
    """One entry of answer[]; None where it is blank, for white space, {} and an empty object are no answer."""
    if not isinstance(raw, Mapping):
        return Answer(raw, None, "malformed")
    names = [name for name in raw if name.startswith("value")]
    if not names:
        return None
    type_ = SUFFIXES.get(names[0].removeprefix("value"))
    if len(names) > 1 or type_ is None:
        return Answer(raw, None, "malformed" if len(names) > 1 else "wrong-type")
    try:
        value = read(type_, raw[names[0]])
    except UnreadableValue as error:
        return Answer(raw, None, error.code if type_ in item.answer_types else "wrong-type")
    if value is None:
        return None
    return Answer(raw, value) if type_ in item.answer_types else Answer(raw, None, "wrong-type")


def walk_up(place: Occurrence, occurrences: Sequence[Occurrence]) -> Iterator[Occurrence]:
    """The place and all places it is in, innermost first."""
    while True:
        yield place
        if place.parent == ROOT:
            return
        place = occurrences[place.parent]
