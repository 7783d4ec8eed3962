"""Which places of a form are enabled (enableWhen) and what is calculated, exactly as FHIR and SDC say.

- exists: "whether an answer exists" equals the condition's answer. =: at least one answer equals. !=: no answer
  equals, so it holds while nothing is answered. >, <, >=, <=: at least one answer is so (R5's wording of the
  questionnaire-enable-operator codes; R4's is garbled).
- What is inside something disabled is disabled, whatever its own conditions say.
- The answer of a disabled question counts as no answer, and so does one that isn't a value of the question's type.
- Inside repeats, the answers that count are those below the nearest common ancestor of the item and the question.
- Without enableBehavior several conditions are illegal (que-12); where that happens all the same, any one is enough, as
  R4's comment on enableWhen has it: a question asked in vain does less harm than one not asked.
- In a circle of conditions (an error of the form) the question that would close the circle counts as unanswered.
- An enableWhenExpression enables where it is true; empty is false. What is no boolean is "an error in the design of the
  Questionnaire" (SDC): reported and left out of the decision, like a condition that can't be evaluated.
- A calculatedExpression gives a question its answer, and none where its result is empty. In a circle it gives none.
- Items are settled in an order in which each comes after what it reads, so once is enough. Only where an expression
  also reads what it doesn't name is this repeated until nothing changes; what never settles is left without a value.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from intake.engine.answers import Answer, Occurrence, Reading, walk_up
from intake.engine.calculation import Live, as_answers
from intake.engine.definition import ROOT, Condition, Definition, Expression, ExpressionError, Item
from intake.engine.values import Value, equal, order

_MOST_PASSES: Final = 8
_ORDERINGS = {">": (1,), "<": (-1,), ">=": (0, 1), "<=": (-1, 0)}
_Scope = tuple[int, int]
_NOWHERE: _Scope = (-2, 0)  # no place of the form: no answers


@dataclass(frozen=True, slots=True, eq=False)
class Decision:
    """`enabled` are the indexes of the enabled places; `reading` has the calculated answers in their places.

    `failures` says, by place, which of its expressions could not be evaluated. `live` is None without expressions.
    """

    enabled: frozenset[int]
    reading: Reading
    failures: Mapping[int, str]
    live: Live | None

    def values(self, expression: Expression, place: Occurrence) -> Sequence[Any]:
        """What one more expression finds, over what was decided. Raises ExpressionError."""
        assert self.live is not None
        return self.live.values(expression, place)


def decide(definition: Definition, reading: Reading, launch: Mapping[str, Any] | None = None) -> Decision:
    """Decides every place, in passes over the items in the form's order. `launch` is what %patient stands for."""
    needs_live = definition.has_expressions or launch is not None
    live = Live(definition, reading, {**dict.fromkeys(definition.launch, []), **(launch or {})}) if needs_live else None
    decision = _Decision(definition, reading, live)
    decision.run()
    return Decision(
        frozenset(decision.enabled),
        replace(reading, occurrences=tuple(decision.occurrences)) if live is not None else reading,
        decision.failures,
        live,
    )


class _Decision:
    def __init__(self, definition: Definition, reading: Reading, live: Live | None) -> None:
        self.definition = definition
        self.live = live
        self.occurrences = list(reading.occurrences)
        self.circular = {index for loop in definition.loops for index in loop}
        self.unsettled: set[int] = set()  # places that kept changing
        self.places: list[list[Occurrence]] = [[] for _ in definition.all_items]
        for place in reading.occurrences:
            self.places[place.item.index].append(place)
        self._start_pass()

    def _start_pass(self) -> None:
        self.enabled: set[int] = set()
        self.decided: set[int] = set()  # items
        self.answers: dict[tuple[int, int], dict[_Scope, list[Value]]] = {}
        self.results: dict[tuple[str, _Scope], bool] = {}
        self.failures: dict[int, str] = {}

    def run(self) -> None:
        self._pass()
        if self.definition.is_open and not self._settles():
            self._settles()  # now without what kept changing

    def _settles(self) -> bool:
        for _ in range(_MOST_PASSES):
            before = self._state()
            self._pass()
            after = self._state()
            if before == after:
                return True
        self.unsettled |= {index for index, (was, now) in enumerate(zip(before, after, strict=True)) if was != now}
        return False

    def _state(self) -> list[tuple[bool, tuple[Value, ...]]]:
        return [(place.index in self.enabled, place.values) for place in self.occurrences]

    def _pass(self) -> None:
        self._start_pass()
        if self.live is not None:
            self.live.start_pass()
        for index in self.definition.order:
            item = self.definition.all_items[index]
            for number, place in enumerate(self.places[index]):
                is_enabled = self._is_enabled(item, place)
                if is_enabled:
                    self.enabled.add(place.index)
                if self.live is not None:
                    self._settle(self.live, number, place, is_enabled=is_enabled)
            self.decided.add(index)

    def _settle(self, live: Live, number: int, place: Occurrence, *, is_enabled: bool) -> None:
        """Puts the place into what expressions read, with its calculated answers, or takes it out."""
        if place.item.calculated is not None:
            place = replace(place, answers=self._calculated(live, place) if is_enabled else ())
            self.occurrences[place.index] = self.places[place.item.index][number] = place
        if is_enabled:
            live.put(place)
        else:
            live.drop(place)

    def _calculated(self, live: Live, place: Occurrence) -> tuple[Answer, ...]:
        expression = place.item.calculated
        assert expression is not None
        if place.item.index in self.circular or place.index in self.unsettled:
            self.failures[place.index] = "calculation-circular"
            return ()
        try:
            return as_answers(place.item, live.values(expression, place))
        except ExpressionError:
            self.failures[place.index] = "calculation-failed"
            return ()

    def _allows(self, live: Live, place: Occurrence) -> bool:
        """What the enableWhenExpression of the place says."""
        expression = place.item.enable_expression
        if expression is None:
            return True
        if place.index in self.unsettled:
            self.failures[place.index] = "condition-circular"
            return True
        if place.item.index in self.circular:
            self.failures[place.index] = "condition-circular"
        try:
            found = live.values(expression, place)
        except ExpressionError:
            found = ["no boolean"]
        if found and (len(found) > 1 or not isinstance(found[0], bool)):
            self.failures[place.index] = "condition-failed"
            return True
        return bool(found) and found[0] is True

    def _is_enabled(self, item: Item, place: Occurrence) -> bool:
        if place.parent != ROOT:
            if place.parent not in self.enabled:
                return False
            if self.occurrences[place.parent].is_set:
                return True  # an instance is enabled with its group
        if self.live is not None and not self._allows(self.live, place):
            return False
        results = (self._holds(condition, place) for condition in item.enable_when if not condition.broken)
        if all(condition.broken for condition in item.enable_when):
            return True
        return all(results) if item.enable_behavior == "all" or len(item.enable_when) == 1 else any(results)

    def _holds(self, condition: Condition, place: Occurrence) -> bool:
        scope = self._scope(condition, place)
        key = (condition.path, scope)
        if key not in self.results:
            self.results[key] = holds(condition, self._answers(condition).get(scope, ()))
        return self.results[key]

    def _scope(self, condition: Condition, place: Occurrence) -> _Scope:
        """Where the common ancestor stands that this place is in: its place, and under which of its answers.

        A condition on the ancestor itself looks at all of its answers.
        """
        if condition.scope == ROOT:
            return ROOT, 0
        slot = 0
        for up in walk_up(place, self.occurrences):
            if up.item.index == condition.scope and not up.is_set:
                return up.index, 0 if condition.source == condition.scope else slot
            slot = up.slot
        return _NOWHERE

    def _answers(self, condition: Condition) -> dict[_Scope, list[Value]]:
        """The enabled answers of the condition's question, by where the common ancestor stands that they are in."""
        if condition.source not in self.decided:
            return {}
        key = (condition.source, condition.scope)
        if key not in self.answers:
            found: dict[_Scope, list[Value]] = {}
            for place in self.places[condition.source]:
                if place.index in self.enabled and place.values:
                    found.setdefault(self._scope(condition, place), []).extend(place.values)
            self.answers[key] = found
        return self.answers[key]


def holds(condition: Condition, answers: Sequence[Value]) -> bool:
    """Whether the condition holds for these answers; a broken one has no answer to this and isn't asked."""
    wanted = condition.answer
    assert wanted is not None
    if condition.operator == "exists":
        return bool(answers) is wanted.content
    if condition.operator == "=":
        return any(equal(answer, wanted) for answer in answers)
    if condition.operator == "!=":
        return not any(equal(answer, wanted) for answer in answers)
    return any(order(answer, wanted) in _ORDERINGS[condition.operator] for answer in answers)
