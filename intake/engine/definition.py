"""A form, parsed once into typed and frozen objects: what a FHIR R4 Questionnaire says, and nothing it doesn't.

`intake.engine.parsing` builds these from JSON; everything else in the engine reads only these.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, Protocol

from intake.engine.values import Coding, Value

CANDOR: Final = "https://candor.health/fhir/StructureDefinition/"  # base of our own extensions
ROOT: Final = -1  # index that stands for the form itself

# What a question of each type may hold (FHIR R4, Questionnaire, "Question types"). A choice whose options aren't codes
# holds what its options hold.
ANSWER_TYPES: Final[Mapping[str, frozenset[str]]] = {
    "boolean": frozenset({"boolean"}),
    "decimal": frozenset({"decimal"}),
    "integer": frozenset({"integer"}),
    "date": frozenset({"date"}),
    "dateTime": frozenset({"dateTime"}),
    "time": frozenset({"time"}),
    "string": frozenset({"string"}),
    "text": frozenset({"string"}),
    "url": frozenset({"uri"}),
    "choice": frozenset({"Coding"}),
    "open-choice": frozenset({"Coding", "string"}),
    "attachment": frozenset({"Attachment"}),
    "reference": frozenset({"Reference"}),
    "quantity": frozenset({"Quantity"}),
}
# Value sets that Candor keeps in a table of its own; whoever uses the engine hands it the terms that were picked.
TABLES: Final = frozenset({f"https://candor.health/fhir/ValueSet/{name}" for name in ("medications", "allergens")})
ITEM_TYPES: Final = frozenset(ANSWER_TYPES) | {"group", "display"}


@dataclass(frozen=True, slots=True)
class Words:
    """Text in the form's own language with its translations."""

    default: str = ""
    translations: tuple[tuple[str, str], ...] = ()  # (BCP 47 language, text)

    def to(self, language: str) -> str:
        """The text in that language (es-US, else any es), else the form's own."""
        return self._find(language) or self.default

    def speaks(self, language: str) -> bool:
        return not self.default or bool(self._find(language))

    def _find(self, language: str) -> str:
        wanted = language.lower()
        by_language = {tag.lower(): text for tag, text in self.translations}
        same_family = (text for tag, text in by_language.items() if tag.split("-")[0] == wanted.split("-")[0])
        return by_language.get(wanted) or next(same_family, "")


@dataclass(frozen=True, slots=True)
class Option:
    """A permitted answer. `value` is what a form posts for it, `answer` the FHIR answer stored for it."""

    value: str
    meaning: Value
    words: Words
    answer: Mapping[str, Any]
    ordinal: Decimal | None = None
    exclusive: bool = False
    initial_selected: bool = False
    risk: bool = False

    @property
    def label(self) -> str:
        return self.words.default

    def label_in(self, language: str) -> str:
        return self.words.to(language)


@dataclass(frozen=True, slots=True)
class Condition:
    """One enableWhen.

    `source` is the index of the question it looks at (ROOT where there is none), `scope` the index of the nearest
    common ancestor of that question and the item, which decides whose answers count inside repeats. A condition
    that can't be evaluated at all (`broken`) is left out of the decision and reported, never taken for false.
    """

    path: str
    question: str
    operator: str
    answer: Value | None
    source: int = ROOT
    scope: int = ROOT
    broken: bool = False


class ExpressionError(ValueError):
    """An expression can't be read or evaluated. The message is for the form's author and repeats no answer."""


class Compiled(Protocol):
    """An expression ready for evaluation. `focus` is what it starts from, `variables` what its %names stand for.

    Both methods raise ExpressionError and nothing else, and end in bounded time.
    """

    def nodes(self, focus: Mapping[str, Any], variables: Mapping[str, Any], /) -> Sequence[Any]:
        """What it finds, to be handed on as a variable of other expressions; opaque to the engine."""

    def values(self, focus: Mapping[str, Any], variables: Mapping[str, Any], /) -> Sequence[Any]:
        """What it finds as JSON, numbers as int or Decimal; without what is null."""


Compiler = Callable[[str], Compiled]  # from the text; raises ExpressionError. The adapter's, given to `parse`


@dataclass(frozen=True, slots=True)
class Expression:
    """One FHIRPath expression of the form.

    `questions` are the indexes of the items whose linkIds it names, itself or through its variables. An open one also
    reads answers that it doesn't name. `launch` are the names it uses that are known only when the form begins. One
    that can't be evaluated (`compiled` is None) is reported and left out.
    """

    path: str
    text: str
    compiled: Compiled | None = field(default=None, compare=False, repr=False)
    variables: tuple["Variable", ...] = ()
    questions: frozenset[int] = frozenset()
    is_open: bool = False
    launch: frozenset[str] = frozenset()
    reads_clock: bool = False
    depth: int = 1  # variables in variables


@dataclass(frozen=True, slots=True)
class Variable:
    """A named expression; `owner` is the index of the item that defines it, ROOT for the form."""

    name: str
    expression: Expression
    owner: int = ROOT


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression for the whole answer, and the longest answer that it may safely be tried on."""

    regex: re.Pattern[str]
    longest: int


@dataclass(frozen=True, slots=True)
class Constraints:
    min_length: int | None = None
    max_length: int | None = None
    pattern: Pattern | None = None
    min_value: Value | None = None
    max_value: Value | None = None
    max_decimals: int | None = None
    min_occurs: int | None = None
    max_occurs: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Item:
    """A group, a question or a text of the form.

    `hidden`, `read_only` and `sensitivity` already hold what the item inherits: hidden and sensitivity from any
    ancestor, read_only from groups (FHIR, Questionnaire "Group properties").
    """

    index: int
    parent: int
    path: str
    link_id: str
    type: str
    words: Words = Words()
    prefix: str = ""
    required: bool = False
    repeats: bool = False
    read_only: bool = False
    hidden: bool = False
    codes: tuple[Coding, ...] = ()
    options: tuple[Option, ...] = ()
    closed: bool = False  # the options are all the codes that there are
    table: str = ""  # the address of the value set, where it is one of TABLES
    answer_types: frozenset[str] = frozenset()
    enable_when: tuple[Condition, ...] = ()
    enable_behavior: str = ""
    constraints: Constraints = Constraints()
    initial: tuple[Mapping[str, Any], ...] = ()
    unit: Coding | None = None
    units: tuple[Coding, ...] = ()  # unitOption: no other unit is permitted
    unit_words: tuple[Words, ...] = ()  # what each of them is called
    confirm_above: tuple[Value, ...] = ()  # for each unit the amount above which the patient is asked once more
    control: str = ""
    help: Words = Words()
    why_asked: Words = Words()
    entry_format: Words = Words()
    pattern_words: Words = Words()  # what is said of an answer that the pattern refuses
    sensitivity: str = ""
    risk: bool = False
    is_extracted: bool = False  # SDC observationExtract: its answer becomes an Observation with the item's code
    variables: tuple[Variable, ...] = ()
    calculated: Expression | None = None
    enable_expression: Expression | None = None
    initial_expression: Expression | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)
    children: tuple["Item", ...] = field(default=(), repr=False)

    @property
    def text(self) -> str:
        return self.words.default

    def text_in(self, language: str) -> str:
        return self.words.to(language)

    @property
    def needs(self) -> tuple[int, ...]:
        """The items that must be decided before this one: those that its conditions and expressions look at."""
        sources = [condition.source for condition in self.enable_when if condition.source != ROOT]
        for expression in (self.enable_expression, self.calculated):
            sources += sorted(expression.questions) if expression is not None else ()
        return tuple(dict.fromkeys(sources))

    @property
    def has_expression(self) -> bool:
        return self.enable_expression is not None or self.calculated is not None

    @property
    def is_question(self) -> bool:
        return self.type not in ("group", "display")

    @property
    def is_help(self) -> bool:
        """Shown as part of the item above it, not as an item of its own."""
        return self.type == "display" and self.control in ("help", "flyover")

    @property
    def is_sensitive(self) -> bool:
        """A sensitive question may be left with "I'd rather not answer", even when it is required."""
        return bool(self.sensitivity)

    def option(self, value: Value) -> Option | None:
        return next((option for option in self.options if option.meaning == value), None)

    def permits(self, value: Value) -> bool:
        """Whether the value is among the options, where they are closed; an open-choice also takes any text."""
        is_free_text = self.type == "open-choice" and value.type == "string"
        return not self.closed or is_free_text or self.option(value) is not None


@dataclass(frozen=True, slots=True, eq=False)
class Definition:
    """A whole form. `all_items` is in reading order, each item before its children; an item's index is its place there.

    `order` is the order in which conditions can be decided: each item after its parent and the questions it depends
    on. `loops` are the circles that this breaks, each as the indexes of its items; a published form has none.
    `is_open` says that some expression reads answers that it doesn't name, so that one pass may not be enough;
    `is_partial` that there are expressions and nothing to evaluate them with, so that this is not what the form says.
    """

    url: str
    version: str
    name: str
    words: Words
    language: str
    items: tuple[Item, ...]
    all_items: tuple[Item, ...] = field(repr=False)
    by_link_id: Mapping[str, Item] = field(repr=False)
    order: tuple[int, ...] = field(repr=False)
    loops: tuple[tuple[int, ...], ...] = ()
    has_expressions: bool = False  # that are evaluated again with every answer
    has_initial_expressions: bool = False
    is_open: bool = False
    is_partial: bool = False
    launch: tuple[str, ...] = ("patient",)  # names that stand for something only when the form begins
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def title(self) -> str:
        return self.words.default

    def title_in(self, language: str) -> str:
        return self.words.to(language)

    def find(self, link_id: str) -> Item | None:
        return self.by_link_id.get(link_id)

    def ancestors(self, item: Item) -> Iterator[Item]:
        """The groups and questions that the item is in, innermost first."""
        while item.parent != ROOT:
            item = self.all_items[item.parent]
            yield item

    def section(self, item: Item) -> Item:
        """The top-level item that this one is in (or is)."""
        return next(iter(list(self.ancestors(item))[-1:]), item)
