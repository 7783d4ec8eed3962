"""What fits on one page: sentences, each with the number of what it rests on, cut where a part has no more lines.

Pure, and on the safe side: a character is counted as wide as the widest of its kind in the brief's letter (DejaVu Sans
8 pt), so that what fits by this count fits on paper. Nothing is left out silently: a cut ends with `CUT`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

LINE = 106  # units in a line of the page (196 mm); a unit is the widest small letter, 0.64 of 8 pt
CUT = "…, see the patient page"
NARROW = frozenset("abcdefghijklnopqrstuvxyzáéíóúüñ0123456789 .,;:'’\"()/-[]–−+=")
MOST_QUESTION = 44  # units of a question in the list of what the sentences rest on


@dataclass(frozen=True, slots=True)
class Source:
    """What a sentence rests on: a form or document with the time it was given, and the question."""

    where: str
    question: str


@dataclass(frozen=True, slots=True)
class Said:
    """One sentence with its source. `urgency` is a finding's."""

    text: str
    source: Source
    urgency: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """`most` lines, unless other parts leave some over, and `count` sentences at the most; sentences that `flow` stand
    in one paragraph.
    """

    title: str
    said: tuple[Said, ...]
    most: int
    count: int
    flows: bool = False
    nothing: str = "Nothing was answered."


@dataclass(frozen=True, slots=True)
class Line:
    text: str
    number: int
    urgency: str


@dataclass(frozen=True, slots=True)
class FittedPart:
    """`note` says that something is left out, or that there is nothing."""

    title: str
    lines: tuple[Line, ...]
    flows: bool
    note: str


@dataclass(frozen=True, slots=True)
class Fitted:
    """`references`: for each form the numbers that stand in the text, with the beginning of the question."""

    parts: tuple[FittedPart, ...]
    references: tuple[tuple[str, tuple[tuple[int, str], ...]], ...]


def fitted(parts: Iterable[Part]) -> Fitted:
    """Each part within its lines; what one leaves over goes to the first that has to be cut.

    Sources are numbered in the order in which they are first named.
    """
    planned = tuple(parts)
    needed = [_needed(part) for part in planned]
    left = sum(max(0, part.most - wanted) for part, wanted in zip(planned, needed, strict=True))
    numbers: dict[Source, int] = {}
    shown = []
    for part, wanted in zip(planned, needed, strict=True):
        more = min(left, max(0, wanted - part.most))
        left -= more
        shown.append(_fitted(replace(part, most=part.most + more), numbers))
    grouped: dict[str, list[tuple[int, str]]] = {}
    for source, number in numbers.items():
        grouped.setdefault(source.where, []).append((number, cut(source.question, 1, MOST_QUESTION, "…")))
    return Fitted(tuple(shown), tuple((where, tuple(asked)) for where, asked in grouped.items()))


def _fitted(part: Part, numbers: dict[Source, int]) -> FittedPart:
    kept = _kept(part, part.most)
    if len(kept) == len(part.said) and all(
        short.text == whole.text for short, whole in zip(kept, part.said, strict=True)
    ):
        note = "" if kept else part.nothing
    else:
        kept, note = _kept(part, part.most - 1), f"{CUT}."
    lines = tuple(Line(one.text, numbers.setdefault(one.source, len(numbers) + 1), one.urgency) for one in kept)
    return FittedPart(part.title, lines, part.flows, note)


def _needed(part: Part) -> int:
    """The lines that all of it would take, at least one; for more sentences than it may have, one for saying so."""
    marks = [f"{one.urgency} {one.text} [99]" for one in part.said[: part.count]]
    taken = lines(" ".join(marks)) if part.flows else sum(map(lines, marks))
    return max(1, taken + (len(part.said) > part.count))


def _kept(part: Part, most: int) -> Sequence[Said]:
    kept: list[Said] = []
    used, running = 0, ""
    for one in part.said[: part.count]:
        mark = f"{one.urgency} {one.text} [99]"
        running = f"{running} {mark}" if part.flows else mark
        needed = lines(running) if part.flows else used + lines(mark)
        if needed <= most:
            kept.append(one)
            used = needed
            continue
        if most > used:
            short = cut(one.text, most - used, LINE - 14, "…")
            kept.append(Said(short, one.source, one.urgency))
        break
    return kept


def lines(text: str, width: int = LINE) -> int:
    """How many lines the words take, filled one after the other; a word wider than a line is broken."""
    count, room = 0, 0
    for word in text.split():
        units = _units(word)
        if room > units:
            room -= units + 1
            continue
        count += -(-units // width)
        room = width - 1 - (units - 1) % width
    return count


def cut(text: str, most: int, width: int, end: str) -> str:
    """As much of it, by whole characters, as stands in `most` lines, ended by `end` when something is missing."""
    if lines(text, width) <= most:
        return text
    low, high = 0, len(text)
    while low < high:  # more characters never need fewer lines
        middle = (low + high + 1) // 2
        if lines(text[:middle] + end, width) <= most:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + end


def _units(word: str) -> int:
    """Some single characters are whole words in another script: they count as what they stand for."""
    return sum(1 if char in NARROW else 2 * len(unicodedata.normalize("NFKC", char)) for char in word)
