"""Whether what is stored is still what was signed: compared with the audit trail, which only grows and has a seal.

`fingerprints` goes into the event of a decision. Later every byte of the signature, of its text and of its PDFs is
compared with what the events said then, and each of those events with its own sealed hash.
"""

import base64
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import DateField, Exists, Func, OuterRef

import audit.selectors
import audit.services
from audit.actions import Action, Actor, Ref
from consents.models import DocumentVersion, Revocation, SealedDocument, Signature, Timestamp
from consents.services.papers import EVIDENCE
from core.crypto import UnreadableValue
from core.models import Patient

# In this order for ever: a column that is added later gets a second list, or old signatures would seem altered.
SIGNED = (
    "id", "patient_id", "version_id", "kind", "source_ref", "decision", "reason", "signer_name", "capacity",
    "authority", "mark", "shown_html", "shown_sha256", "fields", "statements", "evidence", "expires_on",
    "expiry_event", "signed_at",
)  # fmt: skip
TEXT = ("id", "document_id", "version", "language", "title", "body", "html", "sha256")
DECIDED = (Action.SIGNATURE_MADE, Action.SIGNATURE_DECLINED, Action.SIGNATURE_REFUSED)
TRAIL = (*DECIDED, Action.DOCUMENT_SEALED, Action.DOCUMENT_STAMPED)
Facts = Mapping[str, Mapping[str, Any]]


def fingerprints(signature: Signature) -> dict[str, str]:
    """SHA-256 of every column of a decision, and of the text it was about.

    A first decision has round 0, which is left out: those made before there were rounds keep their fingerprint.
    """
    columns = (*SIGNED, "round") if signature.round else SIGNED
    return {"record": _digest(signature, columns), "text": _digest(signature.version, TEXT)}


def _digest(row: Signature | DocumentVersion, columns: Iterable[str]) -> str:
    values = [getattr(row, name) for name in columns]
    return _sha256(json.dumps(values, sort_keys=True, separators=(",", ":"), default=_plain))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


@dataclass(frozen=True)
class FolderRow:
    """One decision. `state`: valid, revoked, partly revoked, suspected false or expired; "" for a "no".

    `altered`: which of signature, text, paper, PDF, timestamp, audit trail is not what it was.
    """

    signature_id: UUID
    title: str
    version: str
    language: str
    decision: str
    signed_at: datetime
    state: str
    has_pdf: bool
    is_stamped: bool
    altered: tuple[str, ...]


@dataclass(frozen=True)
class Folder:
    """`gone`: how many decisions the audit trail knows and the database doesn't."""

    rows: tuple[FolderRow, ...]
    gone: int

    @property
    def is_whole(self) -> bool:
        return not self.gone and not any(row.altered for row in self.rows)


def read_folder(*, patient: Patient, actor: Actor) -> Folder:
    """Every document one patient decided on, each compared with the audit trail. Ask who may first."""
    with transaction.atomic():
        trail = _trail(patient_id=patient.id)
        rows = tuple(_row(columns, trail) for columns in _decisions(patient.id))
        known = {str(row.signature_id) for row in rows}
        folder = Folder(rows, gone=len(trail.keys() - known))
        audit.services.record(
            Action.DOCUMENT_READ,
            actor=actor,
            obj=Ref("core.Patient", str(patient.id)),
            clinic_id=patient.clinic_id,
            patient_id=patient.id,
            context={"folder": len(rows), "whole": folder.is_whole},
        )
    return folder


def altered(signature_id: UUID) -> tuple[str, ...]:
    """What of one stored decision is not what it was; a decision that is gone is altered too."""
    return _altered(signature_id, _trail(object_id=str(signature_id)).get(str(signature_id), {}))


def sealed_as(digest: str) -> UUID | None:
    """Whose PDF has this SHA-256, sealed or stamped."""
    found = SealedDocument.objects.filter(pdf_sha256=digest).values_list("pk", flat=True).first()
    return found or Timestamp.objects.filter(pdf_sha256=digest).values_list("pk", flat=True).first()


def is_known(signature_id: UUID) -> bool:
    """Whether there is such a decision, or ever was."""
    return Signature.objects.filter(pk=signature_id).exists() or bool(_trail(object_id=str(signature_id)))


def _trail(**which: object) -> dict[str, dict[str, Mapping[str, Any]]]:
    """Signature → action → what its event said; of an event that isn't as it was sealed, nothing."""
    trail: dict[str, dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for event, intact in audit.selectors.told(TRAIL, object_type="consents.Signature", **which):
        trail[event.object_id][event.action] = json.loads(event.context) if intact else {}
    return trail


def _decisions(patient_id: UUID) -> Iterable[tuple[Any, ...]]:
    """Only columns that are not encrypted: what can't be opened must not hide the others."""
    ended = Revocation.objects.filter(signature=OuterRef("pk"))
    return (
        Signature.objects.filter(patient_id=patient_id)
        .annotate(
            whole=Exists(ended.filter(recipients=[])),
            partly=Exists(ended.exclude(recipients=[])),
            false=Exists(ended.filter(why=Revocation.Why.SUSPECTED_FALSE)),
            today=Func(template="CURRENT_DATE", output_field=DateField()),
        )
        .order_by("-signed_at")
        .values_list(
            "id", "version__title", "version__version", "version__language", "decision", "signed_at", "whole", "partly",
            "false", "expires_on", "today", "sealed__sealed_at", "sealed__timestamp__stamped_at",
        )
    )  # fmt: skip


def _row(columns: tuple[Any, ...], trail: Mapping[str, Facts]) -> FolderRow:
    pk, title, version, language, decision, at, whole, partly, false, expires, today, sealed, stamped = columns
    state = _state(whole=whole, partly=partly, false=false, expired=bool(expires and expires < today))
    return FolderRow(
        signature_id=pk,
        title=title,
        version=version,
        language=language,
        decision=decision,
        signed_at=at,
        state=state if decision == Signature.Decision.SIGNED else "",
        has_pdf=sealed is not None,
        is_stamped=stamped is not None,
        altered=_altered(pk, trail.get(str(pk), {})),
    )


def _state(*, whole: bool, partly: bool, false: bool, expired: bool) -> str:
    named = ((false, "suspected false"), (whole, "revoked"), (expired, "expired"), (partly, "partly revoked"))
    return next((name for holds, name in named if holds), "valid")


def _altered(signature_id: UUID, facts: Facts) -> tuple[str, ...]:
    said = next((facts[action] for action in DECIDED if action in facts), {})
    found = [] if said else ["audit trail"]
    try:
        signature = Signature.objects.select_related("version").get(pk=signature_id)
    except (UnreadableValue, Signature.DoesNotExist):
        found.append("signature")
    else:
        is_now = fingerprints(signature)
        shown = signature.shown_sha256
        whole = _sha256(signature.shown_html) == shown == said.get("sha256", shown)
        if not whole or said.get("record", is_now["record"]) != is_now["record"]:
            found.append("signature")
        if said.get("text", is_now["text"]) != is_now["text"]:
            found.append("text")
        if not _has_its_papers(signature):
            found.append("paper")
    for name, model, action in (
        ("PDF", SealedDocument, Action.DOCUMENT_SEALED),
        ("timestamp", Timestamp, Action.DOCUMENT_STAMPED),
    ):
        if not _is_as_told(model, signature_id, facts.get(action)):
            found.append(name)
    return tuple(found)


def _has_its_papers(signature: Signature) -> bool:
    """The scans are those whose hashes the signed evidence names, no more and no fewer."""
    named = {signature.evidence[name] for name in EVIDENCE.values() if name in signature.evidence}
    try:
        papers = signature.papers.values_list("content", flat=True)
        return named == {hashlib.sha256(base64.b64decode(content)).hexdigest() for content in papers}
    except UnreadableValue:
        return False


def _is_as_told(
    model: type[SealedDocument] | type[Timestamp], signature_id: UUID, said: Mapping[str, Any] | None
) -> bool:
    """A PDF that its event speaks of is there with that hash, and none is there that no event speaks of."""
    try:
        row = model.objects.filter(pk=signature_id).values_list("pdf", "pdf_sha256").first()
    except UnreadableValue:
        return False
    pdf, digest = row or (None, "")
    if pdf is None or said is None:
        return pdf is None and said is None
    return hashlib.sha256(base64.b64decode(pdf)).hexdigest() == digest == said.get("pdf_sha256")
