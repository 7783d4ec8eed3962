"""Which places of a form are enabled (enableWhen), exactly as FHIR says.

- exists: "whether an answer exists" equals the condition's answer. =: at least one answer equals. !=: no answer
  equals, so it holds while nothing is answered. >, <, >=, <=: at least one answer is so (R5's wording of the
  questionnaire-enable-operator codes; R4's is garbled).
- What is inside something disabled is disabled, whatever its own conditions say.
- The answer of a disabled question counts as no answer, and so does one that isn't a value of the question's type.
- Inside repeats, the answers that count are those below the nearest common ancestor of the item and the question.
- Without enableBehavior several conditions are illegal (que-12); where that happens all the same, any one is enough, as
  R4's comment on enableWhen has it: a question asked in vain does less harm than one not asked.
- In a circle of conditions (an error of the form) the question that would close the circle counts as unanswered.
"""

from collections.abc import Sequence

from intake.engine.answers import Occurrence, Reading, walk_up
from intake.engine.definition import ROOT, Condition, Definition, Item
from intake.engine.values import Value, equal, order

_ORDERINGS = {">": (1,), "<": (-1,), ">=": (0, 1), "<=": (-1, 0)}
_Scope = tuple[int, int]
_NOWHERE: _Scope = (-2, 0)  # no place of the form: no answers


def decide(definition: Definition, reading: Reading) -> frozenset[int]:
    """The indexes of the enabled places. One pass over items in the form's order, each after what it depends on."""
    return _Decision(definition, reading).run()


class _Decision:
    def __init__(self, definition: Definition, reading: Reading) -> None:
        self.definition = definition
        self.occurrences = reading.occurrences
        self.places: list[list[Occurrence]] = [[] for _ in definition.all_items]
        for place in reading.occurrences:
            self.places[place.item.index].append(place)
        self.enabled: set[int] = set()
        self.decided: set[int] = set()  # items
        self.answers: dict[tuple[int, int], dict[_Scope, list[Value]]] = {}
        self.results: dict[tuple[str, _Scope], bool] = {}

    def run(self) -> frozenset[int]:
        for index in self.definition.order:
            item = self.definition.all_items[index]
            for place in self.places[index]:
                if self._is_enabled(item, place):
                    self.enabled.add(place.index)
            self.decided.add(index)
        return frozenset(self.enabled)

    def _is_enabled(self, item: Item, place: Occurrence) -> bool:
        if place.parent != ROOT:
            if place.parent not in self.enabled:
                return False
            if self.occurrences[place.parent].is_set:
                return True  # an instance is enabled with its group
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
