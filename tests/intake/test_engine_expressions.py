"""Expressions in a form: read and checked, calculated on the server alone, and settled whatever the order.

tests/conformance/expressions.json holds the specification's sentences; here is what a vector can't say.
"""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from questionnaires import (
    answer,
    calculated,
    choice,
    coding,
    enabled_when,
    extension,
    form,
    group,
    initial,
    item,
    of,
    option,
    response,
    total,
    variable,
    when,
)

from intake.adapters.fhirpath import compile_expression
from intake.engine import (
    add_instance,
    begin,
    evaluate,
    fields,
    merge,
    parse,
    progress,
)
from intake.engine.answers import read_answers
from intake.engine.conditions import decide
from intake.engine.findings import Findings
from intake.engine.parsing import read_form
from intake.engine.report import report

ANA = {"resourceType": "Patient", "name": [{"given": ["Ana"], "family": "Lee"}], "birthDate": "1990-01-02"}


def parsed(*items, **more):
    return parse(form(*items, **more), compile_expression)


def tolerant(*items, **more):
    return read_form(form(*items, **more), Findings(), compile_expression)


TWO = (item("a", "integer"), item("b", "integer"))


def integers(**values):
    return [answer(link_id, {"valueInteger": value}) for link_id, value in values.items()]


# --- Calculated items


def test_a_client_can_neither_post_nor_send_a_total():
    form_ = parsed(*TWO, total())
    draft = integers(a=1, b=2, t=99)
    merged = merge(form_, draft, {"t": ["77"]})
    assert [problem.code for problem in merged.problems] == ["read-only"]
    assert evaluate(form_, merged.items).calculated == {"t": 3}
    changed = merge(form_, draft, {"a": ["5"]}).items
    assert [entry for entry in changed if "answer" in entry] == integers(a=5, b=2)
    assert evaluate(form_, changed).calculated == {"t": 7}


def test_a_total_follows_every_change_and_goes_when_its_source_goes():
    form_ = parsed(*TWO, total())
    draft = merge(form_, [], {"a": ["1"], "b": ["2"]}).items
    assert evaluate(form_, draft).calculated == {"t": 3}
    draft = merge(form_, draft, {"b": ["0"]}).items
    assert evaluate(form_, draft).calculated == {"t": 1}
    draft = merge(form_, draft, {"b": [""]}).items
    found = evaluate(form_, draft)
    assert (found.calculated, found.record) == ({}, integers(a=1))


def test_a_calculated_item_cannot_be_typed_over_even_where_the_form_forgot_readonly():
    form_ = parsed(*TWO, item("t", "integer", extension=[calculated(of("a"))]))
    assert form_.find("t").read_only
    assert [p.code for p in merge(form_, integers(a=1), {"t": ["5"]}).problems] == ["read-only"]


def test_the_page_shows_what_was_calculated_and_asks_nothing_there():
    form_ = parsed(*TWO, total())
    nodes = {node.key: node for node in fields(form_, integers(a=1, b=2, t=9))}
    assert nodes["t"].values == ("3",)
    assert [section.questions for section in progress(form_, evaluate(form_, []))] == [2]


def test_questions_below_a_calculated_question_keep_their_answers():
    below = item("why", "string")
    form_ = parsed(*TWO, {**total(), "item": [below]}, {**total("m", of("a"), repeats=True), "item": [item("n")]})
    sent = [
        *integers(a=1, b=2),
        answer("t", {"valueInteger": 9, "item": [answer("why", {"valueString": "x"})]}),
        {"linkId": "m", "item": [answer("n", {"valueString": "y"})]},
    ]
    record = {entry["linkId"]: entry for entry in evaluate(form_, sent).record}
    assert record["t"] == answer("t", {"valueInteger": 3, "item": [answer("why", {"valueString": "x"})]})
    assert record["m"] == answer("m", {"valueInteger": 1, "item": [answer("n", {"valueString": "y"})]})


def test_what_stands_below_an_answer_is_read_by_expressions():
    form_ = parsed(
        {**item("a", "string", item("n", "integer")), "repeats": True},
        total("t", "%resource.item.where(linkId='a').answer.item.where(linkId='n').answer.value.sum()"),
    )
    sent = [answer("a", *({"valueString": str(n), "item": integers(n=n)} for n in (1, 2)))]
    assert evaluate(form_, sent).calculated == {"t": 3}
    assert evaluate(form_, [{"linkId": "a", "item": integers(n=1)}]).calculated == {"t": 0}


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("string", "'x' & 'y'", "xy"),
        ("text", "'x'", "x"),
        ("url", "'https://example.org'", "https://example.org"),
        ("time", "@T14:30", "14:30:00"),
        ("dateTime", "@2020-01-02T03:04:05Z", "2020-01-02T03:04:05+00:00"),
        ("boolean", "1 = 2", False),
        ("decimal", "1.5", 1.5),
        ("integer", "6 / 2", 3),
        ("attachment", "%questionnaire.contained", {"url": "https://example.org/x"}),
    ],
)
def test_each_type_is_calculated(type_, text, value):
    form_ = tolerant(total("t", text, type_), contained=[{"url": "https://example.org/x"}])
    found = evaluate(form_, [])
    assert (found.calculated, found.failures) == ({"t": value}, ())


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("integer", "'3'"),
        ("integer", "1.5"),
        ("integer", "3000000000"),
        ("boolean", "'true'"),
        ("date", "'1990-02-30'"),
        ("quantity", "5"),
        ("attachment", "'x'"),
        ("string", "5"),
        ("choice", "%questionnaire"),
    ],
)
def test_a_result_of_another_type_is_reported_and_never_guessed(type_, text):
    more = {"answerOption": [option("A")]} if type_ == "choice" else {}
    found = evaluate(tolerant(total("t", text, type_, **more)), [])
    assert found.calculated == {}
    assert type_ == "choice" or [failure.code for failure in found.failures] == ["calculation-failed"]


@pytest.mark.parametrize("type_", ["choice", "open-choice"])
def test_a_text_among_the_options_is_chosen_by_an_expression(type_):
    options = [{"valueString": "low"}, {"valueString": "high"}]
    form_ = parsed(item("a", "integer"), total("t", f"iif({of('a')} > 9, 'high', 'low')", type_, answerOption=options))
    assert evaluate(form_, integers(a=10)).record[1] == answer("t", {"valueString": "high"})
    other = parsed(total("t", "'other'", type_, answerOption=options))
    assert evaluate(other, []).is_complete is (type_ == "open-choice")


def test_a_unit_is_the_only_one_of_the_question():
    kg, g = ({"system": "http://unitsofmeasure.org", "code": code} for code in ("kg", "g"))
    units = [extension("questionnaire-unitOption", valueCoding=unit) for unit in (kg, g)]
    one = item("t", "quantity", readOnly=True, extension=[calculated("5"), units[0]])
    two = item("t", "quantity", readOnly=True, extension=[calculated("5"), *units])
    assert evaluate(parsed(one), []).calculated == {"t": {"value": 5, "unit": "kg", **kg}}
    assert [failure.code for failure in evaluate(parsed(two), []).failures] == ["calculation-failed"]


def test_a_failed_calculation_does_not_stand_in_the_patients_way_but_the_report_says_so():
    resource = form(item("a"), total("t", of("a")))
    found = evaluate(parse(resource, compile_expression), [answer("a", {"valueString": "x"})])
    assert found.is_complete
    assert [(failure.key, failure.code) for failure in found.failures] == [("t", "calculation-failed")]
    told = report(resource, response(answer("a", {"valueString": "x"})), compiler=compile_expression)
    assert (told.exit_code, [error["linkId"] for error in told.content["errors"]]) == (1, ["t"])


# --- Order


CHAIN = [
    item("a", "integer"),
    total("b", f"{of('a')} + 1"),
    item("c", "integer", enableWhen=[when("b", ">", answerInteger=1)]),
    total("d", f"{of('b')} + {of('c')}"),
    item("e", extension=[enabled_when(f"{of('d')} > 3")]),
]


@pytest.mark.parametrize("order", list(itertools.permutations(range(5)))[::7])
def test_the_order_of_items_never_matters(order):
    form_ = parsed(*(CHAIN[place] for place in order))
    found = evaluate(form_, integers(a=1, c=2))
    assert found.calculated == {"b": 2, "d": 4}
    assert set(found.enabled) == {"a", "b", "c", "d", "e"}
    found = evaluate(form_, integers(a=0, c=2))
    assert (found.calculated, found.dropped) == ({"b": 1}, ("c",))


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_any_web_of_expressions_ends_the_same_way_whatever_the_order(data):
    """Circles included: the same form gives the same result, whatever the order in which it was answered."""
    names = "abcd"
    items = []
    for name in names:
        read = data.draw(st.sampled_from(names))
        text = data.draw(
            st.sampled_from(
                [f"{of(read)} + 1", f"iif({of(read)}.exists(), 0, 1)", "%resource.item.answer.value.sum() + 1"]
            )
        )
        made = data.draw(st.sampled_from([item(name, "integer"), total(name, text)]))
        if data.draw(st.booleans()):
            condition = data.draw(st.sampled_from([f"{of(read)}.exists()", "%resource.item.count() mod 2 = 0"]))
            made = {**made, "extension": [*made.get("extension", []), enabled_when(condition)]}
        items.append(made)
    form_ = tolerant(*items)
    given_answers = integers(**dict.fromkeys(data.draw(st.sets(st.sampled_from(names))), 1))
    one = evaluate(form_, given_answers)
    other = evaluate(form_, given_answers[::-1])
    assert (one.enabled, one.calculated, one.record) == (other.enabled, other.calculated, other.record)


def test_a_form_without_expressions_never_compiles_or_evaluates_any():
    def refuse(text):
        raise AssertionError(text)

    form_ = parse(form(*TWO), refuse)
    assert not form_.has_expressions
    assert decide(form_, read_answers(form_, [])).live is None
    assert evaluate(form_, integers(a=1)).calculated == {}
    assert begin(form_, patient=ANA) == []


def test_a_variable_is_evaluated_once_for_all_that_use_it():
    calls = []

    def counting(text):
        compiled = compile_expression(text)

        class Counted:
            def nodes(self, focus, variables):
                calls.append(text)
                return compiled.nodes(focus, variables)

            values = compiled.values

        return Counted()

    form_ = parse(
        form(item("a", "integer"), *(total(f"t{n}", "%n + 1") for n in range(5)), extension=[variable("n", of("a"))]),
        counting,
    )
    assert evaluate(form_, integers(a=1)).calculated == {f"t{n}": 2 for n in range(5)}
    assert calls == [of("a")]


def test_a_condition_that_says_both_yes_and_no_is_reported_and_the_question_asked():
    found = evaluate(parsed(item("x", extension=[enabled_when("true | false")])), [])
    assert (found.enabled, [failure.code for failure in found.failures]) == (("x",), ["condition-failed"])


def test_a_repeating_group_is_as_many_items_as_it_has_instances():
    form_ = parsed(group_of(item("a", "integer"), repeats=True), total("t", "%resource.item.where(linkId='g').count()"))
    assert evaluate(form_, []).calculated == {"t": 0}
    assert evaluate(form_, [group("g"), group("g")]).calculated == {"t": 2}


def test_a_variable_that_reads_what_comes_later_is_evaluated_again():
    form_ = parsed(
        total("t", "%n"),
        group_of(total("u", "1"), item("a", "integer")),
        extension=[variable("n", "%resource.item.where(linkId='g').item.answer.count()")],
    )
    assert evaluate(form_, [group("g", *integers(a=1))]).calculated == {"t": 2, "u": 1}


# --- Initial expressions


def test_initial_expressions_take_from_the_patient_once():
    form_ = parsed(
        item("name", extension=[initial("%patient.name.given.first()")]),
        group_of(item("born", "date", extension=[initial("%patient.birthDate")])),
    )
    draft = begin(form_, patient=ANA)
    assert draft == [
        answer("name", {"valueString": "Ana"}),
        group("g", answer("born", {"valueDate": "1990-01-02"})),
    ]
    changed = merge(form_, draft, {"name": ["Anne"]}).items
    assert evaluate(form_, changed).record[0] == answer("name", {"valueString": "Anne"})


def group_of(*items, **more):
    return item("g", "group", *items, **more)


def test_without_a_patient_or_with_a_result_that_does_not_fit_the_question_is_left_open():
    form_ = parsed(item("n", "integer", extension=[initial("%patient.birthDate")]))
    assert begin(form_) == begin(form_, patient=ANA) == []


def test_a_fixed_initial_value_counts_and_can_be_read_by_others():
    items = [
        item("a", "integer", initial=[{"valueInteger": 2}], extension=[initial("9")]),
        item("b", "integer", extension=[initial(f"{of('a')} * 2")]),
        total("t", f"{of('a')} + {of('b')}"),
    ]
    form_ = parsed(*items)
    draft = begin(form_)
    assert draft == integers(a=2, b=4)
    assert evaluate(form_, draft).calculated == {"t": 6}


def test_a_new_instance_gets_its_own_initial_values_and_the_others_keep_theirs():
    row = group_of(
        item("w", extension=[initial("%patient.name.family")]),
        item("n", "string", initial=[{"valueString": "x"}]),
        repeats=True,
    )
    form_ = parsed(row, item("z", extension=[initial("'only at the start'")]))
    draft = add_instance(form_, [], "g", patient=ANA)
    assert draft == [group("g", answer("w", {"valueString": "Lee"}), answer("n", {"valueString": "x"}))]
    draft = merge(form_, draft, {"g[0].w": [""]}).items
    draft = add_instance(form_, draft, "g", patient=ANA)
    assert evaluate(form_, draft).record[0] == group("g", answer("n", {"valueString": "x"}))
    assert draft[1] == group("g", answer("w", {"valueString": "Lee"}), answer("n", {"valueString": "x"}))
    assert all(entry["linkId"] == "g" for entry in draft)


def test_several_initial_values_for_a_question_that_repeats():
    form_ = parsed(choice("c", "A", "B", repeats=True), item("s", repeats=True, extension=[initial("('x'|'y')")]))
    assert begin(form_) == [answer("s", {"valueString": "x"}, {"valueString": "y"})]


def test_an_initial_choice_is_one_of_the_options():
    text = "%qitem.answerOption.where(valueCoding.code = 'B').valueCoding"
    form_ = parsed({**choice("c", "A", "B"), "extension": [initial(text)]})
    assert begin(form_) == [answer("c", coding("B"))]
