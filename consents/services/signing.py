"""A text on a screen, and one person's decision on exactly that text.

The version's row is locked from the comparison to the commit, so nobody signs a text that has been retired.
The patient's row is locked too: decisions, revocations and disclosures of one patient happen one after another.
"""

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import Q

import audit.services
import core.doorbell
from audit.actions import Action, Actor, Ref
from consents.models import DocumentVersion, Paper, SealedDocument, Signature
from consents.policy import Kind
from consents.rendering import filled
from consents.rules import DocumentSource, parse
from consents.selectors import ENDED, ends, role_of
from consents.services.marks import Strokes, UnreadableMark, read_mark
from consents.services.papers import EVIDENCE, Scan, keep_paper
from consents.services.publishing import is_superseded, take_effect_due
from consents.services.texts import (
    JOINTLY,
    LONGEST_AUTHORITY,
    coded_scope,
    digest,
    is_name,
    is_said,
    record_decision,
    values_of,
)
from core import clock
from core.fields.typed import plain
from core.models import Patient, Program

FALLBACK = "en"
AUTHORITY_PAPER = EVIDENCE[Paper.What.AUTHORITY]
# What static/documents/sample.<language>.pdf says: whoever types it has opened a PDF on this device, which is the
# demonstration that 15 USC 7001(c)(1)(C)(ii) asks for.
SAMPLE_WORDS = frozenset({"garden", "jardin"})


class NotPublished(LookupError):
    """The clinic has no effective text of this document, neither in the language nor in English."""


class OutdatedText(Exception):
    """What was shown is no longer what would be signed: show the page again. Nothing was signed."""


class AlreadyDecided(Exception):
    """This version was decided on otherwise in this packet; a signature ends only by revocation, then it may be decided
    on anew."""


class CannotSign(Exception):
    """Something is missing. `code`: `name`, `statements` (not all ticked), `reason`, `decision` (not offered),
    `capacity` or `authority` (of who signs for another), `mark` (no drawing of ours), `word` (of the sample PDF)."""

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
        version = effective(program, slug, language)
        if version is None:
            raise NotPublished(slug)
        source = parse(version.body, slug=slug)
        html = filled(version.html, values_of(patient, program, version, source))
        sha256 = digest(html)
        audit.services.record(
            Action.DOCUMENT_SHOWN,
            actor=actor,
            obj=Ref("consents.DocumentVersion", str(version.id)),
            clinic_id=program.clinic_id,
            patient_id=patient.id,
            context={"packet": str(source_ref), "sha256": sha256},
        )
    return _shown(version, source, html)


def preview(version: DocumentVersion) -> Shown:
    """What a patient would see of this text now. The clinic's values are real, the patient's name is a placeholder.

    Where a text speaks otherwise in a Part 2 program, those words are shown as soon as the clinic has one.
    """
    clinic, source = version.document.clinic, parse(version.body, slug=version.document.slug)
    programs = list(clinic.programs.order_by("name"))
    program = next((one for one in programs if one.protects_whole_intake), next(iter(programs), None))
    patient = Patient(clinic=clinic, given_name="[the patient's", family_name="name]")
    values = values_of(patient, program or Program(clinic=clinic, legal_name=clinic.name), version, source)
    return _shown(version, source, filled(version.html, values))


def _shown(version: DocumentVersion, source: DocumentSource, html: str) -> Shown:
    return Shown(
        version_id=version.id,
        slug=source.slug,
        kind=source.kind,
        version=version.version,
        title=version.title,
        html=html,
        sha256=digest(html),
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
    capacity: str = "self",
    authority: str = "",
    jointly: bool = False,
    mark: str = "",
    word: str = "",
    proof: Scan | None = None,
) -> Signature:
    """Store one person's decision on the text that was shown; the same decision again gives the stored one.

    `statements`: ids of the ticked statements and options. `authority`: what gives another than the patient the right
    to decide; `jointly`: the patient's own signature counts only with theirs. `mark`: strokes as JSON, "" for a typed
    signature. `word`: what the sample PDF says, for the agreement to sign on a screen. `proof`: a photo of what gives
    that right, named in the evidence by its hash. `evidence` is kept as given, with `mark` ("drawn" or "typed") and
    `esign_signature`. Raises OutdatedText, CannotSign, AlreadyDecided; then nothing is stored.
    """
    given = _Given(decision, signer_name, reason, statements, capacity, authority, mark, word)
    with transaction.atomic():
        patient = Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
        ended, _ = ends(source_ref, slug, role_of(capacity))
        stored = _stored(source_ref, ended, given, version__document__slug=slug, shown_sha256=shown_sha256)
        if stored:
            return stored
        now = _as_shown(patient, program, slug, language, shown_sha256)
        version, source = now.version, now.source
        stored = _stored(source_ref, ended, given, **_same(version))
        if stored:
            return stored
        strokes = _check(source, given)
        named = {AUTHORITY_PAPER: proof.sha256} if proof else {}
        signature = Signature.objects.create(
            patient=patient,
            version=version,
            kind=source.kind,
            source_ref=source_ref,
            round=ended,
            shown_html=now.html,
            shown_sha256=shown_sha256,
            fields={"values": now.values, "scope": coded_scope(source), "program": str(program.pk)},
            evidence={**evidence, **_proofs(patient, source, strokes), **named},
            expires_on=source.expires_on(clock.now().date()),
            **_act(given, source, strokes, jointly=jointly),
        )
        if is_superseded(version):
            raise OutdatedText
        _follow(signature, program, proof, actor)
    return signature


def _follow(signature: Signature, program: Program, proof: Scan | None, actor: Actor) -> None:
    """What goes with a decision: its evidence, the paper that proves the right to make it, the copy to be sealed."""
    record_decision(signature, program, actor)
    if proof:
        keep_paper(signature=signature, what=Paper.What.AUTHORITY, scan=proof, actor=actor)
    if signature.decision == Signature.Decision.SIGNED:
        SealedDocument.objects.create(signature=signature)
        core.doorbell.ring("consents.seal_due")


def confirm_shown(
    *, patient: Patient, program: Program, source_ref: UUID, slug: str, language: str, shown_sha256: str, actor: Actor
) -> None:
    """Somebody went on from a text that only has to be shown. Raises OutdatedText where it is another one by now."""
    with transaction.atomic():
        version = _as_shown(patient, program, slug, language, shown_sha256).version
        audit.services.record(
            Action.DOCUMENT_SHOWN,
            actor=actor,
            obj=Ref("consents.DocumentVersion", str(version.id)),
            clinic_id=program.clinic_id,
            patient_id=patient.id,
            context={"packet": str(source_ref), "sha256": shown_sha256, "confirmed": True},
        )


@dataclass(frozen=True)
class _Now:
    """The text as it would be shown now; its version stays effective until the commit."""

    version: DocumentVersion
    source: DocumentSource
    values: dict[str, str]
    html: str


def _as_shown(patient: Patient, program: Program, slug: str, language: str, shown_sha256: str) -> _Now:
    """Raises OutdatedText where that is not what was shown."""
    version = effective(program, slug, language, lock=True)
    if version is None:
        raise OutdatedText
    source = parse(version.body, slug=slug)
    values = values_of(patient, program, version, source)
    html = filled(version.html, values)
    if digest(html) != shown_sha256:
        raise OutdatedText
    return _Now(version, source, values, html)


def effective(program: Program, slug: str, language: str, *, lock: bool = False) -> DocumentVersion | None:
    """The effective version in `language`, else in English. Locked, it stays effective until the commit."""
    take_effect_due(clinic_id=program.clinic_id, slug=slug)
    rows = DocumentVersion.objects.filter(
        document__clinic_id=program.clinic_id,
        document__slug=slug,
        state=DocumentVersion.State.EFFECTIVE,
        language__in={language, FALLBACK},
    )
    if lock:
        rows = rows.select_for_update(of=("self",), no_key=True).order_by("language")  # as whoever publishes does
    found = {version.language: version for version in rows}
    return found.get(language) or found.get(FALLBACK)


@dataclass(frozen=True)
class _Given:
    """What somebody did on the page, as it came."""

    decision: str
    signer_name: str
    reason: str
    statements: Sequence[str]
    capacity: str
    authority: str
    mark: str
    word: str


def _stored(source_ref: UUID, ended: int, given: _Given, **which: object) -> Signature | None:
    """The decision the same person made already in this packet on that text, in whatever language, unless it has ended.

    Raises AlreadyDecided.
    """
    by_patient = Q(capacity=Signature.Capacity.SELF)
    rows = Signature.objects.filter(by_patient if role_of(given.capacity) == "patient" else ~by_patient, **which)
    earlier = rows.filter(source_ref=source_ref, round=ended).order_by("-signed_at").first()
    if earlier is None:
        return None
    if earlier.decision != given.decision and given.decision == "signed":
        return None  # whoever said no may still say yes; a yes ends only by revocation
    if earlier.decision != given.decision:
        raise AlreadyDecided
    return earlier


def _same(version: DocumentVersion) -> dict[str, object]:
    """The version in whatever language."""
    return {"version__document": version.document_id, "version__version": version.version}


def _act(given: _Given, source: DocumentSource, strokes: Strokes | None, *, jointly: bool) -> dict[str, Any]:
    """The columns that say who decided what, and with which mark. A "no" has neither a name nor a mark."""
    is_signed = given.decision == Signature.Decision.SIGNED
    by_patient = given.capacity == Signature.Capacity.SELF
    return {
        "decision": given.decision,
        "reason": plain(given.reason),
        "signer_name": plain(given.signer_name) if is_signed else "",
        "capacity": given.capacity,
        "authority": (JOINTLY if jointly else None) if by_patient else plain(given.authority),
        "mark": strokes,
        "statements": _ticked(source, given.statements) if is_signed else [],
    }


def _check(source: DocumentSource, given: _Given) -> Strokes | None:
    """The strokes, when nothing is missing."""
    if given.decision not in {offered for offered, _ in source.decisions}:
        raise CannotSign("decision")
    if given.capacity not in Signature.Capacity.values:
        raise CannotSign("capacity")
    if given.decision == "refused" and not any(char.isalnum() for char in given.reason):
        raise CannotSign("reason")
    return _check_signed(source, given) if given.decision == "signed" else None


def _check_signed(source: DocumentSource, given: _Given) -> Strokes | None:
    if source.kind == Kind.ESIGN and _folded(given.word) not in SAMPLE_WORDS:
        raise CannotSign("word")
    if given.capacity != Signature.Capacity.SELF and not is_said(given.authority, LONGEST_AUTHORITY):
        raise CannotSign("authority")  # whoever says no needs no right to
    if not is_name(given.signer_name):
        raise CannotSign("name")
    if not {name for name, _ in source.statements} <= {*given.statements}:
        raise CannotSign("statements")
    try:
        return read_mark(given.mark)
    except UnreadableMark as error:
        raise CannotSign("mark") from error


def _folded(word: str) -> str:
    """Without accents, capitals, and what people type around a word."""
    letters = unicodedata.normalize("NFKD", word).casefold()
    return "".join(char for char in letters if char.isalpha())


def _proofs(patient: Patient, source: DocumentSource, strokes: Strokes | None) -> dict[str, object]:
    """How the mark was made, and which agreement to sign on a screen stood then (15 USC 7001(c))."""
    agreed = Signature.objects.filter(patient=patient, kind=Kind.ESIGN, decision="signed").exclude(ENDED)
    latest = None if source.kind == Kind.ESIGN else agreed.order_by("-signed_at").values_list("pk", flat=True).first()
    proofs: dict[str, object] = {"mark": "drawn" if strokes else "typed", "esign_signature": str(latest or "")}
    return proofs | ({"access_shown_by": "sample-pdf"} if source.kind == Kind.ESIGN else {})


def _ticked(source: DocumentSource, ticked: Sequence[str]) -> list[dict[str, object]]:
    """Each statement and option with its words and whether it was ticked."""
    return [
        {"id": name, "text": text, "ticked": name in ticked, "required": (name, text) in source.statements}
        for name, text in (*source.statements, *source.options)
    ]
