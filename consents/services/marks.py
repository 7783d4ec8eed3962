"""A signature drawn with a finger: strokes, each a list of [x, y] in 1/1000 of the pad's width; read, never trusted."""

import json

LARGEST = 60_000  # characters as they come
MOST_STROKES, MOST_POINTS = 100, 4000
FULL = 1000

Strokes = list[list[list[int]]]


class UnreadableMark(ValueError):
    """What came is no drawing of ours; the text says what is wrong with it."""


def read_mark(text: str) -> Strokes | None:
    """The strokes in what the page sent; None where nothing was drawn. Raises UnreadableMark."""
    if not text.strip():
        return None
    if len(text) > LARGEST:
        raise UnreadableMark("too large")
    try:
        strokes = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableMark("not JSON") from error
    if not isinstance(strokes, list) or len(strokes) > MOST_STROKES:
        raise UnreadableMark("not a list of strokes, or too many")
    if not all(isinstance(stroke, list) and stroke for stroke in strokes):
        raise UnreadableMark("a stroke is not a list of points")
    if sum(len(stroke) for stroke in strokes) > MOST_POINTS:
        raise UnreadableMark("too many points")
    if not all(_is_point(point) for stroke in strokes for point in stroke):
        raise UnreadableMark("a point is not two whole numbers on the pad")
    return strokes or None


def _is_point(point: object) -> bool:
    """`type` and not isinstance: true is an int to Python, and 1.0 is none to us."""
    return isinstance(point, list) and len(point) == 2 and all(type(one) is int and 0 <= one <= FULL for one in point)
