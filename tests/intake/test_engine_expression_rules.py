"""What is said about a form's expressions before a patient meets it, and what of them is left out."""

import pytest
from questionnaires import (
    CORE,
    SDC,
    answer,
    calculated,
    enabled_when,
    expression,
    extension,
    form,
    group,
    initial,
    item,
    of,
    response,
    total,
    variable,
    when,
)

from intake.adapters.fhirpath import compile_expression
from intake.engine import DefinitionError, begin, evaluate, lint, parse
from intake.engine.findings import Findings
from intake.engine.parsing import read_form
from intake.engine.report import report

TWO = (item("a", "integer"), item("b", "integer"))


def parsed(*items, **more):
    return parse(form(*items, **more), compile_expression)


def integers(**values):
    return [answer(link_id, {"valueInteger": value}) for link_id, value in values.items()]


def group_of(*items, **more):
    return item("g", "group", *items, **more)


def codes(resource, severity=None, **more):
    found = lint(resource, compiler=compile_expression, **more)
    return [entry.code for entry in found if severity in (None, entry.severity) and entry.code != "translation-missing"]


@pytest.mark.parametrize(
    ("items", "more", "code", "path"),
    [
        ([total("t", "1 +")], {}, "expression-invalid", "Questionnaire.item[0].extension[0]"),
        ([total("t", "")], {}, "expression-invalid", "Questionnaire.item[0].extension[0]"),
        ([total("t", "nosuch()")], {}, "expression-invalid", "Questionnaire.item[0].extension[0]"),
        ([total("t", of("no"))], {}, "expression-target-unknown", "Questionnaire.item[0].extension[0]"),
        ([total("t", "'no' = linkId")], {}, "expression-target-unknown", "Questionnaire.item[0].extension[0]"),
        ([total("t", "linkId in ('no'|'t')")], {}, "expression-self", "Questionnaire.item[0].extension[0]"),
        ([total("t", "%no + 1")], {}, "expression-variable-unknown", "Questionnaire.item[0].extension[0]"),
        ([total("t", "%`no` + 1")], {}, "expression-variable-unknown", "Questionnaire.item[0].extension[0]"),
        ([total("t", "%'no' + 1")], {}, "expression-variable-unknown", "Questionnaire.item[0].extension[0]"),
        ([total("t", of("t"))], {}, "expression-self", "Questionnaire.item[0].extension[0]"),
        ([total("t", "%patient.birthDate")], {}, "expression-launch", "Questionnaire.item[0].extension[0]"),
        ([item("a", initial=[{"valueString": "x"}], extension=[initial("'x'")])], {}, "initial-twice", None),
        ([item("a", extension=[calculated("'x'")])], {}, "calculated-editable", "Questionnaire.item[0]"),
        ([total("t", "%resource.descendants().count()")], {}, "expression-open", "Questionnaire.item[0].extension[0]"),
        ([total("t", "%resource.item.answer.count()")], {}, "expression-open", "Questionnaire.item[0].extension[0]"),
        ([total("t", "today()", "date")], {}, "expression-clock", "Questionnaire.item[0].extension[0]"),
        (
            [total("t", "%d", "date")],
            {"extension": [variable("d", "now().toDate()")]},
            "expression-clock",
            "Questionnaire.item[0].extension[0]",
        ),
        ([group_of(item("a"), extension=[initial("1")])], {}, "expression-misplaced", None),
        (
            [
                item("a"),
                item("b", enableWhen=[when("a", "exists", answerBoolean=True)], extension=[enabled_when("true")]),
            ],
            {},
            "enable-when-twice",
            "Questionnaire.item[1].extension[0]",
        ),
        ([item("a")], {"extension": [variable("", "1")]}, "variable-name", "Questionnaire.extension[0]"),
        ([item("a")], {"extension": [{"url": f"{CORE}variable"}]}, "variable-name", "Questionnaire.extension[0]"),
        (
            [item("a", extension=[expression(f"{SDC}calculatedExpression", "'x'", name="context")])],
            {},
            "variable-name",
            "Questionnaire.item[0].extension[0]",
        ),
        ([item("a")], {"extension": [variable("v", "%qitem")]}, "expression-variable-unknown", None),
        ([item("a", extension=[{"url": f"{SDC}calculatedExpression"}])], {}, "expression-invalid", None),
    ],
)
def test_what_is_wrong_with_an_expression_is_said_with_its_path(items, more, code, path):
    found = {entry.code: entry for entry in lint(form(*items, **more), ours=True, compiler=compile_expression)}
    assert code in found
    assert found[code].severity == "error"
    assert path is None or found[code].path == path
    assert found[code].fix


def test_initial_and_another_expression_are_no_fault():
    resource = form(*TWO, item("c", initial=[{"valueString": "x"}], extension=[enabled_when(f"{of('a')} = 1")]))
    assert codes(resource) == []


def test_an_expression_without_text_gives_no_value_and_is_reported():
    found = evaluate(read_form(form(total("t", "")), Findings(), compile_expression), integers(t=4))
    assert (found.calculated, found.record) == ({}, [])
    assert [failure.code for failure in found.failures] == ["calculation-failed"]


def test_a_form_with_such_an_error_is_not_published():
    with pytest.raises(DefinitionError):
        parsed(total("t", "1 +"))
    with pytest.raises(DefinitionError):
        parsed(*TWO, total("t", of("u")), total("u", of("t")))


def test_a_circle_is_told_with_its_way_round():
    found = lint(form(total("t", of("u")), total("u", of("t"))), compiler=compile_expression)
    assert "t → u → t" in next(entry.message for entry in found if entry.code == "condition-cycle")


@pytest.mark.parametrize(
    "text",
    [
        "%resource.item.where(linkId = 'a').answer.value",
        "%resource.item.where($this.linkId = 'a').answer.value",
        "%resource.item.where('a' = linkId).answer.value",
        "%resource.item.where(linkId in ('a' | 'b')).answer.value.sum()",
        "item.where(linkId = 'a').answer.value.where($this > 1) | %ucum.length() | %loinc.length() | %sct.length()",
        "/* item.descendants() */ 1 // children()",
        "'item.descendants() today()'.length()",
    ],
)
def test_what_names_its_questions_can_be_seen(text):
    assert codes(form(*TWO, total("t", text))) == []


def test_variables_that_use_variables_without_end_are_refused():
    chain = [variable("v0", "1"), *(variable(f"v{n}", f"%v{n - 1} + 1") for n in range(1, 60))]
    resource = form(total("t", "%v59"), extension=chain)
    assert "expression-invalid" in codes(resource)
    assert evaluate(read_form(resource, Findings(), compile_expression), []).failures
    assert evaluate(parsed(total("t", "%v9"), extension=chain[:10]), []).calculated == {"t": 10}


def test_names_from_whoever_opens_the_form_stand_for_nothing_but_are_known():
    def launch(name, **value):
        return {"url": f"{SDC}launchContext", "extension": [{"url": "name", **value}, {"url": "type"}]}

    contexts = [launch("user", valueCoding={"code": "user"}), launch("visit", valueId="visit"), launch("none")]
    items = [item("a", extension=[initial("%user.name | %visit.id | 'x'")])]
    assert begin(parsed(*items, extension=contexts)) == [answer("a", {"valueString": "x"})]
    assert "expression-variable-unknown" in codes(form(*items))


def test_another_language_is_reported_and_left_out():
    cql = {"url": f"{SDC}calculatedExpression", "valueExpression": {"language": "text/cql", "expression": "1"}}
    resource = form(item("t", "integer", extension=[cql]))
    assert codes(resource, "warning") == ["expression-not-evaluated"]
    assert evaluate(parse(resource, compile_expression), integers(t=4)).record == integers(t=4)


def test_without_a_compiler_expressions_are_reported_and_left_out():
    resource = form(*TWO, total(), extension=[variable("n", "1")])
    found = [entry.code for entry in lint(resource) if entry.code != "translation-missing"]
    assert found == ["expression-not-evaluated", "expression-not-evaluated"]
    assert evaluate(read_form(resource, Findings()), integers(t=4)).record == integers(t=4)
    with pytest.raises(DefinitionError):  # for use, a form is all that it says or nothing
        parse(resource)


def test_a_hidden_required_item_may_be_calculated():
    hidden = extension("questionnaire-hidden", valueBoolean=True)
    found = item("t", "integer", required=True, readOnly=True, extension=[hidden, calculated(of("a"))])
    assert codes(form(*TWO, found)) == []


def test_a_condition_by_expression_stands_between_a_question_and_what_is_below_it():
    below = item("b", required=True, extension=[enabled_when(f"{of('a')} = true")])
    assert "required-under-optional" not in codes(form(item("a", "boolean", below)))
    assert "required-under-optional" in codes(form(item("a", "boolean", item("b", required=True))))


def test_the_report_says_what_was_calculated_by_instance():
    row = group_of(item("a", "integer"), total("t", "%n + 1"), repeats=True)
    row["extension"] = [variable("n", "item.where(linkId='a').answer.value")]
    told = report(form(row), response(group("g", *integers(a=1)), group("g")), compiler=compile_expression)
    assert told.content["calculated"] == {"t[0]": 2}
    assert told.exit_code == 0
