"""Words of a patient's own that may tell of danger, in English and Spanish, in one text also.

The list is `phrases.json`: curated by the project, not clinically validated, awaiting a clinician's sign-off. A hit is
"possible", never more, and silence says nothing: no rule here lowers, resolves or replaces anything else.

What is done with a phrase, always on the cautious side:
- it pages, at its urgency, unless something below holds; where no time is said, it is now;
- negated ("I don't want to die") or past ("years ago I tried to"): a person reads it, nobody is paged. Silence would
  trust a rule about words too far. "Still", "again", "not only", "I don't know if" and the like undo that;
- about somebody else ("my brother wants to kill himself", also quoted): a person reads it. When somebody else answers
  for the patient (`by_other`), "he wants to die" is about the patient and pages;
- within an idiom of the list ("dying of hunger"): nothing. Nothing else is ever left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from screening.instruments.base import Priority
from screening.rules.words import Patterns, Place, Sentence, Word, folded, sentences

MOST = 5  # of one text: who reads these reads the text
NEGATION_REACHES = 6  # words, within the clause
QUOTED = 300  # characters of a sentence

_LIST: Mapping[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
_BLOCKS: Sequence[Mapping[str, Any]] = _LIST["phrases"]
_MISSPELT = {folded(wrong): folded(right) for wrong, right in _LIST["misspellings"].items()}
PAGING = ("critical", "high")
_GRADES: tuple[Priority, ...] = ("critical", "high", "medium", "info")


def _patterns(listed: Sequence[str], what: int = 0) -> Patterns:
    return Patterns(((pattern, what) for pattern in listed), _LIST["words"])


_PHRASES = Patterns(
    ((one, number) for number, block in enumerate(_BLOCKS) for one in (*block["en"], *block["es"])), _LIST["words"]
)
_IDIOMS = _patterns([*_LIST["idioms"]["en"], *_LIST["idioms"]["es"]])
_CONTEXT = {name: _patterns(listed) for name, listed in _LIST["context"].items()}


@dataclass(frozen=True, slots=True)
class Hit:
    """One possible sign of danger. `sentence` is as written: PHI. `words` are those up to the phrase's end.

    They are as compared, and stay the same while the patient types on, so that a longer sentence is no new hit.
    """

    group: str
    urgency: Priority
    pages: bool
    sentence: str
    words: str


def hits(text: str, *, by_other: bool = False) -> tuple[Hit, ...]:
    """The worst hit of each sentence, the worst five of the text, in its order. Time is linear in the text's length.

    `by_other`: somebody else answers for the patient, so what is said of somebody else is said of the patient.
    """
    worst = [min(found, key=_rank) for one in sentences(text, _MISSPELT) if (found := list(_hits(one, by_other)))]
    distinct = list({(hit.words, hit.urgency): hit for hit in worst}.values())
    chosen = sorted(distinct, key=_rank)[:MOST]
    return tuple(hit for hit in distinct if hit in chosen)


def _rank(hit: Hit) -> int:
    return _GRADES.index(hit.urgency)


def _hits(sentence: Sentence, by_other: bool) -> Iterator[Hit]:
    places = [place for place in _PHRASES.places(sentence.words) if place.end > sentence.known]
    if not places:
        return
    around = _Around(sentence.words)
    for place in places:
        if around.is_idiom(place):
            continue
        block = _BLOCKS[place.what]
        words = " ".join(word.text for word in sentence.words[: place.end])
        hit = Hit(block["group"], block["urgency"], block["urgency"] in PAGING, _shortened(sentence.text), words)
        is_others = around.is_somebody_elses(place, block["person"]) and not by_other
        if is_others or around.is_negated(place) or around.is_past(place):
            hit = replace(hit, urgency="medium", pages=False)
        yield hit


def _shortened(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= QUOTED else f"{plain[:QUOTED]}…"


class _Around:
    """What stands around a phrase in its sentence, looked up once for all phrases in it."""

    def __init__(self, words: tuple[Word, ...]) -> None:
        self._words = words
        self._idioms = list(_IDIOMS.places(words))
        self._found = {name: list(patterns.places(words)) for name, patterns in _CONTEXT.items()}

    def is_idiom(self, place: Place) -> bool:
        return any(one.start < place.end and place.start < one.end for one in self._idioms)

    def is_negated(self, place: Place) -> bool:
        """A "no" or "never" shortly before in the clause that negates nothing else, or a "none" as the last word."""
        spared = [range(one.start, one.end) for one in self._found["not negation"]]
        near = range(place.start - NEGATION_REACHES, place.start)
        return any(
            one.start in near and self._in_clause(one, place) and not any(one.start in span for span in spared)
            for one in self._found["negation"]
        ) or any(
            one.end == len(self._words) and 0 <= one.start - place.end <= 1 for one in self._found["negation after"]
        )

    def is_past(self, place: Place) -> bool:
        """Said of a time long gone, and of no other."""
        if self._found["still"] or self._here("recent", place):
            return False
        if self._here("past by itself", place):
            return True
        return bool(self._found["past cue"]) and self._here("past verb", place)

    def is_somebody_elses(self, place: Place, person: str) -> bool:
        """By the phrase itself, by who is named last before it (or as whose right after it), or by who is quoted."""
        if person == "other" or self._is_quoted_from_somebody_else(place):
            return True
        return person == "any" and (self._is_somebody_else_last(place) or self._is_somebody_elses_after(place))

    def _is_somebody_else_last(self, place: Place) -> bool:
        def last(name: str) -> int:
            ends = (one.end for one in self._found[name] if one.end <= place.start and self._in_clause(one, place))
            return max(ends, default=-1)

        return last("somebody else") > last("first person")

    def _is_somebody_elses_after(self, place: Place) -> bool:
        """ "the suicide of my brother", "suicidio en mi familia": somebody within three words of an of or in."""
        joined = [word.text for word in self._words[place.end : place.end + 1]]
        near = range(place.end, place.end + 4)
        return joined in (["of"], ["de"], ["in"], ["en"], ["runs"]) and any(
            one.start in near for one in self._found["somebody else"]
        )

    def _is_quoted_from_somebody_else(self, place: Place) -> bool:
        """Between quotation marks, and the first person named before them isn't whoever writes."""
        if not self._words[place.start].quoted:
            return False
        first = next((one for one in range(place.start, 0, -1) if not self._words[one - 1].quoted), 0)

        def named(name: str) -> int:
            return min((one.start for one in self._found[name] if one.end <= first), default=len(self._words))

        return named("somebody else") < named("first person")

    def _here(self, name: str, place: Place) -> bool:
        return any(self._in_clause(one, place) for one in self._found[name])

    def _in_clause(self, one: Place, place: Place) -> bool:
        return self._words[one.start].clause == self._words[place.start].clause
