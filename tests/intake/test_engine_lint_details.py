"""Small promises of the lint, each of which a fault put into it (`./run mutate`) once broke unnoticed."""

import pytest
from questionnaires import CANDOR, CODES, choice, extension, form, item, when

from intake.engine import DefinitionError, lint, parse
from intake.engine.definition import ANSWER_TYPES
from intake.engine.findings import Findings
from intake.engine.parsing import read_form

YES = {"answerBoolean": True}
LOINC = "http://loinc.org"


def tolerant(resource):
    return read_form(resource, Findings())


def codes(resource, **how):
    return [found.code for found in lint(resource, languages=(), **how)]


@pytest.mark.parametrize(
    "code", ["44260-8", "93246-7", "93247-5", "93248-3", "93249-1", "93250-9", "93267-3", "93269-9"]
)
def test_each_published_question_about_suicide_is_a_risk_item(code):
    asked = form(item("a", "boolean", code=[{"system": LOINC, "code": code}]))
    assert "risk-optional" in codes(asked)
    asked["item"][0]["code"][0]["system"] = "http://example.org"
    assert "risk-optional" not in codes(asked)


@pytest.mark.parametrize(
    "code",
    ["82666-9", "82667-7", "82665-1", "72109-2", "75626-2", "72110-0", "75624-7", "68518-0", "68519-8", "68520-6"]
    + ["97734-8", "97735-5", "97736-3", "97737-1", "97738-9", "97739-7", "97740-5"],
)
def test_each_published_question_about_substance_use_belongs_in_its_section(code):
    asked = form(item("a", "boolean", code=[{"system": LOINC, "code": code}]))
    assert "sud-outside-section" in codes(asked, ours=True)


def test_a_code_of_ours_for_substance_use_counts_too():
    system = f"{CANDOR.removesuffix('StructureDefinition/')}CodeSystem/substance-use"
    assert "sud-outside-section" in codes(form(item("a", code=[{"system": system, "code": "x"}])), ours=True)


def test_a_name_as_long_as_may_be_is_shown_whole_and_a_longer_one_cut():
    def message(name):
        found = lint(form(item("a", enableWhen=[when(name, "exists", **YES)])), languages=())
        return next(each.message for each in found if each.code == "condition-target-unknown")

    assert message("x" * 80) == f"No item has the linkId {'x' * 80}."
    assert message("x" * 81) == f"No item has the linkId {'x' * 80}…."
    assert message("") == "No item has the linkId (none)."


def test_a_form_that_is_refused_says_where_and_why():
    with pytest.raises(DefinitionError, match=r"Questionnaire\.item\[0\]: R4 has no item type x\.") as refused:
        parse(form(item("a", "x"), item("b", "y")))
    assert str(refused.value).count(";") == 1


@pytest.mark.parametrize("operator", ["=", "!="])
def test_a_condition_on_an_option_that_is_none_never_matches(operator):
    resource = form(
        choice("a", "A", required=True),
        item("t", enableWhen=[when("a", operator, answerCoding={"system": CODES, "code": "Z"})]),
    )
    assert "condition-no-option" in codes(resource)


def test_whether_a_choice_was_answered_at_all_is_no_matter_of_its_options():
    asked = form(choice("a", "A"), item("b", required=True, enableWhen=[when("a", "exists", **YES)]))
    assert "required-unreachable" not in codes(asked)
    assert "condition-no-option" not in codes(asked)


@pytest.mark.parametrize("operator", ["=", "exists", "!="])
def test_a_condition_on_a_question_that_nobody_is_asked(operator):
    """The first is never asked: its condition wants an option that isn't one. The others wait for it."""
    never = [when("a", "=", answerCoding={"system": CODES, "code": "Z"})]
    resource = form(
        choice("a", "A"),
        item("b", "boolean", enableWhen=never),
        item("c", "boolean", required=True, enableWhen=[when("b", operator, **YES)]),
    )
    assert ("required-unreachable" in codes(resource)) is (operator != "!=")


def test_what_stands_in_something_never_asked_is_never_asked():
    never = [when("a", "=", answerCoding={"system": CODES, "code": "Z"})]
    resource = form(choice("a", "A"), item("g", "group", item("b", required=True), enableWhen=never))
    assert "required-unreachable" in codes(resource)
    assert "required-unreachable" not in codes(form(item("g", "group", item("b", required=True))))


def test_unknown_targets_say_nothing_about_each_other():
    wanted = [when("x", "!=", answerInteger=1), when("y", "exists", answerBoolean=False)]
    assert "required-unreachable" not in codes(form(item("b", required=True, enableWhen=wanted, enableBehavior="all")))


@pytest.mark.parametrize(
    ("limits", "is_possible"),
    [
        ({"extension": [extension("minLength", valueInteger=0)]}, True),
        ({"maxLength": 1}, True),
        ({"maxLength": 0}, False),
        ({"extension": [extension("questionnaire-minOccurs", valueInteger=0)]}, True),
        ({"repeats": True, "extension": [extension("questionnaire-maxOccurs", valueInteger=1)]}, True),
    ],
)
def test_a_limit_of_nothing_is_possible_only_from_below(limits, is_possible):
    assert ("limit-impossible" not in codes(form(item("a", **limits)))) is is_possible


def test_no_decimal_places_are_possible():
    places = [extension("maxDecimalPlaces", valueInteger=0)]
    assert "limit-impossible" not in codes(form(item("a", "decimal", extension=places)))


@pytest.mark.parametrize("type_", sorted(ANSWER_TYPES))
def test_a_greatest_length_is_for_simple_types(type_):
    simple = {"boolean", "decimal", "integer", "string", "text", "url", "open-choice"}
    assert ("max-length-not-allowed" in codes(form(item("a", type_, maxLength=3)))) is (type_ not in simple)


@pytest.mark.parametrize(
    ("name", "is_good"),
    [("Intake", True), ("Intake_1", True), ("intake", False), ("_Intake", False), ("In-take", False), ("Ñame", False)],
)
def test_a_name_that_programs_can_use(name, is_good):
    assert ("name" not in codes(form(item("a"), name=name))) is is_good


@pytest.mark.parametrize("name", ["date", "approvalDate", "lastReviewDate"])
def test_each_date_of_the_form_is_one_that_exists(name):
    found = [each for each in lint(form(item("a"), **{name: "2024-02-30"})) if each.code == "impossible-date"]
    assert [each.path for each in found] == [f"Questionnaire.{name}"]
    assert "impossible-date" not in codes(form(item("a"), **{name: "2024-02-29"}))


def test_the_dates_of_a_period_are_checked_in_it_and_nowhere_else():
    found = lint(form(item("a"), effectivePeriod={"start": "2024", "end": "2024-13"}, start="x", end="x"))
    assert [each.path for each in found if each.code == "impossible-date"] == ["Questionnaire.effectivePeriod.end"]
    assert "impossible-date" not in codes(form(item("a"), start="2024-13"))


def test_a_code_that_is_no_coding_is_named_where_it_stands():
    (found,) = (each for each in lint(form(item("a", code=[{"code": 5}]))) if each.code == "malformed")
    assert (found.path, found.message) == ("Questionnaire.item[0].code[0]", "code should be a Coding.")


def test_a_display_neither_repeats_nor_is_required():
    (found,) = tolerant(form(item("a", "display", required=True, repeats=True))).items
    assert (found.required, found.repeats) == (False, False)


def test_something_malformed_is_not_taken_for_what_it_is_not():
    (found,) = tolerant(form(item("a", "string", maxLength="5", required="yes", text=5))).items
    assert (found.constraints.max_length, found.required, found.text) == (None, False, "")
