"""FHIRPath for the form engine, by fhirpathpy, made strict and bounded.

fhirpathpy parses a wrong text as far as it goes, adds up no values that come from a resource (TypeError), orders no
quantities, prints what trace() is given, and lets an expression run and grow without end. So the text is parsed here
to its end, and every function and operator is called through `_bounded`, which counts calls and sizes. Whatever goes
wrong is an ExpressionError, never another exception.

`sum()`, `min()`, `max()` and `avg()` are short-cuts for aggregate() as SDC, "FHIRPath supplements", defines them: the
sum of nothing is 0, the others are empty. Units are never converted: 5 'mg' and 5 'g' have no order and no sum here.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any, Final, NoReturn, cast

from antlr4 import CommonTokenStream, InputStream, ParseTreeWalker
from antlr4.error.ErrorListener import ErrorListener
from fhirpathpy.engine import do_eval
from fhirpathpy.engine.invocations import invocation_registry
from fhirpathpy.engine.invocations.constants import constants
from fhirpathpy.engine.nodes import FP_Quantity, FP_TimeBase, ResourceNode
from fhirpathpy.models import models
from fhirpathpy.parser.ASTPathListener import ASTPathListener
from fhirpathpy.parser.generated.FHIRPathLexer import FHIRPathLexer
from fhirpathpy.parser.generated.FHIRPathParser import FHIRPathParser

from intake.engine.definition import ExpressionError
from intake.engine.limits import longest_text

LONGEST: Final = 2000  # characters of an expression
_DEEPEST: Final = 40  # brackets inside brackets
_MOST_CALLS: Final = 20_000  # of functions and operators in one evaluation: about half a second
_MOST_NODES: Final = 20_000  # in one collection
_MOST_LETTERS: Final = 100_000  # in a text that an expression makes
_LARGEST: Final = Decimal(10) ** 100  # number
_UCUM: Final = "http://unitsofmeasure.org"
_THEIRS: Final = cast("Mapping[str, Mapping[str, Any]]", invocation_registry)
_PATHS: Final = {"context": "QuestionnaireResponse.item", "qitem": "Questionnaire.item"}


@lru_cache(maxsize=1024)
def compile_expression(text: str) -> "Compiled":
    """Ready to be evaluated. Raises ExpressionError for a text that is no FHIRPath or that is too long or deep."""
    brackets = re.sub(r"'(?:\\.|[^'\\])*'", "", text)
    if len(text) > LONGEST or _depth(brackets) > _DEEPEST:
        raise ExpressionError("The expression is too long or nested too deeply.")
    tree = _parse(text)
    for name in _functions(tree):
        if name not in _table():
            raise ExpressionError(f"There is no function {name}() here.")
    return Compiled(tree)


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """One expression. What `nodes` gives is for `variables` of other expressions, `values` is plain JSON."""

    tree: Mapping[str, Any]

    def nodes(self, focus: Mapping[str, Any], variables: Mapping[str, Any]) -> Sequence[Any]:
        constants.reset()
        root = _typed("context", focus)
        names = {name: _typed(name, value) for name, value in variables.items()}
        context = {
            "dataRoot": [root],
            "vars": {"ucum": _UCUM, **names},
            "model": models["r4"],
            "userInvocationTable": _table(),
            "calls": [_MOST_CALLS],
        }
        try:
            found = do_eval(context, [root], self.tree)
        except ExpressionError:
            raise
        except Exception as error:  # fhirpathpy raises Exception itself, and whatever Python raises on the way
            raise ExpressionError(f"The expression can't be evaluated ({type(error).__name__}).") from error
        return found if isinstance(found, list) else [found]

    def values(self, focus: Mapping[str, Any], variables: Mapping[str, Any]) -> list[Any]:
        plain = [_plain(node) for node in self.nodes(focus, variables)]
        return [value for value in plain if value is not None and value != {}]


def _typed(name: str, value: Any) -> Any:
    """The value with the path that tells fhirpathpy its type; nodes of an earlier evaluation have theirs."""
    if isinstance(value, Mapping):
        return ResourceNode.create_node(value, value.get("resourceType") or _PATHS.get(name))
    return value


def _plain(node: Any) -> Any:
    value = _data(node)
    if isinstance(value, FP_Quantity):
        is_ucum = value.unit.startswith("'")
        unit = value.unit.strip("'")
        return {"value": value.value, "unit": unit, **({"system": _UCUM, "code": unit} if is_ucum else {})}
    if isinstance(value, FP_TimeBase):
        return str(value)
    if isinstance(value, Mapping) and "$status" in value:
        raise ExpressionError("The expression found several values where there can be one.")
    return {key: part for key, part in value.items() if key != "extension"} if isinstance(value, Mapping) else value


def _data(node: Any) -> Any:
    value = node.data if isinstance(node, ResourceNode) else node
    return Decimal(str(value)) if isinstance(value, float) else value


# --- Parsing


class _Strict(ErrorListener):  # type: ignore[misc]  # antlr4 has no types
    def syntaxError(  # noqa: N802
        self,
        recognizer: Any,
        offendingSymbol: Any,
        line: int,
        column: int,
        msg: str,
        e: Any,  # noqa: N803
    ) -> NoReturn:
        raise ExpressionError(f"The expression can't be read from character {column + 1} on.")


def _parse(text: str) -> Mapping[str, Any]:
    lexer = FHIRPathLexer(InputStream(text))
    parser = FHIRPathParser(CommonTokenStream(lexer))
    for reader in (lexer, parser):
        reader.removeErrorListeners()
        reader.addErrorListener(_Strict())
    listener = ASTPathListener()
    try:
        ParseTreeWalker().walk(listener, parser.entireExpression())
        tree: Mapping[str, Any] = listener.parentStack[0]["children"][0]["children"][0]
    except ExpressionError:
        raise
    except Exception as error:
        raise ExpressionError("The expression can't be read.") from error
    return tree


def _depth(text: str) -> int:
    deepest = depth = 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        deepest = max(deepest, depth)
    return deepest


def _functions(tree: Mapping[str, Any]) -> set[str]:
    found = set()
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        waiting += node.get("children", [])
        if node.get("type") == "Functn":
            found.add(node["children"][0]["text"])
    return found


# --- Functions and operators


@cache
def _table() -> Mapping[str, Mapping[str, Any]]:
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
    longest = longest_text(pattern) if isinstance(pattern, str) else LONGEST
    if any(len(str(_data(node))) > longest for node in found):
        raise ExpressionError("The expression has a pattern that could take too long.")


def _guard_replacing(found: Sequence[Any], pattern: Any, by: Any) -> None:
    if any((len(str(_data(node))) + 1) * len(str(by)) > _MOST_LETTERS * 10 for node in found):
        raise ExpressionError("The expression makes a text that is too long.")


def _guard_joining(found: Sequence[Any], separator: Any = "") -> None:
    if len(found) * len(str(separator)) > _MOST_LETTERS:
        raise ExpressionError("The expression makes a text that is too long.")


def _numbers(found: Sequence[Any]) -> tuple[list[int | Decimal], Mapping[str, Any]]:
    """The numbers, and the unit that they all have ({} for plain numbers)."""
    values = [_data(node) for node in found]
    if values and all(isinstance(value, Mapping | FP_Quantity) for value in values):
        quantities = [_plain(value) for value in values]
        units = [{name: one.get(name) for name in ("unit", "system", "code")} for one in quantities]
        if any(_unit(one) != _unit(units[0]) for one in units):
            raise ExpressionError("The expression mixes units.")
        return [_number(one.get("value")) for one in quantities], units[0]
    return [_number(value) for value in values], {}


def _unit(quantity: Mapping[str, Any]) -> Any:
    return quantity.get("code") or quantity.get("unit")


def _number(value: Any) -> int | Decimal:
    value = _data(value)
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
        values = [_data(node) for node in found]
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
    value = _plain(side[0]) if len(side) == 1 else None
    is_quantity = isinstance(value, Mapping) and "value" in value and _unit(value)
    return (_number(value["value"]), _unit(value)) if value is not None and is_quantity else None


_OURS: Final[Mapping[str, Mapping[str, Any]]] = {
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
