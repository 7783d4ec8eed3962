"""Drafts: what a page posts is merged, nothing that was said is lost, and what can't be read comes back."""

import pytest
from questionnaires import answer, candor, choice, coding, extension, form, group, item, option, when

from intake.engine import DECLINED, UnknownPlace, add_instance, begin, evaluate, merge, parse, remove_instance

YES = {"answerBoolean": True}
SENSITIVE = [candor("sensitivity", valueCode="sensitive")]
HIDDEN = [extension("questionnaire-hidden", valueBoolean=True)]


def change(resource, items, language="en", **changes):
    return merge(parse(resource), items, changes, language=language)


def test_an_answer_is_stored_and_replaced_and_taken_away():
    form_ = form(item("a"))
    stored = change(form_, [], a=["x"]).items
    assert stored == [answer("a", {"valueString": "x"})]
    assert change(form_, stored, a=["y"]).items == [answer("a", {"valueString": "y"})]
    assert change(form_, stored, a=[""]).items == [{"linkId": "a"}]
    assert change(form_, stored, a=[]).items == [{"linkId": "a"}]


def test_the_items_given_are_not_touched():
    given = [answer("a", {"valueString": "x"})]
    change(form(item("a")), given, a=["y"])
    assert given == [answer("a", {"valueString": "x"})]


def test_answers_that_are_not_posted_stay():
    given = [answer("a", {"valueString": "x"}), answer("b", {"valueString": "y"})]
    assert change(form(item("a"), item("b")), given, b=["z"]).items[0] == given[0]


def test_what_cannot_be_read_is_not_stored_but_comes_back_in_words():
    merged = change(form(item("a", "date"), item("b")), [answer("a", {"valueDate": "1990-03-15"})], a=["soon"], b=["x"])
    assert merged.items == [{"linkId": "a"}, answer("b", {"valueString": "x"})]
    problem = merged.problems[0]
    assert (problem.link_id, problem.key, problem.code, problem.typed) == ("a", "a", "impossible-date", ("soon",))
    assert problem.message == "We couldn't read that date. Write the month first, then the day: 03/15/1990."
    assert "soon" not in repr(problem)


def test_a_problem_is_told_in_spanish():
    problem = change(form(item("a", "date")), [], "es", a=["pronto"]).problems[0]
    assert problem.message == "No pudimos leer esa fecha. Escriba primero el mes y luego el día: 03/15/1990."


def test_of_several_answers_the_readable_ones_are_kept():
    merged = change(form(item("a", "integer", repeats=True)), [], a=["1", "two", "3", ""])
    assert merged.items == [answer("a", {"valueInteger": 1}, {"valueInteger": 3})]
    assert [problem.code for problem in merged.problems] == ["not-a-number"]


def test_a_hidden_answer_stays_in_the_draft_and_returns():
    form_ = form(item("a", "boolean"), item("b", enableWhen=[when("a", "=", **YES)]))
    draft = change(form_, [], a=["true"], b=["x"]).items
    off = change(form_, draft, a=["false"]).items
    assert evaluate(parse(form_), off).record == [answer("a", {"valueBoolean": False})]
    assert evaluate(parse(form_), off).dropped == ("b",)
    on = change(form_, off, a=["true"]).items
    assert evaluate(parse(form_), on).record == draft


def test_a_field_that_is_not_there_any_more_is_told():
    merged = change(form(item("a")), [], gone=["x"])
    assert merged.items == []
    assert [(problem.link_id, problem.key, problem.code) for problem in merged.problems] == [
        ("", "gone", "unknown-field")
    ]


@pytest.mark.parametrize("more", [{"readOnly": True}, {"extension": HIDDEN}])
def test_a_patient_cannot_change_what_is_read_only_or_hidden(more):
    given = [answer("a", {"valueString": "x"})]
    merged = change(form(item("a", **more)), given, a=["y"])
    assert merged.items == given
    assert [problem.code for problem in merged.problems] == ["read-only"]


def test_id_and_extensions_of_an_unchanged_answer_stay():
    given = [
        answer("a", {"id": "1", "valueDate": "1990-03-15", "extension": [{"url": "http://example.org/e"}]}, text="A")
    ]
    assert change(form(item("a", "date")), given, a=["03/15/1990"]).items == given


def test_items_that_the_form_does_not_have_stay_in_the_draft():
    given = [answer("old", {"valueString": "x"}), group("g", answer("older", {"valueString": "y"}))]
    merged = change(form(item("g", "group", item("a"))), given, a=["z"])
    assert merged.items == [
        group("g", answer("a", {"valueString": "z"}), answer("older", {"valueString": "y"})),
        given[0],
    ]


def test_unreadable_answers_stay_in_the_draft_until_they_are_replaced():
    given = [answer("a", {"valueString": "5"}, 7), answer("b", {"valueString": "x"})]
    assert change(form(item("a", "integer"), item("b")), given, b=["y"]).items[0] == given[0]


# --- I'd rather not answer


def test_declining_a_sensitive_question_lets_a_required_one_pass():
    form_ = form(item("a", required=True, extension=SENSITIVE))
    merged = merge(parse(form_), [answer("a", {"valueString": "x"})], {"a!declined": ["declined"]})
    assert merged.items == [{"linkId": "a", "extension": [{"url": DECLINED, "valueBoolean": True}]}]
    found = evaluate(parse(form_), merged.items)
    assert (found.missing, found.declined, found.is_complete) == ((), ("a",), True)
    assert found.record == merged.items


def test_an_answer_takes_declining_back_and_so_does_a_blank():
    form_ = parse(form(item("a", required=True, extension=SENSITIVE)))
    declined = merge(form_, [], {"a!declined": ["declined"]}).items
    assert merge(form_, declined, {"a": ["x"]}).items == [answer("a", {"valueString": "x"})]
    assert merge(form_, declined, {"a!declined": [""]}).items == [{"linkId": "a"}]
    assert evaluate(form_, merge(form_, declined, {"a": [""]}).items).declined == ("a",)
    assert evaluate(form_, merge(form_, declined, {"a": [""], "a!declined": [""]}).items).declined == ()


def test_taking_a_declining_back_keeps_an_answer():
    form_ = parse(form(item("a", extension=SENSITIVE)))
    given = [answer("a", {"valueString": "x"})]
    assert merge(form_, given, {"a!declined": []}).items == given


def test_an_answer_posted_with_a_declining_is_kept_and_the_patient_told():
    merged = merge(parse(form(item("a", extension=SENSITIVE))), [], {"a": ["x"], "a!declined": ["declined"]})
    assert merged.items == [answer("a", {"valueString": "x"})]
    assert [problem.code for problem in merged.problems] == ["declined-and-answered"]


def test_a_question_that_is_not_sensitive_cannot_be_declined():
    form_ = parse(form(item("a", required=True)))
    assert [problem.code for problem in merge(form_, [], {"a!declined": ["declined"]}).problems] == ["cannot-decline"]
    marked = [{"linkId": "a", "extension": [{"url": DECLINED, "valueBoolean": True}]}]
    found = evaluate(form_, marked)
    assert (found.missing, found.declined, found.record) == (("a",), (), [])


def test_a_substance_use_question_can_be_declined():
    form_ = parse(
        form(item("g", "group", item("a", required=True), extension=[candor("sensitivity", valueCode="sud")]))
    )
    assert evaluate(form_, merge(form_, [], {"a!declined": ["declined"]}).items).missing == ()


def test_a_declined_question_counts_as_unanswered_in_conditions():
    form_ = form(
        item("a", extension=SENSITIVE), item("t", "display", enableWhen=[when("a", "exists", answerBoolean=False)])
    )
    declined = merge(parse(form_), [], {"a!declined": ["declined"]}).items
    assert evaluate(parse(form_), declined).enabled == ("a", "t")


# --- Quantities


def dose():
    units = [extension("questionnaire-unitOption", valueCoding={"code": code}) for code in ("mg", "mL")]
    return parse(form(item("a", "quantity", extension=units)))


def test_a_number_and_its_unit_are_posted_side_by_side():
    first = merge(dose(), [], {"a": ["5"], "a!unit": ["mg"]}).items
    assert first[0]["answer"][0]["valueQuantity"] == {"value": 5, "unit": "mg", "code": "mg"}
    assert merge(dose(), first, {"a!unit": ["mL"]}).items[0]["answer"][0]["valueQuantity"]["code"] == "mL"
    assert merge(dose(), first, {"a": ["6"]}).items[0]["answer"][0]["valueQuantity"] == {
        "value": 6,
        "unit": "mg",
        "code": "mg",
    }


def test_a_unit_for_something_that_has_none_is_told():
    merged = merge(parse(form(item("a"))), [answer("a", {"valueString": "x"})], {"a!unit": ["mg"]})
    assert merged.items == [answer("a", {"valueString": "x"})]
    assert [problem.code for problem in merged.problems] == ["unknown-field"]


# --- Repeating groups

MEDICATIONS = form(
    item(
        "med",
        "group",
        item("name", required=True),
        item("dose", "integer", initial=[{"valueInteger": 1}]),
        repeats=True,
    )
)


def test_an_instance_is_added_with_its_initial_values_and_filled_by_its_key():
    form_ = parse(MEDICATIONS)
    draft = add_instance(form_, [], "med")
    assert draft == [group("med", answer("dose", {"valueInteger": 1}))]
    draft = add_instance(form_, draft, "med")
    draft = merge(form_, draft, {"med[1].name": ["Sertraline"]}).items
    found = evaluate(form_, draft)
    assert found.enabled == ("med[0]", "med[0].name", "med[0].dose", "med[1]", "med[1].name", "med[1].dose")
    assert found.missing == ("med[0].name",)
    assert found.label("med[0].name") == "name[0]"


def test_an_instance_is_removed_with_all_that_is_in_it():
    form_ = parse(MEDICATIONS)
    draft = [group("med", answer("name", {"valueString": name})) for name in "abc"]
    assert remove_instance(form_, draft, "med[1]") == [draft[0], draft[2]]


def test_instances_inside_instances():
    form_ = parse(form(item("out", "group", item("in", "group", item("x"), repeats=True), repeats=True)))
    draft = add_instance(form_, add_instance(form_, [], "out"), "out[0].in")
    draft = merge(form_, draft, {"out[0].in[0].x": ["1"]}).items
    assert draft == [group("out", group("in", answer("x", {"valueString": "1"})))]
    assert evaluate(form_, draft).label("out[0].in[0].x") == "x[0][0]"
    assert remove_instance(form_, draft, "out[0].in[0]") == [{"linkId": "out"}]


def test_no_more_instances_than_max_occurs():
    most = extension("questionnaire-maxOccurs", valueInteger=1)
    form_ = parse(form(item("g", "group", item("x"), repeats=True, extension=[most])))
    once = add_instance(form_, [], "g")
    assert add_instance(form_, once, "g") == once


@pytest.mark.parametrize("key", ["nowhere", "med[0]", "name"])
def test_only_a_repeating_group_takes_instances(key):
    with pytest.raises(UnknownPlace):
        add_instance(parse(MEDICATIONS), [], key)


@pytest.mark.parametrize("key", ["med", "med[5]", "med[0].name"])
def test_only_an_instance_can_be_removed(key):
    with pytest.raises(UnknownPlace):
        remove_instance(parse(MEDICATIONS), [group("med")], key)


# --- What is nested in answers


def test_nested_answers_stay_with_the_answer_they_belong_to():
    form_ = form(choice("s", "A", "B", repeats=True, item=[item("c")]))
    given = [
        answer(
            "s",
            {**coding("A"), "item": [answer("c", {"valueString": "a"})]},
            {**coding("B"), "item": [answer("c", {"valueString": "b"})]},
        )
    ]
    draft = change(form_, given, s=["B"]).items
    assert draft == [answer("s", given[0]["answer"][1])]
    draft = merge(parse(form_), draft, {"s[0].c": ["new"]}).items
    assert draft[0]["answer"][0]["item"] == [answer("c", {"valueString": "new"})]
    assert [len(entry.get("item", [])) for entry in change(form_, draft, s=["A", "B"]).items[0]["answer"]] == [0, 1]


def test_nested_answers_outlive_an_answer_that_is_taken_away():
    form_ = form(item("s", "boolean", item("c")))
    given = [answer("s", {"valueBoolean": True, "item": [answer("c", {"valueString": "x"})]})]
    without = change(form_, given, s=[]).items
    assert without == [group("s", answer("c", {"valueString": "x"}))]
    assert change(form_, without, s=["true"]).items == given
    assert change(form_, given, s=["false"]).items[0]["answer"][0]["item"] == given[0]["answer"][0]["item"]


def test_nested_answers_in_a_blank_answer_are_read():
    form_ = parse(form(item("s", "boolean", item("c", required=True))))
    found = evaluate(form_, [answer("s", {"item": [answer("c", {"valueString": "x"})]})])
    assert (found.missing, found.record) == ((), [group("s", answer("c", {"valueString": "x"}))])


# --- Beginning


def test_a_draft_begins_with_the_forms_initial_values():
    form_ = parse(
        form(
            item("a", "integer", item("b", initial=[{"valueString": "x"}]), initial=[{"valueInteger": 1}]),
            item("g", "group", item("c", "choice", answerOption=[option("A", initialSelected=True), option("B")])),
            item("r", "group", item("d", initial=[{"valueString": "y"}]), repeats=True),
            item("e"),
        )
    )
    assert begin(form_) == [
        answer("a", {"valueInteger": 1, "item": [answer("b", {"valueString": "x"})]}),
        group("g", answer("c", {"valueCoding": {"system": "http://example.org/c", "code": "A", "display": "A"}})),
    ]


def test_a_form_without_initial_values_begins_empty():
    assert begin(parse(form(item("g", "group", item("a"))))) == []
