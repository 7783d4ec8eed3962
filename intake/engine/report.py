"""What `manage.py check_form` says about a form and a response to it: pure, from JSON to JSON and an exit code.

Evaluation is tolerant: it goes on whatever the lint found. What the faulty part then means:

- a condition that can't be evaluated (unknown operator, no possible answer[x], exists without a boolean) is left out
  of the decision and reported in `errors` as condition-broken under the item that it belongs to;
- a condition on an unknown linkId, or on a group, looks at a question that is never answered;
- several conditions without enableBehavior: any one is enough;
- in a circle of conditions, the question that would close the circle counts as unanswered;
- of two items with one linkId in the same group, the first gets the answers;
- an item of unknown type takes no answer: any is in `errors`;
- an expression that can't be evaluated, or that is in a circle, gives no value or is left out of the decision, and is
  in `errors` under its item.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any, Final, NoReturn

from intake.engine.definition import Compiler
from intake.engine.findings import Findings, Lint
from intake.engine.lint import lint
from intake.engine.parsing import read_form
from intake.engine.validation import Evaluation, evaluate

CLEAN, FAULTY, UNREADABLE = 0, 1, 2
_NO_RESPONSE: Final = object()


@dataclass(frozen=True, slots=True)
class Report:
    """`content` is the JSON that check_form prints; `trouble` the one line for stderr where a file is unreadable."""

    content: dict[str, Any]
    exit_code: int
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for a file without JSON in it."""

    reason: str


def read_json(raw: bytes, name: str) -> Any:
    """The JSON of a file, decimals kept exactly; Unreadable where it holds none."""
    try:
        return json.loads(raw.decode("utf-8-sig"), parse_float=Decimal, parse_constant=_refuse)
    except RecursionError:
        return Unreadable(f"{name} is nested too deeply.")
    except (ValueError, ArithmeticError):
        return Unreadable(f"{name} is not JSON.")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(constant)  # NaN and Infinity are Python's, not JSON's


def report(resource: Any, response: Any = _NO_RESPONSE, *, compiler: Compiler | None = None, **rules: Any) -> Report:
    """Lints the form by these rules of `lint` and, given a response, evaluates it. Takes any JSON and never raises."""
    if isinstance(resource, Unreadable):
        return _unreadable((), "Questionnaire", resource.reason)
    findings = lint(resource, compiler=compiler, **rules)
    form = read_form(resource, Findings(), compiler)
    if form is None:
        return Report(_content(findings, None), UNREADABLE, "The form is not a FHIR Questionnaire.")
    if response is _NO_RESPONSE:
        return _report(findings, None)
    if isinstance(response, Unreadable):
        return _unreadable(findings, "QuestionnaireResponse", response.reason)
    if not isinstance(response, dict) or response.get("resourceType") != "QuestionnaireResponse":
        return _unreadable(findings, "QuestionnaireResponse", "The response is not a FHIR QuestionnaireResponse.")
    return _report(findings, evaluate(form, response.get("item", [])))


def _unreadable(findings: Sequence[Lint], path: str, trouble: str) -> Report:
    entry = Lint("error", "unreadable", path, trouble, f"Give a file with the JSON of one FHIR R4 {path}.")
    return Report(_content((*findings, entry), None), UNREADABLE, trouble)


def _report(findings: Sequence[Lint], evaluation: Evaluation | None) -> Report:
    is_faulty = any(finding.severity == "error" for finding in findings)
    is_incomplete = evaluation is not None and not (evaluation.is_complete and not evaluation.failures)
    return Report(_content(findings, evaluation), FAULTY if is_faulty or is_incomplete else CLEAN)


def _content(findings: Sequence[Lint], evaluation: Evaluation | None) -> dict[str, Any]:
    content: dict[str, Any] = {
        "lint": [asdict(finding) for finding in findings],
        "enabled": [],
        "missing": [],
        "errors": [],
        "dropped": [],
        "calculated": {},
    }
    if evaluation is not None:
        for name in ("enabled", "missing", "dropped"):
            content[name] = [evaluation.label(key) for key in getattr(evaluation, name)]
        content["errors"] = [
            {"linkId": error.label, "code": error.code, "message": error.message}
            for error in (*evaluation.errors, *evaluation.failures)
        ]
        content["calculated"] = {evaluation.label(key): value for key, value in evaluation.calculated.items()}
    return content


def lines(found: Report) -> list[str]:
    """The report for people, a line each."""
    content = found.content
    said = [
        f"{entry['severity']}: {entry['path']}: {entry['message']} {entry['fix']} [{entry['code']}]"
        for entry in content["lint"]
    ]
    said += [f"error: {entry['linkId']}: {entry['message']} [{entry['code']}]" for entry in content["errors"]]
    for name in ("missing", "dropped", "enabled"):
        if content[name]:
            said.append(f"{name}: {', '.join(content[name])}")
    said += [f"calculated: {name} = {json.dumps(value)}" for name, value in content["calculated"].items()]
    if found.exit_code == CLEAN:
        said.append("No errors.")
    return said
