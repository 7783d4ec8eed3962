"""What was decided, what was signed, and whether the Part 2 permission stands."""

import base64
import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import DateField, Exists, Func, OuterRef, Q, QuerySet

from consents import policy
from consents.models import (
    Disclosure,
    DocumentVersion,
    EmergencyDisclosure,
    RestrictionRequest,
    Revocation,
    Signature,
)
from consents.policy import Kind
from consents.rules import TAG
from core.models import Patient

FALLBACK = "en"
# A receipt and a notice are nothing to take back; a referral by a court ends at its time or event (42 CFR 2.35(c)).
NEVER_TAKEN_BACK = frozenset({Kind.ESIGN, Kind.NPP_ACK, Kind.PART2_NOTICE, Kind.PART2_CJ_REFERRAL})
# A revocation for some recipients leaves the rest of it standing.
ENDED = Exists(Revocation.objects.filter(signature=OuterRef("pk"), recipients=[]))


@dataclass(frozen=True)
class DecisionRow:
    """`current`: that version is still effective. `revoked`: revoked, or suspected to be false."""

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
        .annotate(ended=ENDED, current=Q(version__state=DocumentVersion.State.EFFECTIVE))
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
    today = Func(template="CURRENT_DATE", output_field=DateField())
    ours = Signature.objects.filter(kind=Kind.PART2_TPO)
    no = ours.filter(patient=OuterRef("patient"), signed_at__gte=OuterRef("signed_at"))
    return (
        ours.filter(patient=patient_id, decision=Signature.Decision.SIGNED)
        .filter(Q(expires_on__isnull=True) | Q(expires_on__gte=today))
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
            "sealed__pdf",
        )
    )  # fmt: skip
    return tuple(_document(*row) for row in columns)


def _document(*columns: Any) -> SignedDocument:
    """A document that was declined has no sealed row: its last two columns are null."""
    *known, sha256, pdf = columns
    return SignedDocument(*(*known, sha256 or "", base64.b64decode(pdf) if pdf else None))


def part2_consents(patient_id: UUID) -> tuple[policy.Consent, ...]:
    """The patient's Part 2 decisions as they stand; two queries."""
    found = Signature.objects.filter(patient_id=patient_id, kind__in=policy.PART2_KINDS).select_related("version")
    rows = list(found.prefetch_related("revocations"))
    return tuple(_consent(row, is_whole=_is_whole(row, rows)) for row in rows)


def _is_whole(row: Signature, rows: list[Signature]) -> bool:
    """Where two have to sign (42 CFR 2.14), the minor's signature names an authority. Each counts only with the other's
    on the same document in the same packet, and only while that one stands."""
    same = [
        one
        for one in rows
        if (one.source_ref, one.version.document_id, one.decision)
        == (row.source_ref, row.version.document_id, "signed")
        and (one.capacity == "self") != (row.capacity == "self")
    ]
    standing = [one for one in same if all(end.recipients for end in one.revocations.all())]
    if row.capacity == "self":
        return row.authority is None or bool(standing)
    return bool(standing) or not any(one.authority is not None for one in same)


def _consent(row: Signature, *, is_whole: bool) -> policy.Consent:
    """Each element as the patient saw it: a value without its place in the signed text was never said (2.31(c)(2))."""
    said = set(TAG.findall(row.version.body))
    scope, values = row.fields.get("scope", {}), row.fields.get("values", {})
    rows = list(row.revocations.all())
    ended = {one.why for one in rows if not one.recipients}
    disclosers = scope.get("disclosers") or [values.get("program_legal_name", "")]
    return policy.Consent(
        id=str(row.id),
        kind=row.kind,
        decision=row.decision,
        patient_name=values.get("patient_name", "") if "2.31(a)(1)" in said else "",
        disclosers=frozenset(filter(None, disclosers)) if "2.31(a)(2)" in said else frozenset(),
        categories=frozenset(scope.get("categories", ())) if "2.31(a)(3)" in said else frozenset(),
        recipients=frozenset(_recipients(row)) if "2.31(a)(4)(i)" in said else frozenset(),
        purposes=frozenset(scope.get("purposes", ())) if "2.31(a)(5)" in said else frozenset(),
        statements=frozenset(said),
        revocation_how=values.get("privacy_contact", ""),
        expiry=scope.get("expiry", "") if "2.31(a)(7)" in said else "",
        signer_name=row.signer_name if is_whole and "2.31(a)(8)" in said else "",
        signed_at=row.signed_at if "2.31(a)(9)" in said else None,
        expires_on=row.expires_on,
        expiry_event=row.expiry_event,
        intermediary=_intermediary(scope.get("intermediary")),
        is_for_fundraising=bool(scope.get("fundraising")),
        unaltered=hashlib.sha256(row.shown_html.encode()).hexdigest() == row.shown_sha256,
        ended=bool(ended & {Revocation.Why.EVENT, Revocation.Why.TREATMENT_ENDED}),
        revoked=Revocation.Why.REVOKED in ended,
        revoked_for=frozenset(name for one in rows for name in one.recipients),
        suspected_false=Revocation.Why.SUSPECTED_FALSE in ended,
    )


def _recipients(row: Signature) -> Iterable[str]:
    """By name, or the class that the single consent for treatment, payment and operations names (2.31(a)(4)(i))."""
    named = row.fields.get("scope", {}).get("recipients") or [row.fields.get("values", {}).get("recipient_name")]
    return policy.TPO_CLASS if row.kind == Kind.PART2_TPO else filter(None, named)


def _intermediary(given: dict[str, Any] | None) -> policy.Intermediary | None:
    if not given:
        return None
    members = frozenset(given.get("participants", ()))
    return policy.Intermediary(given.get("name", ""), members, bool(given.get("limited_to_treating")))


def restrictions(patient_id: UUID) -> tuple[policy.Restriction, ...]:
    """The limits that bind now. What was paid in full can't be refused, so it binds from the moment it is asked."""
    binding = Q(state=RestrictionRequest.State.AGREED) | Q(state=RestrictionRequest.State.ASKED, is_self_paid=True)
    return tuple(
        policy.Restriction(
            frozenset(one.recipients), frozenset(one.purposes), frozenset(one.categories), one.is_self_paid
        )
        for one in RestrictionRequest.objects.filter(binding, patient_id=patient_id)
    )


TPO_WORDS = (
    "the patient's treating providers, health plans, third-party payers, and people helping to operate the program"
)
PURPOSE_WORDS = {
    "TREAT": "treatment",
    "HPAYMT": "payment",
    "HOPERAT": "health care operations",
    "HLEGAL": "a legal case",
}
EXPIRY_WORDS = {"none": "no end until revoked", "end_of_treatment": "the end of the treatment"}


def scope_of(signature: Signature) -> str:
    """A clear explanation of the scope of the consent, in words (42 CFR 2.32(b)). Says nothing that it does not say."""
    scope, values = signature.fields["scope"], signature.fields["values"]
    to = TPO_WORDS if signature.kind == Kind.PART2_TPO else ", ".join(sorted(_recipients(signature)))
    ends = signature.expires_on or signature.expiry_event or EXPIRY_WORDS.get(scope.get("expiry", ""), "as signed")
    return (
        f"Scope of the patient's written consent, signed {signature.signed_at.date().isoformat()}. "
        f"Who may disclose: {', '.join(scope.get('disclosers') or [values.get('program_legal_name', '')])}. "
        f"What: {', '.join(one.replace('_', ' ') for one in scope.get('categories', ()))}. "
        f"To whom: {to}. "
        f"For: {', '.join(PURPOSE_WORDS.get(one, one) for one in scope.get('purposes', ()))}. "
        f"Ends: {ends}."
    )


@dataclass(frozen=True)
class SharedRow:
    """Something that had been disclosed. `recipient` and `summary` are words; never an answer."""

    id: UUID
    recipient: str
    summary: str
    at: datetime


def shared_under(signature_id: UUID, recipients: Collection[str] = ()) -> tuple[SharedRow, ...]:
    """What was disclosed in reliance on a signature, whatever the last word on it was but that it failed; one query."""
    rows = Disclosure.objects.filter(signature_id=signature_id).exclude(state=Disclosure.State.FAILED)
    if recipients:
        rows = rows.filter(recipient__in=recipients)
    return tuple(SharedRow(*row) for row in rows.order_by("at").values_list("id", "recipient", "summary", "at"))


def revocable(patient_id: UUID) -> tuple[SignedDocument, ...]:
    """What the patient signed, may take back at will, and has not taken back; one query."""
    kinds = set(Kind) - NEVER_TAKEN_BACK
    rows = Signature.objects.filter(patient_id=patient_id, decision="signed", kind__in=kinds).exclude(ENDED)
    return _documents(rows)


def of_patient(patient_id: UUID) -> tuple[SignedDocument, ...]:
    """Every decision of a patient, in the order they were made; one query."""
    return _documents(Signature.objects.filter(patient_id=patient_id))


@dataclass(frozen=True)
class EndedRow:
    """A revocation, as the chart needs it. `recipients`: only they may no longer get it; empty: nobody may."""

    signature_id: UUID
    kind: str
    recipients: tuple[str, ...]
    at: datetime


def ended(revocation_id: UUID) -> EndedRow:
    """One query. Raises Revocation.DoesNotExist."""
    row = Revocation.objects.select_related("signature").get(pk=revocation_id)
    return EndedRow(row.signature_id, row.signature.kind, tuple(row.recipients), row.at)


@dataclass(frozen=True)
class EmergencyRow:
    """The facts of 42 CFR 2.51(c), for the patient's record."""

    patient: Patient
    recipient_name: str
    recipient_affiliation: str
    disclosed_by: str
    disclosed_at: datetime
    nature: str
    why_no_consent: str
    what: str


def emergency(emergency_id: UUID) -> EmergencyRow:
    """One query. Raises EmergencyDisclosure.DoesNotExist."""
    rows = EmergencyDisclosure.objects.select_related("disclosure__patient__clinic", "disclosed_by")
    return _emergency(rows.get(pk=emergency_id))


def _emergency(row: EmergencyDisclosure) -> EmergencyRow:
    names = ("recipient_name", "recipient_affiliation", "disclosed_at", "nature", "why_no_consent", "what")
    told = {name: getattr(row, name) for name in names}
    return EmergencyRow(patient=row.disclosure.patient, disclosed_by=row.disclosed_by.full_name, **told)
