"""The expressions of a form (SDC, "Using Expressions"), read and checked: what each reads, and which %names it knows.

variable (on the form or an item: for that element and all that is in it), calculatedExpression, enableWhenExpression
and initialExpression, in FHIRPath. Another language, or a form that is read without a compiler, is reported and the
expression left out. What an expression reads is found in its text: `item.where(linkId = 'x')` names the question x. One
that also reads what it doesn't name (descendants(), item without such a where) is open, and evaluated until nothing
changes.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from intake.engine.definition import (
    ANSWER_TYPES,
    ROOT,
    Compiler,
    Expression,
    ExpressionError,
    Item,
    Variable,
)
from intake.engine.elements import CALCULATED, ENABLE_WHEN, INITIAL, SDC, VARIABLE, Element

_ALWAYS: Final = frozenset({"resource", "rootResource", "context", "questionnaire", "qitem", "ucum", "sct", "loinc"})
_PATIENT: Final = "patient"  # known when the form begins, and only then
_DEEPEST: Final = 40  # variables that use variables
_FHIRPATH: Final = "text/fhirpath"
_TEXT = r"'(?:\\.|[^'\\])*'"
_COMMENTS = re.compile(rf"({_TEXT}|`(?:\\.|[^`\\])*`)|//[^\n]*|/\*.*?\*/", re.DOTALL)
_NAMED = re.compile(
    rf"\blinkId\s*[=~]\s*({_TEXT})"
    rf"|({_TEXT})\s*[=~]\s*(?:\$this\.)?linkId\b"
    rf"|\blinkId\s+in\s*(\(\s*{_TEXT}(?:\s*\|\s*{_TEXT})*\s*\))"
)
_OPEN = re.compile(
    r"\b(?:linkId|descendants|children|repeat|answers)\b"
    r"|(?<!%)\bitem\b(?!\s*\.\s*where\s*\(\s*(?:\$this\s*\.\s*)?#)"
)
_CLOCK = re.compile(r"\b(?:today|now|timeOfDay)\s*\(")
_NAMES = re.compile(r"%(?:`([^`]*)`|'([^']*)'|([A-Za-z_][A-Za-z0-9_]*))")


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads the expressions of one form. `links` are its items by linkId."""

    compiler: Compiler | None
    links: Mapping[str, int]
    launch: frozenset[str]  # names that whoever opens the form gives it

    def variables(self, element: Element, owner: int, above: Sequence[Variable]) -> tuple[Variable, ...]:
        """The variables of an element, each knowing those before it and those `above`."""
        found: list[Variable] = []
        for extension in element.extensions(VARIABLE):
            given = extension.object("valueExpression")
            name = given.text("name") if given is not None else ""
            if self.compiler is None:
                self._leave_out(extension)
            elif not name or name in {*_ALWAYS, *self.launch, *(one.name for one in found)}:
                element.findings.add("variable-name", extension.path, name=name)
            else:  # one in another language is still a name, of nothing
                expression = self._read(extension, given, [*above, *found], owner)
                found.append(Variable(name, expression or Expression(extension.path, ""), owner))
        return tuple(found)

    def add_to(self, item: Item, element: Element, above: Sequence[Variable]) -> Item:
        """The item with its expressions. A calculated item can't be typed over: the server's value is the value."""
        scope = [*above, *self.variables(element, item.index, above)]  # and what of the following has a name
        calculated = self._of(element, CALCULATED, scope, item)
        enabling = self._of(element, ENABLE_WHEN, scope, item)
        initial = self._of(element, INITIAL, scope, item)
        for expression in (calculated, initial):
            if expression is not None and item.type not in ANSWER_TYPES:
                element.findings.add("expression-misplaced", expression.path, type=item.type)
        if calculated is not None and not item.read_only:
            element.findings.add("calculated-editable", element.path)
        if initial is not None and item.initial:
            element.findings.add("initial-twice", initial.path)
        if enabling is not None and item.enable_when:
            element.findings.add("enable-when-twice", enabling.path)
        takes_answers = item.type in ANSWER_TYPES
        return replace(
            item,
            variables=tuple(scope[len(above) :]),
            calculated=calculated if takes_answers else None,
            enable_expression=enabling,
            initial_expression=initial if takes_answers else None,
            read_only=item.read_only or (calculated is not None and takes_answers),
        )

    def _of(self, element: Element, url: str, scope: list[Variable], item: Item) -> Expression | None:
        """The expression of that kind; one with a name that is evaluated again and again is a variable from here on."""
        for extension in element.extensions(url)[:1]:
            given = extension.object("valueExpression")
            expression = self._read(extension, given, scope, item.index)
            if expression is not None and url != INITIAL:
                self._check_reading(extension, expression, item.index)
                name = given.text("name") if given is not None else ""
                if name in {*_ALWAYS, *self.launch, *(one.name for one in scope if one.owner == item.index)}:
                    element.findings.add("variable-name", extension.path, name=name)
                elif name:
                    scope.append(Variable(name, expression, item.index))
            return expression
        return None

    def _check_reading(self, extension: Element, expression: Expression, index: int) -> None:
        if index in expression.questions:
            extension.findings.add("expression-self", extension.path)
        if expression.is_open:
            extension.findings.add("expression-open", extension.path)
        if expression.reads_clock:
            extension.findings.add("expression-clock", extension.path)
        for name in sorted(expression.launch):
            extension.findings.add("expression-launch", extension.path, name=name)

    def _read(
        self, extension: Element, given: Element | None, scope: Sequence[Variable], owner: int
    ) -> Expression | None:
        """None where the expression is not for this engine; one that it can't evaluate has no `compiled`."""
        text = given.text("expression") if given is not None else ""
        language = given.text("language") if given is not None else ""
        if self.compiler is None or language not in (_FHIRPATH, ""):
            self._leave_out(extension)
            return None
        if not text.strip():
            extension.findings.add("expression-invalid", extension.path, name="It has no text.")
            return Expression(extension.path, text)
        code = _COMMENTS.sub(lambda found: found[1] or " ", text)
        expression = self._bound(extension, code, scope, owner)
        try:
            if expression.depth > _DEEPEST:
                raise ExpressionError("Its variables use too many variables.")
            return replace(expression, compiled=self.compiler(text))
        except ExpressionError as error:
            extension.findings.add("expression-invalid", extension.path, name=str(error))
            return expression

    def _leave_out(self, extension: Element) -> None:
        extension.findings.add("expression-not-evaluated", extension.path, name=extension.raw.get("url", ""))

    def _bound(self, extension: Element, code: str, scope: Sequence[Variable], owner: int) -> Expression:
        """The expression with its variables and the questions that it reads."""
        known = {one.name: one for one in scope}  # the innermost, for it comes last
        names = dict.fromkeys(_names(code))
        variables = [known[name] for name in names if name in known]
        for name in sorted(names.keys() - known.keys()):
            if name not in _ALWAYS | self.launch or (name == "qitem" and owner == ROOT):
                extension.findings.add("expression-variable-unknown", extension.path, name=name)
        link_ids, is_open = _reads(code)
        for link_id in link_ids:
            if link_id not in self.links:
                extension.findings.add("expression-target-unknown", extension.path, name=link_id)
        questions = {self.links[link_id] for link_id in link_ids if link_id in self.links}
        return Expression(
            path=extension.path,
            text=code,
            variables=tuple(variables),
            questions=frozenset(questions).union(*(one.expression.questions for one in variables)),
            launch=self.launch.intersection(names).union(*(one.expression.launch for one in variables)),
            is_open=is_open or any(one.expression.is_open for one in variables),
            reads_clock=_CLOCK.search(re.sub(_TEXT, "''", code)) is not None
            or any(one.expression.reads_clock for one in variables),
            depth=1 + max((one.expression.depth for one in variables), default=0),
        )


def launch_names(form: Element) -> frozenset[str]:
    """patient, and the names that SDC's launchContext declares: these others stand for nothing here."""
    found = {_PATIENT}
    for extension in form.extensions(f"{SDC}launchContext"):
        for part in extension.objects("extension"):
            if part.raw.get("url") == "name":
                coding = part.object("valueCoding")
                found.add(coding.text("code") if coding is not None else part.text("valueId"))
    return frozenset(found - {""})


def _names(code: str) -> list[str]:
    bare = re.sub(rf"(?<!%){_TEXT}", "''", code)
    return [next(filter(None, found), "") for found in _NAMES.findall(bare)]


def _reads(code: str) -> tuple[list[str], bool]:
    """The linkIds that the text names, and whether it reads more than it names."""
    link_ids = [
        re.sub(r"\\(.)", r"\1", literal[1:-1])
        for found in _NAMED.findall(code)
        for literal in re.findall(_TEXT, next(filter(None, found)))
    ]
    rest = re.sub(_TEXT, "''", _NAMED.sub("#", code))
    return list(dict.fromkeys(link_ids)), _OPEN.search(rest) is not None
