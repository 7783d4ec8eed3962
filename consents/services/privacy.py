"""What the privacy officer has to look at: rows that stay open until somebody says that it was done."""

from datetime import timedelta
from uuid import UUID

from django.db import transaction

import audit.services
from audit.actions import Action, Actor, Ref
from consents.models import PrivacyTask, RestrictionRequest
from core import clock
from core.models import Patient, User

# Our own measure, not the law's: requests and what is held within the week, all else the next day.
DUE = {
    PrivacyTask.Kind.EMERGENCY: timedelta(days=1),
    PrivacyTask.Kind.REVOCATION: timedelta(days=1),
    PrivacyTask.Kind.RESTRICTION: timedelta(days=7),
    PrivacyTask.Kind.HELD: timedelta(days=7),
    PrivacyTask.Kind.PAPER: timedelta(days=1),
    PrivacyTask.Kind.UNCOVERED: timedelta(days=1),
}


def open_task(*, patient: Patient, kind: PrivacyTask.Kind, ref: UUID) -> PrivacyTask:
    """Once per row that it is about; in the transaction of what it is about."""
    task, _ = PrivacyTask.objects.get_or_create(
        kind=kind, ref=ref, defaults={"patient": patient, "due_at": clock.now() + DUE[kind]}
    )
    return task


def report_held(*, patient_id: UUID, ref: UUID) -> None:
    """Something waits because no consent covers it: somebody asks the patient, or keeps it back for good."""
    open_task(patient=Patient.objects.get(pk=patient_id), kind=PrivacyTask.Kind.HELD, ref=ref)


class NotAnswered(Exception):
    """A request for limits is done when it is answered, and not before."""


@transaction.atomic
def close_task(*, task: PrivacyTask, user: User, note: str) -> bool:
    """Say that it was done; False where somebody had said so before. Raises NotAnswered."""
    row = PrivacyTask.objects.select_for_update(of=("self",)).filter(pk=task.pk, closed_at__isnull=True).first()
    if row is None:
        return False
    asked = RestrictionRequest.objects.filter(pk=row.ref, state=RestrictionRequest.State.ASKED)
    if row.kind == PrivacyTask.Kind.RESTRICTION and asked.exists():
        raise NotAnswered
    row.closed_at, row.closed_by, row.note = clock.now(), user, note
    row.save()
    audit.services.record(
        Action.PRIVACY_TASK_CLOSED,
        actor=Actor.staff(user.id),
        obj=Ref("consents.PrivacyTask", str(row.id)),
        clinic_id=row.patient.clinic_id,
        patient_id=row.patient_id,
        context={"kind": row.kind},
    )
    return True
