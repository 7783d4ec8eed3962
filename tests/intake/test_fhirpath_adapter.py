"""FHIRPath by fhirpathpy: what it finds, what it refuses, and that nothing makes it run or grow without end."""

import time
from contextlib import suppress
from decimal import Decimal

import pytest

from intake.adapters.fhirpath import LONGEST, compile_expression
from intake.engine import ExpressionError

MG = {"unit": "mg", "system": "http://unitsofmeasure.org", "code": "mg"}


def response(*answers):
    return {"resourceType": "QuestionnaireResponse", "item": [{"linkId": "a", "answer": list(answers)}]}


def found(expression, *answers, **variables):
    resource = response(*answers)
    return compile_expression(expression).values(resource["item"][0], {"resource": resource, **variables})


def quantity(value, code):
    return {"valueQuantity": {"value": value, "unit": code, "system": "http://unitsofmeasure.org", "code": code}}


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("answer.value.sum()", [Decimal("3.75")]),
        ("answer.value.ofType(decimal).sum()", [Decimal("3.75")]),
        ("answer.value.avg()", [Decimal("1.875")]),
        ("answer.value.max()", [Decimal("2.25")]),
        ("answer.value.min()", [Decimal("1.5")]),
        ("answer.value.aggregate($this + $total, 0)", [Decimal("3.75")]),
        ("%resource.item.where(linkId='a').answer.value.first()", [Decimal("1.5")]),
        ("answer.value.where($this > 2)", [Decimal("2.25")]),
        ("%resource.item.where(linkId='b').answer.value.sum()", [0]),
        ("%resource.item.where(linkId='b').answer.value.avg()", []),
        ("%resource.item.where(linkId='b').answer.value.max()", []),
        ("{}", []),
        ("1 + 1 // two", [2]),
    ],
)
def test_numbers(expression, values):
    assert found(expression, {"valueDecimal": Decimal("1.5")}, {"valueDecimal": 2.25}) == values


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("answer.value", [{"value": Decimal("1.5"), **MG}, {"value": 2, **MG}]),
        ("answer.value.sum()", [{"value": Decimal("3.5"), **MG}]),
        ("answer.value.max()", [{"value": 2, **MG}]),
        ("answer.value.first() > 1 'mg'", [True]),
        ("answer.value.first() <= 1 'mg'", [False]),
        ("answer.value.first() < 2 'mg'", [True]),
        ("answer.value.first() >= 1.5 'mg'", [True]),
        ("answer.value.first() = 1.5 'mg'", [True]),
        ("answer.value.first() != 1.5 'mg'", [False]),
        ("answer.value.first() > 1 'g'", []),
        ("answer.value.first().value * 2", [Decimal("3.0")]),
        ("5 'mg'", [{"value": Decimal("5"), **MG}]),
        ("2 days", [{"value": Decimal("2"), "unit": "days"}]),
    ],
)
def test_quantities_of_one_unit_are_compared_and_added(expression, values):
    assert found(expression, quantity(Decimal("1.5"), "mg"), quantity(2, "mg")) == values


def test_units_are_never_mixed_or_converted():
    with pytest.raises(ExpressionError, match="mixes units"):
        found("answer.value.sum()", quantity(1, "mg"), quantity(1, "g"))
    with pytest.raises(ExpressionError, match="no number"):
        found("answer.value.sum()", quantity(1, "mg"), {"valueInteger": 1})


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("answer.value", [False]),
        ("answer.value.exists()", [True]),
        ("answer.value.exists($this)", [False]),
        ("answer.where(value).exists()", [False]),
        ("answer.where(value = false).exists()", [True]),
        ("answer.where(value.not()).exists()", [True]),
        ("answer.value.not()", [True]),
        ("answer.value.toString()", ["false"]),
        ("5.toString()", ["5"]),
        ("iif(answer.value, 1, 2)", [2]),
    ],
)
def test_no_is_an_answer_and_is_not_true(expression, values):
    assert found(expression, {"valueBoolean": False}) == values


def test_zero_is_an_answer():
    assert found("answer.value.exists()", {"valueInteger": 0}) == [True]
    assert found("answer.value", {"valueInteger": 0}) == [0]


def test_dates_and_times_come_as_fhir_writes_them():
    assert found("answer.value + 1 year", {"valueDate": "1990-01-02"}) == ["1991-01-02"]
    assert found("answer.value.max()", {"valueDate": "1990-01-02"}, {"valueDate": "1991-01-02"}) == ["1991-01-02"]
    assert found("@2020-01-01") == ["2020-01-01"]
    assert found("@T14:30") == ["14:30:00"]


def test_codings_come_whole_and_without_extensions():
    coding = {"system": "s", "code": "A", "extension": [{"url": "u"}]}
    assert found("answer.value", {"valueCoding": coding}) == [{"system": "s", "code": "A"}]
    definition = {"answerOption": [{"valueCoding": {"code": "Q"}}]}
    assert found("%qitem.answerOption.valueCoding.code", qitem=definition) == ["Q"]


def test_what_one_expression_finds_another_takes_as_a_variable_with_its_type():
    resource = response({"valueCoding": {"code": "A"}})
    nodes = compile_expression("%resource.item").nodes(resource, {"resource": resource})
    assert found("%v.where(linkId = 'a').answer.value.code", v=nodes) == ["A"]
    patient = {"resourceType": "Patient", "name": [{"given": ["Ana", "Bea"]}]}
    assert found("%patient.name.given.first()", patient=patient) == ["Ana"]


def test_the_quick_way_to_an_item_finds_what_the_long_one_finds():
    items = [{"linkId": link_id, "answer": [{"valueString": link_id}]} for link_id in ("a", "it's", "b")]
    resource = {"resourceType": "QuestionnaireResponse", "item": items}
    for link_id in ("a", "it\\'s", "c"):
        quick, long = f"item.where(linkId = '{link_id}')", f"item.where($this.linkId = '{link_id}')"
        assert compile_expression(quick).values(resource, {}) == compile_expression(long).values(resource, {})
    assert compile_expression("'a'.where(linkId = 'a')").values(resource, {}) == []
    assert compile_expression("item.where(linkId != 'a').linkId").values(resource, {}) == ["it's", "b"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "1 +",
        "a b c",
        "item.where(",
        "nosuch(1)",
        "where()x",
        "trace('x')",
        "'a'.encode('hex')",
        "§",
        "'\ud800",
    ],
)
def test_what_is_no_fhirpath_is_refused_at_once(text):
    with pytest.raises(ExpressionError):
        compile_expression(text)


@pytest.mark.parametrize(
    "text", ["%unknown", "1 + 'a'", "answer.value.single()", "-(answer)", "answer.value * 2", "true.sum()", "iif(1)"]
)
def test_what_cannot_be_evaluated_is_an_expression_error(text):
    with pytest.raises(ExpressionError):
        found(text, {"valueInteger": 1}, {"valueInteger": 2})


@pytest.mark.parametrize(
    "text",
    [
        "(" * 500 + "1" + ")" * 500,
        "1" + "+1" * 300,
        "-" * 1900 + "1",
        "'" + "x" * LONGEST + "'",
        "a" + ".a" * 950,
        "iif(true, " * 35 + "1" + ", 2)" * 35,
    ],
)
def test_a_huge_expression_ends_soon_and_never_breaks(text):
    started = time.monotonic()
    with suppress(ExpressionError):
        found(text, {"valueInteger": 1})
    assert time.monotonic() - started < 20


@pytest.mark.parametrize(
    "text",
    [
        "'a'" + ".select($this & $this)" * 60,
        "'a'.repeat($this & $this)",
        "(1|2|3)" + ".select($this.combine($this))" * 40,
        "'aaaaaaaaaa'.replace('a', 'bbbbbbbbbb')" + ".replace('b', 'bbbbbbbbbb')" * 20,
        "%many.select($this.toString()).join('" + "x" * 1000 + "')",
        "%many" + ".combine(%many)" * 25,
        "9.power(9.power(9))",
        "9.power(90).power(2)",
        "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.matches('(a+)+$')",
        "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'.replaceMatches('(a+)+$', 'x')",
        "%many.where(%many.exists(%many.where($this > 2000).exists()))",
    ],
)
def test_an_expression_that_would_run_or_grow_without_end_is_stopped(text):
    started = time.monotonic()
    with pytest.raises(ExpressionError):
        found(text, {"valueInteger": 1}, many=list(range(1000)))
    assert time.monotonic() - started < 20


def test_harmless_patterns_and_texts_work():
    assert found("answer.value.matches('^[0-9]{5}$')", {"valueString": "02139"}) == [True]
    assert found("answer.value.matches({})", {"valueString": "02139"}) == []
    assert found("('a'|'b').join(', ')") == ["a, b"]
    assert found("'2024-05'.replaceMatches('-', '/')") == ["2024/05"]
    assert found("'a-b'.replace('-', '+')") == ["a+b"]


def test_an_expression_is_parsed_once():
    assert compile_expression("1 + 2 + 3") is compile_expression("1 + 2 + 3")
