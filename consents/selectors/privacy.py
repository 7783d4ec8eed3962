"""What the privacy officer sees, and what the chart is told: permissions, limits, emergencies, open tasks."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import DateField, Func, Q

import audit.selectors
from audit.actions import Action
from consents.models import (
    Disclosure,
    DocumentVersion,
    EmergencyDisclosure,
    RestrictionRequest,
    Revocation,
    Signature,
)
from consents.policy import Kind
from consents.selectors.part2 import PURPOSE_WORDS, SharedRow, shared_row
from core.models import Patient

TODAY = Func(template="CURRENT_DATE", output_field=DateField())


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


def has_ended(signature_id: UUID) -> bool:
    """As a whole, not for some recipients alone."""
    return Revocation.objects.filter(signature=signature_id, recipients=[]).exists()


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


@dataclass(frozen=True)
class EndRow:
    """One end of a permission: how it was told, and what had been shared in reliance on it by then.
    `paper`: there is one to look at."""

    why: str
    how: str
    recipients: tuple[str, ...]
    at: datetime
    relied_on: tuple[SharedRow, ...]
    paper: UUID | None


@dataclass(frozen=True)
class PermissionRow:
    """`stands`: signed, not ended as a whole, its last day not over. `ends_by_hand`: staff may write down its end;
    there is nothing to take back of a receipt (45 CFR 164.520(c)(2)(ii))."""

    signature_id: UUID
    title: str
    kind: str
    decision: str
    version: str
    signed_at: datetime
    stands: bool
    is_over: bool
    ends_by_hand: bool
    ends: tuple[EndRow, ...]


def permissions(patient_id: UUID) -> tuple[PermissionRow, ...]:
    """Everything that the patient decided, the latest first, with what ended it. Three queries."""
    rows = Signature.objects.filter(patient_id=patient_id).select_related("version").order_by("-signed_at")
    found = list(rows.annotate(is_over=Q(expires_on__lt=TODAY)).prefetch_related("revocations"))
    relied = {key for row in found for end in row.revocations.all() for key in end.relied_on}
    columns = ("id", "recipient", "summary", "at")
    shared = {
        str(one[0]): shared_row(*one)
        for one in Disclosure.objects.filter(pk__in=relied).order_by("at").values_list(*columns)
    }
    return tuple(_permission(row, shared) for row in found)


def _permission(row: Signature, shared: dict[str, SharedRow]) -> PermissionRow:
    ends = tuple(
        EndRow(
            why=end.get_why_display(),
            how=end.get_how_display(),
            recipients=tuple(end.recipients),
            at=end.at,
            relied_on=tuple(shared[key] for key in end.relied_on if key in shared),
            paper=end.id if end.scan else None,
        )
        for end in sorted(row.revocations.all(), key=lambda one: one.at)
    )
    is_signed = row.decision == Signature.Decision.SIGNED
    stands = is_signed and not vars(row)["is_over"] and all(end.recipients for end in ends)
    return PermissionRow(
        signature_id=row.id,
        title=row.version.title,
        kind=Kind(row.kind).label,
        decision=row.get_decision_display(),
        version=row.version.version,
        signed_at=row.signed_at,
        stands=stands,
        is_over=bool(vars(row)["is_over"]),
        ends_by_hand=stands and row.kind not in (Kind.NPP_ACK, Kind.PART2_NOTICE),
        ends=ends,
    )


@dataclass(frozen=True)
class NoticeRow:
    """A text that only has to be shown, such as the notice of 42 CFR 2.22: the patient went on from it `at`."""

    packet: UUID
    slug: str
    title: str
    version: str
    language: str
    at: datetime


def notices(patient_id: UUID) -> tuple[NoticeRow, ...]:
    """What the patient was shown to the end and did not have to sign, the latest first; three queries.

    The evidence is the only place where it stands: nobody decided anything.
    """
    told = audit.selectors.told((Action.DOCUMENT_SHOWN,), patient_id=patient_id, context__contains='"confirmed":true')
    shown = [(event.object_id, json.loads(event.context)["packet"], event.at) for event, _ in told]
    versions = DocumentVersion.objects.select_related("document").in_bulk({key for key, _, _ in shown})
    found = [(versions[UUID(key)], packet, at) for key, packet, at in reversed(shown)]
    return tuple(
        NoticeRow(UUID(packet), one.document.slug, one.title, one.version, one.language, at)
        for one, packet, at in found
    )


@dataclass(frozen=True)
class LimitRow:
    """A request for limits; `reach` says in words what about. `binds_since`: None while or where it doesn't bind."""

    id: UUID
    scope: str
    reach: str
    is_self_paid: bool
    state: str
    note: str
    asked_at: datetime
    binds_since: datetime | None


def limits(patient_id: UUID) -> tuple[LimitRow, ...]:
    """The latest first; one query."""
    rows = RestrictionRequest.objects.filter(patient_id=patient_id).order_by("-asked_at")
    return tuple(
        LimitRow(
            id=one.id,
            scope=one.scope,
            reach=_reach(one),
            is_self_paid=one.is_self_paid,
            state=one.state,
            note=one.note,
            asked_at=one.asked_at,
            binds_since=_binds_since(one),
        )
        for one in rows
    )


def _reach(row: RestrictionRequest) -> str:
    """Which information, to whom, for what."""
    to = "health plans and other payers" if row.is_self_paid else "everybody"
    purposes = [PURPOSE_WORDS.get(code, code) for code in row.purposes]
    if row.is_self_paid:
        purposes = purposes or ["payment", "health care operations"]
    what = ", ".join(code.replace("_", " ") for code in row.categories) or "everything"
    return f"{what}; to {', '.join(row.recipients) or to}; for {' or '.join(purposes) or 'any purpose'}"


def _binds_since(row: RestrictionRequest) -> datetime | None:
    """What was paid in full binds from the moment it is asked: it can't be refused (45 CFR 164.522(a)(1)(vi))."""
    if row.state not in (RestrictionRequest.State.ASKED, RestrictionRequest.State.AGREED):
        return None
    return row.asked_at if row.is_self_paid else row.decided_at


def emergencies(patient_id: UUID) -> tuple[EmergencyRow, ...]:
    """The latest first; one query."""
    rows = EmergencyDisclosure.objects.select_related("disclosure__patient__clinic", "disclosed_by")
    return tuple(_emergency(one) for one in rows.filter(disclosure__patient=patient_id).order_by("-disclosed_at"))


@dataclass(frozen=True)
class ToldRow:
    """Told outside the wire. `covered`: a consent covered it, or none was needed."""

    at: datetime
    recipient: str
    address: str
    what: str
    purpose: str
    told_by: str
    permission: str
    covered: bool


def told_by_hand(patient_id: UUID) -> tuple[ToldRow, ...]:
    """What staff told by phone, fax, on paper or in person, the latest first; one query."""
    rows = Disclosure.objects.filter(patient_id=patient_id, recorded_by__isnull=False).order_by("-at")
    return tuple(
        ToldRow(
            at=one.at,
            recipient=one.recipient,
            address=one.recipient_address,
            what=one.description or one.summary,
            purpose=PURPOSE_WORDS.get(one.purpose, one.purpose),
            told_by=one.told_by,
            permission=one.signature.version.title if one.signature else "",
            covered="uncovered" not in one.basis,
        )
        for one in rows.select_related("signature__version")
    )
