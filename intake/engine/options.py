"""The permitted answers of a question: answerOption, or a value set that the form contains."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from intake.engine.definition import ANSWER_TYPES, CANDOR, TABLES, Option, Words
from intake.engine.elements import CORE, SDC, Element
from intake.engine.values import SUFFIXES, TYPES, Coding, Moment, UnreadableValue, Value, read

# que-5 names these types; an option's value can only be one of answerOption.value[x]'s types.
_OPTION_TYPES: Final[Mapping[str, frozenset[str]]] = {
    "choice": frozenset({"Coding", "string", "integer", "date", "time", "Reference"}),
    "open-choice": frozenset({"Coding", "string", "integer", "date", "time", "Reference"}),
    "integer": frozenset({"integer"}),
    "date": frozenset({"date"}),
    "time": frozenset({"time"}),
    "string": frozenset({"string"}),
}
_OPTION_ELEMENTS: Final = frozenset({"initialSelected", *(f"value{suffix}" for suffix in SUFFIXES)})
_ORDINALS: Final = (f"{CORE}ordinalValue", f"{CORE}itemWeight")


class Choices(NamedTuple):
    """`closed`: these options are all the codes there are. `answer_types`: the FHIR types that an answer may have."""

    options: tuple[Option, ...]
    closed: bool
    answer_types: frozenset[str]


class ValueSet(NamedTuple):
    options: tuple[Option, ...]
    complete: bool


def read_value_sets(form: Element) -> Mapping[str, ValueSet]:
    """The value sets that the form contains, by the reference that items make to them (#id)."""
    return {
        f"#{found.text('id')}": _value_set(found)
        for found in form.objects("contained")
        if found.raw.get("resourceType") == "ValueSet"
    }


def read_choices(item: Element, type_: str, value_sets: Mapping[str, ValueSet]) -> Choices:
    listed = item.objects("answerOption")
    named = item.text("answerValueSet")
    _check_presence(item, type_, has_options=bool(listed), value_set=named)
    options = tuple(option for option in (_option(found, type_) for found in listed) if option is not None)
    known = value_sets.get(named)
    if not listed and known is not None:
        options = known.options
        if not known.complete:
            item.findings.add("value-set-external", item.path, name=named)
    elif named and known is None and named not in TABLES:
        item.findings.add("value-set-unknown" if named.startswith("#") else "value-set-external", item.path, name=named)
    _check_repeated(item, options)
    is_all = bool(options) and (bool(listed) or (known is not None and known.complete))
    return Choices(options, is_all, _answer_types(type_, options))


def _check_presence(item: Element, type_: str, *, has_options: bool, value_set: str) -> None:
    if has_options and value_set:
        item.findings.add("option-and-value-set", item.path)
    is_choice = type_ in ("choice", "open-choice")
    if is_choice and not has_options and not value_set and not _is_computed(item):
        item.findings.add("options-missing" if type_ == "choice" else "options-open", item.path)
    if (has_options and type_ not in _OPTION_TYPES and type_ in ANSWER_TYPES) or (value_set and not is_choice):
        item.findings.add("options-not-allowed", item.path, type=type_)


def _is_computed(item: Element) -> bool:
    return item.has_extension(f"{SDC}answerExpression", f"{SDC}candidateExpression")


def _answer_types(type_: str, options: tuple[Option, ...]) -> frozenset[str]:
    if type_ not in ("choice", "open-choice") or not options:
        return ANSWER_TYPES.get(type_, frozenset())
    types = frozenset(option.meaning.type for option in options)
    return types | {"string"} if type_ == "open-choice" else types


def _option(found: Element, type_: str) -> Option | None:
    found.check(_OPTION_ELEMENTS, {"risk-option"})
    try:
        value = found.typed("value")
    except UnreadableValue:
        found.findings.add("option-value", found.path)
        return None
    if type_ in _OPTION_TYPES and value.type not in _OPTION_TYPES[type_]:
        found.findings.add("option-type", found.path, name=value.type, type=type_)
        return None
    coding = found.object("valueCoding")
    return Option(
        value=posted(value),
        meaning=value,
        words=_label(found, value, coding),
        answer=_answer(value, found.raw),
        ordinal=_ordinal(found) if coding is None else _ordinal(found, coding),
        exclusive=found.says(f"{CORE}questionnaire-optionExclusive"),
        initial_selected=found.flag("initialSelected"),
        risk=found.says(f"{CANDOR}risk-option"),
    )


def posted(value: Value) -> str:
    """What a form posts for a permitted answer: system|code for a coding, else the value as FHIR writes it."""
    content = value.content
    if isinstance(content, Coding):
        code = content.code or content.display
        return f"{content.system}|{code}" if content.system else code
    if isinstance(content, Moment):
        return _iso(content)
    return str(content) if isinstance(content, str | int) else ""


def _iso(moment: Moment) -> str:
    if moment.parts:
        year, *rest = moment.parts
        return "-".join([f"{year:04d}", *(f"{part:02d}" for part in rest)])
    seconds = int(moment.seconds or 0)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


def _label(found: Element, value: Value, coding: Element | None) -> Words:
    if coding is not None:
        words = coding.words("display")
        return words if words.default else Words(coding.text("code"), words.translations)
    if value.type == "string":
        return found.words("valueString")
    return Words(str(found.raw[f"value{TYPES[value.type]}"]))


def _answer(value: Value, raw: Mapping[str, Any]) -> Mapping[str, Any]:
    name = f"value{TYPES[value.type]}"
    if not isinstance(value.content, Coding):
        return {name: raw[name]}
    return {name: {part: raw[name][part] for part in ("system", "version", "code", "display") if part in raw[name]}}


def _ordinal(*elements: Element) -> Decimal | None:
    """The score of an option: on the option in R4 (ordinalValue), on its coding or as itemWeight in later forms."""
    for element in elements:
        for url in _ORDINALS:
            value = element.extension(url, {"decimal", "integer"})
            if value is not None and isinstance(value.content, int | Decimal):
                return Decimal(value.content)
    return None


def _check_repeated(item: Element, options: tuple[Option, ...]) -> None:
    seen: set[Value] = set()
    for option in options:
        if option.meaning in seen:
            item.findings.add("option-duplicate", item.path, name=option.value)
        if isinstance(option.meaning.content, Coding) and not option.meaning.content.system:
            item.findings.add("coding-no-system", item.path, name=option.value)
        seen.add(option.meaning)


def _value_set(found: Element) -> ValueSet:
    """The concepts that the value set lists; not complete where it takes or leaves out whole systems or filters."""
    expansion, compose = found.object("expansion"), found.object("compose")
    found.refuse_modifiers()
    if expansion is not None:
        return ValueSet(tuple(_concepts(expansion.objects("contains"))), complete=True)
    if compose is None:
        return ValueSet((), complete=False)
    included, excluded = compose.objects("include"), compose.objects("exclude")
    for part in (compose, *included, *excluded):
        part.refuse_modifiers()
    options, without = _listed(included), {option.meaning for option in _listed(excluded)}
    return ValueSet(
        tuple(option for option in options if option.meaning not in without),
        complete=all("concept" in part.raw for part in (*included, *excluded)),
    )


def _listed(parts: list[Element]) -> list[Option]:
    return [option for part in parts for option in _concepts(part.objects("concept"), part.text("system"))]


def _concepts(found: list[Element], system: str = "") -> Iterator[Option]:
    waiting = found[::-1]
    while waiting:
        concept = waiting.pop()
        waiting += concept.objects("contains")[::-1]
        given = {"system": system or concept.text("system"), "code": concept.text("code")}
        try:
            value = read("Coding", given)
        except UnreadableValue:
            concept.findings.add("option-value", concept.path)
            continue
        if value is None or concept.flag("abstract"):
            continue
        words = Words(
            concept.text("display") or given["code"],
            tuple((part.text("language"), part.text("value")) for part in concept.objects("designation")),
        )
        answer = {name: text for name, text in {**given, "display": concept.text("display")}.items() if text}
        yield Option(posted(value), value, words, {"valueCoding": answer}, _ordinal(concept))
