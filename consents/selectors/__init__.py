"""What was decided, what was signed, and whether the Part 2 permission stands."""

import base64
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db.models import DateField, Exists, Func, OuterRef, Q, QuerySet

from consents.models import DocumentVersion, Revocation, Signature
from consents.policy import Kind
from consents.selectors.part2 import PURPOSE_WORDS, SharedRow, part2_consents, restrictions, scope_of, shared_under
from consents.selectors.privacy import emergencies, emergency, ended, limits, open_tasks, permissions

__all__ = [
    "ENDED", "PURPOSE_WORDS", "DecisionRow", "Scope", "SharedRow", "SignedDocument", "decisions", "document_for",
    "emergencies", "emergency", "ended", "limits", "open_tasks", "part2_consents", "part2_signature",
    "permissions", "restrictions", "revocable", "scope_of", "shared_under", "signed_documents", "signed_text",
    "standing_part2", "titles",
]  # fmt: skip

FALLBACK = "en"
# A receipt and a notice are nothing to take back; a referral by a court ends at its time or event (42 CFR 2.35(c)).
NEVER_TAKEN_BACK = frozenset({Kind.ESIGN, Kind.NPP_ACK, Kind.PART2_NOTICE, Kind.PART2_CJ_REFERRAL})
TODAY = Func(template="CURRENT_DATE", output_field=DateField())
# A revocation for some recipients leaves the rest of it standing.
ENDED = Exists(Revocation.objects.filter(signature=OuterRef("pk"), recipients=[]))


@dataclass(frozen=True)
class DecisionRow:
    """`current`: that version is still effective. `revoked`: ended, past its last day, or suspected to be false."""

    slug: str
    kind: str
    decision: str
    language: str
    version: str
    signature_id: UUID
    signed_at: datetime
    current: bool
    revoked: bool


@dataclass(frozen=True)
class Scope:
    """Who signed, as what, for whom and until when; what a chart needs beside the words."""

    signer_name: str
    capacity: str
    recipients: tuple[str, ...]
    purposes: tuple[str, ...]
    expires_on: date | None


@dataclass(frozen=True)
class SignedDocument:
    """One decided document. `pdf` is None until it is sealed, and for what was declined or refused."""

    signature_id: UUID
    clinic_id: UUID
    patient_id: UUID
    slug: str
    title: str
    kind: str
    decision: str
    version: str
    language: str
    signed_at: datetime
    revoked: bool
    sha256: str
    pdf: bytes | None
    scope: Scope


def titles(clinic_id: UUID, language: str) -> dict[str, str]:
    """Slug → title of each effective document, in English where `language` has none; one query."""
    rows = DocumentVersion.objects.filter(
        document__clinic_id=clinic_id, state=DocumentVersion.State.EFFECTIVE, language__in={language, FALLBACK}
    ).values_list("document__slug", "language", "title")
    return {slug: title for slug, _, title in sorted(rows, key=lambda row: row[1] == language)}


def decisions(source_ref: UUID) -> tuple[DecisionRow, ...]:
    """Every decision of one packet, the latest last; one query."""
    rows = (
        Signature.objects.filter(source_ref=source_ref)
        .annotate(ended=Q(ENDED) | Q(expires_on__lt=TODAY), current=Q(version__state=DocumentVersion.State.EFFECTIVE))
        .order_by("signed_at")
        .values_list(
            "version__document__slug", "kind", "decision", "version__language", "version__version", "id", "signed_at",
            "current", "ended",
        )
    )  # fmt: skip
    return tuple(DecisionRow(*row) for row in rows)


def part2_signature(patient_id: UUID, source_ref: UUID) -> UUID | None:
    """The Part 2 signature that stands now, this packet's first; a later "no" ends every earlier one. One query."""
    return standing_part2(patient_id, source_ref).values_list("pk", flat=True).first()


def standing_part2(patient_id: Any, source_ref: Any) -> QuerySet[Signature]:
    """The same as a query, best first, for a subquery of whoever asks: both arguments may be an OuterRef."""
    ours = Signature.objects.filter(kind=Kind.PART2_TPO)
    no = ours.filter(patient=OuterRef("patient"), signed_at__gte=OuterRef("signed_at"))
    return (
        ours.filter(patient=patient_id, decision=Signature.Decision.SIGNED)
        .filter(Q(expires_on__isnull=True) | Q(expires_on__gte=TODAY))
        .exclude(ENDED)
        .exclude(Exists(no.exclude(decision=Signature.Decision.SIGNED)))
        .annotate(of_packet=Q(source_ref=source_ref))
        .order_by("-of_packet", "-signed_at")
    )


def signed_documents(source_ref: UUID) -> tuple[SignedDocument, ...]:
    """Every decided document of one packet with its PDF, in the order of signing; one query."""
    return _documents(Signature.objects.filter(source_ref=source_ref))


def signed_text(source_ref: UUID, slug: str) -> tuple[str, str] | None:
    """What was on the screen when this packet's document was signed last: language and HTML; one query."""
    signed = Signature.objects.filter(source_ref=source_ref, version__document__slug=slug, decision="signed")
    return signed.order_by("-signed_at").values_list("version__language", "shown_html").first()


def document_for(signature_id: UUID) -> SignedDocument | None:
    """One decided document with its PDF; one query."""
    return next(iter(_documents(Signature.objects.filter(pk=signature_id))), None)


def _documents(rows: "QuerySet[Signature]") -> tuple[SignedDocument, ...]:
    columns = (
        rows.annotate(ended=ENDED)
        .order_by("signed_at")
        .values_list(
            "id", "version__document__clinic_id", "patient_id", "version__document__slug", "version__title", "kind",
            "decision", "version__version", "version__language", "signed_at", "ended", "sealed__pdf_sha256",
            "sealed__pdf", "signer_name", "capacity", "fields", "expires_on",
        )
    )  # fmt: skip
    return tuple(_document(*row) for row in columns)


def _document(*columns: Any) -> SignedDocument:
    """A document that was declined has no sealed row: its last two columns are null."""
    *known, sha256, pdf, signer, capacity, fields, expires_on = columns
    coded = fields.get("scope", {})
    scope = Scope(signer, capacity, tuple(coded.get("recipients", ())), tuple(coded.get("purposes", ())), expires_on)
    return SignedDocument(*(*known, sha256 or "", base64.b64decode(pdf) if pdf else None, scope))


def revocable(patient_id: UUID) -> tuple[SignedDocument, ...]:
    """What the patient signed, may take back at will, and has not taken back; one query."""
    kinds = set(Kind) - NEVER_TAKEN_BACK
    rows = Signature.objects.filter(patient_id=patient_id, decision="signed", kind__in=kinds).exclude(ENDED)
    return _documents(rows)
