"""`manage.py score` for people and for programs."""

import io
import json
import sys

import pytest
from django.core.management import call_command

from screening.management.commands.score import Command

PHQ9 = {f"phq9-q{n}": "LA6569-3" for n in range(1, 10)}


class Terminal(io.StringIO):
    def isatty(self):
        return True


def run(*args, stdin=None, monkeypatch=None):
    """(exit code, standard output, standard error) of one call."""
    if stdin is not None:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"))
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(Command(), *args, stdout=out, stderr=err)
    except SystemExit as stop:
        return stop.code, out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


@pytest.fixture
def answers_file(tmp_path):
    def write(content):
        path = tmp_path / "answers file.json"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return str(path)

    return write


def test_it_needs_no_system_checks_and_so_no_database():
    assert Command.requires_system_checks == []
    assert Command.requires_migrations_checks is False


def test_json_has_exactly_the_promised_keys(answers_file):
    code, out, err = run("phq-9", "--answers", answers_file(PHQ9), "--json")
    result = json.loads(out)
    assert (code, err) == (0, "")
    assert list(result) == ["total", "band", "positive", "findings", "missing", "working"]
    assert (result["total"], result["band"], result["positive"], result["missing"]) == (9, "mild", False, [])
    assert [set(finding) for finding in result["findings"]] == [{"code", "urgency", "because"}]
    assert result["working"][0] == {
        "linkId": "phq9-q1",
        "answer": "LA6569-3",
        "value": 1,
        "reversed": False,
        "rule": "Several days = 1",
    }


def test_an_incomplete_result_is_a_result(answers_file):
    code, out, _ = run("phq-9", "--answers", answers_file({"phq9-q9": "LA6571-9"}), "--json")
    result = json.loads(out)
    assert code == 0
    assert (result["total"], result["band"], result["positive"]) == (None, None, None)
    assert result["missing"] == [f"phq9-q{n}" for n in range(1, 9)]
    assert [finding["code"] for finding in result["findings"]] == ["suicide-item-positive"]


@pytest.mark.parametrize("source", [(), ("--answers", "-")])
def test_answers_come_from_standard_input(source, monkeypatch):
    code, out, _ = run("phq-9", *source, "--json", stdin=json.dumps(PHQ9).encode(), monkeypatch=monkeypatch)
    assert (code, json.loads(out)["total"]) == (0, 9)


def test_a_byte_order_mark_is_no_obstacle(answers_file):
    code, _, _ = run("phq-9", "--answers", answers_file(b"\xef\xbb\xbf" + json.dumps(PHQ9).encode()))
    assert code == 0


def test_without_answers_at_a_terminal_it_asks_for_them(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Terminal())
    assert run("phq-9") == (2, "", "Give the answers: --answers FILE, or - to type them in.\n")


@pytest.mark.parametrize("source", [(), ("--answers", "-")])
def test_where_there_is_no_standard_input_it_asks_for_a_file(monkeypatch, source):
    monkeypatch.setattr(sys, "stdin", None)
    assert run("phq-9", *source) == (2, "", "Give the answers: --answers FILE, or - to type them in.\n")


@pytest.mark.parametrize(("sex", "positive"), [("male", False), ("female", True), ("unknown", True)])
def test_sex_moves_the_cut_off(answers_file, sex, positive):
    answers = {"auditc-q1": "LA18928-4", "auditc-q2": "LA15694-5", "auditc-q3": "LA6270-8"}
    _, out, _ = run("audit-c", "--answers", answers_file(answers), "--sex", sex, "--json")
    assert json.loads(out)["positive"] is positive


@pytest.mark.parametrize("json_flag", [(), ("--json",)])
@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        ({"phq9-q1": "LA33-6"}, 1, "phq9-q1 takes one of these answers"),
        ({"phq9-q99": "LA6568-5"}, 1, "'phq9-q99' is not a PHQ-9 item"),
        ({"phq9-q1": 2}, 1, "phq9-q1 takes one of these answers"),
        ({"phq9-q1": {"code": "LA6568-5"}}, 1, "phq9-q1 takes one of these answers"),
        (b'{"phq9-q9": "LA6571-9", "phq9-q9": "LA6568-5"}', 1, "An item is answered twice"),
        ([], 2, "must be one JSON object"),
        (b"null", 2, "must be one JSON object"),
        (b"", 2, "The answers are empty"),
        (b"{", 2, "not JSON"),
        (b"\xff\xfe\x00", 2, "not JSON"),
        (b"[" * 100_000, 2, "not JSON"),
        (b'{"phq9-q1": ' + b"9" * 10_000 + b"}", 2, "not JSON"),
    ],
)
def test_what_does_not_fit_or_read_gets_one_plain_line(answers_file, content, code, says, json_flag):
    got, out, err = run("phq-9", "--answers", answers_file(content), *json_flag)
    assert (got, out) == (code, "")
    assert says in err
    assert err.count("\n") == 1


def test_a_file_that_is_not_there_gets_one_plain_line(tmp_path):
    assert run("phq-9", "--answers", str(tmp_path / "none.json")) == (
        2,
        "",
        "The answers could not be read: No such file or directory.\n",
    )
    assert run("phq-9", "--answers", str(tmp_path))[0] == 2


def test_an_unknown_instrument_is_named_with_those_that_exist(answers_file):
    code, out, err = run("phq9", "--answers", answers_file(PHQ9))
    assert (code, out) == (2, "")
    assert err == (
        "There is no instrument 'phq9'. Choose one of: phq-9, phq-2, gad-7, gad-2, dast-10, audit-c, audit, "
        "c-ssrs-screener, pc-ptsd-5.\n"
    )


def test_an_unknown_sex_gets_one_plain_line(answers_file):
    answers = answers_file(PHQ9)
    assert run("phq-9", "--answers", answers, "--sex", "m") == (2, "", "--sex takes male, female or unknown.\n")


def test_people_get_a_headline_the_findings_and_the_working(answers_file):
    _, out, _ = run("phq-9", "--answers", answers_file(PHQ9))
    lines = out.splitlines()
    assert lines[0] == "PHQ-9: 9 of 27, Mild, negative at a cut-off of 10"
    assert lines[1].startswith("suicide-item-positive (high): PHQ-9 ")
    assert "  phq9-q1: Several days = 1" in lines


def test_people_are_told_what_is_unanswered(answers_file):
    _, out, _ = run("c-ssrs-screener", "--answers", answers_file({"cssrs-q2": "LA33-6", "cssrs-q3": "LA33-6"}))
    assert out.splitlines()[0] == (
        "C-SSRS screener: incomplete, risk level so far moderate. Unanswered: cssrs-q1, cssrs-q4, cssrs-q5, cssrs-q6"
    )


def test_people_see_a_level_where_there_is_no_total(answers_file):
    answers = {"cssrs-q1": "LA32-8", "cssrs-q2": "LA32-8", "cssrs-q6": "LA32-8"}
    _, out, _ = run("c-ssrs-screener", "--answers", answers_file(answers))
    assert out.splitlines()[0] == "C-SSRS screener: risk level none (there is no total)"


def test_the_licence_line_is_printed_where_the_licence_asks_for_it_and_never_in_json(answers_file):
    answers = answers_file({f"dast10-q{n}": "LA32-8" for n in range(1, 11)})
    _, out, _ = run("dast-10", "--answers", answers)
    assert "(c) 1982 Harvey A. Skinner" in out
    _, out, _ = run("dast-10", "--answers", answers, "--json")
    assert "Skinner" not in out
    _, out, _ = run("phq-9", "--answers", answers_file(PHQ9))
    assert "Pfizer" not in out
