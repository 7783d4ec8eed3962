"""Small promises of the engine, each of which a fault put into it (`./run mutate`) once broke unnoticed."""

from datetime import timedelta, timezone
from decimal import Decimal

import pytest
from questionnaires import (
    CANDOR,
    CODES,
    CORE,
    answer,
    candor,
    coding,
    extension,
    form,
    group,
    item,
    option,
    spanish,
)

from intake.engine import DECLINED, begin, evaluate, fields, lint, merge, parse, sections
from intake.engine.amounts import CONFIRMED
from intake.engine.findings import Findings
from intake.engine.marks import NOBODY, Screen, keys_below, marked, overlooked
from intake.engine.navigation import page_at
from intake.engine.parsing import read_form
from intake.engine.showing import clock_in_words, in_figures, in_words
from intake.engine.values import read

YES = {"answerBoolean": True}
UCUM = "http://unitsofmeasure.org"
LOINC = "http://loinc.org"


def tolerant(resource):
    return read_form(resource, Findings())


def codes(resource, **how):
    return [found.code for found in lint(resource, languages=(), **how)]


def errors(resource, *items):
    return [(error.link_id, error.code) for error in evaluate(tolerant(resource), list(items)).errors]


# --- Options


def test_an_option_keeps_its_version_and_nothing_that_only_the_form_needs():
    given = {"system": CODES, "version": "2", "code": "A", "display": "Ay", "userSelected": True}
    (found,) = parse(form(item("a", "choice", answerOption=[{"valueCoding": given}]))).items[0].options
    assert found.answer == {"valueCoding": {"system": CODES, "version": "2", "code": "A", "display": "Ay"}}


@pytest.mark.parametrize("url", [f"{CORE}ordinalValue", f"{CORE}itemWeight"])
@pytest.mark.parametrize("value", [{"valueDecimal": 2}, {"valueInteger": 2}])
def test_a_score_stands_on_the_option_or_on_its_coding(url, value):
    weight = [{"url": url, **value}]
    beside = option("A", extension=weight)
    within = {"valueCoding": {**option("A")["valueCoding"], "extension": weight}}
    for listed in (beside, within):
        (found,) = tolerant(form(item("a", "choice", answerOption=[listed]))).items[0].options
        assert found.ordinal == Decimal(2)


def test_what_an_option_posts_has_its_system_only_where_there_is_one():
    listed = [option("A"), {"valueCoding": {"code": "B"}}, {"valueCoding": {"display": "Other"}}]
    found = tolerant(form(item("a", "choice", answerOption=listed))).items[0].options
    assert [each.value for each in found] == [f"{CODES}|A", "B", "Other"]


def test_options_that_are_times_and_dates_post_what_fhir_writes():
    dates = tolerant(form(item("a", "date", answerOption=[{"valueDate": "1990-03"}]))).items[0].options
    times = tolerant(form(item("a", "time", answerOption=[{"valueTime": "13:05:09"}]))).items[0].options
    assert [each.value for each in (*dates, *times)] == ["1990-03", "13:05:09"]


def contained(*parts):
    value_set = {"resourceType": "ValueSet", "id": "v", "compose": {"include": list(parts)}}
    return form(item("a", "choice", answerValueSet="#v"), contained=[value_set])


def test_a_value_set_that_is_not_listed_whole_takes_other_codes_too():
    listed, filtered = {"system": CODES, "concept": [{"code": "A"}]}, {"system": "http://example.org/other"}
    assert errors(contained(listed), answer("a", coding("B"))) == [("a", "not-an-option")]
    assert errors(contained(listed, filtered), answer("a", coding("B"))) == []


# --- Answers


def test_an_unreadable_value_of_another_type_is_of_the_wrong_type_first_of_all():
    assert errors(form(item("a", "integer")), answer("a", {"valueDate": "2024-02-30"})) == [("a", "wrong-type")]
    assert errors(form(item("a", "date")), answer("a", {"valueDate": "2024-02-30"})) == [("a", "impossible-date")]


@pytest.mark.parametrize(
    ("extensions", "is_declined"),
    [
        ([{"url": DECLINED, "valueBoolean": True}], True),
        ([{"url": DECLINED, "valueBoolean": False}], False),
        ([{"url": DECLINED, "valueBoolean": "true"}], False),
        ([{"url": "http://example.org/x", "valueBoolean": True}], False),
        ([5, None, {"url": DECLINED, "valueBoolean": True}], True),
        ([5], False),
        ("x", False),
    ],
)
def test_whoever_would_rather_not_answer_says_so_beside_the_question(extensions, is_declined):
    asked = parse(form(item("a", required=True, extension=[candor("sensitivity", valueCode="sensitive")])))
    found = evaluate(asked, [{"linkId": "a", "extension": extensions}])
    assert (found.declined == ("a",)) is is_declined
    assert found.is_complete is is_declined
    assert f"{CANDOR}declined-to-answer" == DECLINED


def test_several_answers_where_one_is_permitted_have_one_set_of_nested_items():
    single = form(item("q", "string", item("r"), repeats=False))
    texts = [{"valueString": "x", "item": [answer("r", {"valueString": "1"})]}, {"valueString": "y"}]
    found = evaluate(tolerant(single), [answer("q", *texts)])
    assert found.enabled == ("q", "r")
    assert [error.code for error in found.errors] == ["too-many-answers"]


def test_items_beside_the_answers_count_for_the_first_of_them():
    several = form(item("q", "string", item("r", required=True), repeats=True))
    given = {**answer("q", {"valueString": "x"}, {"valueString": "y"}), "item": [answer("r", {"valueString": "1"})]}
    found = evaluate(tolerant(several), [given])
    assert found.missing == ("q[1].r",)
    assert [error.code for error in found.errors] == ["nested-beside-answer"]


def test_lengths_of_codes_and_amounts_are_nobodys_business():
    short = [extension("minLength", valueInteger=50)]
    for type_, value in (
        ("choice", coding("A")),
        ("attachment", {"valueAttachment": {"url": "u"}}),
        ("reference", {"valueReference": {"reference": "r"}}),
        ("quantity", {"valueQuantity": {"value": 5}}),
        ("open-choice", coding("A")),
    ):
        assert errors(form(item("a", type_, extension=short)), answer("a", value)) == []
    assert errors(form(item("a", "open-choice", extension=short)), answer("a", {"valueString": "x"})) == [
        ("a", "too-short")
    ]


def test_errors_are_said_in_english_unless_another_language_is_asked_for():
    asked, given = tolerant(form(item("a", "integer"))), [answer("a", {"valueString": "x"})]
    assert evaluate(asked, given).errors == evaluate(asked, given, language="en").errors
    assert evaluate(asked, given).errors != evaluate(asked, given, language="es").errors


def test_of_required_groups_in_each_other_only_what_is_missing_inside_is_named():
    deep = item("g", "group", item("h", "group", item("a", required=True), item("b"), required=True), required=True)
    assert evaluate(parse(form(deep)), []).missing == ("a",)
    blank = item("g", "group", item("h", "group", item("a"), required=True), required=True)
    assert evaluate(parse(form(blank)), []).missing == ("h",)
    twice = item("g", "group", item("a", required=True), item("b", required=True), required=True)
    assert evaluate(parse(form(twice)), []).missing == ("a", "b")


# --- Drafts


def test_only_what_says_something_new_has_changed():
    asked = parse(form(item("a"), item("b", extension=[candor("sensitivity", valueCode="sensitive")])))
    draft = merge(asked, [], {"a": ["x"]}).items
    assert merge(asked, [], {"a": ["x"]}).changed == {"a"}
    assert merge(asked, draft, {"a": ["x"]}).changed == frozenset()
    assert merge(asked, draft, {"a": ["y"]}).changed == {"a"}
    assert merge(asked, draft, {"a": []}).changed == {"a"}
    declined = merge(asked, draft, {"b!declined": ["declined"]})
    assert declined.changed == {"b"}
    assert merge(asked, declined.items, {"b!declined": ["declined"]}).changed == frozenset()
    assert merge(asked, declined.items, {"b!declined": []}).changed == {"b"}


def test_a_new_draft_holds_initial_values_in_their_places():
    resource = form(
        item("g", "group", item("a", "integer", initial=[{"valueInteger": 0}])),
        item("h", "group", item("b", "integer", initial=[{"valueInteger": 1}]), repeats=True),
        item("c", repeats=True, initial=[{"valueString": "x"}, {"valueString": "y"}]),
    )
    assert begin(parse(resource)) == [
        group("g", answer("a", {"valueInteger": 0})),
        answer("c", {"valueString": "x"}, {"valueString": "y"}),
    ]


# --- Amounts


def quantity_form(*extensions):
    return form(item("a", "quantity", extension=list(extensions)))


@pytest.mark.parametrize("wrong", [{"valueString": "mg"}, {"valueCoding": {}}, {}, {"valueCoding": 5}])
def test_a_unit_that_is_none_is_named(wrong):
    (found,) = (
        each
        for each in lint(quantity_form(extension("questionnaire-unitOption", **wrong)))
        if each.code == "extension-value"
    )
    assert found.message == "The extension unitOption doesn't hold a Coding."


@pytest.mark.parametrize("wrong", [{"valueString": "5"}, {"valueQuantity": {"unit": "mg"}}, {}])
def test_an_amount_to_confirm_that_is_none_is_named(wrong):
    (found,) = (
        each for each in lint(quantity_form(candor("confirm-above", **wrong))) if each.code == "extension-value"
    )
    assert found.message == "The extension confirm-above doesn't hold a Quantity."


def test_units_and_amounts_to_confirm_are_read_in_their_order():
    mg = {"system": UCUM, "code": "mg", "display": "milligrams", "_display": spanish("miligramos")}
    resource = quantity_form(
        extension("questionnaire-unitOption", valueCoding=mg),
        extension("questionnaire-unitOption", valueCoding={"code": "g"}),
        candor("confirm-above", valueQuantity={"value": 1000, "system": UCUM, "code": "mg"}),
    )
    (found,) = parse(resource).items
    assert [unit.code for unit in found.units] == ["mg", "g"]
    assert [words.to("es") for words in found.unit_words] == ["miligramos", ""]
    assert [limit.content.value for limit in found.confirm_above] == [1000]
    assert f"{CANDOR}confirmed-amount" == CONFIRMED


# --- Shown in words


@pytest.mark.parametrize(
    ("type_", "raw", "shown"),
    [
        ("decimal", Decimal("0.10"), "0.10"),
        ("decimal", Decimal("1E+3"), "1000"),
        ("integer", 5, "5"),
        ("time", "00:05:00", "12:05 AM"),
        ("time", "12:00:00", "12:00 PM"),
        ("time", "01:01:01", "1:01:01 AM"),
        ("time", "23:59:59", "11:59:59 PM"),
        ("time", "13:00:07", "1:00:07 PM"),
        ("date", "1990-03-05", "03/05/1990"),
        ("date", "1990-03", "03/1990"),
        ("Quantity", {"value": 5, "unit": "mg"}, "5 mg"),
        ("Quantity", {"value": 5, "code": "mg"}, "5 mg"),
    ],
)
def test_figures(type_, raw, shown):
    assert in_figures(read(type_, raw)) == shown


@pytest.mark.parametrize(
    ("raw", "english", "spanish_words"),
    [
        ("1990", "1990", "1990"),
        ("1990-03", "March 1990", "marzo de 1990"),
        ("1990-03-05", "March 5, 1990", "5 de marzo de 1990"),
        ("1990-12-31", "December 31, 1990", "31 de diciembre de 1990"),
    ],
)
def test_dates_in_words(raw, english, spanish_words):
    assert [in_words(read("date", raw), language) for language in ("en", "es-US")] == [english, spanish_words]


def test_moments_in_words_are_those_of_the_clinics_clock():
    moment = {"valueDateTime": "2026-07-04T18:30:00Z"}
    eastern = timezone(timedelta(hours=-4))
    value = read("dateTime", moment["valueDateTime"])
    assert clock_in_words(value, moment, "en", eastern) == "July 4, 2026, 2:30 PM"
    assert clock_in_words(value, moment, "es", eastern) == "4 de julio de 2026, 2:30 PM"
    assert clock_in_words(read("time", "14:30:00"), {}, "en", eastern) == "2:30 PM"
    assert clock_in_words(read("date", "2026-07-04"), {}, "en", eastern) == ""
    assert clock_in_words(read("string", "x"), {}, "en", eastern) == ""


def test_what_can_not_be_read_is_not_shown_as_understood():
    asked = tolerant(form(item("a", "date"), item("b", "date")))
    (first, second) = fields(asked, [answer("a", {"valueDate": "x"}), answer("b", {"valueDate": "1990-03-05"})])
    assert (first.understood, second.understood) == ((), ("March 5, 1990",))


# --- Sections and places


def test_a_section_has_everything_in_it_in_reading_order():
    resource = form(item("g", "group", item("a", "string", item("b")), item("c")), item("d"), item("e"))
    found = [[each.link_id for each in section.everything()] for section in sections(parse(resource))]
    assert found == [["g", "a", "b", "c"], ["d", "e"]]


def test_only_an_instance_can_be_taken_away():
    resource = form(item("g", "group", item("a"), repeats=True), item("h", "group", item("b")))
    whole, plain_group = fields(parse(resource), [group("g", answer("a", {"valueString": "x"}))])
    assert [node.can_remove for node in (whole, whole.children[0], whole.children[0].children[0], plain_group)] == [
        False,
        True,
        False,
        False,
    ]
    assert not plain_group.children[0].can_remove


def test_a_place_that_the_form_does_not_have_has_no_page_without_pages():
    assert page_at(parse(form(item("a"))), [], "nowhere") is None


# --- Marks


def test_a_change_is_overlooked_by_another_page_that_was_drawn_before_it():
    merged = merge(parse(form(item("a"), item("b"))), [], {"a": ["x"]})
    marks = marked({}, ["a"], revision=3, client="other")
    assert marks == {"a": [3, "other"]}
    assert overlooked(merged, marks, Screen("mine", revision=2)) == {"a"}
    assert overlooked(merged, marks, Screen("mine", revision=3)) == frozenset()
    assert overlooked(merged, marks, Screen("other", revision=2)) == frozenset()
    assert overlooked(merged, marks, Screen("mine", revision=2, told={"a": 3})) == frozenset()
    assert overlooked(merged, {}, Screen("mine", revision=0)) == frozenset()
    assert overlooked(merged, marked({}, ["a"], revision=1, client=NOBODY), Screen()) == {"a"}


def test_the_questions_in_all_instances_of_a_group():
    asked = parse(form(item("g", "group", item("a"), item("n", "display"), repeats=True), item("g2")))
    draft = [group("g", answer("a", {"valueString": "x"})), group("g"), answer("g2", {"valueString": "y"})]
    assert keys_below(asked, draft, "g") == {"g[0].a", "g[1].a"}
