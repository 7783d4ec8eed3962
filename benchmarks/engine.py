"""What the form engine costs by the length of the form: `python -m benchmarks.engine`.

Each form is made of sections with a nested group, conditions on the section's own question and on the section before,
options, limits and a repeating group with two instances; every question is answered. The floor is measured in the same
run: walking once over the same JSON, which nothing that reads a form and a response can do without. Cost that grows
linearly shows as a price per item that stays where it was (the last column stays near 1).

A table to read, never a test: how fast a machine is today proves nothing. tests/intake/test_engine_cost.py counts.
"""

import gc
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from intake.engine import evaluate, fields, merge, parse  # noqa: E402  (found by the line above)

SIZES = (10, 30, 100, 300, 1000)
ROUNDS = 7
_CODES = "https://candor.example/codes"
_PER_SECTION = 10  # items in each section, the section itself included


def form_of(length: int) -> dict[str, Any]:
    """A Questionnaire of so many items, nested two deep, with about one condition for every two items."""
    sections = [_section(number) for number in range(length // _PER_SECTION)]
    return {"resourceType": "Questionnaire", "status": "active", "item": sections}


def _section(number: int) -> dict[str, Any]:
    own = [{"question": f"s{number}-asks", "operator": "=", "answerBoolean": True}]
    before = [{"question": f"s{number - 1}-asks", "operator": "exists", "answerBoolean": True}] if number else []
    options = [{"valueCoding": {"system": _CODES, "code": code, "display": code}} for code in "abcd"]

    def item(name: str, type_: str, **more: Any) -> dict[str, Any]:
        return {"linkId": f"s{number}-{name}", "type": type_, "text": f"{name} {number}", **more}

    inside = [
        item("choice", "choice", answerOption=options, required=True, enableWhen=own),
        item("count", "integer", required=True, enableWhen=[*own, *before], enableBehavior="all"),
    ]
    rows = [item("name", "string", maxLength=50, required=True), item("since", "date")]
    items = [
        item("asks", "boolean", required=True),
        item("note", "display", enableWhen=own),
        item("words", "text", enableWhen=own),
        item("inside", "group", item=inside),
        item("row", "group", repeats=True, enableWhen=[*own, *before], enableBehavior="all", item=rows),
    ]
    return item("section", "group", item=items)


def response_to(form: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The items of a QuestionnaireResponse that answers everything."""
    return [entry for item in form["item"] for entry in _answers(item)]


def _answers(item: Mapping[str, Any]) -> list[dict[str, Any]]:
    values: Mapping[str, Any] = {
        "boolean": {"valueBoolean": True},
        "integer": {"valueInteger": 3},
        "string": {"valueString": "x"},
        "text": {"valueString": "some words"},
        "date": {"valueDate": "1990-03-15"},
        "choice": {"valueCoding": {"system": _CODES, "code": "b", "display": "b"}},
    }
    if item["type"] == "display":
        return []
    if item["type"] != "group":
        return [{"linkId": item["linkId"], "answer": [values[item["type"]]]}]
    below = {"linkId": item["linkId"], "item": [entry for child in item["item"] for entry in _answers(child)]}
    return [below, below] if item.get("repeats") else [below]


def walk(raw: Any) -> Iterator[Any]:
    """Every node of a JSON value."""
    yield raw
    for part in raw.values() if isinstance(raw, dict) else raw if isinstance(raw, list) else ():
        yield from walk(part)


def fastest(work: Callable[[], object]) -> float:
    """Milliseconds of the processor, in the fastest of a few rounds: what it costs when nothing gets in its way."""
    times = []
    gc.disable()
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    gc.enable()
    return min(times) * 1000


def measure(length: int) -> dict[str, float]:
    """Milliseconds by what was done to a form of so many items."""
    resource = form_of(length)
    answers = response_to(resource)
    form = parse(resource)
    assert evaluate(form, answers).is_complete
    return {
        "floor": fastest(lambda: sum(1 for _ in walk([resource, answers]))),
        "parse": fastest(lambda: parse(resource)),
        "evaluate": fastest(lambda: evaluate(form, answers)),
        "fields": fastest(lambda: fields(form, answers)),
        "one answer": fastest(lambda: merge(form, answers, {"s0-asks": ["false"]})),
    }


def main() -> None:
    print(f"Milliseconds of the processor, the fastest of {ROUNDS}; per item against the form of {SIZES[0]} items.\n")
    print(f"{'items':>6} {'what':<11} {'ms':>9} {'µs per item':>12} {'× floor':>8} {'per item':>9}")
    smallest: dict[str, float] = {}
    for length in SIZES:
        costs = measure(length)
        for what, cost in costs.items():
            per_item = 1000 * cost / length
            ratio = per_item / smallest.setdefault(what, per_item)
            print(f"{length:>6} {what:<11} {cost:>9.3f} {per_item:>12.2f} {cost / costs['floor']:>8.1f} {ratio:>9.2f}")


if __name__ == "__main__":
    main()
