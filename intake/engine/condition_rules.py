"""Lint rules about conditions: what can't hold, what goes in circles, what other engines read differently."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from intake.engine.conditions import holds
from intake.engine.definition import ROOT, Condition, Definition, Item
from intake.engine.findings import Findings
from intake.engine.values import order

_UNORDERED: Final = frozenset({"boolean", "Coding", "Attachment", "Reference"})
_DATES: Final = frozenset({"date", "dateTime"})


def check_conditions(form: Definition, findings: Findings) -> None:
    for item in form.all_items:
        for condition in item.enable_when:
            if condition.source != ROOT:
                _check_condition(form, item, condition, findings)
    for loop in form.loops:
        _check_loop(form, loop, findings)
    _check_reach(form, findings)


def _check_condition(form: Definition, item: Item, condition: Condition, findings: Findings) -> None:
    source = form.all_items[condition.source]
    if source is item:
        findings.add("condition-self", condition.path)
    if not source.is_question:
        findings.add("condition-target-no-question", condition.path, name=source.link_id, type=source.type)
        return
    _check_answer(source, condition, findings)
    if condition.operator == "!=" and (source.repeats or not source.required):
        findings.add("not-equals-optional", condition.path, name=source.link_id)
    if condition.answer is not None and condition.answer.type == "Quantity":
        findings.add("quantity-condition", condition.path)
    if condition.answer is not None and condition.answer.type in _DATES and not _is_guarded(item, condition):
        findings.add("date-unguarded", condition.path)
    if _crosses_a_repeat(form, condition, source):
        findings.add("across-repeats", condition.path, name=source.link_id)


def _check_answer(source: Item, condition: Condition, findings: Findings) -> None:
    answer = condition.answer
    if answer is None or condition.broken or condition.operator == "exists" or not source.answer_types:
        return
    if not _fits(source, answer.type):
        findings.add("condition-type", condition.path, name=answer.type, type=source.type)
    elif condition.operator not in ("=", "!=") and answer.type in _UNORDERED:
        findings.add("operator-no-order", condition.path, name=condition.operator, type=source.type)
    elif condition.operator in ("=", "!=") and not source.permits(answer):
        findings.add("condition-no-option", condition.path, name=source.link_id)


def _fits(source: Item, type_: str) -> bool:
    """R4 has no answerUri, so answerString stands for it."""
    return type_ in source.answer_types or (type_ == "string" and source.type == "url")


def _is_guarded(item: Item, condition: Condition) -> bool:
    return item.enable_behavior == "all" and any(
        other.question == condition.question and other.operator == "exists" and other.answer and other.answer.content
        for other in item.enable_when
    )


def _crosses_a_repeat(form: Definition, condition: Condition, source: Item) -> bool:
    """Whether the question repeats apart from the item, so that there is more than one place for it to be answered."""
    if condition.source == condition.scope:
        return source.repeats
    for above in form.ancestors(source):
        if above.index == condition.scope:
            return False
        if above.repeats:
            return True
    return False


def _check_loop(form: Definition, loop: tuple[int, ...], findings: Findings) -> None:
    if len(loop) == 1:
        return  # condition-self or expression-self says so
    items = [form.all_items[index] for index in loop]
    names = " → ".join(item.link_id for item in [*items, items[0]])
    start = next(item for item in items if item.needs)  # a circle has at least one condition or expression
    findings.add("condition-cycle", start.path, name=names)


def _check_reach(form: Definition, findings: Findings) -> None:
    """Required items that nobody is ever asked: some condition above them can't hold, whatever is answered."""
    reached: set[int] = set()
    decided: set[int] = set()
    for index in form.order:
        item = form.all_items[index]
        is_above_reached = item.parent == ROOT or item.parent in reached or item.parent not in decided
        if is_above_reached and _can_be_enabled(form, item, reached, decided):
            reached.add(index)
        decided.add(index)
    for item in form.all_items:
        if item.required and item.index not in reached:
            findings.add("required-unreachable", item.path)


def _can_be_enabled(form: Definition, item: Item, reached: set[int], decided: set[int]) -> bool:
    conditions = [condition for condition in item.enable_when if not condition.broken]
    if not conditions:
        return True
    possible = [
        _can_hold(form, condition, reached, decided) and not _contradict(form, [condition]) for condition in conditions
    ]
    if item.enable_behavior != "all":
        return any(possible)
    return all(possible) and not _contradict(form, conditions)


def _can_hold(form: Definition, condition: Condition, reached: set[int], decided: set[int]) -> bool:
    assert condition.answer is not None  # else it would be broken
    if condition.operator == "!=":
        return True
    if condition.operator == "exists" and condition.answer.content is False:
        return True
    if condition.source == ROOT or not form.all_items[condition.source].is_question:
        return False
    source = form.all_items[condition.source]
    is_answerable = source.index in reached or source.index not in decided
    if condition.operator != "=":
        return is_answerable
    return is_answerable and source.permits(condition.answer)


def _contradict(form: Definition, conditions: Sequence[Condition]) -> bool:
    """Whether no answer meets them all: answered and unanswered at once, or no single value for all of them.

    What the question itself permits counts too: more than 5 is never answered where 3 is the most.
    """
    by_source: dict[int, list[Condition]] = {}
    for condition in conditions:
        if condition.source != ROOT:
            by_source.setdefault(condition.source, []).append(condition)
    return any(
        len({_needs_answer(condition) for condition in group if condition.operator != "!="}) > 1
        or (_is_single(form, group[0]) and _are_apart([*group, *_limits(form.all_items[source], group[0])]))
        for source, group in by_source.items()
    )


def _needs_answer(condition: Condition) -> bool:
    return condition.operator != "exists" or (condition.answer is not None and condition.answer.content is True)


def _limits(source: Item, condition: Condition) -> list[Condition]:
    """The question's own limits, as conditions on it."""
    bounds = ((">=", source.constraints.min_value), ("<=", source.constraints.max_value))
    return [replace(condition, operator=operator, answer=limit) for operator, limit in bounds if limit is not None]


def _are_apart(conditions: Sequence[Condition]) -> bool:
    """Whether no one value meets them all. Partial dates and other units, which have no order, are never apart."""
    for one in conditions:
        assert one.answer is not None  # else it would be broken
        if one.operator == "=" and not all(holds(other, [one.answer]) for other in conditions):
            return True
        for other in conditions if one.operator in (">", ">=") else ():
            assert other.answer is not None
            gap = order(one.answer, other.answer) if other.operator in ("<", "<=") else None
            if gap == 1 or (gap == 0 and (one.operator, other.operator) != (">=", "<=")):
                return True
    return False


def _is_single(form: Definition, condition: Condition) -> bool:
    source = form.all_items[condition.source]
    return not source.repeats and not _crosses_a_repeat(form, condition, source)
