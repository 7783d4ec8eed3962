"""Forms and responses broken in thousands of ways: each is answered with findings in JSON, none with an exception.

The mutants are made from the library's forms and the conformance vectors by a seeded generator, so that a failure
names the seed that brings it back. CANDOR_MUTANTS is how many (default 5,000).
"""

import json
import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import call_command
from questionnaires import answer, any_response, form, item, mutated, response, when

from intake.adapters.fhirpath import compile_expression
from intake.engine import begin, evaluate, fields, merge, progress, sections
from intake.engine.findings import Findings
from intake.engine.parsing import read_form
from intake.engine.report import lines, read_json, report

ROOT = Path(__file__).parents[2]
COUNT = int(os.environ.get("CANDOR_MUTANTS", "5000"))
SHAPE = {"lint", "enabled", "missing", "errors", "dropped", "calculated"}


def vectors():
    found = [
        case for file in sorted((ROOT / "tests/conformance").glob("*.json")) for case in json.loads(file.read_text())
    ]
    return [(case["questionnaire"], case["response"]) for case in found]


def library():
    found = [json.loads(file.read_text()) for file in sorted((ROOT / "intake/definitions").glob("*.json"))]
    return [(resource, response()) for resource in found]


def mutants(count):
    """(seed, Questionnaire, QuestionnaireResponse): one of them or both broken. Library forms are long: one in five."""
    short, long = vectors(), library()
    for seed in range(count):
        chance = random.Random(seed)
        resource, answers = chance.choice(long if seed % 5 == 0 else short)
        which = chance.choice(["form", "form", "response", "both"])
        yield (
            seed,
            resource if which == "response" else mutated(resource, chance),
            answers if which == "form" else mutated(answers, chance),
        )


def checked(resource, answers, **rules):
    """The report, held to its promises: JSON, an exit code that fits, findings that say why and how to mend it."""
    found = report(resource, answers, compiler=compile_expression, **rules)
    content = json.loads(json.dumps(found.content, allow_nan=False))
    assert set(content) == SHAPE
    assert all(each["message"] and each["fix"] and each["path"] and each["code"] for each in content["lint"])
    assert all(each["message"] and each["code"] for each in content["errors"])
    is_wrong = bool(content["missing"] or content["errors"]) or any(e["severity"] == "error" for e in content["lint"])
    assert found.exit_code in ((1, 2) if is_wrong else (0,))
    assert lines(found)
    return found


def test_no_mutant_of_a_form_or_a_response_raises():
    seen = Counter()
    for seed, resource, answers in mutants(COUNT):
        try:
            found = checked(resource, answers, ours=seed % 2 == 0)
        except Exception as error:
            raise AssertionError(f"mutant {seed}") from error
        seen[found.exit_code] += 1
        seen.update({finding["code"] for finding in found.content["lint"]})
    assert sum(seen[code] for code in (0, 1, 2)) == COUNT
    assert min(seen[code] for code in (0, 1, 2)) >= COUNT // 200
    assert COUNT < 5000 or len(seen) > 60  # it is not the same fault over and over


def test_pages_of_mutants_can_be_drawn_and_posted():
    drawn = 0
    for seed, resource, answers in mutants(COUNT // 10):
        definition = read_form(resource, Findings(), compile_expression)
        if definition is None:
            continue
        chance = random.Random(seed)
        try:
            shown = draw_and_post(definition, answers.get("item") if isinstance(answers, dict) else answers, chance)
        except Exception as error:
            raise AssertionError(f"mutant {seed}") from error
        drawn += bool(shown)
    assert drawn >= COUNT // 20


def draw_and_post(definition, items, chance):
    draft = merge(definition, items, {"q1": ["x"], "\x00": ["1"], "": []}).items
    shown = fields(definition, draft)
    typed = ["", "1", "true", "A", "02/30/2024", "\ud800", "9" * 400, "http://example.org/c|A"]
    posted = {node.key: chance.choices(typed, k=chance.randint(0, 2)) for node in shown[:8]}
    progress(definition, evaluate(definition, merge(definition, draft, posted).items))
    assert sections(definition) or not definition.items
    assert isinstance(begin(definition), list)
    return shown


def nested(depth):
    """A form whose innermost question is so deep, made without recursion."""
    inner = item("q", "boolean", required=True)
    for number in range(depth):
        inner = {"linkId": f"g{number}", "type": "group", "text": "g", "item": [inner]}
    return form(inner)


def deep(depth, name):
    inner = 1
    for _ in range(depth):
        inner = {name: inner}
    return inner


FLOOD = {f"key{number}": number for number in range(100_000)}
HOSTILE = {
    "2,000 groups in each other": (nested(2_000), response()),
    "a deep answer": (form(item("a")), response(answer("a", {"valueString": deep(5_000, "a")}))),
    "a deep extension": (form(item("a", extension=[deep(5_000, "extension")])), response()),
    "100,000 keys in an item": (form({**item("a"), **FLOOD}), response()),
    "100,000 keys in an answer": (form(item("a")), response(answer("a", FLOOD))),
    "100,000 items": (form(item("a")), response(*[answer("a", {"valueString": "x"})] * 100_000)),
    "NaN as a limit": (form(item("a", "integer", maxLength=float("nan"))), response()),
    "infinity as an answer": (form(item("a", "decimal")), response(answer("a", {"valueDecimal": float("inf")}))),
    "a number of 4,000 digits": (form(item("a", "integer")), response(answer("a", {"valueInteger": 10**4000}))),
    "maxLength of 4,000 digits": (form(item("a", maxLength=10**4000)), response(answer("a", {"valueString": "x"}))),
    "a lone surrogate as a name": (form(item("\ud800")), response(answer("\ud800", {"valueString": "\ud800"}))),
    "NUL in a name": (form(item("a\x00")), response(answer("a\x00", {"valueString": "\x00"}))),
    "10 MB of text": (form(item("a")), response(answer("a", {"valueString": "x" * 10_000_000}))),
    "a list where a name should be": (form({"linkId": ["a"], "type": {"b": 1}}), response({"linkId": ["a"]})),
    "a url that is a list": (form(item("a", extension=[{"url": ["x"]}, {"url": {}}])), response()),
    "a circle of 2,000": (
        form(
            *(item(f"q{n}", enableWhen=[when(f"q{(n + 1) % 2000}", "exists", answerBoolean=True)]) for n in range(2000))
        ),
        response(),
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_json_is_answered(name):
    assert checked(*HOSTILE[name]).exit_code in (0, 1)


@pytest.mark.parametrize(
    "raw",
    [
        b'{"resourceType": "Questionnaire", "item": ' + b"[" * 200_000,
        b'{"a":' * 200_000,
        b'{"resourceType": NaN}',
        b"9" * 100_000,
        b'{"a": 1e' + b"9" * 30 + b"}",
        b"\x00",
        b'"\\ud800"',
        b"\xed\xa0\x80",
    ],
    ids=["deep lists", "deep objects", "NaN", "a huge number", "a huge exponent", "NUL", "a surrogate", "bad UTF-8"],
)
def test_a_hostile_file_is_answered(raw):
    assert checked(read_json(raw, "form.json"), response()).exit_code == 2


def test_the_command_answers_twenty_mutants(tmp_path, capsys):
    """JSON on the way out whatever the file, and nothing but 0, 1 or 2."""
    codes = set()
    for seed, resource, answers in mutants(20):
        try:
            call_command("check_form", *files(tmp_path, resource, answers), "--json")
            codes.add(0)
        except SystemExit as ended:
            codes.add(ended.code)
        assert set(json.loads(capsys.readouterr().out)) == SHAPE, f"mutant {seed}"
    assert {1, 2} <= codes <= {0, 1, 2}


@pytest.mark.process
def test_so_does_the_command_line(tmp_path):
    for seed, resource, answers in mutants(2):
        command = [sys.executable, "manage.py", "check_form", *files(tmp_path, resource, answers), "--json"]
        ran = subprocess.run(command, cwd=ROOT, capture_output=True, timeout=120, check=False)
        assert set(json.loads(ran.stdout)) == SHAPE, f"mutant {seed}: {ran.stderr.decode()[-500:]}"
        assert ran.returncode in (0, 1, 2)
        assert b"Traceback" not in ran.stderr


def files(folder, resource, answers):
    form, response = folder / "form.json", folder / "answers.json"
    for file, content in ((form, resource), (response, answers)):
        file.write_text(json.dumps(content))  # NaN and surrogates as Python writes them
    return str(form), "--response", str(response)


def test_a_mutant_is_the_same_each_time():
    chances = [random.Random(7), random.Random(7)]
    one, other = (mutated(form(item("a"), item("b")), chance) for chance in chances)
    assert one == other
    assert any_response(form(item("a")), 3) == any_response(form(item("a")), 3)
