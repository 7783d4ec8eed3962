"""Change and its published definitions, at their very edges."""

import pytest

from screening import instruments
from screening.rules.change import NONE_PUBLISHED, changes, definitions, response_limit


def labels(instrument, *totals):
    return [[mark.label for mark in change.marks] for change in changes(instrument, totals)]


def test_the_first_total_has_nothing_to_be_compared_with():
    (first,) = changes("phq-9", [12])
    assert (first.since_last, first.since_first, first.marks) == (None, None, ())


def test_points_since_the_last_and_since_the_first():
    assert [(one.since_last, one.since_first) for one in changes("gad-7", [12, 8, 9])] == [
        (None, None),
        (-4, -4),
        (1, -3),
    ]


@pytest.mark.parametrize(
    ("instrument", "first", "now", "marks"),
    [
        ("phq-9", 9, 5, []),
        ("phq-9", 9, 4, ["reliably lower than at first"]),  # no response, no remission: the first total is below 10
        ("phq-9", 10, 6, []),
        ("phq-9", 10, 5, ["reliably lower than at first", "response"]),
        ("phq-9", 10, 4, ["reliably lower than at first", "response", "remission"]),
        ("phq-9", 21, 11, ["reliably lower than at first"]),
        ("phq-9", 21, 10, ["reliably lower than at first", "response"]),
        ("phq-9", 9, 13, []),
        ("phq-9", 9, 14, ["reliably higher than at first"]),
        ("gad-7", 12, 7, []),
        ("gad-7", 12, 6, ["reliably lower than at first"]),
        ("dast-10", 10, 0, []),
        ("audit-c", 12, 0, []),
    ],
)
def test_a_mark_is_given_from_the_published_figure_on_and_not_before(instrument, first, now, marks):
    assert labels(instrument, first, now)[1] == marks


def test_worse_than_last_time_is_said_while_it_is_better_than_at_first():
    (_, _, third) = changes("phq-9", [20, 6, 12])
    assert [(mark.label, mark.is_good) for mark in third.marks] == [
        ("reliably higher than last time", False),
        ("reliably lower than at first", True),
    ]


@pytest.mark.parametrize(("first", "limit"), [(9, None), (10, 5), (21, 10)])
def test_the_limit_drawn_is_the_highest_total_that_is_marked(first, limit):
    assert response_limit("phq-9", first) == limit
    if limit is not None:
        assert "response" in labels("phq-9", first, limit)[1]
        assert "response" not in labels("phq-9", first, limit + 1)[1]
    assert response_limit("gad-7", first) is None


@pytest.mark.parametrize("name", instruments.REGISTRY)
def test_every_instrument_says_its_definition_with_source_and_doubt_or_that_there_is_none(name):
    said = definitions(name)
    if instruments.get(name).progress is None:
        assert said == (NONE_PUBLISHED,)
    else:
        assert "20" in said[0], "a source with its year"
        assert said[-1].startswith("Not verified")
