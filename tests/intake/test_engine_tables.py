"""The engine's tables, written out a second time: a row that changes is noticed."""

import pytest
from questionnaires import CODES, answer, candor, coding, extension, form, group, item, option, when

from intake.engine import add_instance, evaluate, fields, lint, merge, parse, progress
from intake.engine.definition import ANSWER_TYPES
from intake.engine.elements import SDC
from intake.engine.entry import Context, read_entry
from intake.engine.findings import RULES, Findings
from intake.engine.limits import longest_text
from intake.engine.navigation import minutes, seconds_for
from intake.engine.parsing import read_form
from intake.engine.turns import following

UCUM = "http://unitsofmeasure.org"
VALUES = {
    "Coding": {"valueCoding": {"system": CODES, "code": "A"}},
    "string": {"valueString": "x"},
    "integer": {"valueInteger": 1},
    "date": {"valueDate": "2024-01-01"},
    "time": {"valueTime": "10:00:00"},
    "Reference": {"valueReference": {"reference": "r"}},
    "boolean": {"valueBoolean": True},
    "decimal": {"valueDecimal": 1.5},
    "Quantity": {"valueQuantity": {"value": 1}},
    "uri": {"valueUri": "u"},
}
ANY = {"Coding", "string", "integer", "date", "time", "Reference"}
OPTIONS = {"choice": ANY, "open-choice": ANY} | {type_: {type_} for type_ in ("integer", "date", "time", "string")}
WARNINGS = {"name", "expression-not-evaluated", "display-flag", "options-open", "exclusive-not-repeating"}


def tolerant(resource):
    return read_form(resource, Findings())


def codes(resource):
    return [found.code for found in lint(resource, languages=())]


@pytest.mark.parametrize(("unit", "names"), [
    ("mg", "mg mgs MG milligram milligrams miligramo miligramos"),
    ("ug", "ug mcg mcgs µg μg microgram micrograms microgramo microgramos"),
    ("g", "g gram grams gramo gramos"),
    ("mL", "ml mL mls cc milliliter milliliters mililitro mililitros"),
    ("[iU]", "unit units iu IU unidad unidades"),
    ("{tbl}", "tab tabs tablet tablets pill pills cap caps capsule capsules tableta tabletas pastilla pastillas"),
    ("{tbl}", "cápsula cápsulas capsula capsulas"),
    ("{puff}", "puff inhalation inhalations inhalación inhalacion"),
    ("{patch}", "patch parche"),
    ("[drp]", "drop gota"),
])  # fmt: skip
def test_a_unit_by_every_usual_name(unit, names):
    offered = [extension("questionnaire-unitOption", valueCoding={"system": UCUM, "code": unit, "display": "its name"})]
    offered.append(extension("questionnaire-unitOption", valueCoding={"system": UCUM, "code": "other"}))
    (dose,) = parse(form(item("a", "quantity", extension=offered))).items
    for name in names.split():
        assert read_entry(dose, f"5 {name}", Context())["valueQuantity"]["code"] == unit


@pytest.mark.parametrize("type_", sorted(ANSWER_TYPES))
@pytest.mark.parametrize("given", VALUES)
def test_which_options_a_question_may_have(type_, given):
    found = set(codes(form(item("a", type_, answerOption=[VALUES[given]]))))
    assert ("options-not-allowed" in found) is (type_ not in OPTIONS)
    if type_ in OPTIONS:
        assert ("option-type" in found) is (given not in OPTIONS[type_])
        read = tolerant(form(item("a", type_, answerOption=[VALUES[given]]))).items[0].options
        assert len(read) == (given in OPTIONS[type_])


@pytest.mark.parametrize("type_", ["choice", "open-choice", "group", "string", "boolean"])
def test_which_items_may_have_a_value_set(type_):
    found = codes(form(item("a", type_, answerValueSet="http://example.org/v", **inside(type_))))
    assert ("options-not-allowed" in found) is (type_ in ("string", "boolean"))
    assert ("group-answers" in found) is (type_ == "group")


def inside(type_):
    return {"item": [item("b")]} if type_ == "group" else {}


@pytest.mark.parametrize("name", ["answerExpression", "candidateExpression"])
def test_options_that_an_expression_gives_are_not_missing(name):
    computed = [extension(f"{SDC}{name}", valueExpression={})]
    assert "options-missing" not in codes(form(item("a", "choice", extension=computed)))
    assert "options-open" not in codes(form(item("a", "open-choice", extension=computed)))
    assert "options-missing" in codes(form(item("a", "choice")))


def test_the_rules_that_stay_warnings():
    assert {code for code, rule in RULES.items() if rule.level == "warning"} == WARNINGS
    assert {rule.level for rule in RULES.values()} == {"error", "warning", "portable"}


SECONDS = {
    "boolean": 5, "choice": 6, "open-choice": 10, "integer": 8, "decimal": 8, "quantity": 12, "date": 12, "time": 10,
    "dateTime": 18, "string": 15, "url": 20, "text": 45, "attachment": 60, "reference": 0,
}  # fmt: skip


@pytest.mark.parametrize("type_", sorted(ANSWER_TYPES))
def test_how_long_a_question_takes(type_):
    assert seconds_for(tolerant(form(item("a", type_, text=""))).items[0]) == SECONDS[type_]
    why = [candor("why-asked", valueString="six seven eight nine")]
    asked = tolerant(form(item("a", type_, text="one two three four five", extension=why))).items[0]
    assert seconds_for(asked) == SECONDS[type_] + 3


def test_minutes_are_rounded_up():
    assert [minutes(seconds) for seconds in (0, 1, 60, 61, 120)] == [0, 1, 1, 2, 2]


@pytest.mark.parametrize(("pattern", "longest"), [
    ("abc", 5000),
    ("a+", 5000),
    ("a*b+", 2000),
    ("a+b+c+", 200),
    ("a+b+c+d+", 60),
    ("a+b+c+d+e+", 0),
    ("a{2,}", 5000),
    ("a{2,}b{3,}", 2000),
    ("a{30}b{30}c{30}", 5000),
    ("a{31}b{31}", 2000),
    ("(ab)+", 5000),
    ("(a+)+", 0),
    ("(a|b)+", 0),
    ("(a|b){2}", 0),
    ("(a|b)?", 5000),
    ("(a|b){1}", 5000),
    ("(a+)b+", 2000),
    ("((a+)b)+", 0),
    ("((ab)+)+", 0),
    ("(a{31})+", 0),
    (r"\(a+\)+", 2000),
    ("[(a+)]+", 5000),
    ("[]a+]+", 5000),
    ("[^]|]+", 5000),
    ("a{}", 5000),
    ("a)+", 5000),
    (r"\+\*", 5000),
])  # fmt: skip
def test_how_long_a_text_a_pattern_may_be_tried_on(pattern, longest):
    assert longest_text(pattern) == longest


@pytest.mark.parametrize(("flags", "expected"), [
    ({}, True),
    ({"required": True}, True),
    ({"repeats": True}, True),
    ({"required": True, "repeats": True}, False),
])  # fmt: skip
def test_a_least_number_of_answers_is_for_what_is_required_and_repeats(flags, expected):
    least = [extension("questionnaire-minOccurs", valueInteger=1)]
    assert ("min-occurs-not-required" in codes(form(item("a", extension=least, **flags)))) is expected


@pytest.mark.parametrize(("most", "repeats", "expected"), [
    (1, False, False),
    (2, False, True),
    (2, True, False),
])  # fmt: skip
def test_a_greatest_number_of_answers_is_for_what_repeats(most, repeats, expected):
    limit = [extension("questionnaire-maxOccurs", valueInteger=most)]
    assert ("max-occurs-not-repeating" in codes(form(item("a", repeats=repeats, extension=limit)))) is expected


def test_where_something_malformed_stands():
    found = lint(form(item("a", text=5, answerOption={}, enableWhen=[{"question": 5}, 7])), languages=())
    assert {each.path for each in found if each.code == "malformed"} == {
        "Questionnaire.item[0].text",
        "Questionnaire.item[0].answerOption",
        "Questionnaire.item[0].enableWhen[0].question",
        "Questionnaire.item[0].enableWhen[1]",
    }


def test_a_group_has_no_answers_and_so_no_options():
    (found,) = tolerant(form(item("g", "group", item("a"), answerOption=[option("A")]))).items
    assert (found.options, found.closed, found.answer_types) == ((), False, frozenset())


def test_what_was_typed_wrong_is_what_stays_chosen():
    asked = parse(form(item("a", "choice", answerOption=[option("A"), option("B")], repeats=True)))
    posted = merge(asked, [], {"a": [f"{CODES}|A", "Z"]})
    (node,) = fields(asked, [answer("a", coding("B"))], problems=posted.problems)
    assert [shown.is_selected for shown in node.options] == [True, False]
    (node,) = fields(asked, [answer("a", coding("B"))])
    assert [shown.is_selected for shown in node.options] == [False, True]


def test_the_doubt_about_an_amount_is_a_question_of_its_own():
    limit = candor("confirm-above", valueQuantity={"value": 10, "system": UCUM, "code": "mg"})
    unit = extension("questionnaire-unitOption", valueCoding={"system": UCUM, "code": "mg"})
    asked = parse(form(item("a", "quantity", extension=[unit, limit])))
    draft = merge(asked, [], {"a": ["50"]}).items
    (node,) = fields(asked, draft)
    (doubt,) = node.children
    assert (doubt.key, doubt.item.link_id, doubt.item.type, doubt.item.required) == (
        "a!sure-1",
        "a!sure",
        "boolean",
        True,
    )
    assert doubt.values == ()
    for word, value in (("true", True), ("false", False)):
        told = merge(asked, draft, {"a!sure-1": [word]}).items
        assert told[0]["answer"][0]["extension"][-1]["valueBoolean"] is value
        assert fields(asked, told)[0].children[0].values == (word,)
    untold = merge(asked, told, {"a!sure-1": [""]}).items
    assert "extension" not in untold[0]["answer"][0]
    assert merge(asked, told, {"a!sure-1": ["perhaps"]}).items == untold


def test_a_key_that_no_turn_has_is_before_the_first_turn():
    assert following([], "nowhere") is None


def test_an_instance_is_added_in_its_own_parent():
    inner = item("h", "group", item("a", initial=[{"valueString": "x"}]), repeats=True)
    asked = parse(form(item("g", "group", inner, repeats=True)))
    draft = [group("g"), group("g")]
    once = add_instance(asked, draft, "g[1].h")
    twice = add_instance(asked, once, "g[1].h")
    assert [key for key in evaluate(asked, twice).enabled if key.endswith(("]", "h"))] == [
        "g[0]",
        "g[0].h",
        "g[1]",
        "g[1].h[0]",
        "g[1].h[1]",
    ]
    assert twice[1]["item"][1] == {"linkId": "h", "item": [answer("a", {"valueString": "x"})]}


def test_of_one_answer_given_twice_the_first_keeps_what_is_below():
    asked = parse(form(item("q", "string", item("r"), repeats=True)))
    draft = merge(asked, [], {"q": ["x", "y"]}).items
    draft = merge(asked, draft, {"q[0].r": ["of x"], "q[1].r": ["of y"]}).items
    swapped = merge(asked, draft, {"q": ["y", "x"]}).items
    below = [each["item"][0]["answer"][0]["valueString"] for each in swapped[0]["answer"]]
    assert below == ["of y", "of x"]
    single = parse(form(item("q", "string", item("r"))))
    draft = merge(single, merge(single, [], {"q": ["x"]}).items, {"q": ["x"]}).items
    draft = merge(single, draft, {"r": ["kept"]}).items
    assert merge(single, draft, {"q": ["z"]}).items[0]["answer"][0]["item"] == [answer("r", {"valueString": "kept"})]


def test_progress_counts_what_is_asked_and_what_is_left():
    resource = form(
        item(
            "g",
            "group",
            item("a", "boolean", required=True),
            item("b", enableWhen=[when("a", "=", answerBoolean=True)]),
        ),
        item("h", "group", item("c", "display"), item("d", required=True)),
    )
    asked = parse(resource)
    first, second = progress(asked, evaluate(asked, []))
    assert (first.questions, first.answered, first.missing, second.questions, second.missing) == (1, 0, 1, 1, 1)
    first, second = progress(asked, evaluate(asked, [group("g", answer("a", {"valueBoolean": True}))]))
    assert (first.questions, first.answered, first.missing, first.errors) == (2, 1, 0, 0)
    assert first.is_enabled


_FORM = """
    meta implicitRules language text contained url identifier version name title derivedFrom experimental subjectType
    date publisher contact description useContext jurisdiction purpose copyright approvalDate lastReviewDate
    effectivePeriod code _title _date id extension modifierExtension fhir_comments
"""
_ITEM = """
    definition code prefix enableWhen enableBehavior required repeats readOnly maxLength answerValueSet answerOption
    initial item _text _prefix id extension modifierExtension fhir_comments
"""
_CONDITION = """
    answerBoolean answerDecimal answerInteger answerDate answerDateTime answerTime answerString answerCoding
    answerQuantity answerReference id extension modifierExtension
"""
_OPTION = "valueInteger valueDate valueTime valueString valueCoding valueReference initialSelected id extension"
_INITIAL = """
    valueBoolean valueDecimal valueInteger valueDate valueDateTime valueTime valueString valueUri valueAttachment
    valueCoding valueQuantity valueReference id extension
"""


def holding(place, name):
    """A form that has the element in that place, empty as it may be."""
    if place == "form":
        return form(item("a"), **{name: {}})
    if place == "item":
        return form(item("a", **{name: {}}))
    return form(item("a", **{place: [{name: {}}]}))


@pytest.mark.parametrize(
    ("place", "names"),
    [
        ("form", _FORM),
        ("item", _ITEM),
        ("enableWhen", f"question operator {_CONDITION}"),
        ("answerOption", _OPTION),
        ("initial", _INITIAL),
    ],
)
def test_every_element_of_r4_is_known_and_no_other(place, names):
    for name in names.split():
        assert "unknown-property" not in codes(holding(place, name)), name
    for name in ("requierd", "answer", "value", "valueX", "Item", "x"):
        assert "unknown-property" in codes(holding(place, name)), name


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("2026-01-02T03:04:00Z", "01/02/2026 3:04 AM"),
        ("2026-11-12T13:14:15Z", "11/12/2026 1:14:15 PM"),
        ("0026-01-02T03:04:00Z", "01/02/0026 3:04 AM"),
    ],
)
def test_a_moment_is_shown_as_it_is_typed(raw, shown):
    (node,) = fields(tolerant(form(item("a", "dateTime"))), [answer("a", {"valueDateTime": raw})])
    assert node.values == (shown,)


@pytest.mark.parametrize("name", ["why-asked", "sensitivity", "risk", "confirm-above", "pattern-words"])
def test_each_extension_of_ours_on_an_item_is_known(name):
    assert "extension-unknown" not in codes(form(item("a", extension=[candor(name)])))
    assert "extension-unknown" in codes(form(item("a", extension=[candor(f"{name}x")])))
    assert "extension-unknown" in codes(form(item("a"), extension=[candor(name)]))


def test_our_extension_on_an_option_is_known_there_and_nowhere_else():
    marked = form(item("a", "choice", answerOption=[option("A", extension=[candor("risk-option", valueBoolean=True)])]))
    assert "extension-unknown" not in codes(marked)
    assert "extension-unknown" in codes(form(item("a", extension=[candor("risk-option", valueBoolean=True)])))
