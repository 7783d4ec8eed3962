"""What a finished packet holds, as the mapping takes it: frozen values, filled from the database by the services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Address:
    """A United States postal address; `state` is the two-letter code."""

    line: str
    city: str
    state: str
    postal_code: str


@dataclass(frozen=True, slots=True)
class PatientRecord:
    """The patient as the clinic registered them. `sex` is a FHIR administrative gender, `language` a BCP 47 tag."""

    id: str
    mrn: str | None
    family: str
    given: str
    birth_date: date
    sex: str
    phone: str
    email: str
    language: str
    address: Address | None


@dataclass(frozen=True, slots=True)
class Respondent:
    """Who answered for the patient; `relationship` is "parent", "guardian" or "proxy"."""

    name: str
    relationship: str


@dataclass(frozen=True, slots=True)
class PhotoRecord:
    """A photo that an answer names by its id."""

    id: str
    title: str
    taken_at: datetime
    jpeg: bytes


@dataclass(frozen=True, slots=True)
class AnswerSet:
    """One answered form.

    `items` are the enabled QuestionnaireResponse items, `definition` is the Questionnaire they answer, `sensitivity`
    is "none" or "sud" (substance use: waits for the Part 2 consent), `authored` is an aware instant. Without a
    `respondent` the patient answered; `helper` is the member of staff who helped with
    it, or with some of it, "" if nobody did.
    """

    slug: str
    url: str
    version: str
    title: str
    sensitivity: str
    authored: datetime
    items: Sequence[Mapping[str, Any]]
    definition: Mapping[str, Any]
    photos: Sequence[PhotoRecord] = ()
    respondent: Respondent | None = None
    helper: str = ""


@dataclass(frozen=True, slots=True)
class ScoreRecord:
    """What the server made of one instrument; `total` is None where the instrument has none, or it was withheld.

    `level_loinc` and `band_loinc` are set for an instrument with a level instead: the question's code and the answer's,
    which is None for a level that LOINC has no answer for.
    """

    instrument: str
    panel_loinc: str | None
    total_loinc: str | None
    title: str
    total: int | None
    band: str
    sensitivity: str
    authored: datetime
    answer_slug: str
    level_loinc: str | None = None
    band_loinc: str | None = None


@dataclass(frozen=True, slots=True)
class SignatureRecord:
    """One decision on one document: "signed", "declined", or "refused" (the privacy notice's acknowledgement).

    `signer` is set where somebody signed for the patient, `capacity` says as what. `recipients` are named ones;
    `purposes` are v3-ActReason codes.
    """

    id: str
    kind: str
    title: str
    decision: str
    signed_at: datetime
    language: str
    version: str
    pdf: bytes | None
    sha256: str
    signer: str = ""
    capacity: str = "self"
    recipients: tuple[str, ...] = ()
    purposes: tuple[str, ...] = ()
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class FinishedPacket:
    """A submitted packet; `part2` when the whole intake is a record of a 42 CFR Part 2 program."""

    id: str
    clinic_id: str
    clinic_name: str
    submitted_at: datetime
    part2: bool
    patient: PatientRecord
    answer_sets: Sequence[AnswerSet]
    scores: Sequence[ScoreRecord]
    signatures: Sequence[SignatureRecord]
