"""A text on a screen, and one person's decision on exactly that text.

The version's row is locked from the comparison to the commit, so nobody signs a text that has been retired.
The patient's row is locked too: decisions, revocations and disclosures of one patient happen one after another.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction
from django.utils import formats, translation

import audit.services
import core.doorbell
from audit.actions import Action, Actor, Ref
from consents.models import DocumentVersion, SealedDocument, Signature
from consents.rendering import filled, plain
from consents.rules import DocumentSource, parse
from consents.services.proving import fingerprints
from core.models import Patient, Program

FALLBACK = "en"
ACTIONS = {
    "signed": Action.SIGNATURE_MADE,
    "declined": Action.SIGNATURE_DECLINED,
    "refused": Action.SIGNATURE_REFUSED,
}
LONGEST_NAME = 200


class NotPublished(LookupError):
    """The clinic has no effective text of this document, neither in the language nor in English."""


class OutdatedText(Exception):
    """What was shown is no longer what would be signed: show the page again. Nothing was signed."""


class AlreadyDecided(Exception):
    """This version was decided on otherwise in this packet; a signature ends only by revocation."""


class CannotSign(Exception):
    """Something is missing. `code`: `name`, `statements` (not all ticked), `reason`, or `decision` (not offered)."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Shown:
    """A document as it must be shown: `html` byte for byte; `sha256` of its UTF-8 comes back with the decision.

    `language` is the text's own, "en" where the asked one has none. `statements` must each be ticked by the patient,
    `options` may be. `decisions` are (decision, words of its button); `may_decline` says that "declined" is offered.
    """

    version_id: UUID
    slug: str
    kind: str
    version: str
    title: str
    html: str
    sha256: str
    language: str
    statements: tuple[tuple[str, str], ...]
    options: tuple[tuple[str, str], ...]
    decisions: tuple[tuple[str, str], ...]
    may_decline: bool


def show(*, patient: Patient, program: Program, source_ref: UUID, slug: str, language: str, actor: Actor) -> Shown:
    """The effective text with its fields filled. Raises NotPublished."""
    with transaction.atomic():
        version = _effective(program, slug, language)
        if version is None:
            raise NotPublished(slug)
        source = parse(version.body, slug=slug)
        html = filled(version.html, _values(patient, program, source))
        digest = _digest(html)
        audit.services.record(
            Action.DOCUMENT_SHOWN,
            actor=actor,
            obj=Ref("consents.DocumentVersion", str(version.id)),
            clinic_id=program.clinic_id,
            patient_id=patient.id,
            context={"packet": str(source_ref), "sha256": digest},
        )
    return Shown(
        version_id=version.id,
        slug=slug,
        kind=source.kind,
        version=version.version,
        title=version.title,
        html=html,
        sha256=digest,
        language=version.language,
        statements=source.statements,
        options=source.options,
        decisions=source.decisions,
        may_decline=any(decision == "declined" for decision, _ in source.decisions),
    )


def decide(
    *,
    patient: Patient,
    program: Program,
    source_ref: UUID,
    slug: str,
    language: str,
    shown_sha256: str,
    decision: str,
    signer_name: str,
    reason: str,
    statements: Sequence[str],
    evidence: Mapping[str, object],
    actor: Actor,
) -> Signature:
    """Store one decision on the text that was shown; the same decision again gives the stored one.

    `statements`: ids of the ticked statements and options. `evidence` is kept as given; the sealed PDF prints
    `identity_check` ("link_and_birth_date" has its own words), `ip` and `user_agent`.
    Raises OutdatedText, CannotSign, AlreadyDecided; then nothing is stored.
    """
    with transaction.atomic():
        patient = Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
        stored = _stored(source_ref, decision, version__document__slug=slug, shown_sha256=shown_sha256)
        if stored:
            return stored
        version = _effective(program, slug, language, lock=True)
        if version is None:
            raise OutdatedText
        source = parse(version.body, slug=slug)
        values = _values(patient, program, source)
        html = filled(version.html, values)
        if _digest(html) != shown_sha256:
            raise OutdatedText
        stored = _stored(source_ref, decision, version__document=version.document_id, version__version=version.version)
        if stored:
            return stored
        _check(source, decision, signer_name, reason, statements)
        signature = Signature.objects.create(
            patient=patient,
            version=version,
            kind=source.kind,
            source_ref=source_ref,
            decision=decision,
            reason=plain(reason),
            signer_name=plain(signer_name) if decision == "signed" else "",
            shown_html=html,
            shown_sha256=shown_sha256,
            fields={"values": values, "scope": _scope(source)},
            statements=_ticked(source, statements) if decision == "signed" else [],
            evidence=dict(evidence),
        )
        _record(signature, program, actor)
        if decision == Signature.Decision.SIGNED:
            SealedDocument.objects.create(signature=signature)
            core.doorbell.ring("consents.seal_due")
    return signature


def _effective(program: Program, slug: str, language: str, *, lock: bool = False) -> DocumentVersion | None:
    """The effective version in `language`, else in English. Locked, it stays effective until the commit."""
    rows = DocumentVersion.objects.filter(
        document__clinic_id=program.clinic_id,
        document__slug=slug,
        state=DocumentVersion.State.EFFECTIVE,
        language__in={language, FALLBACK},
    )
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True)
    found = {version.language: version for version in rows}
    return found.get(language) or found.get(FALLBACK)


def _stored(source_ref: UUID, decision: str, **which: object) -> Signature | None:
    """The decision already made in this packet on that text, whatever its language. Raises AlreadyDecided."""
    earlier = Signature.objects.filter(source_ref=source_ref, **which).order_by("-signed_at").first()
    if earlier is None:
        return None
    if earlier.decision != decision and decision == "signed":
        return None  # whoever said no may still say yes; a yes ends only by revocation
    if earlier.decision != decision or earlier.revocations.exists():
        raise AlreadyDecided
    return earlier


def _check(source: DocumentSource, decision: str, signer_name: str, reason: str, ticked: Sequence[str]) -> None:
    if decision not in {offered for offered, _ in source.decisions}:
        raise CannotSign("decision")
    if decision == "refused" and not any(char.isalnum() for char in reason):
        raise CannotSign("reason")
    if decision == "signed":
        if not any(char.isalpha() for char in signer_name) or len(plain(signer_name)) > LONGEST_NAME:
            raise CannotSign("name")
        if not {name for name, _ in source.statements} <= {*ticked}:
            raise CannotSign("statements")


def _ticked(source: DocumentSource, ticked: Sequence[str]) -> list[dict[str, object]]:
    """Each statement and option with its words and whether it was ticked."""
    return [
        {"id": name, "text": text, "ticked": name in ticked, "required": (name, text) in source.statements}
        for name, text in (*source.statements, *source.options)
    ]


def _scope(source: DocumentSource) -> dict[str, object]:
    """The coded scope, kept with the signature: a Part 2 decision needs nothing but this row."""
    return {"purposes": list(source.purposes), "categories": list(source.categories), "expiry": source.expiry}


def _values(patient: Patient, program: Program, source: DocumentSource) -> dict[str, str]:
    """What the fields say. A clinic without e-mail or privacy contact is reached by its phone."""
    clinic = program.clinic
    contact = ", ".join(part for part in (clinic.phone, clinic.email) if part)
    with translation.override(source.language):
        effective = formats.date_format(source.effective, "DATE_FORMAT")
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


def _digest(html: str) -> str:
    return hashlib.sha256(html.encode()).hexdigest()


def _record(signature: Signature, program: Program, actor: Actor) -> None:
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
