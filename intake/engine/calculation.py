"""Evaluates a form's expressions over the enabled part of a response, while that part is being decided.

%resource is a QuestionnaireResponse of what is enabled so far; %context, where an expression starts, is the response
item of the place it stands at (the instance's own, in a repeating group), and %qitem its Questionnaire.item (SDC,
"FHIRPath supplements"). A disabled question is not in it, so it counts as unanswered here as it does in enableWhen.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

from intake.engine.answers import Answer, Occurrence, Reading, read_answer, walk_up
from intake.engine.definition import ROOT, Definition, Expression, ExpressionError, Item, Variable
from intake.engine.writing import owner

_TEXTS: Final = {
    "string": "valueString",
    "text": "valueString",
    "choice": "valueString",
    "open-choice": "valueString",
    "url": "valueUri",
    "date": "valueDate",
    "dateTime": "valueDateTime",
    "time": "valueTime",
}
_CODING: Final = ("system", "version", "code", "display")


class Live:
    """The enabled part of a response as JSON, growing and shrinking with the decision."""

    def __init__(self, definition: Definition, reading: Reading, launch: Mapping[str, Any]) -> None:
        self.definition = definition
        self.reading = reading
        self.launch = launch
        self.root: dict[str, Any] = {"resourceType": "QuestionnaireResponse", "status": "in-progress", "item": []}
        self._nodes: dict[int, dict[str, Any]] = {}  # by place
        self._inside: dict[tuple[int, int], list[dict[str, Any]]] = {(ROOT, 0): self.root["item"]}
        self._places: dict[tuple[int, int], list[int]] = {}  # of the nodes inside, in the form's order
        self._known: dict[tuple[Variable, int], Sequence[Any]] = {}

    def start_pass(self) -> None:
        """Variables are evaluated once in a pass: by then, what they read is decided."""
        self._known = {}

    def put(self, place: Occurrence) -> None:
        """The place is enabled and answered like this."""
        if place.is_set or not place.item.link_id:
            return
        node = self._nodes.setdefault(place.index, {"linkId": place.item.link_id})
        for name in ("answer", "item"):
            node.pop(name, None)
        answers = [{**answer.raw} for answer in place.answers if answer.value is not None]
        for slot, holder in enumerate(answers or [node]):
            holder.pop("item", None)
            if place.item.children and (slot == 0 or place.item.repeats):
                holder["item"] = self._inside.setdefault((place.index, slot), [])
        if answers:
            node["answer"] = answers
        inside, places, at = self._find(place)
        if places[at : at + 1] != [place.index]:
            places.insert(at, place.index)
            inside.insert(at, node)

    def drop(self, place: Occurrence) -> None:
        """The place is not enabled."""
        inside, places, at = self._find(place)
        if places[at : at + 1] == [place.index]:
            del places[at], inside[at]

    def _find(self, place: Occurrence) -> tuple[list[dict[str, Any]], list[int], int]:
        where = owner(place, self.reading)
        places = self._places.setdefault(where, [])
        return self._inside.setdefault(where, []), places, bisect_left(places, place.index)

    def values(self, expression: Expression, place: Occurrence) -> Sequence[Any]:
        """What the expression finds at the place. Raises ExpressionError."""
        if expression.compiled is None:
            raise ExpressionError("The expression can't be read.")
        return expression.compiled.values(self._focus(place), self._variables(expression, place))

    def _focus(self, place: Occurrence | None) -> Mapping[str, Any]:
        if place is None:
            return self.root
        return self._nodes.get(place.index) or {"linkId": place.item.link_id}

    def _variables(self, expression: Expression, place: Occurrence | None) -> Mapping[str, Any]:
        names = {
            "resource": self.root,
            "rootResource": self.root,
            "context": self._focus(place),
            "questionnaire": self.definition.raw,
            "sct": "http://snomed.info/sct",
            "loinc": "http://loinc.org",
            **self.launch,
        }
        if place is not None:
            names["qitem"] = place.item.raw
        return {**names, **{found.name: self._variable(found, place) for found in expression.variables}}

    def _variable(self, variable: Variable, place: Occurrence | None) -> Sequence[Any]:
        """Its value where it is defined: at the form, or at the item around the place that has it."""
        at = None
        if variable.owner != ROOT and place is not None:
            around = walk_up(place, self.reading.occurrences)
            at = next(found for found in around if found.item.index == variable.owner)
        key = (variable, ROOT if at is None else at.index)
        if key not in self._known:
            compiled = variable.expression.compiled
            names = self._variables(variable.expression, at)
            self._known[key] = [] if compiled is None else compiled.nodes(self._focus(at), names)
        return self._known[key]


def as_answers(item: Item, values: Sequence[Any]) -> tuple[Answer, ...]:
    """The values as answers to the question. Raises ExpressionError where one is no answer to it.

    An integer question takes a whole decimal too, a quantity question with one unit a bare number.
    """
    found = [read_answer(_raw(item, value), item) for value in values]
    answers = tuple(answer for answer in found if answer is not None)
    if any(answer.value is None for answer in answers):
        raise ExpressionError(f"The result is no answer to a {item.type} question.")
    return answers


def _raw(item: Item, value: Any) -> Mapping[str, Any]:
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, int | Decimal):
        return _raw_number(item, value)
    if isinstance(value, str) and item.type in _TEXTS:
        return {_TEXTS[item.type]: value}
    if isinstance(value, Mapping) and item.type == "quantity":
        return {"valueQuantity": as_json(value)}
    if isinstance(value, Mapping) and item.type == "attachment":
        return {"valueAttachment": as_json(value)}
    if isinstance(value, Mapping):
        return {"valueCoding": {name: value[name] for name in _CODING if name in value}}
    raise ExpressionError(f"The result is no answer to a {item.type} question.")


def _raw_number(item: Item, number: int | Decimal) -> Mapping[str, Any]:
    if item.type == "quantity":
        unit = item.unit or (item.units[0] if len(item.units) == 1 else None)
        if unit is None:
            raise ExpressionError("The result is a number, and nothing says in which unit.")
        named = {"unit": unit.display or unit.code, "system": unit.system, "code": unit.code}
        return {"valueQuantity": {"value": as_json(number), **{name: part for name, part in named.items() if part}}}
    return {"valueDecimal" if item.type == "decimal" else "valueInteger": as_json(number)}


def as_json(value: Any) -> Any:
    """The value with numbers that JSON can hold: a whole number as such, any other as a float."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, Mapping):
        return {name: as_json(part) for name, part in value.items()}
    return value
