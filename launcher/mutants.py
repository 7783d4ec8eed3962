"""Small faults put into Python source, one at a time: what `./run mutate` tries the tests with.

A mutant is named by file, line and what was changed. Left alone is what no test can tell apart or should: docstrings,
annotations, words with spaces in them (messages are not pinned by tests), decorators and the options of `field`
(frozen, slots, repr), `__all__`, and asserts (there for the type checker).
"""

import ast
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Final, NamedTuple

_COMPARISONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OPERATORS: Final[dict[type[ast.AST], type[ast.AST]]] = {
    ast.And: ast.Or,
    ast.Or: ast.And,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult,
}
_SKIPPED = {"annotation", "returns", "decorator_list"}


@dataclass(frozen=True)
class Mutant:
    """The `number`th fault of a file. `function` is the first line of the function it is in, 0 for none."""

    file: Path
    number: int
    line: int
    end: int
    change: str
    function: int

    def source(self) -> ast.Module:
        """The file's syntax tree with this fault in it."""
        tree = ast.parse(_read(self.file))
        faults = list(_faults(tree))
        faults[self.number].make()
        return ast.fix_missing_locations(tree)


class _Fault(NamedTuple):
    node: ast.AST
    change: str
    make: Callable[[], object]
    function: int = 0


@cache
def _read(file: Path) -> str:
    return file.read_text()  # once, so that a file being edited meanwhile keeps its numbers


def mutants(file: Path) -> list[Mutant]:
    """Every fault that can be put into the file, in reading order."""
    faults = enumerate(_faults(ast.parse(_read(file))))
    return [
        Mutant(file, number, _at(node, "lineno"), _at(node, "end_lineno"), change, function)
        for number, (node, change, _, function) in faults
    ]


def _at(node: ast.AST, name: str) -> int:
    return int(getattr(node, name))


def _faults(node: ast.AST, function: int = 0) -> Iterator[_Fault]:
    for name, value in ast.iter_fields(node):
        # A function's defaults are made when its module is, so only its body can be exchanged later.
        is_body = isinstance(node, ast.FunctionDef) and name == "body" and not function
        inside = _first_line(node) if is_body else function
        parts = value if isinstance(value, list) else [value]
        for place, part in enumerate(parts):
            if not isinstance(part, ast.AST) or name in _SKIPPED or _is_left_alone(part):
                continue
            put = _putter(node, name, place if isinstance(value, list) else None)
            yield from (fault._replace(function=inside) for fault in _faults_of(part, put))
            yield from _faults(part, inside)


def _first_line(node: ast.AST) -> int:
    return min(_at(part, "lineno") for part in [node, *getattr(node, "decorator_list", ())])


def _putter(holder: ast.AST, name: str, place: int | None) -> Callable[[ast.AST], object]:
    def put(new: ast.AST) -> None:
        if place is None:
            setattr(holder, name, new)
        else:
            getattr(holder, name)[place] = new

    return put


def _is_left_alone(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)  # a docstring
    if isinstance(node, ast.Assign):
        return isinstance(node.targets[0], ast.Name) and node.targets[0].id == "__all__"
    if isinstance(node, ast.Subscript):
        return isinstance(node.value, ast.Name) and node.value.id == "Literal"
    is_field = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "field"
    return is_field or isinstance(node, ast.Assert | ast.Import | ast.ImportFrom)


def _faults_of(node: ast.AST, put: Callable[[ast.AST], object]) -> Iterator[_Fault]:
    """The faults of one node; `put` exchanges it in its tree."""
    if isinstance(node, ast.Constant):
        yield from (_Fault(node, f"{node.value!r} → {new!r}", _constant(put, new)) for new in _other(node.value))
    elif isinstance(node, ast.Compare):
        yield from _comparisons(node)
    elif isinstance(node, ast.BoolOp | ast.BinOp | ast.AugAssign) and type(node.op) in _OPERATORS:
        op = _OPERATORS[type(node.op)]()
        yield _Fault(node, f"{_short(node)}: {type(op).__name__}", lambda: setattr(node, "op", op))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield _Fault(node, f"{_short(node)} → without not", lambda: put(node.operand))
    elif isinstance(node, ast.Return) and node.value is not None and _short(node.value) != "None":
        yield _Fault(node, f"{_short(node)} → return None", lambda: put(ast.Return(ast.Constant(None))))
    elif _is_step(node):
        yield _Fault(node, f"{_short(node)} → left out", lambda: put(ast.Pass()))
    else:
        yield from _branches(node)


def _is_step(node: ast.AST) -> bool:
    if isinstance(node, ast.Expr):
        return not isinstance(node.value, ast.Yield | ast.YieldFrom)  # without it, this would be no generator
    return isinstance(node, ast.Continue | ast.Break)


def _comparisons(node: ast.Compare) -> Iterator[_Fault]:
    for place, op in enumerate(node.ops):
        new = _COMPARISONS[type(op)]()
        yield _Fault(
            node,
            f"{_short(node)}: {type(op).__name__} → {type(new).__name__}",
            partial(node.ops.__setitem__, place, new),
        )


def _branches(node: ast.AST) -> Iterator[_Fault]:
    if isinstance(node, ast.If | ast.IfExp):
        yield from (_decided(node.test, always, partial(setattr, node, "test")) for always in (True, False))
    elif isinstance(node, ast.While) and not isinstance(node.test, ast.Constant):
        yield _decided(node.test, False, partial(setattr, node, "test"))
    elif isinstance(node, ast.comprehension):
        yield from (_decided(test, True, partial(node.ifs.__setitem__, place)) for place, test in enumerate(node.ifs))


def _decided(test: ast.expr, always: bool, put: Callable[[ast.expr], object]) -> _Fault:
    return _Fault(test, f"if {_short(test)} → if {always}", _constant(put, always))


def _constant(put: Callable[[ast.expr], object], new: bool | int | str) -> Callable[[], object]:
    return lambda: put(ast.Constant(new))


def _other(value: object) -> Iterator[bool | int | str]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, str) and value and " " not in value:
        yield ""


def _short(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= 60 else text[:59] + "…"
