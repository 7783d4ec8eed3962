"""The form as a conversation: one question at a time, in the order of the form.

A turn is a screen. What is only to be read stands on the turn of the question after it. The entries of a repeating
group come one after the other, then a turn that asks whether there is another one. Nothing enabled is left out and
nothing disabled gets in: the turns are made from the same fields as the pages.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from intake.engine.definition import Definition
from intake.engine.navigation import FieldNode, Page, item_at

Groups = tuple[FieldNode, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Turn:
    """One screen. `kind`: a section before it starts, a question, a set (another entry?), or words after the last one.

    node: the question or the set, without what is asked below it, or the section's group. groups: those that it is
    in, outermost first, without the section's own. before: what is to be read first.
    """

    key: str
    kind: Literal["section", "question", "set", "words"]
    page: Page
    node: FieldNode
    groups: Groups = ()
    before: tuple[FieldNode, ...] = ()


def turns(pages: Sequence[Page]) -> tuple[Turn, ...]:
    """The whole conversation as it stands."""
    return tuple(turn for page in pages for turn in _of_page(page))


def _of_page(page: Page) -> Iterator[Turn]:
    if page.head is not None:
        yield Turn(page.head.key, "section", page, replace(page.head, children=()))
    unread: list[FieldNode] = []
    groups: Groups = ()
    for node, groups, is_over in _walk(page.body):
        if not node.is_asked:
            unread += [] if node.item.type == "group" else [replace(node, children=())]
        elif is_over or not node.is_set:
            shown = node if node.is_set else replace(node, children=())
            yield Turn(node.key, "set" if node.is_set else "question", page, shown, groups, tuple(unread))
            unread = []
    if unread:
        yield Turn(unread[-1].key, "words", page, unread[-1], groups, tuple(unread[:-1]))


def _walk(nodes: Sequence[FieldNode]) -> Iterator[tuple[FieldNode, Groups, bool]]:
    """Every node with the groups it is in, in reading order; a set once more when its entries are over."""
    waiting: list[tuple[FieldNode, Groups, bool]] = [(node, (), False) for node in nodes[::-1]]
    while waiting:
        node, groups, is_over = waiting.pop()
        yield node, groups, is_over
        if is_over:
            continue
        if node.is_set:
            waiting.append((node, groups, True))
        inside = (*groups, node) if node.item.type == "group" and not node.is_set else groups
        waiting += [(child, inside, False) for child in node.children[::-1]]


def turn_at(definition: Definition, turns: Sequence[Turn], key: str) -> Turn | None:
    """The turn of the place with that key; of a group its first one. None where there are no turns.

    What is no longer there leads to what it was in, else to what comes next in the form; an unknown key to the start.
    """
    for name in _upward(key):
        found = next((turn for turn in turns if turn.key == name), None) or next(
            (turn for turn in turns if name in {node.key for node in (*turn.groups, *turn.before)}), None
        )
        if found is not None:
            return found
    item = item_at(definition, key)
    start = -1 if item is None else item.index
    return next((turn for turn in turns if turn.node.item.index >= start), turns[-1] if turns else None)


def _upward(key: str) -> Iterator[str]:
    """list[1].dose, list[1], list."""
    yield key
    while found := re.fullmatch(r"(.*\])\.[^\]]*|(.*)\[\d+\]", key, re.DOTALL):
        key = found[1] or found[2] or ""
        yield key


def preceding(turns: Sequence[Turn], key: str) -> Turn | None:
    """The turn before the one with that key; None at the start."""
    keys = [turn.key for turn in turns]
    return turns[keys.index(key) - 1] if key in keys[1:] else None


def following(turns: Sequence[Turn], key: str, *, known: Collection[str] | None = None) -> Turn | None:
    """The turn after the one with that key; None at the end.

    `known` are the keys of the turns before an answer was given. A question that the answer brought up further ahead
    in the form is asked now, or it would be passed over.
    """
    keys = [turn.key for turn in turns]
    here = keys.index(key) if key in keys else -1
    earlier = [turn for turn in turns[: max(here, 0)] if known is not None and turn.key not in known]
    return next(iter([*earlier, *turns[here + 1 :]]), None)
