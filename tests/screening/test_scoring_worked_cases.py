"""The cases a careful human scored by hand, and every possible PHQ-9, GAD-7 and DAST-10."""

import json
from bisect import bisect_right
from itertools import product
from pathlib import Path

import pytest

from screening import rules, scoring

CASES = json.loads((Path(__file__).parent / "data" / "worked_cases.json").read_text(encoding="utf-8"))["cases"]

FREQUENCY = ("LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9")
NO_YES = ("LA32-8", "LA33-6")


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_a_worked_case_scores_as_the_human_scored_it(case):
    result = scoring.score(case["instrument"], case["answers"], sex=case["sex"])
    detail = scoring.detail(result)
    flags = [finding.code for finding in rules.findings(case["instrument"], result, case["answers"])]
    got = {key: detail[key] for key in ("total", "band", "positive", "missing")} | {"flags": flags}
    assert got == case["expected"]


def every_result(instrument, link_ids, codes):
    """Each possible vector of points (0 first) with the result the scorer gives for it."""
    for points in product(range(len(codes)), repeat=len(link_ids)):
        yield (
            points,
            scoring.score(instrument, {link_id: codes[n] for link_id, n in zip(link_ids, points, strict=True)}),
        )


@pytest.mark.parametrize(
    ("instrument", "prefix", "items", "starts", "bands", "cutoff"),
    [
        ("phq-9", "phq9", 9, (5, 10, 15, 20), ("minimal", "mild", "moderate", "moderately-severe", "severe"), 10),
        ("gad-7", "gad7", 7, (5, 10, 15), ("minimal", "mild", "moderate", "severe"), 10),
    ],
)
def test_every_possible_frequency_vector_sums(instrument, prefix, items, starts, bands, cutoff):
    link_ids = [f"{prefix}-q{n}" for n in range(1, items + 1)]
    seen = 0
    for points, result in every_result(instrument, link_ids, FREQUENCY):
        total = sum(points)
        assert (result.total, result.band, result.positive) == (
            total,
            bands[bisect_right(starts, total)],
            total >= cutoff,
        )
        seen += 1
    assert seen == 4**items


def test_every_possible_dast_10_vector_sums_with_item_3_turned_round():
    link_ids = [f"dast10-q{n}" for n in range(1, 11)]
    bands = ("none", "low", "moderate", "substantial", "severe")
    seen = 0
    for yes, result in every_result("dast-10", link_ids, NO_YES):
        total = sum(yes) - yes[2] + (1 - yes[2])
        assert (result.total, result.band) == (total, bands[bisect_right((1, 3, 6, 9), total)])
        assert result.positive == (total >= 3)
        seen += 1
    assert seen == 2**10


def test_dast_10_all_yes_is_nine_and_all_no_is_one():
    link_ids = [f"dast10-q{n}" for n in range(1, 11)]
    for code, total in (("LA33-6", 9), ("LA32-8", 1)):
        assert scoring.detail(scoring.score("dast-10", dict.fromkeys(link_ids, code)))["total"] == total
