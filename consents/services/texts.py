"""What a text says to one patient, and the evidence of a decision on it: the same on a screen and on paper."""

import hashlib
from zoneinfo import ZoneInfo

from django.utils import formats, translation

import audit.services
from audit.actions import Action, Actor, Ref
from consents.models import DocumentVersion, Signature
from consents.rules import DocumentSource
from consents.services.proving import fingerprints
from core.fields.typed import plain
from core.models import Patient, Program

ACTIONS = {
    "signed": Action.SIGNATURE_MADE,
    "declined": Action.SIGNATURE_DECLINED,
    "refused": Action.SIGNATURE_REFUSED,
}
LONGEST_NAME, LONGEST_AUTHORITY = 200, 300
JOINTLY = "together with a parent or guardian"


def coded_scope(source: DocumentSource) -> dict[str, object]:
    """The coded scope, kept with the signature: a Part 2 decision needs nothing but this row."""
    return {
        "purposes": list(source.purposes),
        "categories": list(source.categories),
        "recipients": list(source.recipients),
        "expiry": source.expiry_kind,
    }


def values_of(patient: Patient, program: Program, version: DocumentVersion, source: DocumentSource) -> dict[str, str]:
    """What the fields say. A clinic without e-mail or privacy contact is reached by its phone.

    The day from which the text is in effect is the clinic's own, as the record has it; a file's only before that.
    """
    clinic, since = program.clinic, version.effective_at
    contact = ", ".join(part for part in (clinic.phone, clinic.email) if part)
    day = since.astimezone(ZoneInfo(clinic.time_zone)).date() if since else source.effective
    with translation.override(source.language):
        effective = formats.date_format(day, "DATE_FORMAT")
    return {
        "clinic_name": clinic.name,
        "clinic_contact": contact,
        "privacy_contact": clinic.privacy_contact or f"{clinic.name}, {contact}",
        "program_legal_name": program.legal_name,
        "patient_name": patient.full_name,
        "effective_date": effective,
        "version": source.version,
        **{name: pair[0 if program.protects_whole_intake else 1] for name, pair in source.texts.items()},
    }


def digest(html: str) -> str:
    """SHA-256 of its UTF-8, in hexadecimal."""
    return hashlib.sha256(html.encode()).hexdigest()


def record_decision(signature: Signature, program: Program, actor: Actor) -> None:
    """In the transaction of the decision: the event names every byte of it."""
    audit.services.record(
        ACTIONS[signature.decision],
        actor=actor,
        obj=Ref("consents.Signature", str(signature.id)),
        clinic_id=program.clinic_id,
        patient_id=signature.patient_id,
        context={
            "packet": str(signature.source_ref),
            "version": str(signature.version_id),
            "sha256": signature.shown_sha256,
            **fingerprints(signature),
        },
    )


def is_name(text: str) -> bool:
    """Whether it can be the name of whoever signs: two letters at least; one name is enough (ours). A cross is a mark
    that people make on paper, where somebody sees them make it."""
    said = plain(text)
    return sum(char.isalpha() for char in said) > 1 and len(said) <= LONGEST_NAME


def is_said(text: str, longest: int) -> bool:
    """Whether there is a letter in it, and it is no longer than `longest`."""
    said = plain(text)
    return any(char.isalpha() for char in said) and len(said) <= longest
