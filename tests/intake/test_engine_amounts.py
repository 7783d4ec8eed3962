"""Amounts: the unit is understood, never guessed; an unusual one is asked about once more, never refused."""

import pytest
from questionnaires import candor, extension, form, item, spanish

from intake import engine
from intake.engine.amounts import CONFIRMED

UCUM = "http://unitsofmeasure.org"
TABLETS = {"system": UCUM, "code": "{tbl}", "display": "tablets", "_display": spanish("tabletas")}


def unit(code, display=None):
    coding = code if isinstance(code, dict) else {"system": UCUM, "code": code, "display": display or code}
    return extension("questionnaire-unitOption", valueCoding=coding)


def above(value, code):
    return candor("confirm-above", valueQuantity={"value": value, "system": UCUM, "code": code})


DOSE = item(
    "dose",
    "quantity",
    extension=[unit("mg"), unit("ug", "mcg"), unit(TABLETS), above(1000, "mg"), above(1000, "ug"), above(10, "{tbl}")],
)
FORM = engine.parse(form(DOSE))


def typed(text, unit="", items=(), language="en", **more):
    return engine.merge(FORM, list(items), {"dose": [text], "dose!unit": [unit], **more}, language=language)


def stored(merged):
    """(value, code) of the answer; () without one."""
    for place in merged.items:
        quantity = place["answer"][0]["valueQuantity"]
        return quantity["value"], quantity.get("code")
    return ()


def node(merged, language="en"):
    (found,) = engine.fields(FORM, merged.items, language=language)
    return found


@pytest.mark.parametrize(
    ("text", "unit", "amount"),
    [
        ("5 mg", "", (5, "mg")),
        ("5mg", "", (5, "mg")),
        ("2.5 MG.", "", (2.5, "mg")),
        ("1,500 milligrams", "", (1500, "mg")),
        ("25 µg", "", (25, "ug")),
        ("25 mcg", "", (25, "ug")),
        ("25 microgramos", "", (25, "ug")),
        ("2 pills", "", (2, "{tbl}")),
        ("2 tabletas", "", (2, "{tbl}")),
        ("1/2 tablet", "", (0.5, "{tbl}")),
        ("1 1/2", "{tbl}", (1.5, "{tbl}")),
        ("1½ tabs", "", (1.5, "{tbl}")),
        ("5", "mg", (5, "mg")),
        ("5 mg", "mg", (5, "mg")),
    ],
)
def test_an_amount_is_understood_as_people_type_it(text, unit, amount):
    assert stored(typed(text, unit)) == amount


@pytest.mark.parametrize(
    ("text", "unit", "code"),
    [
        ("5", "", "unit-missing"),
        ("5 mg", "ug", "unit-differs"),
        ("2 tablets", "mg", "unit-differs"),
        ("5-10 mg", "", "not-a-number"),
        ("1/3 tablet", "", "not-a-number"),
        ("5 gr", "", "not-a-number"),
        ("two pills", "", "not-a-number"),
        ("5 mg twice", "", "not-a-number"),
    ],
)
def test_what_could_mean_something_else_is_not_guessed(text, unit, code):
    merged = typed(text, unit)
    assert [problem.code for problem in merged.problems] == [code]
    assert stored(merged) == ()


def test_a_unit_typed_later_is_the_one_that_counts_where_none_is_chosen():
    before = typed("5 mg")
    assert stored(engine.merge(FORM, before.items, {"dose": ["5 mcg"]})) == (5, "ug")
    assert stored(engine.merge(FORM, before.items, {"dose": ["6"]})) == (6, "mg")
    assert [one.code for one in typed("5 mcg", "mg", before.items).problems] == ["unit-differs"]


def test_how_it_was_understood_is_shown_in_the_patients_words():
    assert node(typed("2 pills")).understood == ("2 tablets",)
    assert node(typed("2 pills"), "es").understood == ("2 tabletas",)
    assert node(typed("2 pills"), "es").units[2] == ("{tbl}", "tabletas")


@pytest.mark.parametrize(("text", "asked"), [("1000 mg", 0), ("1000.5 mg", 1), ("11 tablets", 1), ("0", 1), ("-5", 1)])
def test_only_an_unusual_amount_is_asked_about_again(text, asked):
    merged = typed(text, "" if " " in text else "mg")
    assert merged.problems == ()
    assert len(node(merged).children) == asked
    assert engine.evaluate(FORM, merged.items).is_complete  # it never stands in the way


def test_the_question_names_the_amount_in_both_languages_and_its_key_does_not():
    merged = typed("2500 mg")
    (doubt,) = node(merged).children
    assert (doubt.label, doubt.item.type, doubt.values) == ("You typed 2500 mg. Is that right?", "boolean", ())
    assert doubt.key == "dose!sure-1"  # it stands in addresses
    assert node(merged, "es").children[0].label == "Usted escribió 2500 mg. ¿Es correcto?"
    assert doubt.is_asked


def test_a_yes_or_no_stays_with_the_amount():
    merged = typed("2500 mg")
    (doubt,) = node(merged).children
    sure = engine.merge(FORM, merged.items, {doubt.key: ["true"]})
    assert stored(sure) == (2500, "mg")
    assert sure.items[0]["answer"][0]["id"] == "amount-1"
    assert sure.items[0]["answer"][0]["extension"] == [{"url": CONFIRMED, "valueBoolean": True}]
    assert node(sure).children[0].values == ("true",)
    no = engine.merge(FORM, sure.items, {doubt.key: ["false"]})
    assert node(no).children[0].values == ("false",)
    again = typed("2500", "mg", sure.items)
    assert node(again).children[0].values == ("true",)
    assert engine.evaluate(FORM, sure.items).record == sure.items


def test_another_amount_needs_another_word():
    merged = typed("2500 mg")
    (doubt,) = node(merged).children
    both = typed("25000", "mg", merged.items, **{doubt.key: ["true"]})
    assert stored(both) == (25000, "mg")
    assert node(both).children[0].values == ()
    assert node(both).children[0].key != doubt.key
    sure = engine.merge(FORM, merged.items, {doubt.key: ["true"]})
    usual = typed("250", "mg", sure.items)
    assert node(usual).children == ()
    assert "extension" not in usual.items[0]["answer"][0]
    assert node(typed("2500", "{tbl}", sure.items)).children[0].values == ()


@pytest.mark.parametrize(
    "extensions", ["x", [None], [{"url": CONFIRMED}], [{"url": CONFIRMED, "valueBoolean": "true"}]]
)
def test_an_answer_with_a_strange_extension_is_read_all_the_same(extensions):
    items = typed("2500 mg").items
    items[0]["answer"][0]["extension"] = extensions
    (found,) = engine.fields(FORM, items)
    assert found.children[0].values == ()
    assert engine.merge(FORM, items, {found.children[0].key: ["true"]}).items


@pytest.mark.parametrize("value", [{"valueInteger": 5}, {"valueQuantity": {"unit": "mg"}}, {}])
def test_a_limit_that_is_no_amount_is_a_fault_of_the_form(value):
    faults = engine.lint(form(item("dose", "quantity", extension=[candor("confirm-above", **value)])))
    assert "extension-value" in {fault.code for fault in faults}


def test_a_picked_code_is_read_by_its_name():
    picker = engine.parse(
        form(item("name", "open-choice", answerValueSet="https://candor.health/fhir/ValueSet/medications"))
    )
    coding = {"system": "http://x.example", "code": "1", "display": "tea", "_display": spanish("té")}
    terms = {("https://candor.health/fhir/ValueSet/medications", "http://x.example|1"): {"valueCoding": coding}}
    items = engine.merge(picker, [], {"name": ["http://x.example|1"]}, terms=terms).items
    for language, label in (("en", "tea"), ("es", "té")):
        (option,) = engine.fields(picker, items, language=language)[0].options
        assert (option.label, option.is_selected) == (label, True)
    assert engine.merge(picker, [], {"name": ["http://x.example|1"]}).problems[0].code == "not-an-option"
    assert engine.merge(picker, [], {"name": ["a|b"]}).items[0]["answer"] == [{"valueString": "a|b"}]


def test_a_table_of_ours_needs_no_value_set_in_the_file_and_another_one_does():
    def codes(address):
        return {one.code for one in engine.lint(form(item("a", "open-choice", answerValueSet=address)), ours=True)}

    assert "value-set-external" not in codes("https://candor.health/fhir/ValueSet/medications")
    assert "value-set-external" in codes("https://candor.health/fhir/ValueSet/medicines")
