"""What a page shows of a form: its sections, the fields of the enabled part, and how far the patient is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any

from intake.engine.answers import Occurrence, Reading, read_answers
from intake.engine.conditions import decide
from intake.engine.definition import ROOT, Definition, Item, Option, Words
from intake.engine.showing import as_typed, in_words
from intake.engine.validation import AnswerError, Evaluation, answer_errors
from intake.engine.values import Quantity, Value


@dataclass(frozen=True, slots=True)
class Section:
    """A page: one top-level group, or a run of top-level items that stand in no group."""

    id: str
    words: Words
    items: tuple[Item, ...]
    sensitivity: str = ""

    def title_in(self, language: str) -> str:
        return self.words.to(language)


@dataclass(frozen=True, slots=True)
class OptionNode:
    option: Option
    value: str
    label: str
    is_selected: bool


@dataclass(frozen=True, slots=True, eq=False)
class FieldNode:
    """One thing on a page: a group, a text or a question, ready for a template.

    key: the field's name. For a repeating group, whose children are its instances, it is what add_instance takes, and
    an instance's key is what remove_instance takes. values: what the fields show, as typed. understood: how an answer
    was read (a date in words). error: the first thing wrong with it. units: what a quantity may be given in.
    """

    key: str
    item: Item
    label: str
    help: str = ""
    why: str = ""
    placeholder: str = ""
    values: tuple[str, ...] = ()
    understood: tuple[str, ...] = ()
    unit: str = ""
    units: tuple[tuple[str, str], ...] = ()  # (code, label)
    error: str = ""
    options: tuple[OptionNode, ...] = ()
    can_decline: bool = False
    is_declined: bool = False
    can_add: bool = False
    can_remove: bool = False
    children: tuple["FieldNode", ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class SectionProgress:
    """How far a section is. `questions` are those that are asked now; a declined one counts as answered."""

    section: Section
    is_enabled: bool
    questions: int = 0
    answered: int = 0
    missing: int = 0
    errors: int = 0

    @property
    def is_done(self) -> bool:
        return self.missing == 0 and self.errors == 0


def sections(definition: Definition) -> tuple[Section, ...]:
    """The form's pages in order. Items outside groups are gathered under the form's own title."""
    found: list[Section] = []
    loose: list[Item] = []
    for item in definition.items:
        if item.type == "group":
            found += _gathered(loose, definition)
            loose = []
            found.append(Section(item.link_id, item.words, (item,), item.sensitivity))
        else:
            loose.append(item)
    return (*found, *_gathered(loose, definition))


def _gathered(items: Sequence[Item], definition: Definition) -> list[Section]:
    if not items:
        return []
    strictest = max((item.sensitivity for item in items), key=("", "sensitive", "sud").index)
    return [Section(items[0].link_id, definition.words, tuple(items), strictest)]


def progress(definition: Definition, evaluation: Evaluation) -> tuple[SectionProgress, ...]:
    """How far each section is, by the evaluation of the same form."""
    by_section: dict[int, list[str]] = {}
    for key in evaluation.enabled:
        top = definition.section(evaluation.places[key].item)
        by_section.setdefault(top.index, []).append(key)
    missing = set(evaluation.missing)
    wrong = {error.key for error in evaluation.errors}
    declined = set(evaluation.declined)
    found = []
    for section in sections(definition):
        keys = [key for item in section.items for key in by_section.get(item.index, ())]
        asked = [key for key in keys if _is_asked(evaluation.places[key].item)]
        answered = sum(bool(evaluation.places[key].answers) or key in declined for key in asked)
        found.append(
            SectionProgress(
                section=section,
                is_enabled=bool(keys),
                questions=len(asked),
                answered=answered,
                missing=_count(missing, section, definition, evaluation),
                errors=sum(key in wrong for key in keys),
            )
        )
    return tuple(found)


def _is_asked(item: Item) -> bool:
    return item.is_question and not item.hidden and not item.read_only


def _count(missing: set[str], section: Section, definition: Definition, evaluation: Evaluation) -> int:
    tops = {item.index for item in section.items}
    return sum(definition.section(evaluation.places[key].item).index in tops for key in missing)


def fields(
    definition: Definition,
    items: Any,
    *,
    language: str = "en",
    section: Section | None = None,
    problems: Sequence[AnswerError] = (),
    zone: tzinfo = UTC,
) -> tuple[FieldNode, ...]:
    """The enabled and visible part of the form (or of one section) as a tree.

    `problems` are what the last merge could not read: shown with what was typed.
    """
    reading = read_answers(definition, items)
    enabled = decide(definition, reading)
    drawer = _Drawer(reading, language, {problem.key: problem for problem in problems}, zone)
    shown = {item.index for item in section.items} if section is not None else None
    below: dict[int, list[FieldNode]] = {}
    for place in reversed(reading.occurrences):
        if place.index not in enabled or place.item.hidden or place.item.is_help or not place.item.link_id:
            continue
        if place.parent == ROOT and shown is not None and place.item.index not in shown:
            continue
        children = tuple(below.pop(place.index, [])[::-1])
        below.setdefault(place.parent, []).append(drawer.draw(place, children))
    return tuple(below.get(ROOT, [])[::-1])


@dataclass(frozen=True, slots=True)
class _Drawer:
    reading: Reading
    language: str
    problems: Mapping[str, AnswerError]
    zone: tzinfo

    def draw(self, place: Occurrence, children: tuple[FieldNode, ...]) -> FieldNode:
        item = place.item
        problem = self.problems.get(place.key)
        errors = (problem.message,) if problem is not None else answer_errors(place, self.language)
        most = item.constraints.max_occurs
        return FieldNode(
            key=place.key,
            item=item,
            label=item.text_in(self.language),
            help=item.help.to(self.language),
            why=item.why_asked.to(self.language),
            placeholder=item.entry_format.to(self.language),
            values=self._values(place, problem),
            understood=tuple(text for value in place.values if (text := in_words(value, self.language))),
            unit=next((_unit(value) for value in place.values), "") or _only_unit(item),
            units=tuple((unit.code, unit.display or unit.code) for unit in item.units),
            error=next(iter(errors), ""),
            options=tuple(self._option(option, place.values) for option in item.options),
            can_decline=item.is_question and item.is_sensitive,
            is_declined=place.is_declined,
            can_add=place.is_set and (most is None or len(children) < most),
            can_remove=place.parent != ROOT and self.reading.occurrences[place.parent].is_set,
            children=children,
        )

    def _values(self, place: Occurrence, problem: AnswerError | None) -> tuple[str, ...]:
        if problem is not None:
            return problem.typed
        return tuple(
            as_typed(answer.value, answer.raw, zone=self.zone) for answer in place.answers if answer.value is not None
        )

    def _option(self, option: Option, values: Sequence[Value]) -> OptionNode:
        return OptionNode(option, option.value, option.label_in(self.language), option.meaning in values)


def _unit(value: Value) -> str:
    return (value.content.code or value.content.unit) if isinstance(value.content, Quantity) else ""


def _only_unit(item: Item) -> str:
    if item.unit is not None:
        return item.unit.code
    return item.units[0].code if len(item.units) == 1 else ""
