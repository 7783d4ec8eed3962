"""Finding a coded term by what people type: the first letters of each word, without accents or capitals.

PostgreSQL's core full-text search narrows the table down by the beginnings of words (configuration `simple`: no
stemming, no stop words, no extension); what fits, what nearly fits and in which order is decided here.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Final

MOST: Final = 8  # what a phone shows without scrolling far
_LONGEST: Final = 200  # characters; whoever types more than a name gets no suggestions
_MOST_WORDS: Final = 8
_BEGINNING: Final = 4  # letters that a misspelled word must still share with the right one
_ALIKE: Final = 0.8  # of difflib's ratio: amoxicilin and amoxicillin are 0.95, sertraline and selegiline 0.6


@dataclass(frozen=True, slots=True)
class Term:
    """`value` is system|code, `label` what the patient reads, `words` all that it is found by."""

    value: str
    label: str
    words: str = ""
    rank: int = 100


def words_of(text: str) -> tuple[str, ...]:
    """The words in small letters without accents; nothing of a text that is too long to be a name."""
    if len(text) > _LONGEST:
        return ()
    letters = unicodedata.normalize("NFKD", text.casefold())
    return tuple(re.findall(r"[^\W_]+", "".join(char for char in letters if not unicodedata.combining(char))))


def searched(texts: Iterable[str]) -> str:
    """A tsquery that finds every term that one of the texts could mean; "" where nothing can be searched for."""
    asked = [words_of(text)[:_MOST_WORDS] for text in texts]
    alternatives = {" & ".join(f"{word[:_BEGINNING]}:*" for word in words) for words in asked if words}
    return " | ".join(f"({one})" for one in sorted(alternatives))


def nearest(typed: str, terms: Sequence[Term]) -> tuple[Term, ...]:
    """The best terms for what was typed, at most eight: the very words, then what starts with them, then by rank.

    Only where nothing has words that begin so, those spelled nearly so.
    """
    words = words_of(typed)
    if not words:
        return ()
    found = [term for term in terms if _begins(words, term)] or [term for term in terms if _is_alike(words, term)]
    return tuple(sorted(found, key=lambda term: _order(words, term))[:MOST])


def is_named(typed: str, label: str) -> bool:
    """Whether the text is the very name, capitals, accents and punctuation aside."""
    return bool(words_of(typed)) and words_of(typed) == words_of(label)


def _begins(words: Sequence[str], term: Term) -> bool:
    return all(any(known.startswith(word) for known in term.words.split()) for word in words)


def _is_alike(words: Sequence[str], term: Term) -> bool:
    return all(any(_likeness(word, known) >= _ALIKE for known in term.words.split()) for word in words)


def _likeness(word: str, known: str) -> float:
    return SequenceMatcher(None, word, known).ratio()


def _order(words: Sequence[str], term: Term) -> tuple[bool, bool, int, str]:
    label = words_of(term.label)
    return label != tuple(words), not " ".join(label).startswith(" ".join(words)), term.rank, term.label.casefold()
