"""Writes about who: patients, staff roles, the care team."""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from guardian.shortcuts import assign_perm, remove_perm

import audit.services
from audit.actions import Action, Actor, Ref
from core import selectors
from core.models import Clinic, Membership, Patient, User
from core.permissions import Role

CARE_FOR = "core.care_for"
# Whose work is in Django's admin; every page of it still asks who they are.
IN_THE_ADMIN = frozenset({Role.FRONT_DESK, Role.SUPERVISOR, Role.OPERATOR, Role.COMPLIANCE})


class AddressTaken(Exception):
    """Somebody signs in with this address already."""


@transaction.atomic
def add_staff(*, clinic: Clinic, email: str, full_name: str, role: Role, actor: Actor, credentials: str = "") -> User:
    """Somebody new, in one role at one clinic, without a password: see `password_address`. Raises AddressTaken."""
    if User.objects.filter(email__iexact=email).exists():
        raise AddressTaken
    user = User.objects.create_staff(
        email=email, password=None, full_name=full_name, credentials=credentials, is_staff=role in IN_THE_ADMIN
    )
    Membership.objects.create(user=user, clinic=clinic, role=role)
    audit.services.record(
        Action.STAFF_ADDED,
        actor=actor,
        obj=Ref("core.User", str(user.id)),
        clinic_id=clinic.id,
        context={"role": role.value},
    )
    return user


def password_address(user: User) -> str:
    """Where the person sets a password: once, within `PASSWORD_RESET_TIMEOUT`. Whoever has it can do so."""
    key = default_token_generator.make_token(user)
    path = reverse("account_reset_password_from_key", args=[user_pk_to_url_str(user), key])
    address: str = settings.BASE_URL + path
    return address


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
