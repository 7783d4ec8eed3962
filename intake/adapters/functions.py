"""fhirpathpy's functions and operators for `intake.adapters.fhirpath`: its gaps filled, and all of them bounded.

Where it differs from FHIRPath: sum(), avg(), min() and max() raise TypeError on what comes from a resource; where(x)
and exists(x) take an answer "no" for true, and evaluate x twice; quantities have no order; true.toString() is "True".
"""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, Final, cast

from fhirpathpy.engine.invocations import invocation_registry
from fhirpathpy.engine.nodes import FP_Quantity, FP_TimeBase, ResourceNode

from intake.engine.definition import ExpressionError
from intake.engine.limits import longest_text

LINK_ID: Final = "where-linkId"  # what where(linkId = 'x') is evaluated as
UCUM: Final = "http://unitsofmeasure.org"
_MOST_NODES: Final = 20_000  # in one collection
_MOST_LETTERS: Final = 100_000  # in a text that an expression makes
_LARGEST: Final = Decimal(10) ** 100  # number
_THEIRS: Final = cast("Mapping[str, Mapping[str, Any]]", invocation_registry)


def plain(node: Any) -> Any:
    value = data(node)
    if isinstance(value, FP_Quantity):
        is_ucum = value.unit.startswith("'")
        unit = value.unit.strip("'")
        return {"value": value.value, "unit": unit, **({"system": UCUM, "code": unit} if is_ucum else {})}
    if isinstance(value, FP_TimeBase):
        return str(value)
    if isinstance(value, Mapping) and "$status" in value:
        raise ExpressionError("The expression found several values where there can be one.")
    return {key: part for key, part in value.items() if key != "extension"} if isinstance(value, Mapping) else value


def data(node: Any) -> Any:
    value = node.data if isinstance(node, ResourceNode) else node
    return Decimal(str(value)) if isinstance(value, float) else value


@cache
def table() -> Mapping[str, Mapping[str, Any]]:
    """fhirpathpy's functions with our own in place of some, all of them bounded."""
    known = {**_THEIRS, **_OURS}
    return {
        name: {**entry, "fn": _bounded(entry["fn"], _GUARDS.get(name))}
        for name, entry in known.items()
        if name not in _REFUSED
    }


def _bounded(function: Callable[..., Any], guard: Callable[..., None] | None) -> Callable[..., Any]:
    def call(context: Any, *given: Any) -> Any:
        context["calls"][0] -= 1
        if context["calls"][0] < 0:
            raise ExpressionError("The expression takes too long.")
        if guard is not None:
            guard(*given)
        return _small(function(context, *given))

    return call


def _small(result: Any) -> Any:
    values: list[Any] = result if isinstance(result, list) else [result]
    if len(values) > _MOST_NODES:
        raise ExpressionError("The expression finds too much.")
    for value in values:
        if isinstance(value, str) and len(value) > _MOST_LETTERS:
            raise ExpressionError("The expression makes a text that is too long.")
        if isinstance(value, int | Decimal) and not -_LARGEST < value < _LARGEST:
            raise ExpressionError("The expression makes a number that is too large.")
    return result


def _guard_pattern(found: Sequence[Any], pattern: Any, *more: Any) -> None:
    """A pattern that could take for ever on this text is refused before it is tried."""
    longest = longest_text(pattern) if isinstance(pattern, str) else _MOST_LETTERS
    if any(len(str(data(node))) > longest for node in found):
        raise ExpressionError("The expression has a pattern that could take too long.")


def _guard_replacing(found: Sequence[Any], pattern: Any, by: Any) -> None:
    if any((len(str(data(node))) + 1) * len(str(by)) > _MOST_LETTERS * 10 for node in found):
        raise ExpressionError("The expression makes a text that is too long.")


def _guard_joining(found: Sequence[Any], separator: Any = "") -> None:
    if len(found) * len(str(separator)) > _MOST_LETTERS:
        raise ExpressionError("The expression makes a text that is too long.")


def _numbers(found: Sequence[Any]) -> tuple[list[int | Decimal], Mapping[str, Any]]:
    """The numbers, and the unit that they all have ({} for plain numbers)."""
    values = [data(node) for node in found]
    if values and all(isinstance(value, Mapping | FP_Quantity) for value in values):
        quantities = [plain(value) for value in values]
        units = [{name: one.get(name) for name in ("unit", "system", "code")} for one in quantities]
        if any(_unit(one) != _unit(units[0]) for one in units):
            raise ExpressionError("The expression mixes units.")
        return [_number(one.get("value")) for one in quantities], units[0]
    return [_number(value) for value in values], {}


def _unit(quantity: Mapping[str, Any]) -> Any:
    return quantity.get("code") or quantity.get("unit")


def _number(value: Any) -> int | Decimal:
    value = data(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise ExpressionError("The expression calculates with something that is no number.")
    return value


def _with_unit(number: int | Decimal, unit: Mapping[str, Any]) -> list[Any]:
    named = {name: part for name, part in unit.items() if part}
    return [ResourceNode.create_node({"value": number, **named}, "Quantity") if unit else number]


def _sum(context: Any, found: Sequence[Any]) -> list[Any]:
    numbers, unit = _numbers(found)
    return _with_unit(sum(numbers), unit)


def _avg(context: Any, found: Sequence[Any]) -> list[Any]:
    numbers, unit = _numbers(found)
    return _with_unit(Decimal(sum(numbers)) / len(numbers), unit) if numbers else []


def _extreme(choose: Callable[[list[Any]], Any]) -> Callable[..., list[Any]]:
    def of(context: Any, found: Sequence[Any]) -> list[Any]:
        values = [data(node) for node in found]
        if values and all(isinstance(value, str) for value in values):  # texts, and dates as FHIR writes them
            return [choose(values)]
        numbers, unit = _numbers(found)
        return _with_unit(choose(numbers), unit) if numbers else []

    return of


def _comparing(name: str, holds: Callable[[Any, Any], bool]) -> Mapping[str, Any]:
    """An operator that also knows quantities: of one unit by their values, of two units not at all (empty)."""
    entry = _THEIRS[name]
    original = entry["fn"]

    def compare(context: Any, left: Sequence[Any], right: Sequence[Any]) -> Any:
        one, other = _quantity(left), _quantity(right)
        if one is None or other is None:
            return original(context, left, right)
        return [holds(one[0], other[0])] if one[1] == other[1] else []

    return {**entry, "fn": compare}


def _quantity(side: Sequence[Any]) -> tuple[int | Decimal, str] | None:
    value = plain(side[0]) if len(side) == 1 else None
    is_quantity = isinstance(value, Mapping) and "value" in value and _unit(value)
    return (_number(value["value"]), _unit(value)) if value is not None and is_quantity else None


def _where(context: Any, found: Sequence[Any], holds: Callable[[Any], list[Any]]) -> list[Any]:
    kept = []
    for index, node in enumerate(found):
        context["$index"] = index
        result = holds(node)
        if result and data(result[0]) is not False:  # one thing that is no boolean counts as true
            kept.append(node)
    return kept


def _exists(context: Any, found: Sequence[Any], holds: Callable[[Any], list[Any]] | None = None) -> list[Any]:
    return [bool(found if holds is None else _where(context, found, holds))]


def _with_link_id(context: Any, found: Sequence[Any], link_id: str) -> list[Any]:
    return [node for node in found if isinstance(data(node), Mapping) and data(node).get("linkId") == link_id]


def _to_string(context: Any, found: Sequence[Any]) -> Any:
    value = data(found[0]) if len(found) == 1 else None
    return ("true" if value else "false") if isinstance(value, bool) else _THEIRS["toString"]["fn"](context, found)


_OURS: Final[Mapping[str, Mapping[str, Any]]] = {
    LINK_ID: {"fn": _with_link_id, "arity": {1: ["String"]}},
    "where": {"fn": _where, "arity": {1: ["Expr"]}},
    "exists": {"fn": _exists, "arity": {0: [], 1: ["Expr"]}},
    "toString": {"fn": _to_string},
    "sum": {"fn": _sum},
    "avg": {"fn": _avg},
    "min": {"fn": _extreme(min)},
    "max": {"fn": _extreme(max)},
    "<": _comparing("<", lambda a, b: a < b),
    ">": _comparing(">", lambda a, b: a > b),
    "<=": _comparing("<=", lambda a, b: a <= b),
    ">=": _comparing(">=", lambda a, b: a >= b),
    "=": _comparing("=", lambda a, b: a == b),
    "!=": _comparing("!=", lambda a, b: a != b),
}
_GUARDS: Final[Mapping[str, Callable[..., None]]] = {
    "matches": _guard_pattern,
    "replaceMatches": _guard_pattern,
    "replace": _guard_replacing,
    "join": _guard_joining,
}
_REFUSED: Final = frozenset({"trace", "encode", "decode"})  # would print answers; never needed in a form
