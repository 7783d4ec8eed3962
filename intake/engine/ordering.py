"""In which order a form's conditions can be decided, and where they go round in a circle."""

from collections.abc import Iterator, Sequence
from itertools import takewhile

from intake.engine.definition import ROOT, Item


def nearest_common_ancestor(a: int, b: int, parents: Sequence[int]) -> int:
    """The innermost item that both are in (or are), ROOT if they share only the form."""
    above = set(_upwards(a, parents))
    return next((index for index in _upwards(b, parents) if index in above), ROOT)


def decide_order(items: Sequence[Item]) -> tuple[tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """Each item after its parent and what it needs; and the circles that had to be broken for it.

    A depth-first walk in reading order: an item met again while it is being walked closes a circle, and that one
    step is left out. So the order is always the same for the same form.
    """
    order: list[int] = []
    loops: dict[int, tuple[int, ...]] = {}  # by the item that closes the circle, one for each
    done: set[int] = set()
    for start in range(len(items)):
        if start in done:
            continue
        trail = {start: None}  # the items being walked, in order
        walks = [_needs(items[start])]
        while walks:
            needed = next(walks[-1], None)
            if needed is None:
                walks.pop()
                index, _ = trail.popitem()
                done.add(index)
                order.append(index)
            elif needed in trail:
                around = list(takewhile(needed.__ne__, reversed(trail)))
                loops.setdefault(needed, (needed, *around[::-1]))
            elif needed not in done:
                trail[needed] = None
                walks.append(_needs(items[needed]))
    return tuple(order), tuple(loops.values())


def _needs(item: Item) -> Iterator[int]:
    if item.parent != ROOT:
        yield item.parent
    yield from item.needs


def _upwards(index: int, parents: Sequence[int]) -> Iterator[int]:
    while index != ROOT:
        yield index
        index = parents[index]
