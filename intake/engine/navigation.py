"""What a page shows of a form: its sections, the fields of the enabled part, and how far the patient is."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, tzinfo
from typing import Any, Final

from intake.engine.amounts import is_unusual, said_of, shown, sure_field
from intake.engine.answers import Answer, Occurrence, Reading, read_answers
from intake.engine.conditions import decide
from intake.engine.definition import ROOT, Definition, Item, Option, Words
from intake.engine.elements import Element
from intake.engine.findings import Findings
from intake.engine.messages import say
from intake.engine.options import posted
from intake.engine.showing import as_typed, clock_in_words
from intake.engine.validation import AnswerError, Evaluation, answer_errors
from intake.engine.values import Coding, Quantity, Value


@dataclass(frozen=True, slots=True)
class Section:
    """A page: one top-level group, or a run of top-level items that stand in no group."""

    id: str
    words: Words
    items: tuple[Item, ...]
    sensitivity: str = ""

    def title_in(self, language: str) -> str:
        return self.words.to(language)

    def everything(self) -> Iterator[Item]:
        """The items of the section and all that is in them."""
        waiting = [*self.items[::-1]]
        while waiting:
            item = waiting.pop()
            yield item
            waiting += item.children[::-1]


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
    near: terms of a table that typed words could mean, filled in by whoever keeps the table.
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
    near: tuple[tuple[str, str], ...] = ()  # (value, label)
    can_decline: bool = False
    is_declined: bool = False
    can_add: bool = False
    can_remove: bool = False
    children: tuple["FieldNode", ...] = field(default=(), repr=False)

    @property
    def is_set(self) -> bool:
        """A repeating group as a whole; its children are its instances."""
        return self.item.type == "group" and self.item.repeats and not self.can_remove

    @property
    def is_section(self) -> bool:
        return self.item.type == "group" and not self.item.repeats

    @property
    def is_asked(self) -> bool:
        """Whether something is to be done here: a question to answer, or a group that wants entries."""
        return self.is_set or (self.item.is_question and not self.item.read_only)


@dataclass(frozen=True, slots=True)
class SectionProgress:
    """How far a section is. `questions` are those that are asked now; a declined one counts as answered."""

    section: Section
    is_enabled: bool
    questions: int = 0
    answered: int = 0
    missing: int = 0
    errors: int = 0
    seconds_left: int = 0

    @property
    def is_done(self) -> bool:
        return self.missing == 0 and self.errors == 0


@dataclass(frozen=True, slots=True)
class Page:
    """A section as it stands: what it shows now, never nothing. `head` is its group, whose children are the `body`."""

    section: Section
    head: FieldNode | None
    body: tuple[FieldNode, ...]


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
                seconds_left=sum(
                    seconds_for(evaluation.places[key].item)
                    for key in asked
                    if not evaluation.places[key].answers and key not in declined
                ),
            )
        )
    return tuple(found)


# Our own estimate, not validated with patients: what it takes to answer a question of each type on a phone.
_SECONDS: Final = {
    "boolean": 5, "choice": 6, "open-choice": 10, "integer": 8, "decimal": 8, "quantity": 12, "date": 12, "time": 10,
    "dateTime": 18, "string": 15, "url": 20, "text": 45, "attachment": 60,
}  # fmt: skip
_WORDS_PER_SECOND: Final = 3  # about 180 a minute, slower than most adults read


def seconds_for(item: Item) -> int:
    """About how long one question takes: to read its words, and to answer it. Seconds, by our own estimate."""
    read = f"{item.text} {item.help.default} {item.why_asked.default}"
    return len(read.split()) // _WORDS_PER_SECOND + _SECONDS.get(item.type, 0)


def minutes(seconds: int) -> int:
    """Rounded up, so that nobody is promised less than we expect; 0 only where nothing is left."""
    return -(-seconds // 60)


def _is_asked(item: Item) -> bool:
    return item.is_question and not item.hidden and not item.read_only


def _count(missing: set[str], section: Section, definition: Definition, evaluation: Evaluation) -> int:
    tops = {item.index for item in section.items}
    return sum(definition.section(evaluation.places[key].item).index in tops for key in missing)


def pages(definition: Definition, nodes: Sequence[FieldNode]) -> tuple[Page, ...]:
    """The screens of the form as it stands, in order. `nodes` are the `fields` of the whole form.

    A section that shows nothing now is no page: disabled, hidden, or a group of nothing else.
    """
    by_item: dict[int, list[FieldNode]] = {}
    for node in nodes:
        by_item.setdefault(node.item.index, []).append(node)
    found = []
    for section in sections(definition):
        shown = tuple(node for item in section.items for node in by_item.get(item.index, ()))
        head = shown[0] if len(shown) == 1 and shown[0].is_section else None
        body = head.children if head is not None else shown
        if body:
            found.append(Page(section, head, body))
    return tuple(found)


def page_at(definition: Definition, pages: Sequence[Page], key: str) -> Page | None:
    """The page where the place with that key is; where it isn't shown now, the next one, else the last.

    The first page for a key that the form doesn't have. None where the form shows nothing.
    """
    item = item_at(definition, key)
    if item is None:
        return next(iter(pages), None)
    top = definition.section(item).index
    return next((page for page in pages if page.section.items[-1].index >= top), pages[-1] if pages else None)


def item_at(definition: Definition, key: str) -> Item | None:
    """The item of a field's key, whether or not such a field is there now."""
    link_id = key.rsplit("].", 1)[-1].partition("!")[0]  # the question about an amount is at the amount
    return definition.find(link_id) or definition.find(re.sub(r"\[\d+\]$", "", link_id))


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
    decision = decide(definition, read_answers(definition, items))
    reading, enabled = decision.reading, decision.enabled
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
            understood=tuple(text for answer in place.answers if (text := self._understood(item, answer))),
            unit=next((_unit(value) for value in place.values), "") or _only_unit(item),
            units=tuple(
                (unit.code, words.to(self.language) or unit.code)
                for unit, words in zip(item.units, item.unit_words, strict=True)
            ),
            error=next(iter(errors), ""),
            options=tuple(self._option(option, place.values, problem) for option in (*item.options, *_picked(place))),
            can_decline=item.is_question and item.is_sensitive,
            is_declined=place.is_declined,
            can_add=place.is_set and (most is None or len(children) < most),
            can_remove=place.parent != ROOT and self.reading.occurrences[place.parent].is_set,
            children=(*self._doubts(place), *children),
        )

    def _doubts(self, place: Occurrence) -> list[FieldNode]:
        """Of each amount that is unusual, a question of its own: is it right?"""
        return [
            self._doubt(place, answer, answer.value)
            for answer in place.answers
            if answer.value is not None and is_unusual(place.item, answer.value)
        ]

    def _doubt(self, place: Occurrence, answer: Answer, value: Value) -> FieldNode:
        item, said = place.item, said_of(answer.raw)
        return FieldNode(
            key=f"{place.key}{sure_field(answer.raw)}",
            item=Item(item.index, item.parent, item.path, f"{item.link_id}!sure", "boolean", required=True),
            label=say("amount-sure", self.language, amount=shown(item, value, self.language)),
            help=say("amount-sure-why", self.language),
            values=() if said is None else ("true" if said else "false",),
        )

    def _values(self, place: Occurrence, problem: AnswerError | None) -> tuple[str, ...]:
        if problem is not None:
            return problem.typed
        return tuple(
            as_typed(answer.value, answer.raw, zone=self.zone) for answer in place.answers if answer.value is not None
        )

    def _understood(self, item: Item, answer: Answer) -> str:
        if answer.value is None:
            return ""
        clock = clock_in_words(answer.value, answer.raw, self.language, self.zone)
        return clock or shown(item, answer.value, self.language)

    def _option(self, option: Option, values: Sequence[Value], problem: AnswerError | None) -> OptionNode:
        is_selected = option.meaning in values if problem is None else option.value in problem.typed
        return OptionNode(option, option.value, option.label_in(self.language), is_selected)


def _picked(place: Occurrence) -> tuple[Option, ...]:
    """Codes that were picked from outside the form, as options, so that they are read by their names."""
    found = []
    for answer in place.answers:
        value = answer.value
        if value is not None and isinstance(value.content, Coding) and place.item.option(value) is None:
            coding = Element(answer.raw["valueCoding"], "", Findings())
            words = coding.words("display")
            name = Words(words.default or value.content.code, words.translations)
            found.append(Option(posted(value), value, name, answer.raw))
    return tuple(found)


def _unit(value: Value) -> str:
    return (value.content.code or value.content.unit) if isinstance(value.content, Quantity) else ""


def _only_unit(item: Item) -> str:
    if item.unit is not None:
        return item.unit.code
    return item.units[0].code if len(item.units) == 1 else ""
