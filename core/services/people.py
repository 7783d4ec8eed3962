"""Writes about who: patients, staff roles, the care team."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from django.db import transaction
from guardian.shortcuts import assign_perm, remove_perm

import audit.services
from audit.actions import Action, Actor, Ref
from core import selectors
from core.models import Clinic, Patient, User

CARE_FOR = "core.care_for"


@transaction.atomic
def register_patient(
    *, clinic: Clinic, given_name: str, family_name: str, birth_date: date, actor: Actor, **details: Any
) -> Patient:
    """Create a patient (`details`: sex, phone, email, mrn, language). Raises IntegrityError for an MRN in use."""
    patient = Patient.objects.create(
        clinic=clinic,
        given_name=given_name.strip(),
        family_name=family_name.strip(),
        birth_date=birth_date.isoformat(),
        **details,
    )
    audit.services.record(
        Action.PATIENT_CREATED,
        actor=actor,
        obj=Ref("core.Patient", str(patient.id)),
        clinic_id=clinic.id,
        patient_id=patient.id,
    )
    return patient


@transaction.atomic
def change_patient(*, patient: Patient, changes: dict[str, str], actor: Actor) -> Patient:
    """Change demographic columns by name; evidence names the columns, never the values."""
    allowed = {"given_name", "family_name", "birth_date", "sex", "phone", "email", "mrn", "language"}
    if unknown := changes.keys() - allowed:
        raise ValueError(f"not a demographic column: {', '.join(sorted(unknown))}")
    for name, value in changes.items():
        setattr(patient, name, value)
    patient.save()
    audit.services.record(
        Action.PATIENT_CHANGED,
        actor=actor,
        obj=Ref("core.Patient", str(patient.id)),
        clinic_id=patient.clinic_id,
        patient_id=patient.id,
        context={"fields": sorted(changes)},
    )
    return patient


def record_listing(*, patients: Iterable[Patient], page: str, actor: Actor) -> None:
    """Somebody was shown these patients' names in a list: one event per clinic that names every one of them."""
    by_clinic: dict[UUID, set[str]] = {}
    for patient in patients:
        by_clinic.setdefault(patient.clinic_id, set()).add(str(patient.id))
    for clinic_id, ids in by_clinic.items():
        audit.services.record(
            Action.PATIENT_READ,
            actor=actor,
            obj=Ref("core.Patient", "list"),
            clinic_id=clinic_id,
            context={"page": page, "patients": sorted(ids)},
        )


def join_care_team(*, patient: Patient, user: User) -> None:
    """The user may see this patient's clinical record, if the role allows it at all."""
    assign_perm(CARE_FOR, user, patient)


def leave_care_team(*, patient: Patient, user: User) -> None:
    remove_perm(CARE_FOR, user, patient)


@transaction.atomic
def set_care_team(*, patient: Patient, users: Iterable[User], actor: Actor) -> None:
    """Exactly these clinicians care for the patient from now on; who joined and who left is evidence."""
    wanted, present = {user.pk: user for user in users}, selectors.care_team(patient)
    joined = sorted(str(pk) for pk in wanted.keys() - present)
    left = sorted(str(pk) for pk in present - wanted.keys())
    for user in User.objects.filter(pk__in=left):
        leave_care_team(patient=patient, user=user)
    for pk in joined:
        join_care_team(patient=patient, user=wanted[UUID(pk)])
    if joined or left:
        audit.services.record(
            Action.PATIENT_CHANGED,
            actor=actor,
            obj=Ref("core.Patient", str(patient.id)),
            clinic_id=patient.clinic_id,
            patient_id=patient.id,
            context={"fields": ["care_team"], "joined": joined, "left": left},
        )
