"""The engine's cost, counted and not timed: each condition is decided once, and twice the form is twice the work."""

import sys
from collections import Counter
from pathlib import Path

import pytest
from questionnaires import candor, form, item, when

from benchmarks.engine import form_of, response_to
from intake import engine
from intake.engine import conditions, evaluate, fields, merge, parse

FOLDER = str(Path(engine.__file__).parent)


def calls(work):
    """How often each function of the engine is entered while it works."""
    counted = Counter()

    def count(frame, event, _):
        if event == "call" and frame.f_code.co_filename.startswith(FOLDER):
            counted[frame.f_code] += 1

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted


WORK = {
    "parse": lambda resource, form, answers: parse(resource),
    "evaluate": lambda resource, form, answers: evaluate(form, answers),
    "fields": lambda resource, form, answers: fields(form, answers),
    "one answer": lambda resource, form, answers: merge(form, answers, {"s0-asks": ["false"]}),
}


def of_length(length):
    resource = form_of(length)
    return resource, parse(resource), response_to(resource)


def test_a_form_of_three_hundred_items_decides_each_condition_once():
    _, definition, answers = of_length(300)
    assert len(definition.all_items) == 300
    wanted = sum(len(each.enable_when) for each in definition.all_items)
    counted = calls(lambda: evaluate(definition, answers))
    assert wanted > 150
    assert counted[conditions.holds.__code__] == wanted


@pytest.mark.parametrize("name", WORK)
def test_each_hundred_items_more_cost_the_same(name):
    work = WORK[name]
    forms = [of_length(length) for length in (100, 200, 300, 600)]
    totals = [sum(calls(lambda made=made: work(*made)).values()) for made in forms]
    steps = [totals[1] - totals[0], totals[2] - totals[1], (totals[3] - totals[2]) / 3]
    assert max(steps) - min(steps) <= 0.01 * max(steps), totals
    assert totals[0] > 100


def test_instances_cost_the_same_each_however_many_there_are():
    look = when("a", "=", answerBoolean=True)
    inside = [
        item("a", "boolean"),
        item("b", enableWhen=[look]),
        item("c", extension=[candor("risk", valueBoolean=True)]),
    ]
    definition = parse(form(item("g", "group", *inside, repeats=True)))
    row = {"linkId": "g", "item": [{"linkId": "a", "answer": [{"valueBoolean": True}]}]}
    totals = [sum(calls(lambda many=many: evaluate(definition, [row] * many)).values()) for many in (50, 100, 200)]
    assert (totals[2] - totals[1]) == 2 * (totals[1] - totals[0])
