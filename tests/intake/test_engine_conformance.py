"""Our conformance vectors: data written from the specification's sentences, each case naming its own."""

import json
from pathlib import Path

import pytest

from intake.adapters.fhirpath import compile_expression
from intake.engine.report import report

VECTORS = Path(__file__).parents[1] / "conformance"
CASES = [
    pytest.param(case, id=f"{file.stem}: {case['name']}")
    for file in sorted(VECTORS.glob("*.json"))
    for case in json.loads(file.read_text())
]


@pytest.mark.parametrize("case", CASES)
def test_the_engine_does_what_the_sentence_says(case):
    expect = case["expect"]
    found = report(case["questionnaire"], case["response"], compiler=compile_expression).content
    got = {
        "lint": [entry["code"] for entry in found["lint"] if entry["severity"] == "error"],
        "enabled": found["enabled"],
        "missing": found["missing"],
        "dropped": found["dropped"],
        "calculated": found["calculated"],
        "errors": [[error["linkId"], error["code"]] for error in found["errors"]],
    }
    assert {name: got[name] for name in expect if name != "record"} == {
        name: wanted for name, wanted in expect.items() if name != "record"
    }, case["sentence"]
    assert "lint" in expect or not got["lint"]


@pytest.mark.parametrize("case", [case for case in CASES if "record" in str(case.values[0])])
def test_the_record_holds_the_enabled_part(case):
    from intake.engine import evaluate, parse

    record = evaluate(parse(case["questionnaire"], compile_expression), case["response"]["item"]).record
    assert record == case["expect"]["record"], case["sentence"]


def test_there_are_enough_vectors_and_each_names_its_sentence():
    cases = [case.values[0] for case in CASES]
    assert len(cases) >= 150
    assert all(case["sentence"] and case["source"] and case["expect"] for case in cases)
    assert len({case["name"] for case in cases}) == len(cases)
