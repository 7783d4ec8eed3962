"""What waits for the privacy officer, each with what it is about: to whom, and when."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import QuerySet

from consents.models import Disclosure, EmergencyDisclosure, Paper, PrivacyTask, RestrictionRequest, Revocation
from core.models import Patient

Kind = PrivacyTask.Kind


@dataclass(frozen=True)
class TaskRow:
    """`about` and `at`: whom it concerned and when it happened; "" and None for what is only held."""

    id: UUID
    what: str
    about: str
    at: datetime | None
    patient: Patient
    due_at: datetime
    opened_at: datetime


def open_tasks(patients: "QuerySet[Patient] | Iterable[Patient]") -> tuple[TaskRow, ...]:
    """What nobody has said is done, the first due first; one query, and one for each kind among them."""
    rows = PrivacyTask.objects.filter(closed_at__isnull=True, patient__in=patients).select_related("patient__clinic")
    tasks = list(rows.order_by("due_at"))
    facts: dict[tuple[str, UUID], tuple[str, datetime | None]] = {}
    for kind, (found, told) in SOURCES.items():
        refs = [task.ref for task in tasks if task.kind == kind]
        if refs:
            facts |= {(kind, pk): told(row) for pk, row in found().in_bulk(refs).items()}
    return tuple(_row(one, *facts.get((one.kind, one.ref), ("", None))) for one in tasks)


def _row(task: PrivacyTask, about: str, at: datetime | None) -> TaskRow:
    return TaskRow(task.id, task.get_kind_display(), about, at, task.patient, task.due_at, task.opened_at)


def _emergency(row: EmergencyDisclosure) -> tuple[str, datetime]:
    return f"{row.recipient_name}, {row.recipient_affiliation}", row.disclosed_at


def _revocation(row: Revocation) -> tuple[str, datetime]:
    named = f", only for {', '.join(row.recipients)}" if row.recipients else ""
    return f"{row.signature.version.title}{named}", row.at


def _limit(row: RestrictionRequest) -> tuple[str, datetime]:
    return ", ".join(row.recipients), row.asked_at


def _paper(row: Paper) -> tuple[str, datetime]:
    return row.signature.version.title, row.entered_at


def _told(row: Disclosure) -> tuple[str, datetime]:
    return row.recipient, row.at


# Kind → where its rows are, and what of one is told.
SOURCES: dict[str, tuple[Callable[[], QuerySet[Any]], Callable[[Any], tuple[str, datetime]]]] = {
    Kind.EMERGENCY: (EmergencyDisclosure.objects.all, _emergency),
    Kind.REVOCATION: (lambda: Revocation.objects.select_related("signature__version").defer("scan"), _revocation),
    Kind.RESTRICTION: (RestrictionRequest.objects.all, _limit),
    Kind.PAPER: (lambda: Paper.objects.select_related("signature__version").defer("content"), _paper),
    Kind.UNCOVERED: (Disclosure.objects.all, _told),
}
