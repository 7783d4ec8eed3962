"""A drawn signature is read point by point; whatever is no drawing of ours is refused."""

import json

import pytest

from consents.services.marks import LARGEST, UnreadableMark, read_mark


def test_nothing_drawn_is_no_mark():
    assert read_mark("") is read_mark(" ") is read_mark("[]") is None


def test_strokes_come_back_as_they_were_drawn():
    assert read_mark("[[[0,0],[1000,400]],[[5,5]]]") == [[[0, 0], [1000, 400]], [[5, 5]]]


@pytest.mark.parametrize(
    "text",
    [
        "{}", "1", "null", '"x"', "[1]", "[[]]", "[[1,2]]", "[[[1]]]", "[[[1,2,3]]]", "[[[-1,0]]]", "[[[0,1001]]]",
        "[[[0.5,1]]]", "[[[1e9,1]]]", "[[[true,1]]]", '[[["1",1]]]', "[[[NaN,1]]]", "[[[1,1]]", "<svg>", "[" * 30_000,
        '[[[1,1]],{"onload":1}]',
    ],
)  # fmt: skip
def test_what_is_no_drawing_is_refused(text):
    with pytest.raises(UnreadableMark):
        read_mark(text)


@pytest.mark.parametrize(
    "strokes", [[[[1, 1]]] * 101, [[[1, 1]] * 4001], [[[1, 1]] * 2001, [[1, 1]] * 2000]], ids=["strokes", "one", "two"]
)
def test_more_than_a_hand_draws_is_refused(strokes):
    with pytest.raises(UnreadableMark):
        read_mark(json.dumps(strokes))


def test_what_is_too_long_is_not_even_read():
    with pytest.raises(UnreadableMark, match="too large"):
        read_mark("[" + " " * LARGEST + "]")
