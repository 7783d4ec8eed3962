"""What was disclosed, in plain words for the patient: a kind of entry, and the form that it is of; never an answer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Kind → one of it and several, without the name of a form and with it. `%(about)s` is that name.
KINDS: Mapping[str, tuple[str, str]] = {
    "person": ("who the patient is and how to reach them", "who the patient is and how to reach them"),
    "form": ("the answers to a form", "the answers to %(count)s forms"),
    "form-of": ("the answers to “%(about)s”", "the answers to “%(about)s”"),
    "answer": ("an answer or a result", "%(count)s answers or results"),
    "answer-of": ("one answer from “%(about)s”", "%(count)s single answers from “%(about)s”"),
    "score": ("a result", "%(count)s results"),
    "score-of": ("the result of “%(about)s”", "%(count)s results of “%(about)s”"),
    "medicine": ("a medicine that is taken", "%(count)s medicines that are taken"),
    "allergy": ("an allergy, or that there is none", "%(count)s statements about allergies"),
    "document": ("a document", "%(count)s documents"),
    "signed": ("a copy of a signed document", "copies of %(count)s signed documents"),
    "decision": ("a decision about a document", "decisions about %(count)s documents"),
    "photo": ("a photo that was sent", "%(count)s photos that were sent"),
    "notice": ("the notice that goes with protected records", "the notice that goes with protected records"),
    "incident": ("a note about a safety alert", "%(count)s notes about safety alerts"),
    "emergency": ("a note about what was told in an emergency", "%(count)s notes about emergencies"),
    "entry": ("an entry of the record", "%(count)s entries of the record"),
}
# What the ledger said before it knew kinds: the chart's own names.
_OLD = {
    "Patient": "person",
    "QuestionnaireResponse": "form",
    "Observation": "answer",
    "MedicationStatement": "medicine",
    "AllergyIntolerance": "allergy",
    "DocumentReference": "document",
    "Consent": "decision",
}


@dataclass(frozen=True, slots=True)
class What:
    """`about`: the form's title by language, empty where the kind has none."""

    kind: str
    about: Mapping[str, str]

    @property
    def words(self) -> tuple[str, str]:
        """One and several, before the name and the number are put in."""
        return (self.about and KINDS.get(f"{self.kind}-of")) or KINDS.get(self.kind) or KINDS["entry"]

    def title(self, language: str) -> str:
        return self.about.get(language) or self.about.get("en", "")

    def __str__(self) -> str:
        """One of it in English."""
        return self.words[0] % {"about": self.title("en"), "count": 1}


def what(kind: str, about: Mapping[str, str], summary: str) -> What | None:
    """Of a row of the ledger. None where the row has words of its own, as what staff told by phone has."""
    known = kind or _OLD.get(summary, "")
    return What(known, about) if known else None


def counted(told: Iterable[What]) -> list[tuple[What, int]]:
    """Each kind of each form once, with how many there are, in the order of `KINDS`."""
    found: dict[tuple[int, str], tuple[What, int]] = {}
    places = {kind: place for place, kind in enumerate(KINDS)}
    for one in told:
        key = (places.get(one.kind, len(places)), one.title("en"))
        found[key] = (one, found.get(key, (one, 0))[1] + 1)
    return [found[key] for key in sorted(found)]
