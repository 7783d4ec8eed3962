"""One page by count: nothing is left out silently, and what is counted is never less than what paper needs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.rules.brief import CUT, LINE, Part, Said, Source, cut, fitted, lines

ONE, OTHER = Source("PHQ-9, today", "the ninth"), Source("PHQ-9, today", "the first")


@pytest.mark.parametrize(
    ("text", "needed"),
    [("", 0), ("one", 1), ("a" * LINE, 1), ("a" * (LINE + 1), 2), ("W" * LINE, 2), ("ab " * LINE, 4)],
)
def test_lines_are_filled_word_after_word_and_wide_letters_count_twice(text, needed):
    assert lines(text) == needed


@given(st.text(max_size=600), st.integers(1, 4))
def test_what_is_cut_stands_in_its_lines_and_is_the_beginning_of_what_was_said(text, most):
    short = cut(text, most, LINE, "…")
    assert lines(short) <= most
    assert short == text or text.startswith(short.removesuffix("…"))


def test_everything_that_fits_is_there_with_its_numbers_and_one_number_for_one_source():
    said = (Said("One.", ONE), Said("Two.", OTHER), Said("Three.", ONE))
    page = fitted([Part("A", said, most=5, count=5)])
    assert [(line.text, line.number) for line in page.parts[0].lines] == [("One.", 1), ("Two.", 2), ("Three.", 1)]
    assert page.references == (("PHQ-9, today", ((1, "the ninth"), (2, "the first"))),)
    assert page.parts[0].note == ""


@pytest.mark.parametrize("flows", [True, False])
@pytest.mark.parametrize(
    "said",
    [(Said("word " * 900, ONE),), tuple(Said(f"Sentence {n}.", ONE) for n in range(40)), (Said("W" * 3000, ONE),)],
)
def test_what_does_not_fit_is_said_not_dropped(said, flows):
    (part,) = fitted([Part("A", said, most=4, count=30, flows=flows)]).parts
    assert part.note == f"{CUT}."
    text = " ".join(f"{line.text} [99]" for line in part.lines)
    assert (lines(text) if flows else sum(lines(f"{line.text} [99]") for line in part.lines)) <= 3
    assert part.lines


def test_more_sentences_than_a_part_takes_are_said_too():
    (part,) = fitted([Part("A", tuple(Said(str(n), ONE) for n in range(9)), most=9, count=8)]).parts
    assert (len(part.lines), part.note) == (8, f"{CUT}.")


def test_a_part_without_anything_says_so():
    (part,) = fitted([Part("A", (), most=2, count=2, nothing="Nothing was answered.")]).parts
    assert (part.lines, part.note) == ((), "Nothing was answered.")


def test_what_one_part_leaves_over_goes_to_the_first_that_would_be_cut():
    long = tuple(Said(f"Sentence {n}.", ONE) for n in range(9))
    short, first, second = fitted(
        [Part("A", long[:1], most=4, count=9), Part("B", long, most=6, count=9), Part("C", long, most=6, count=9)]
    ).parts
    assert (len(short.lines), len(first.lines), len(second.lines)) == (1, 9, 5)
    assert (first.note, second.note) == ("", f"{CUT}.")
