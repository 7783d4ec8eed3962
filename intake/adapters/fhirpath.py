"""FHIRPath for the form engine, by fhirpathpy, made strict and bounded.

fhirpathpy parses a wrong text as far as it goes, prints what trace() is given, and lets an expression run and grow
without end. So the text is parsed here to its end, and `intake.adapters.functions` mends and bounds what it calls.
Whatever goes wrong is an ExpressionError, never another exception.

`sum()`, `min()`, `max()` and `avg()` are short-cuts for aggregate() as SDC, "FHIRPath supplements", defines them: the
sum of nothing is 0, the others are empty. Units are never converted: 5 'mg' and 5 'g' have no order and no sum here.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NoReturn

from antlr4 import CommonTokenStream, InputStream, ParseTreeWalker
from antlr4.error.ErrorListener import ErrorListener
from fhirpathpy.engine import do_eval
from fhirpathpy.engine.invocations.constants import constants
from fhirpathpy.engine.nodes import ResourceNode
from fhirpathpy.models import models
from fhirpathpy.parser.ASTPathListener import ASTPathListener
from fhirpathpy.parser.generated.FHIRPathLexer import FHIRPathLexer
from fhirpathpy.parser.generated.FHIRPathParser import FHIRPathParser

from intake.adapters.functions import LINK_ID, UCUM, plain, table
from intake.engine.definition import ExpressionError

LONGEST: Final = 2000  # characters of an expression
_DEEPEST: Final = 40  # brackets inside brackets
MOST_CALLS: Final = 20_000  # of functions and operators in one evaluation: about half a second
_PATHS: Final = {"context": "QuestionnaireResponse.item", "qitem": "Questionnaire.item"}


@lru_cache(maxsize=1024)
def compile_expression(text: str) -> "Compiled":
    """Ready to be evaluated. Raises ExpressionError for a text that is no FHIRPath or that is too long or deep."""
    brackets = re.sub(r"'(?:\\.|[^'\\])*'", "", text)
    if len(text) > LONGEST or _depth(brackets) > _DEEPEST:
        raise ExpressionError("The expression is too long or nested too deeply.")
    tree = _parse(text)
    for function in _functions(tree):
        name = function["children"][0]["text"]
        if name not in table():
            raise ExpressionError(f"There is no function {name}() here.")
        _hasten(function)
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
            "vars": {"ucum": UCUM, **names},
            "model": models["r4"],
            "userInvocationTable": table(),
            "calls": [MOST_CALLS],
        }
        with _refusing("The expression can't be evaluated."):
            found = do_eval(context, [root], self.tree)
        return found if isinstance(found, list) else [found]

    def values(self, focus: Mapping[str, Any], variables: Mapping[str, Any]) -> list[Any]:
        found = [plain(node) for node in self.nodes(focus, variables)]
        return [value for value in found if value is not None and value != {}]


def _typed(name: str, value: Any) -> Any:
    """The value with the path that tells fhirpathpy its type; nodes of an earlier evaluation have theirs."""
    if isinstance(value, Mapping):
        return ResourceNode.create_node(value, value.get("resourceType") or _PATHS.get(name))
    return value


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


def _parse(text: str) -> dict[str, Any]:
    lexer = FHIRPathLexer(InputStream(text))
    parser = FHIRPathParser(CommonTokenStream(lexer))
    for reader in (lexer, parser):
        reader.removeErrorListeners()
        reader.addErrorListener(_Strict())
    listener = ASTPathListener()
    with _refusing("The expression can't be read."):
        ParseTreeWalker().walk(listener, parser.entireExpression())
        tree: dict[str, Any] = listener.parentStack[0]["children"][0]["children"][0]
    return tree


@contextmanager
def _refusing(said: str) -> Iterator[None]:
    """Whatever goes wrong inside is an ExpressionError: fhirpathpy raises Exception itself, or what Python raises."""
    try:
        yield
    except ExpressionError:
        raise
    except Exception as error:
        raise ExpressionError(said) from error


def _depth(text: str) -> int:
    deepest = depth = 0
    for letter in text:
        depth += (letter in "([{") - (letter in ")]}")
        deepest = max(deepest, depth)
    return deepest


def _functions(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        waiting += node.get("children", [])
        if node.get("type") == "Functn":
            yield node


def _hasten(function: dict[str, Any]) -> None:
    """where(linkId = 'x') looks at each item of a form: as a function of its own it takes a hundredth of the time."""
    name, *given = function["children"]
    criterion = given[0]["children"][0] if name["text"] == "where" and given else {}
    if criterion.get("type") == "EqualityExpression" and criterion["terminalNodeText"] == ["="]:
        left, right = criterion["children"]
        if left.get("text") == "linkId" and str(right.get("text")).startswith("'"):
            name["text"], given[0]["children"] = LINK_ID, [right]
