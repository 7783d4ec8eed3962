"""Does what a patient wrote tell of care for alcohol or drug use, although nobody asked about it there?

Such an entry inherits the tag of the substance-use sections: labelled, gated, held for a person. The words are in
implied.json, a curated and unverified list. Only answers are looked at, never the words of our own questions.
"""

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

_WORDS = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
MEDICINES = (*_WORDS["medicines"], *_WORDS["brands"])
PHRASES = tuple(phrase for language in _WORDS["phrases"].values() for phrase in language)
# Ours, not the patient's: what a question asks, what a code system or a label is called.
_OURS = frozenset(
    {
        "meta", "questionnaire", "linkId", "code", "category", "type", "policyRule", "scope", "interpretation",
        "reference", "system", "data", "url",
    }
)  # fmt: skip
_SPOKEN = ("Consent", "DocumentReference", "Patient", "RelatedPerson")


def tells_of_treatment(resource: Mapping[str, Any]) -> bool:
    """Whether any answer in the resource does. Of what was picked from a list only the name of a medicine counts."""
    if resource["resourceType"] in _SPOKEN:
        return False
    about = resource.get("code", {}) if resource["resourceType"] == "AllergyIntolerance" else {}
    return any(_tells(text, picked=picked) for text, picked in (*_told(resource), *_told(about)))


def words_tell(text: str) -> bool:
    """Whether freely written words do."""
    return _tells(text, picked=False)


def _told(value: Any, *, picked: bool = False) -> Iterator[tuple[str, bool]]:
    """(words, whether they were picked from a list) of every answer below."""
    if isinstance(value, Mapping):
        coded = picked or "coding" in value or "display" in value
        for name, child in value.items():
            is_ours = name in _OURS or (name == "text" and "linkId" in value)
            yield from () if is_ours else _told(child, picked=coded)
    elif isinstance(value, list):
        for child in value:
            yield from _told(child, picked=picked)
    elif isinstance(value, str):
        yield value, picked


def _tells(text: str, *, picked: bool) -> bool:
    words = _plain(text)
    return bool(_MEDICINE.search(words) or (not picked and _PHRASE.search(words)))


def _plain(text: str) -> str:
    """Lower case, without accents; a typed apostrophe or a line break doesn't hide a word."""
    bare = "".join(char for char in unicodedata.normalize("NFKD", text) if not unicodedata.combining(char))
    return " ".join(re.findall(r"\w+", bare.casefold()))


def _any_of(words: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(re.escape(_plain(one)) for one in words)})\b")


_MEDICINE, _PHRASE = _any_of(MEDICINES), _any_of(PHRASES)
