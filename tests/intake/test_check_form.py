"""manage.py check_form: JSON, words for people, and exit codes; any file is answered, none raises."""

import json
from io import StringIO

import pytest
from questionnaires import answer, form, group, item, response, when

from intake.management.commands.check_form import Command

SOUND = form(item("a", "boolean", required=True), item("b", enableWhen=[when("a", "=", answerBoolean=True)]))


@pytest.fixture
def run(tmp_path):
    def run_it(resource, given=None, *options):
        arguments = [written(tmp_path / "form.json", resource)]
        if given is not None:
            arguments += ["--response", written(tmp_path / "response.json", given)]
        return run_command([*arguments, *options])

    return run_it


def written(path, content):
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)


def run_command(arguments):
    out, err = StringIO(), StringIO()
    command = Command(stdout=out, stderr=err, no_color=True)
    parsed = vars(command.create_parser("manage.py", "check_form").parse_args(arguments))
    try:
        command.handle(**parsed)
        code = 0
    except SystemExit as left:
        code = left.code
    return code, out.getvalue(), err.getvalue()


def test_a_sound_form_is_clean(run):
    code, out, err = run(SOUND, None, "--json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert {entry["severity"] for entry in found.pop("lint")} == {"warning"}
    assert found == {"enabled": [], "missing": [], "errors": [], "dropped": [], "calculated": {}}


def test_a_complete_response_is_clean(run):
    code, out, _ = run(
        SOUND, response(answer("a", {"valueBoolean": False}), answer("b", {"valueString": "x"})), "--json"
    )
    found = json.loads(out)
    assert code == 0
    assert (found["enabled"], found["missing"], found["errors"], found["dropped"]) == (["a"], [], [], ["b"])


def test_something_missing_or_wrong_exits_1(run):
    code, out, _ = run(SOUND, response(answer("b", {"valueString": "x"}), answer("c", {"valueString": "x"})), "--json")
    found = json.loads(out)
    assert (code, found["missing"]) == (1, ["a"])
    assert found["errors"] == [
        {"linkId": "c", "code": "unknown-question", "message": "This question is not part of the form."}
    ]


def test_an_instance_is_written_with_its_index(run):
    rows = form(item("g", "group", item("a", "integer", required=True), repeats=True))
    code, out, _ = run(rows, response(group("g", answer("a", {"valueString": "x"})), group("g")), "--json")
    found = json.loads(out)
    assert (code, found["enabled"]) == (1, ["g[0]", "a[0]", "g[1]", "a[1]"])
    assert found["missing"] == ["a[1]"]
    assert [(error["linkId"], error["code"]) for error in found["errors"]] == [("a[0]", "wrong-type")]


def test_a_bad_definition_is_lint_with_path_and_fix_and_is_evaluated_all_the_same(run):
    code, out, err = run(form(item("a", "slider"), item("b", required=True)), response(), "--json")
    found = json.loads(out)
    assert (code, err, found["missing"]) == (1, "", ["b"])
    assert {"severity", "code", "path", "message", "fix"} == set(found["lint"][0])
    assert (found["lint"][0]["code"], found["lint"][0]["path"]) == ("type-unknown", "Questionnaire.item[0]")


def test_our_own_rules_are_asked_for(run):
    named = form(item("A.1"))
    assert run(named, None)[0] == 0
    assert run(named, None, "--ours")[0] == 1


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not JSON",
        b"\xff\xfe",
        b"[1, 2",
        b'{"a": NaN}',
        b"1" * 5000,
        b"[" * 100_000,
        b'{"a": 1e99999999999999999999}',
    ],
)
def test_a_file_without_json_exits_2_and_says_so_in_one_line_and_in_json(run, content):
    code, out, err = run(content, None, "--json")
    found = json.loads(out)
    assert code == 2
    assert [(entry["severity"], entry["code"], entry["path"]) for entry in found["lint"]] == [
        ("error", "unreadable", "Questionnaire")
    ]
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("content", [[], 5, "Questionnaire", None, {"resourceType": "Patient"}, {}])
def test_json_that_is_no_questionnaire_exits_2_with_one_finding(run, content):
    code, out, err = run(content, None, "--json")
    assert code == 2
    assert len(json.loads(out)["lint"]) == 1
    assert err == "The form is not a FHIR Questionnaire.\n"
    plain = run(content, None)
    assert [line.partition(": ")[0] for line in "".join(plain[1:]).splitlines()] == ["error"]


@pytest.mark.parametrize("content", [b"not JSON", [], {"resourceType": "Questionnaire"}])
def test_a_response_that_is_none_exits_2_with_the_lint_of_the_form(run, content):
    code, out, err = run(SOUND, content, "--json")
    found = json.loads(out)
    assert (code, found["enabled"]) == (2, [])
    assert [entry["path"] for entry in found["lint"] if entry["severity"] == "error"] == ["QuestionnaireResponse"]
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize("name", ["nowhere.json", ".", "a\0b"])
def test_a_file_that_is_not_there_exits_2(name):
    code, out, err = run_command([name, "--json"])
    assert (code, len(err.splitlines())) == (2, 1)
    assert json.loads(out)["lint"][0]["code"] == "unreadable"


def test_without_json_it_speaks_to_people(run):
    code, out, _ = run(form(item("a", required=True, _text={}), item("b", "x")), response(answer("z")))
    assert code == 1
    assert "error: Questionnaire.item[1]: R4 has no item type x. Use one of R4's item types. [type-unknown]" in out
    assert "error: z: This question is not part of the form. [unknown-question]" in out
    assert "missing: a" in out
    assert run(SOUND)[1].endswith("No errors.\n")


def test_names_that_a_terminal_cannot_show_are_escaped(run):
    code, out, _ = run(form(item("\ud800", required=True)), response())
    assert code == 1
    assert "\\ud800" in out


def test_exact_decimals_are_kept(run):
    places = {"url": "http://hl7.org/fhir/StructureDefinition/maxDecimalPlaces", "valueInteger": 1}
    given = b'{"resourceType": "QuestionnaireResponse", "item": [{"linkId": "a", "answer": [{"valueDecimal": 5.10}]}]}'
    assert run(form(item("a", "decimal", extension=[places])), given, "--json")[0] == 1


def test_a_byte_order_mark_is_no_fault(run):
    assert run(b"\xef\xbb\xbf" + json.dumps(SOUND).encode(), None)[0] == 0
