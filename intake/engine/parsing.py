"""From Questionnaire JSON to a Definition: read once, everything unknown reported with its path.

The reading itself is tolerant, so that a form with a fault in one place can still be evaluated in the others; `parse`,
which published forms go through, refuses a form with any error. Nothing here recurses: nesting has no limit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple

from intake.engine.amounts import read_confirm_above, read_units
from intake.engine.definition import (
    ANSWER_TYPES,
    CANDOR,
    ITEM_TYPES,
    ROOT,
    TABLES,
    Compiler,
    Condition,
    Definition,
    Item,
    Variable,
    Words,
)
from intake.engine.elements import CALCULATED, CORE, ENABLE_WHEN, INITIAL, SDC, VARIABLE, Element
from intake.engine.expressions import Reader, launch_names
from intake.engine.findings import Findings
from intake.engine.limits import read_constraints
from intake.engine.options import Choices, ValueSet, read_choices, read_value_sets
from intake.engine.ordering import decide_order, nearest_common_ancestor
from intake.engine.values import SUFFIXES, Coding, UnreadableValue, Value, read

OPERATORS: Final = frozenset({"exists", "=", "!=", ">", "<", ">=", "<="})
SENSITIVITIES: Final = ("sensitive", "sud")  # the later one is stricter
_STATUSES: Final = frozenset({"draft", "active", "retired", "unknown"})
_FORM = """
    resourceType meta implicitRules language text contained url identifier version name title derivedFrom status
    experimental subjectType date publisher contact description useContext jurisdiction purpose copyright
    approvalDate lastReviewDate effectivePeriod code item
"""
_ITEM = """
    linkId definition code prefix text type enableWhen enableBehavior required repeats readOnly maxLength
    answerValueSet answerOption initial item
"""
_FORM_ELEMENTS: Final = frozenset(_FORM.split())
_ITEM_ELEMENTS: Final = frozenset(_ITEM.split())
_CONDITION_ELEMENTS: Final = frozenset({"question", "operator", *(f"answer{suffix}" for suffix in SUFFIXES)})
_INITIAL_ELEMENTS: Final = frozenset(f"value{suffix}" for suffix in SUFFIXES)
_SIMPLE_TYPES: Final = frozenset({"boolean", "decimal", "integer", "string", "text", "url", "open-choice"})  # que-10
_ITEM_EXTENSIONS: Final = frozenset({"sensitivity", "risk", "why-asked", "confirm-above", "pattern-words"})
_ITEM_EXPRESSIONS: Final = frozenset({VARIABLE, CALCULATED, ENABLE_WHEN, INITIAL})


class _Found(NamedTuple):
    element: Element
    parent: int


def read_form(resource: Any, findings: Findings, compiler: Compiler | None = None) -> Definition | None:
    """The form as far as it can be read, its faults reported; None where it is no Questionnaire at all.

    Without a compiler its expressions are reported and left out.
    """
    if not isinstance(resource, Mapping):
        findings.add("not-an-object", "Questionnaire")
        return None
    form = Element(resource, "Questionnaire", findings)
    if form.text("resourceType") != "Questionnaire":
        findings.add("resource-type", "Questionnaire")
        return None
    _check_form(form)
    found = _flatten(form)
    links = _read_links(found)
    reader = Reader(compiler, links, launch_names(form))
    variables = reader.variables(form, ROOT, ())
    items = _with_children(_read_items(found, links, reader, variables, read_value_sets(form)))
    order, loops = decide_order(items)
    return Definition(
        url=form.text("url"),
        version=form.text("version"),
        name=form.text("name"),
        words=form.words("title"),
        language=form.text("language"),
        items=tuple(item for item in items if item.parent == ROOT),
        all_items=tuple(items),
        by_link_id={item.link_id: item for item in reversed(items) if item.link_id},
        order=order,
        loops=loops,
        has_expressions=any(item.has_expression for item in items),
        has_initial_expressions=any(item.initial_expression for item in items),
        is_open=any(_is_open(item) for item in items),
        launch=tuple(sorted(reader.launch)),
        is_partial=compiler is None
        and any(_has_expressions(element) for element in [form, *(one.element for one in found)]),
        raw=resource,
    )


def _is_open(item: Item) -> bool:
    return any(found is not None and found.is_open for found in (item.calculated, item.enable_expression))


def _check_form(form: Element) -> None:
    form.check(_FORM_ELEMENTS, expressions={VARIABLE})
    if form.text("status") not in _STATUSES:
        form.findings.add("status", "Questionnaire.status")
    name = form.text("name")
    if name and not (name[0].isupper() and name.isascii() and name.replace("_", "x").isalnum()):
        form.findings.add("name", "Questionnaire.name")
    if form.text("implicitRules"):
        form.findings.add("implicit-rules", "Questionnaire.implicitRules")
    for element, type_ in (("date", "dateTime"), ("approvalDate", "date"), ("lastReviewDate", "date")):
        _check_date(form, element, type_)
    period = form.object("effectivePeriod")
    for element in ("start", "end") if period else ():
        _check_date(period or form, element, "dateTime")


def _check_date(element: Element, name: str, type_: str) -> None:
    try:
        read(type_, element.raw.get(name, ""))
    except UnreadableValue:
        element.findings.add("impossible-date", f"{element.path}.{name}", name=name)


def _flatten(form: Element) -> list[_Found]:
    """All items in reading order, each before its children."""
    found: list[_Found] = []
    waiting = [_Found(element, ROOT) for element in form.objects("item")[::-1]]
    while waiting:
        found.append(waiting.pop())
        here = len(found) - 1
        waiting += [_Found(element, here) for element in found[here].element.objects("item")[::-1]]
    return found


def _read_links(found: Sequence[_Found]) -> Mapping[str, int]:
    """The items by linkId; of two with one linkId, the first."""
    links: dict[str, int] = {}
    for index, (element, _) in enumerate(found):
        link_id = element.text("linkId")
        if not link_id.strip():
            element.findings.add("link-id-missing", element.path)
        elif link_id in links:
            element.findings.add("link-id-duplicate", element.path, name=link_id)
        links.setdefault(link_id, index)
    return links


def _read_items(
    found: Sequence[_Found],
    links: Mapping[str, int],
    reader: Reader,
    variables: tuple[Variable, ...],
    value_sets: Mapping[str, ValueSet],
) -> list[Item]:
    parents = [parent for _, parent in found]
    items: list[Item] = []
    scopes: list[tuple[Variable, ...]] = []  # by item: the variables that what is in it knows
    for index, (element, parent) in enumerate(found):
        item = _read_item(element, index, items[parent] if parent != ROOT else None, value_sets)
        conditions = _read_conditions(element, index, links, parents)
        item = replace(item, enable_when=conditions, initial=_read_initial(element, item))
        above = scopes[parent] if parent != ROOT else variables
        if _has_expressions(element):
            item = reader.add_to(item, element, above)
        items.append(item)
        scopes.append((*above, *item.variables) if item.variables else above)
    return items


def _has_expressions(element: Element) -> bool:
    return any(str(found.raw.get("url")) in _ITEM_EXPRESSIONS for found in element.objects("extension"))


def _with_children(items: list[Item]) -> list[Item]:
    children: list[list[Item]] = [[] for _ in items]
    for index in range(len(items) - 1, -1, -1):  # children before parents, so that every parent gets finished ones
        below = tuple(children[index][::-1])
        items[index] = replace(items[index], children=below, help=_help(below))
        if items[index].parent != ROOT:
            children[items[index].parent].append(items[index])
    return items


def _read_item(element: Element, index: int, parent: Item | None, value_sets: Mapping[str, ValueSet]) -> Item:
    element.check(_ITEM_ELEMENTS, _ITEM_EXTENSIONS, _ITEM_EXPRESSIONS)
    type_ = _read_type(element)
    _check_invariants(element, type_)
    takes_answers = type_ in ANSWER_TYPES
    choices = read_choices(element, type_, value_sets) if takes_answers else Choices((), False, frozenset())
    above = parent or Item(ROOT, ROOT, "", "", "group")
    units, unit_words = read_units(element)
    return Item(
        index=index,
        parent=above.index,
        path=element.path,
        link_id=element.text("linkId") if element.text("linkId").strip() else "",
        type=type_,
        words=element.words("text"),
        prefix=element.text("prefix"),
        required=element.flag("required") and type_ != "display",
        repeats=element.flag("repeats") and type_ != "display",
        read_only=element.flag("readOnly") or (above.type == "group" and above.read_only),
        hidden=element.says(f"{CORE}questionnaire-hidden") or above.hidden,
        codes=_read_codings(element),
        options=choices.options,
        closed=choices.closed,
        table=element.text("answerValueSet") if element.text("answerValueSet") in TABLES else "",
        answer_types=choices.answer_types,
        enable_behavior=_read_behavior(element),
        constraints=read_constraints(element, type_),
        unit=_coding(element.extension(f"{CORE}questionnaire-unit", {"Coding"})),
        units=units,
        unit_words=unit_words,
        confirm_above=read_confirm_above(element),
        control=_read_control(element),
        why_asked=_read_words(element, f"{CANDOR}why-asked"),
        entry_format=_read_words(element, f"{CORE}entryFormat"),
        pattern_words=_read_words(element, f"{CANDOR}pattern-words"),
        sensitivity=_read_sensitivity(element, above.sensitivity),
        risk=element.says(f"{CANDOR}risk"),
        is_extracted=element.says(f"{SDC}observationExtract"),
        raw=element.raw,
    )


def _read_type(element: Element) -> str:
    type_ = element.text("type")
    if not type_:
        element.findings.add("type-missing", element.path)
    elif type_ not in ITEM_TYPES:
        element.findings.add("type-unknown", element.path, name=type_)
    elif type_ == "reference":
        element.findings.add("type-unsupported", element.path, name=type_)
    return type_


def _check_invariants(element: Element, type_: str) -> None:
    """que-1, que-5, que-8 and que-10 for what takes no answers; a display also que-3, que-6 and que-9."""
    has, add, path = element.raw.get, element.findings.add, element.path
    if type_ == "group" and not has("item"):
        add("group-empty", path)
    if type_ not in ANSWER_TYPES and (has("answerOption") or has("answerValueSet")):
        add("group-answers", path, type=type_)
    if type_ in ("group", "display") and has("initial"):
        add("initial-not-allowed", path, type=type_)
    if "maxLength" in element.raw and type_ not in _SIMPLE_TYPES and type_ in ITEM_TYPES:
        add("max-length-not-allowed", path, type=type_)
    if type_ == "display":
        _check_display(element)


def _check_display(element: Element) -> None:
    flags = [element.raw[name] for name in ("required", "repeats") if name in element.raw]
    if flags:
        element.findings.add("display-required" if True in flags else "display-flag", element.path)
    for name, code in (("item", "display-children"), ("code", "display-code"), ("readOnly", "display-read-only")):
        if element.raw.get(name):
            element.findings.add(code, element.path)


def _read_behavior(element: Element) -> str:
    behavior = element.text("enableBehavior")
    if "enableBehavior" in element.raw and behavior not in ("all", "any"):
        element.findings.add("enable-behavior-unknown", element.path)
        return ""
    if not behavior and len(element.objects("enableWhen")) > 1:
        element.findings.add("enable-behavior-missing", element.path)
    return behavior


def _read_conditions(
    element: Element, index: int, links: Mapping[str, int], parents: Sequence[int]
) -> tuple[Condition, ...]:
    return tuple(_read_condition(found, index, links, parents) for found in element.objects("enableWhen"))


def _read_condition(element: Element, index: int, links: Mapping[str, int], parents: Sequence[int]) -> Condition:
    element.check(_CONDITION_ELEMENTS)
    question, operator = element.text("question"), element.text("operator")
    source = links.get(question, ROOT) if question else ROOT
    if source == ROOT:
        element.findings.add("condition-target-unknown", element.path, name=question)
    if operator not in OPERATORS:
        element.findings.add("operator-unknown", element.path, name=operator)
    answer = _read_condition_answer(element, operator)
    return Condition(
        path=element.path,
        question=question,
        operator=operator,
        answer=answer,
        source=source,
        scope=nearest_common_ancestor(index, source, parents),
        broken=operator not in OPERATORS or answer is None,
    )


def _read_condition_answer(element: Element, operator: str) -> Value | None:
    try:
        answer = element.typed("answer")
    except UnreadableValue:
        element.findings.add("condition-answer", element.path)
        return None
    if operator == "exists" and answer.type != "boolean":
        element.findings.add("exists-not-boolean", element.path)
        return None
    if isinstance(answer.content, Coding) and not answer.content.system:
        element.findings.add("coding-no-system", element.path, name=answer.content.code)
    return answer


def _read_codings(element: Element) -> tuple[Coding, ...]:
    found = []
    for code in element.objects("code"):
        try:
            coding = _coding(read("Coding", code.raw))
        except UnreadableValue:
            coding = None
        if coding is None:
            element.findings.add("malformed", code.path, name="code", kind="a Coding")
        else:
            found.append(coding)
    return tuple(found)


def _read_initial(element: Element, item: Item) -> tuple[Mapping[str, Any], ...]:
    given = element.objects("initial") if item.type in ANSWER_TYPES else []
    selected = [option.answer for option in item.options if option.initial_selected]
    if given and element.raw.get("answerOption"):
        element.findings.add("initial-with-options", element.path)
    if len(given) + len(selected) > 1 and not item.repeats:
        element.findings.add("initial-repeats", element.path)
    good = []
    for found in given:
        found.check(_INITIAL_ELEMENTS)
        if _fits(found, item):
            good.append({name: raw for name, raw in found.raw.items() if name in _INITIAL_ELEMENTS})
        else:
            element.findings.add("initial-value", found.path, type=item.type)
    return (*good, *selected)


def _fits(initial: Element, item: Item) -> bool:
    try:
        value = initial.typed("value")
    except UnreadableValue:
        return False
    return value.type in item.answer_types and item.permits(value)


def _coding(value: Value | None) -> Coding | None:
    return value.content if value is not None and isinstance(value.content, Coding) else None


def _read_control(element: Element) -> str:
    for extension in element.extensions(f"{CORE}questionnaire-itemControl")[:1]:
        concept = extension.object("valueCodeableConcept")
        codings = [] if concept is None else concept.objects("coding")
        return next((code.text("code") for code in codings if code.text("code")), "")
    return ""


def _read_words(element: Element, url: str) -> Words:
    """The text of an extension with its translations."""
    for found in element.extensions(url)[:1]:
        words = found.words("valueString")
        if not words.default:
            element.findings.add("extension-value", found.path, name=url, kind="a string")
        return words
    return Words()


def _read_sensitivity(element: Element, inherited: str) -> str:
    for extension in element.extensions(f"{CANDOR}sensitivity")[:1]:
        own = extension.text("valueCode")
        if own not in SENSITIVITIES:
            element.findings.add(
                "extension-value", extension.path, name="sensitivity", kind="valueCode sensitive or sud"
            )
            return inherited
        return max(own, inherited, key=lambda name: SENSITIVITIES.index(name) if name else -1)
    return inherited


def _help(children: Sequence[Item]) -> Words:
    """A display with control help or flyover under an item is that item's help text."""
    return next((child.words for child in children if child.is_help), Words())
