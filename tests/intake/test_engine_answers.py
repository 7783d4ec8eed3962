"""Responses as they come: malformed ones are faults under the item they are found at, never exceptions."""

import pytest
from questionnaires import answer, choice, coding, extension, form, group, item, response, when

from intake.engine import AnswerError, evaluate, merge, parse
from intake.engine.report import report


def faults(resource, items):
    return [(error.label, error.code) for error in evaluate(parse(resource), items).errors]


@pytest.mark.parametrize(
    ("items", "expected"),
    [
        ({}, ("", "malformed")),
        (["a"], ("", "malformed")),
        ([{}], ("", "malformed")),
        ([{"linkId": 5}], ("", "malformed")),
        ([{"linkId": "a", "answer": {}}], ("a", "malformed")),
        ([{"linkId": "a", "answer": ["x"]}], ("a", "malformed")),
        ([{"linkId": "a", "answer": [{"valueString": "x", "valueInteger": 1}]}], ("a", "malformed")),
        ([{"linkId": "a", "answer": [{"valueNonsense": "x"}]}], ("a", "wrong-type")),
        ([{"linkId": "a", "item": "x"}], ("a", "malformed")),
        ([{"linkId": "g", "item": "x"}], ("g", "malformed")),
        ([{"linkId": "t", "item": [{"linkId": "a"}]}], ("t", "answer-not-allowed")),
        ([group("r", {"linkId": "x", "answer": 5})], ("x[0]", "malformed")),
        ([group("r", answer("y", {"valueString": "x"}))], ("y[0]", "unknown-question")),
    ],
)
def test_a_malformed_response_is_a_fault(items, expected):
    resource = form(
        item("a"), item("g", "group", item("b")), item("t", "display"), item("r", "group", item("x"), repeats=True)
    )
    assert expected in faults(resource, items)


def test_a_malformed_answer_stays_in_the_draft_and_out_of_the_record():
    form_ = parse(form(item("a", repeats=True)))
    given = [{"linkId": "a", "answer": [5, {"valueString": "x"}]}]
    assert evaluate(form_, given).record == [answer("a", {"valueString": "x"})]
    assert merge(form_, given, {}).items == given


def test_a_repeating_group_cannot_depend_on_what_is_in_it():
    inside = item("g", "group", item("a", "boolean"), repeats=True, enableWhen=[when("a", "=", answerBoolean=True)])
    found = report(form(inside), response(group("g", answer("a", {"valueBoolean": True})))).content
    assert "condition-cycle" in [entry["code"] for entry in found["lint"]]
    assert (found["enabled"], found["dropped"]) == ([], ["a[0]"])


def test_decimals_within_the_places_allowed():
    places = form(item("a", "decimal", extension=[extension("maxDecimalPlaces", valueInteger=2)]))
    assert faults(places, [answer("a", {"valueDecimal": 1.25})]) == []


def test_two_answers_to_a_question_with_items_below_keep_those_of_the_first():
    form_ = parse(form(item("s", "boolean", item("c"))))
    given = [{"valueBoolean": True, "item": [answer("c", {"valueString": "x"})]}, {"valueBoolean": False}]
    found = evaluate(form_, [answer("s", *given)])
    assert found.record == [answer("s", *given)]
    assert [error.code for error in found.errors] == ["too-many-answers"]


@pytest.mark.parametrize(
    ("unit", "is_offered"),
    [
        ({"unit": "mg"}, True),
        ({"unit": "milligrams"}, True),
        ({"unit": "g"}, False),
        ({}, False),
        ({"code": "mg"}, True),
    ],
)
def test_a_quantity_is_in_one_of_the_units_offered(unit, is_offered):
    offered = extension("questionnaire-unitOption", valueCoding={"code": "mg", "display": "milligrams"})
    errors = faults(
        form(item("a", "quantity", extension=[offered])), [answer("a", {"valueQuantity": {"value": 1, **unit}})]
    )
    assert errors == ([] if is_offered else [("a", "unit-not-allowed")])


def test_a_quantity_has_limits_too():
    sdc = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
    limits = [
        extension(f"{sdc}{end}Quantity", valueQuantity={"value": value, "unit": "mg"})
        for end, value in (("min", 1), ("max", 5))
    ]
    resource = form(item("a", "quantity", extension=limits))
    assert faults(resource, [answer("a", {"valueQuantity": {"value": 0, "unit": "mg"}})]) == [("a", "too-small")]
    assert faults(resource, [answer("a", {"valueQuantity": {"value": 6, "unit": "mg"}})]) == [("a", "too-large")]
    assert faults(resource, [answer("a", {"valueQuantity": {"value": 6, "unit": "g"}})]) == []


def test_a_text_too_long_for_its_pattern_is_too_long():
    resource = form(item("a", extension=[extension("regex", valueString=r"\w+@\w+\.\w+")]))
    assert faults(resource, [answer("a", {"valueString": "a@b.c"})]) == []
    assert faults(resource, [answer("a", {"valueString": "a@" + "b" * 300 + ".c"})]) == [("a", "too-long")]


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "(a|aa)*", "((a*)b?)*", "(a+){9}", "(x{2,}){5}", "a*a*a*a*a*", "(a{40}){40}", "[", "(?<"]
)
def test_a_pattern_that_could_take_for_ever_is_not_used(pattern):
    assert (
        parse(form(item("a", extension=[extension("regex", valueString=pattern)]))).items[0].constraints.pattern is None
    )


@pytest.mark.parametrize(
    "pattern",
    [
        r"\d{5}(-\d{4})?",
        r"[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}",
        r"(\(\d{3}\))?\d{3,4}",
        "a{,3}",
        "a{}",
        "[)(]+",
        r"\)+",
    ],
)
def test_an_ordinary_pattern_is_used(pattern):
    assert parse(form(item("a", extension=[extension("regex", valueString=pattern)]))).items[0].constraints.pattern


def test_text_in_an_open_choice_is_held_to_its_length():
    resource = form(item("a", "open-choice", answerOption=[{"valueString": "x"}], maxLength=3))
    assert faults(resource, [answer("a", {"valueString": "four"})]) == [("a", "too-long")]


def test_a_condition_without_a_question_can_be_combined_with_others():
    resource = form(
        item(
            "a",
            enableWhen=[when("nowhere", "!=", answerInteger=1), when("nowhere", "exists", answerBoolean=False)],
            enableBehavior="all",
            required=True,
        )
    )
    assert "required-unreachable" not in [found["code"] for found in report(resource).content["lint"]]
    assert report(resource, response()).content["enabled"] == ["a"]


def test_an_error_has_a_label_and_hides_what_was_typed():
    error = AnswerError("a", "code", "words", key="g[1].a", indexes=(1,), typed=("secret",))
    assert error.label == "a[1]"
    assert "secret" not in repr(error)


def test_errors_are_told_in_the_language_asked_for():
    found = evaluate(parse(form(choice("a", "A"))), [answer("a", coding("Z"))], language="es")
    assert found.errors[0].message == "Elija una de las respuestas de la lista."
