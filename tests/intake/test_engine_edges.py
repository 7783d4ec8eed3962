"""The edges of the engine's rules: what stands just inside and just outside each of them."""

from datetime import UTC, date, time

import pytest
from questionnaires import CORE, answer, choice, extension, form, item, option, spanish, when

from intake.engine import evaluate, lint, parse
from intake.engine.entry import Context, read_date, read_entry, read_time
from intake.engine.findings import Findings
from intake.engine.parsing import read_form
from intake.engine.values import UnreadableValue

SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-"
TODAY = date(2026, 7, 4)


def codes(resource, **how):
    return [found.code for found in lint(resource, languages=(), **how)]


def on(type_, *conditions, source=None, behavior="all"):
    shown = item("t", "display", enableWhen=list(conditions), enableBehavior=behavior)
    return form(item("a", type_, **(source or {})), shown)


@pytest.mark.parametrize(
    "url",
    [
        f"{CORE}cqf-expression",
        f"{CORE}cqf-calculatedValue",
        f"{CORE}questionnaire-constraint",
        f"{CORE}targetConstraint",
        f"{SDC}answerExpression",
        f"{SDC}candidateExpression",
        f"{SDC}answerOptionsToggleExpression",
    ],
)
def test_an_expression_of_a_kind_that_is_not_evaluated_is_named(url):
    assert "expression-not-evaluated" in codes(form(item("a", extension=[extension(url, valueExpression={})])))


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("boolean", {"answerBoolean": True}),
        ("choice", {"answerCoding": {"system": "s", "code": "A"}}),
        ("attachment", {"answerAttachment": {"url": "u"}}),
        ("reference", {"answerReference": {"reference": "r"}}),
    ],
)
def test_what_has_no_order_can_not_be_more_or_less(type_, value):
    source = {"answerOption": [{"valueCoding": {"system": "s", "code": "A"}}]} if type_ == "choice" else {}
    for operator in (">", "<", ">=", "<="):
        assert "operator-no-order" in codes(on(type_, when("a", operator, **value), source=source))
    for operator in ("=", "!="):
        assert "operator-no-order" not in codes(on(type_, when("a", operator, **value), source=source))


@pytest.mark.parametrize(("type_", "name"), [("date", "answerDate"), ("dateTime", "answerDateTime")])
def test_a_condition_on_a_date_is_guarded_by_exists_true_with_all(type_, name):
    late = when("a", ">", **{name: "2024-01-01"})
    guard, no_guard = (when("a", "exists", answerBoolean=value) for value in (True, False))
    assert "date-unguarded" in codes(on(type_, late))
    assert "date-unguarded" not in codes(on(type_, guard, late))
    assert "date-unguarded" not in codes(on(type_, late, guard))
    assert "date-unguarded" in codes(on(type_, guard, late, behavior="any"))
    assert "date-unguarded" in codes(on(type_, no_guard, late))
    assert "date-unguarded" in codes(on(type_, when("a", "=", **{name: "2024-01-01"}), late))
    other = form(item("a", type_), item("b"), item("t", enableWhen=[late, when("b", "exists", answerBoolean=True)]))
    other["item"][2]["enableBehavior"] = "all"
    assert "date-unguarded" in codes(other)


def test_a_circle_is_named_from_the_item_that_begins_it():
    yes = {"answerBoolean": True}
    items = [item(name, "boolean", enableWhen=[when(needs, "=", **yes)]) for name, needs in ("ab", "bc", "ca")]
    found = [finding for finding in lint(form(*items), languages=()) if finding.code == "condition-cycle"]
    assert [(finding.path, finding.message.rpartition(": ")[2]) for finding in found] == [
        ("Questionnaire.item[0]", "a → b → c → a.")
    ]


def test_one_item_in_two_circles_is_named_once_and_two_circles_twice():
    yes = {"answerBoolean": True}
    pairs = [("a", "b"), ("b", "a"), ("c", "d"), ("d", "c"), ("e", "a")]
    items = [item(name, "boolean", enableWhen=[when(needs, "=", **yes)]) for name, needs in pairs]
    assert codes(form(*items)).count("condition-cycle") == 2


@pytest.mark.parametrize("given", ["valueString", "valueMarkdown"])
def test_a_translation_is_a_text_or_markdown(given):
    words = spanish("Hola")
    words["extension"][0]["extension"][1] = {"url": "content", given: "Hola"}
    assert parse(form(item("a", _text=words))).items[0].text_in("es") == "Hola"


@pytest.mark.parametrize(
    ("typed", "iso"),
    [
        ("3/15/1990", "1990-03-15"),
        ("03-15-1990", "1990-03-15"),
        ("3.15.1990", "1990-03-15"),
        ("3 15 1990", "1990-03-15"),
        ("03151990", "1990-03-15"),
        ("1990-3-15", "1990-03-15"),
        ("1990/03/15", "1990-03-15"),
        ("3/1990", "1990-03"),
        ("1990-03", "1990-03"),
        ("1990", "1990"),
        ("1800", "1800"),
        ("2200", "2200"),
        ("7/4/26", "2026-07-04"),
        ("7/5/26", "1926-07-05"),
        ("1/1/00", "2000-01-01"),
        ("2/29/2024", "2024-02-29"),
        ("March 15, 1990", "1990-03-15"),
        ("15 de marzo de 1990", "1990-03-15"),
        ("1st Sept 1990", "1990-09-01"),
        ("15 of dec 1990", "1990-12-15"),
        ("ene 2 1990", "1990-01-02"),
    ],
)
def test_dates_as_people_write_them(typed, iso):
    assert read_date(typed, TODAY) == iso


@pytest.mark.parametrize(
    "typed",
    ["", "1799", "2201", "2/30/2024", "2/29/2023", "13/1/2024", "0/1/2024", "1/0/2024", "March 150, 1990"]
    + ["March 15, 90", "15 Ma 1990", "Mar Apr 1990", "March 1990", "5 6 March 1990", "x/1/1990", "3/15/199", "１990"],
)
def test_what_is_no_date_is_refused(typed):
    with pytest.raises(UnreadableValue):
        read_date(typed, TODAY)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("14:30", time(14, 30)),
        ("2:30 PM", time(14, 30)),
        ("2pm", time(14)),
        ("2 p. m.", time(14)),
        ("12am", time(0)),
        ("12:59:59 pm", time(12, 59, 59)),
        ("1 AM", time(1)),
        ("00:00", time(0)),
        ("23:59:59", time(23, 59, 59)),
    ],
)
def test_times_as_people_write_them(typed, meant):
    assert read_time(typed) == meant


@pytest.mark.parametrize(
    "typed", ["", "2", "24:00", "13pm", "0am", "0:30 pm", "12:60", "12:30:60", "1:2", "pm", "noon"]
)
def test_what_is_no_time_is_refused(typed):
    with pytest.raises(UnreadableValue):
        read_time(typed)


def entered(type_, text, **more):
    return read_entry(parse(form(item("a", type_, **more))).items[0], text, Context(TODAY, UTC))


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("5", 5),
        ("+5", 5),
        ("-5", -5),
        ("5.0", 5),
        (".5", 0.5),
        ("5.", 5),
        ("1,000", 1000),
        ("1,000,000.5", 1000000.5),
        ("1 000", 1000),
        ("2,5", 2.5),
        ("0,125", 0.125),
        ("123456789012345", 123456789012345),
        ("٣", 3),
    ],
)
def test_numbers_as_people_write_them(typed, number):
    assert entered("decimal", typed) == {"valueDecimal": number}


@pytest.mark.parametrize("typed", ["five", "1,00,000", "1.2.3", "5 mg", "--5", "", "1" * 18, "1e3", "NaN"])
def test_what_is_no_number_is_refused_or_blank(typed):
    if not typed:
        assert entered("decimal", typed) is None
        return
    with pytest.raises(UnreadableValue):
        entered("decimal", typed)


def test_whole_numbers_are_held_to_thirty_two_bits():
    assert entered("integer", "2147483647") == {"valueInteger": 2147483647}
    assert entered("integer", "-2147483647") == {"valueInteger": -2147483647}
    for typed in ("2147483648", "-2147483648", "1.5"):
        with pytest.raises(UnreadableValue) as refused:
            entered("integer", typed)
        assert refused.value.code == "whole-number"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2024-05-06T10:11:12Z", "2024-05-06T10:11:12Z"),
        ("2024-05-06T10:11:12.5+02:00", "2024-05-06T10:11:12.5+02:00"),
        ("5/6/2024", "2024-05-06"),
        ("5/6/2024 2:30 PM", "2024-05-06T14:30:00+00:00"),
        ("5/6/2024, 14:30", "2024-05-06T14:30:00+00:00"),
        ("2024-05-06T14:30", "2024-05-06T14:30:00+00:00"),
    ],
)
def test_moments_as_people_write_them(typed, meant):
    assert entered("dateTime", typed) == {"valueDateTime": meant}


@pytest.mark.parametrize("typed", ["2024-02-30T10:11:12Z", "5/2024 2:30 PM", "5/6/2024 25:00", "tomorrow"])
def test_what_is_no_moment_is_refused(typed):
    with pytest.raises(UnreadableValue):
        entered("dateTime", typed)


def test_a_code_that_is_typed_needs_its_system_and_itself():
    external = {"answerValueSet": "http://example.org/v"}
    assert entered("choice", " s|A ", **external) == {"valueCoding": {"system": "s", "code": "A"}}
    assert entered("choice", "s|A|Ay|x", **external)["valueCoding"]["display"] == "Ay|x"
    for typed in ("A", "s|", "s| |Ay", "|"):
        with pytest.raises(UnreadableValue) as refused:
            entered("choice", typed, **external)
        assert refused.value.code == "not-an-option"


def test_an_open_choice_takes_text_that_only_looks_like_a_code():
    open_choice = {"answerOption": [option("A")]}
    assert entered("open-choice", "a|b", **open_choice) == {"valueString": "a|b"}
    assert entered("open-choice", "http://x|y", **open_choice) == {"valueCoding": {"system": "http://x", "code": "y"}}
    assert entered("open-choice", "A", **open_choice)["valueCoding"]["code"] == "A"


def test_a_choice_with_options_takes_no_other_text():
    resource = {"answerOption": [option("A")]}
    assert entered("choice", " A ", **resource)["valueCoding"]["code"] == "A"
    for typed in ("B", "s|B", "a"):
        with pytest.raises(UnreadableValue):
            entered("choice", typed, **resource)


def problem(type_, value, *extensions, **more):
    """The codes of the errors of one answer."""
    found = evaluate(
        read_form(form(item("a", type_, extension=list(extensions), **more)), Findings()), [answer("a", value)]
    )
    return [error.code for error in found.errors]


@pytest.mark.parametrize(
    ("type_", "name", "low", "high", "at", "code"),
    [
        ("integer", "Integer", 1, 3, [(0, "too-small"), (1, ""), (3, ""), (4, "too-large")], ""),
        ("decimal", "Decimal", 1, 3, [(0.99, "too-small"), (1, ""), (3.0, ""), (3.01, "too-large")], ""),
        (
            "date",
            "Date",
            "2024-01-02",
            "2024-03-01",
            [("2024-01-01", "too-small"), ("2024-01-02", ""), ("2024-03-01", ""), ("2024-03-02", "too-large")],
            "",
        ),
        (
            "time",
            "Time",
            "08:00:00",
            "09:00:00",
            [("07:59:59", "too-small"), ("08:00:00", ""), ("09:00:01", "too-large")],
            "",
        ),
    ],
)
def test_a_limit_includes_itself(type_, name, low, high, at, code):
    limits = [extension("minValue", **{f"value{name}": low}), extension("maxValue", **{f"value{name}": high})]
    for value, expected in at:
        assert problem(type_, {f"value{name}": value}, *limits) == ([expected] if expected else [])


def test_lengths_include_themselves():
    least = extension("minLength", valueInteger=2)
    for text, expected in (("x", ["too-short"]), ("xx", []), ("xxx", []), ("xxxx", ["too-long"])):
        assert problem("string", {"valueString": text}, least, maxLength=3) == expected


def test_decimal_places_include_themselves():
    places = extension("maxDecimalPlaces", valueInteger=2)
    for number, expected in ((1.25, []), (1.255, ["too-many-decimals"]), (1, [])):
        assert problem("decimal", {"valueDecimal": number}, places) == expected


def test_an_option_is_told_from_another_by_its_system():
    resource = form(choice("a", "A"))
    assert evaluate(parse(resource), [answer("a", {"valueCoding": {"system": "other", "code": "A"}})]).errors
    assert not evaluate(parse(resource), [answer("a", option("A"))]).errors


@pytest.mark.parametrize(
    "conditions",
    [
        [(">=", 5), ("<=", 5)],
        [(">", 4), ("<", 6)],
        [("=", 5), (">=", 5), ("<=", 5), ("!=", 4)],
        [("!=", 5), ("!=", 6)],
        [("<", 5)],
        [("=", 0)],
        [("=", 10)],
    ],
)
def test_a_required_item_that_some_answer_reaches_is_not_called_unreachable(conditions):
    limits = [extension("minValue", valueInteger=0), extension("maxValue", valueInteger=10)]
    wanted = [when("a", operator, answerInteger=number) for operator, number in conditions]
    resource = form(item("a", "integer", extension=limits), item("b", required=True, enableWhen=wanted))
    if len(wanted) > 1:
        resource["item"][1]["enableBehavior"] = "all"
    assert "required-unreachable" not in codes(resource)


@pytest.mark.parametrize(
    "conditions",
    [
        [(">=", 5), ("<", 5)],
        [(">", 5), ("<", 5)],
        [(">", 5), ("<=", 5)],
        [("<", 5), (">=", 6)],
        [("=", 5), ("=", 6)],
        [("=", 5), ("!=", 5)],
        [("=", 5), ("<", 5)],
        [("<", 0)],
        [(">", 10)],
        [("=", 11)],
        [("exists", True), ("exists", False)],
        [("=", 5), ("exists", False)],
    ],
)
def test_a_required_item_that_no_answer_reaches_is_called_unreachable(conditions):
    limits = [extension("minValue", valueInteger=0), extension("maxValue", valueInteger=10)]
    wanted = [
        when("a", operator, **{"answerBoolean" if operator == "exists" else "answerInteger": wanted})
        for operator, wanted in conditions
    ]
    resource = form(item("a", "integer", extension=limits), item("b", required=True, enableWhen=wanted))
    if len(wanted) > 1:
        resource["item"][1]["enableBehavior"] = "all"
    assert "required-unreachable" in codes(resource)


def test_conditions_that_never_meet_are_no_matter_where_any_is_enough_or_there_are_several_answers():
    never = [when("a", ">", answerInteger=10), when("a", "<", answerInteger=5)]
    either = form(item("a", "integer"), item("b", required=True, enableWhen=never, enableBehavior="any"))
    several = form(item("a", "integer", repeats=True), item("b", required=True, enableWhen=never, enableBehavior="all"))
    unanswered = form(
        item("a", "integer", extension=[extension("minValue", valueInteger=3)]),
        item("b", required=True, enableWhen=[when("a", "exists", answerBoolean=False)]),
    )
    for resource in (either, several, unanswered):
        assert "required-unreachable" not in codes(resource)
    month = [when("a", operator, answerDate="2024-05") for operator in (">", "<")]
    assert "required-unreachable" in codes(
        form(item("a", "date"), item("b", required=True, enableWhen=month, enableBehavior="all"))
    )
