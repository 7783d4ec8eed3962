"""The lint: every broken form gets its finding, with a path and a way to mend it; sound forms get none."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path

import pytest
from questionnaires import CODES, answer, candor, choice, form, item, response, spanish, when

from intake.adapters.fhirpath import compile_expression
from intake.engine import DefinitionError, lint, parse, wording_hash
from intake.engine.report import report
from intake.rules.published import published
from screening import instruments

YES = {"answerBoolean": True}
ASK = item("a", "boolean")
SUD = candor("sensitivity", valueCode="sud")


def shown(type_="display", *conditions, **more):
    return item("t", type_, enableWhen=list(conditions), **more)


def codes(resource, severity=None, **how):
    return [found.code for found in lint(resource, **how) if severity in (None, found.severity)]


FORMS = Path(__file__).parents[1] / "conformance" / "lint"


def cases(name):
    found = json.loads((FORMS / f"{name}.json").read_text())
    return [pytest.param(case["code"], case["questionnaire"], id=f"{case['code']}-{i}") for i, case in enumerate(found)]


@pytest.mark.parametrize(("code", "resource"), cases("errors"))
def test_a_broken_form_gets_an_error_with_a_path_and_a_way_to_mend_it(code, resource):
    found = [finding for finding in lint(resource) if finding.code == code]
    assert found
    assert all(each.severity == "error" and each.message and each.fix for each in found)
    assert all(each.path.startswith("Questionnaire") for each in found)
    with pytest.raises(DefinitionError) as refused:
        parse(resource)
    assert code in [finding.code for finding in refused.value.findings]


@pytest.mark.parametrize(("code", "resource"), cases("portable"))
def test_a_rule_of_portability_is_a_warning_for_a_foreign_form_and_an_error_in_ours(code, resource):
    assert code in codes(resource, "warning")
    assert code in codes(resource, "error", ours=True)


@pytest.mark.parametrize(("code", "resource"), cases("warnings"))
def test_a_warning_stays_a_warning_in_ours(code, resource):
    assert code in codes(resource, "warning")
    assert code in codes(resource, "warning", ours=True)
    parse(resource)


@pytest.mark.parametrize(("code", "resource"), cases("ours"))
def test_our_own_library_is_held_to_what_candor_promises(code, resource):
    assert code in codes(resource, "error", ours=True)
    assert code not in codes(resource)


def test_there_are_at_least_sixty_broken_forms_and_no_two_are_alike():
    resources = {json.dumps(case.values[1], sort_keys=True) for case in cases("errors")}
    assert len(resources) == len(cases("errors")) >= 60


@pytest.mark.parametrize("case", json.loads((FORMS / "sound.json").read_text()))
def test_a_sound_form_has_no_error_and_no_finding_that_it_does_not_deserve(case):
    allowed = {"translation-missing", "expression-not-evaluated", "not-equals-optional"}
    assert set(codes(case["questionnaire"])) <= allowed
    assert parse(case["questionnaire"]).items


def test_translations_are_asked_for_in_the_languages_given():
    english = form(item("a", _text=spanish("Sobre a")), title="A", _title=spanish("Un"))
    assert codes(english) == []
    assert codes(english, languages=("fr",)) == ["translation-missing", "translation-missing"]
    assert codes(form(ASK), languages=()) == []
    assert codes({**form(ASK), "language": "es-MX"}) == []


def test_an_option_and_the_reason_for_asking_need_translations_too():
    resource = form(choice("a", "A", _text=spanish("x")))
    assert [found.path for found in lint(resource)] == ["Questionnaire.item[0]"]
    why = form(item("a", _text=spanish("x"), extension=[candor("why-asked", valueString="To help.")]))
    assert codes(why) == ["translation-missing"]


def test_the_wording_of_an_instrument_is_held_to_its_hash():
    resource = form(item("q1", _text=spanish("Pensamientos")))
    published = hashlib.sha256(b"About q1").hexdigest()
    in_spanish = hashlib.sha256(b"Pensamientos").hexdigest()
    assert [wording_hash(parse(resource).items[0], language) for language in ("en", "es")] == [published, in_spanish]
    assert "wording-differs" not in codes(resource, wordings={"q1": published, "q1@es": in_spanish, "other": "0"})
    found = lint(resource, wordings={"q1": published, "q1@es": published})
    assert [each.message for each in found if each.code == "wording-differs"] == [
        "The wording of q1@es is not the published one."
    ]
    resource["item"][0]["text"] += "."
    assert codes(resource, "error", wordings={"q1": published}) == ["wording-differs"]


def test_a_translation_that_the_form_does_not_have_is_missing_and_not_different():
    assert "wording-differs" not in codes(form(item("q1")), wordings={"q1@es": "0"})


def test_the_answers_of_an_instrument_are_the_published_ones():
    resource = form(choice("q1", "a", "b"))
    assert "wording-differs" not in codes(resource, answers={"q1": {"a": "A", "b": "B"}, "other": {}})
    assert "wording-differs" in codes(resource, "error", answers={"q1": {"a": "A", "b": "Bee"}})
    assert "wording-differs" in codes(resource, "error", answers={"q1": {"a": "A"}})


LIBRARY = sorted((Path(__file__).parents[2] / "intake" / "definitions").glob("*.json"))
INSTRUMENTS = [file for file in LIBRARY if file.name.rsplit("-", 1)[0] in instruments.REGISTRY]


def test_the_library_has_instruments():
    assert len(INSTRUMENTS) >= 5


@pytest.mark.parametrize("file", INSTRUMENTS, ids=lambda file: file.stem)
def test_an_instrument_that_is_changed_in_any_word_is_not_published(file):
    resource = json.loads(file.read_text())
    rules = asdict(published(resource))
    assert lint(resource, ours=True, **rules) == ()
    for question in [each for each in everything(resource) if each["linkId"] in rules["answers"]]:
        for holder, key in ((question, "text"), (question["answerOption"][0]["valueCoding"], "display")):
            said, holder[key] = holder[key], holder[key] + "!"
            assert "wording-differs" in codes(resource, "error", ours=True, **rules)
            holder[key] = said
        if question.get("code"):
            coded = question.pop("code")
            assert "code-missing" in codes(resource, "error", ours=True, **rules)
            question["code"] = coded


def everything(resource):
    for each in resource.get("item", []):
        yield each
        yield from everything(each)


def test_a_field_that_is_filed_needs_a_code():
    assert codes(form(ASK), "error", mapped=["a"]) == ["code-missing"]
    assert codes(form(item("a", code=[{"system": CODES, "code": "A"}])), "error", mapped=["a"]) == []


def test_a_substance_use_section_holds_substance_use_items():
    resource = form(item("g", "group", item("a", extension=[SUD]), item("b"), extension=[SUD]))
    assert "sud-outside-section" not in codes(resource, ours=True)


def test_names_from_a_foreign_file_are_made_safe_to_print():
    found = lint(form(ASK, shown("display", when("a\x1b[2J" + "x" * 500, "=", **YES))))
    message = next(each.message for each in found if each.code == "condition-target-unknown")
    assert "\x1b" not in message
    assert len(message) < 120


def test_one_faulty_condition_does_not_stop_the_rest_from_being_evaluated():
    resource = form(
        ASK,
        shown("display", when("a", "=", **YES), when("a", "~", **YES), enableBehavior="all"),
        item("b", required=True),
    )
    found = report(resource, response(answer("a", {"valueBoolean": False})))
    assert found.exit_code == 1
    assert found.content["enabled"] == ["a", "b"]
    assert found.content["missing"] == ["b"]
    assert [error["code"] for error in found.content["errors"]] == ["condition-broken"]


@pytest.mark.parametrize("file", LIBRARY, ids=lambda file: file.stem)
def test_every_form_that_we_ship_is_clean(file):
    resource = json.loads(file.read_text())
    assert lint(resource, ours=True, compiler=compile_expression, **asdict(published(resource))) == ()
