"""What a parsed form knows about its items."""

from decimal import Decimal

from questionnaires import CODES, candor, extension, form, item, option, spanish, when

from intake.engine import Coding, evaluate, parse, sections
from intake.engine.findings import Findings
from intake.engine.parsing import read_form


def only(*items, **more):
    return parse(form(*items, **more)).items[0]


def test_a_form_knows_its_names_and_languages():
    found = parse(
        form(
            item("a"),
            url="http://example.org/q",
            version="2",
            name="Q",
            title="A form",
            _title=spanish("Un"),
            language="en-US",
        )
    )
    assert (found.url, found.version, found.name, found.title, found.language) == (
        "http://example.org/q",
        "2",
        "Q",
        "A form",
        "en-US",
    )
    assert (found.title_in("es"), found.title_in("fr")) == ("Un", "A form")


def test_an_item_is_found_by_its_link_id():
    found = parse(form(item("g", "group", item("a"))))
    assert found.find("a").path == "Questionnaire.item[0].item[0]"
    assert found.find("nowhere") is None


def test_text_comes_in_the_language_asked_for_or_its_family_or_the_forms_own():
    found = only(item("a", _text=spanish("Sobre a")))
    assert found.text_in("es") == found.text_in("es-MX") == "Sobre a"
    assert found.text_in("fr") == found.text == "About a"


def test_a_translation_without_language_or_text_is_none():
    broken = {
        "extension": [
            extension("translation", extension=[{"url": "lang", "valueCode": "es"}]),
            extension("translation"),
        ]
    }
    assert only(item("a", _text=broken)).words.translations == ()


def test_options_carry_score_exclusiveness_risk_and_label():
    more = {
        "initialSelected": True,
        "extension": [
            extension("ordinalValue", valueDecimal=3),
            extension("questionnaire-optionExclusive", valueBoolean=True),
            candor("risk-option", valueBoolean=True),
        ],
    }
    first = only(item("a", "choice", repeats=True, answerOption=[option("most", **more), option("some")])).options[0]
    assert (first.value, first.label, first.ordinal) == (f"{CODES}|most", "Most", Decimal(3))
    assert first.exclusive and first.risk and first.initial_selected
    assert first.answer == {"valueCoding": {"system": CODES, "code": "most", "display": "Most"}}


def test_a_score_may_stand_on_the_coding_and_a_label_may_be_translated():
    shown = {
        "system": CODES,
        "code": "A",
        "display": "Yes",
        "_display": spanish("Sí"),
        "extension": [extension("itemWeight", valueDecimal=2)],
    }
    found = only(
        item("a", "choice", answerOption=[{"valueCoding": shown}, {"valueCoding": {"system": CODES, "code": "B"}}])
    )
    assert (found.options[0].ordinal, found.options[0].label_in("es")) == (Decimal(2), "Sí")
    assert (found.options[1].ordinal, found.options[1].label) == (None, "B")


def test_options_may_be_texts_numbers_and_dates():
    texts = only(item("a", "choice", answerOption=[{"valueString": "red", "_valueString": spanish("rojo")}]))
    assert (texts.options[0].value, texts.options[0].label_in("es"), texts.answer_types) == ("red", "rojo", {"string"})
    numbers = only(item("a", "integer", answerOption=[{"valueInteger": 5}]))
    assert (numbers.options[0].value, numbers.options[0].label, numbers.closed) == ("5", "5", True)
    dates = only(item("a", "date", answerOption=[{"valueDate": "2026-01-01"}]))
    assert (dates.options[0].value, dates.options[0].label) == ("2026-01-01", "2026-01-01")


def test_a_contained_value_set_gives_the_options():
    concepts = [
        {
            "code": "A",
            "display": "Yes",
            "designation": [{"language": "es", "value": "Sí"}],
            "extension": [extension("ordinalValue", valueDecimal=1)],
        },
        {"code": "B"},
        {"display": ""},
    ]
    composed = {"resourceType": "ValueSet", "id": "v", "compose": {"include": [{"system": CODES, "concept": concepts}]}}
    found = only(item("a", "choice", answerValueSet="#v"), contained=[composed, {"resourceType": "Patient", "id": "p"}])
    assert [(each.value, each.label_in("es"), each.ordinal) for each in found.options] == [
        (f"{CODES}|A", "Sí", 1),
        (f"{CODES}|B", "B", None),
    ]
    assert found.closed


def test_a_value_set_that_takes_whole_systems_is_not_closed():
    whole = {"resourceType": "ValueSet", "id": "v", "compose": {"include": [{"system": CODES}]}}
    assert not only(item("a", "choice", answerValueSet="#v"), contained=[whole]).closed
    assert not only(
        item("a", "choice", answerValueSet="#v"), contained=[{"resourceType": "ValueSet", "id": "v"}]
    ).closed


def test_an_expansion_is_read_through_its_levels_without_its_abstract_headings():
    inner = {"system": CODES, "code": "A", "display": "Yes"}
    expansion = {"contains": [{"system": CODES, "code": "top", "abstract": True, "contains": [inner]}]}
    found = only(
        item("a", "choice", answerValueSet="#v"),
        contained=[{"resourceType": "ValueSet", "id": "v", "expansion": expansion}],
    )
    assert [each.label for each in found.options] == ["Yes"]


def test_sensitivity_is_inherited_and_the_stricter_one_wins():
    sud, sensitive = candor("sensitivity", valueCode="sud"), candor("sensitivity", valueCode="sensitive")
    section = only(item("g", "group", item("a", extension=[sensitive]), item("h", "group", item("b")), extension=[sud]))
    assert [child.sensitivity for child in section.children] == ["sud", "sud"]
    assert section.children[1].children[0].sensitivity == "sud"
    inner = only(item("g", "group", item("a", extension=[sud]), extension=[sensitive]))
    assert (inner.sensitivity, inner.children[0].sensitivity) == ("sensitive", "sud")


def test_hidden_is_inherited_from_anything_and_read_only_from_groups_alone():
    hidden = extension("questionnaire-hidden", valueBoolean=True)
    assert only(item("q", "string", item("a"), extension=[hidden])).children[0].hidden
    assert only(item("g", "group", item("a"), readOnly=True)).children[0].read_only
    assert not only(item("q", "string", item("a"), readOnly=True)).children[0].read_only


def test_help_reason_format_control_prefix_and_codes():
    control = extension("questionnaire-itemControl", valueCodeableConcept={"coding": [{"code": "help"}]})
    found = only(
        item(
            "a",
            "string",
            item("a-help", "display", extension=[control]),
            prefix="1.",
            code=[{"system": CODES, "code": "X", "display": "Ex"}],
            extension=[
                candor("why-asked", valueString="To help.", _valueString=spanish("Para ayudar.")),
                extension("entryFormat", valueString="MM/DD/YYYY"),
                extension("questionnaire-itemControl", valueCodeableConcept={"coding": [{"code": "text-area"}]}),
            ],
        )
    )
    assert (found.help.default, found.why_asked.to("es"), found.entry_format.default) == (
        "About a-help",
        "Para ayudar.",
        "MM/DD/YYYY",
    )
    assert (found.control, found.prefix, found.codes[0].display) == ("text-area", "1.", "Ex")
    assert found.children[0].is_help


def test_a_control_that_names_nothing_is_none():
    assert only(item("a", extension=[extension("questionnaire-itemControl", valueCodeableConcept={})])).control == ""


def test_units_of_a_quantity():
    mg = {"system": "http://unitsofmeasure.org", "code": "mg", "display": "mg"}
    found = only(
        item(
            "a",
            "quantity",
            extension=[
                extension("questionnaire-unitOption", valueCoding=mg),
                extension("questionnaire-unit", valueCoding=mg),
            ],
        )
    )
    assert found.units == (Coding("http://unitsofmeasure.org", "mg"),)
    assert found.unit == found.units[0]


def test_a_form_may_nest_as_deep_as_it_likes():
    inner = item("q", required=True)
    for depth in range(3000):
        inner = item(f"g{depth}", "group", inner)
    found = read_form(form(inner), Findings())
    assert len(found.all_items) == 3001
    evaluation = evaluate(found, [])
    assert evaluation.missing == ("q",)
    assert found.section(found.find("q")) is found.items[0]


def test_a_response_may_nest_as_deep_as_its_form():
    inner, given = item("q"), {"linkId": "q", "answer": [{"valueString": "x"}]}
    for depth in range(3000):
        inner = item(f"g{depth}", "group", inner, repeats=depth % 2 == 0)
        given = {"linkId": f"g{depth}", "item": [given]}
    found = evaluate(read_form(form(inner), Findings()), [given])
    assert found.is_complete
    record = found.record
    while "item" in record[0]:
        record = record[0]["item"]
    assert record == [{"linkId": "q", "answer": [{"valueString": "x"}]}]


def test_a_long_chain_of_conditions_is_decided_in_one_pass():
    yes = {"answerBoolean": True}
    items = [item(f"q{i}", "boolean", enableWhen=[when(f"q{i + 1}", "=", **yes)]) for i in range(5000)]
    found = read_form(form(*items, item("q5000", "boolean")), Findings())
    answers = [{"linkId": f"q{i}", "answer": [{"valueBoolean": True}]} for i in range(5001)]
    assert len(evaluate(found, answers).enabled) == 5001
    answers[5000]["answer"][0]["valueBoolean"] = False
    assert evaluate(found, answers).enabled == ("q5000",)


def test_many_instances_that_all_look_at_all_others_are_decided_once():
    counted = item("g", "group", item("a", "boolean"), repeats=True)
    looking = item("h", "group", item("b", "boolean", enableWhen=[when("a", "=", answerBoolean=True)]), repeats=True)
    answers = [{"linkId": "g", "item": [{"linkId": "a", "answer": [{"valueBoolean": i == 1999}]}]} for i in range(2000)]
    found = evaluate(parse(form(counted, looking)), answers + [{"linkId": "h"} for _ in range(2000)])
    assert sum(key.endswith(".b") for key in found.enabled) == 2000


def test_the_sections_of_a_form_are_its_top_level_groups_and_runs_of_loose_items():
    sud = candor("sensitivity", valueCode="sud")
    found = sections(
        parse(
            form(
                item("a"),
                item("b", extension=[sud]),
                item("g", "group", item("c"), text="Group", _text=spanish("Grupo")),
                item("d"),
                title="Form",
            )
        )
    )
    assert [(each.id, each.title_in("es"), each.sensitivity) for each in found] == [
        ("a", "Form", "sud"),
        ("g", "Grupo", ""),
        ("d", "Form", ""),
    ]


def test_how_to_write_an_answer_is_said_in_the_patients_language():
    found = only(
        item("a", "date", extension=[extension("entryFormat", valueString="YYYY", _valueString=spanish("AAAA"))])
    )
    assert (found.entry_format.to("en"), found.entry_format.to("es")) == ("YYYY", "AAAA")


def test_a_text_extension_without_text_is_reported():
    findings = Findings()
    read_form(form(item("a", extension=[extension("entryFormat", valueInteger=1)])), findings)
    assert "extension-value" in [finding.code for finding in findings.all()]
