"""What somebody wrote, as words that can be compared, and patterns of words found in it. Pure, and linear in the text.

Words are compared without case, accents, apostrophes and repeated letters: "diiiie" is "die", "Don’t" is "dont",
"MÁS" is "mas". A pattern is a row of words: a/b is either, a? may be left out, ... is up to three words of any kind,
# is a number, YEAR one before 2020, and a name in capitals stands for the words of that class. It never reaches beyond
its sentence, and tries a bounded number of words from each place, so that no text takes more than its length in time.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

GAP = 3  # how many words "..." may stand for
LONGEST, OVERLAP = 60, 20  # words of a piece of a sentence, and those it shares with the piece before
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_APOSTROPHES = str.maketrans("", "", "'’ʼ`´")
_PARTS = re.compile(
    r"(?P<word>[^\W_]+(?:['’ʼ`´*@$]+[^\W_]+)*)"
    r"|(?P<stop>[?!;。]|(?<!\.)\.(?!\.)|\n[ \t\r]*\n)"
    r"|(?P<pause>[,:()\[\]\n–—/]|\s-+\s)"
    r'|(?P<quote>["“”«»„])'
)
_REPEATED = re.compile(r"([a-z])\1+")
_LOOKALIKES = str.maketrans("013457", "oieast")
_YEAR = re.compile(r"19\d\d|20[01]\d")
_BREAKS = frozenset({"but", "although", "though", "pero", "aunque", "sino"})


@dataclass(frozen=True, slots=True)
class Word:
    """One word as compared. `clause` counts the clauses of its sentence; `quoted`: it stands between quotation marks.

    `kinds` are what a pattern may call it: the word itself, and "#" or "YEAR".
    """

    kinds: tuple[str, ...]
    clause: int
    quoted: bool

    @property
    def text(self) -> str:
        return self.kinds[0]


@dataclass(frozen=True, slots=True)
class Sentence:
    """`text` is as it was written, for people; `words` are for comparing, the first `known` of them also stood in the
    piece before: a sentence that goes on and on comes in pieces that overlap."""

    text: str
    words: tuple[Word, ...]
    known: int = 0


@dataclass(frozen=True, slots=True)
class Slot:
    words: frozenset[str]
    may_be_left_out: bool = False
    is_gap: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """Where a pattern was found: words [start, end) of the sentence. `what` is what the pattern was listed under."""

    start: int
    end: int
    what: int


def folded(word: str) -> str:
    """A word as compared: without case, accents, apostrophes, repeated letters; digits inside a word are letters."""
    plain = word.casefold().translate(_APOSTROPHES)
    if not plain.isascii():
        plain = "".join(one for one in unicodedata.normalize("NFKD", plain) if not unicodedata.combining(one))
    if plain.isdigit():
        return plain
    if not plain.isalpha() and any(one.isalpha() for one in plain):
        plain = plain.translate(_LOOKALIKES)
    return _REPEATED.sub(r"\1", plain)


def sentences(text: str, misspellings: Mapping[str, str]) -> Iterator[Sentence]:
    """The sentences of a text, in order. `misspellings`: folded word → folded word."""
    text = _INVISIBLE.sub("", unicodedata.normalize("NFC", text))
    words: list[Word] = []
    starts: list[int] = []
    clause, quoted = 0, False
    for part in _PARTS.finditer(text):
        if part.lastgroup == "word":
            word = folded(part.group())
            clause += word in _BREAKS
            words.append(Word(_kinds(misspellings.get(word, word)), clause, quoted))
            starts.append(part.start())
        elif part.lastgroup == "pause":
            clause += 1
        elif part.lastgroup == "quote":
            quoted = not quoted
        else:
            yield from _pieces(text, words, starts, part.end())
            words, starts, clause, quoted = [], [], 0, False
    yield from _pieces(text, words, starts, len(text))


def _pieces(text: str, words: Sequence[Word], starts: Sequence[int], end: int) -> Iterator[Sentence]:
    """One sentence, cut into pieces of bounded length: what is compared within one costs its length squared."""
    for first in range(0, max(len(words) - OVERLAP, 1) if words else 0, LONGEST - OVERLAP):
        until = first + LONGEST
        said = text[starts[first] : starts[until] if until < len(words) else end]
        yield Sentence(said.strip(), tuple(words[first:until]), OVERLAP if first else 0)


def _kinds(word: str) -> tuple[str, ...]:
    if not word.isdigit():
        return (word,)
    return (word, "#", "YEAR") if _YEAR.fullmatch(word) else (word, "#")


class Patterns:
    """Patterns that are looked for all at once. What is found by several of them is found several times.

    Raises ValueError for a pattern that begins with a gap or with a word that may be left out.
    """

    def __init__(self, listed: Iterable[tuple[str, int]], classes: Mapping[str, str]) -> None:
        self._by_first: dict[str, list[tuple[tuple[Slot, ...], int]]] = defaultdict(list)
        for pattern, what in listed:
            slots = tuple(_slot(one, classes) for one in pattern.split())
            if slots[0].may_be_left_out or slots[0].is_gap:
                raise ValueError(f"A pattern must begin with a word that is there: {pattern}")
            for word in slots[0].words:
                self._by_first[word].append((slots[1:], what))

    def places(self, words: Sequence[Word]) -> Iterator[Place]:
        """Every place in the sentence at which a pattern begins."""
        for start, word in enumerate(words):
            for kind in word.kinds:
                for rest, what in self._by_first.get(kind, ()):
                    end = _end(rest, words, start + 1)
                    if end is not None:
                        yield Place(start, end, what)


def _slot(written: str, classes: Mapping[str, str]) -> Slot:
    if written.strip(".") == "":
        return Slot(frozenset(), is_gap=True)
    names = written.rstrip("?").split("/")
    spelt = (word for name in names for word in classes.get(name, name).split("/"))
    nested = (word for name in spelt for word in classes.get(name, name).split("/"))
    kinds = frozenset(word if word in ("#", "YEAR") else folded(word) for word in nested)
    return Slot(kinds, may_be_left_out=written.endswith("?"))


def _end(slots: tuple[Slot, ...], words: Sequence[Word], at: int) -> int | None:
    """Where the rest of a pattern ends if it is found at `at`. Tries both ways at what may be left out or be a gap."""
    if not slots:
        return at
    first, rest = slots[0], slots[1:]
    if first.is_gap:
        tries = (_end(rest, words, at + skipped) for skipped in range(GAP + 1))
        return next((end for end in tries if end is not None), None)
    if at < len(words) and not first.words.isdisjoint(words[at].kinds):
        end = _end(rest, words, at + 1)
        if end is not None or not first.may_be_left_out:
            return end
    return _end(rest, words, at) if first.may_be_left_out else None
