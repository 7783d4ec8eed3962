"""What the privacy officer sees, and what the chart is told: permissions, limits, emergencies, open tasks."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import QuerySet

from consents.models import Disclosure, EmergencyDisclosure, PrivacyTask, RestrictionRequest, Revocation, Signature
from consents.policy import Kind
from consents.selectors.part2 import PURPOSE_WORDS, SharedRow
from core.models import Patient


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
    """`stands`: signed, and not ended as a whole."""

    signature_id: UUID
    title: str
    kind: str
    decision: str
    version: str
    signed_at: datetime
    stands: bool
    ends: tuple[EndRow, ...]


def permissions(patient_id: UUID) -> tuple[PermissionRow, ...]:
    """Everything that the patient decided, the latest first, with what ended it. Three queries."""
    rows = Signature.objects.filter(patient_id=patient_id).select_related("version").order_by("-signed_at")
    found = list(rows.prefetch_related("revocations"))
    relied = {key for row in found for end in row.revocations.all() for key in end.relied_on}
    columns = ("id", "recipient", "summary", "at")
    shared = {
        str(one[0]): SharedRow(*one)
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
    return PermissionRow(
        signature_id=row.id,
        title=row.version.title,
        kind=Kind(row.kind).label,
        decision=row.get_decision_display(),
        version=row.version.version,
        signed_at=row.signed_at,
        stands=row.decision == Signature.Decision.SIGNED and all(end.recipients for end in ends),
        ends=ends,
    )


@dataclass(frozen=True)
class LimitRow:
    """A request for limits; `reach` are its codes in words, empty where it is about everything."""

    id: UUID
    scope: str
    reach: str
    is_self_paid: bool
    state: str
    note: str
    asked_at: datetime


def limits(patient_id: UUID) -> tuple[LimitRow, ...]:
    """The latest first; one query."""
    rows = RestrictionRequest.objects.filter(patient_id=patient_id).order_by("-asked_at")
    return tuple(
        LimitRow(
            one.id, one.scope, ", ".join([*one.recipients, *one.purposes, *one.categories]), one.is_self_paid,
            one.state, one.note, one.asked_at,
        )
        for one in rows
    )  # fmt: skip


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
            one.at, one.recipient, one.recipient_address, one.description or one.summary, PURPOSE_WORDS.get(one.purpose, one.purpose),
            one.told_by, one.signature.version.title if one.signature else "", "uncovered" not in one.basis,
        )
        for one in rows.select_related("signature__version")
    )  # fmt: skip


@dataclass(frozen=True)
class TaskRow:
    id: UUID
    what: str
    patient: Patient
    due_at: datetime
    opened_at: datetime


def open_tasks(patients: "QuerySet[Patient] | Iterable[Patient]") -> tuple[TaskRow, ...]:
    """What nobody has said is done, the first due first; one query."""
    rows = PrivacyTask.objects.filter(closed_at__isnull=True, patient__in=patients).select_related("patient__clinic")
    return tuple(
        TaskRow(one.id, one.get_kind_display(), one.patient, one.due_at, one.opened_at)
        for one in rows.order_by("due_at")
    )
