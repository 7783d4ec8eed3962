"""Who every view test can ask about: a patient, her clinic's people, and strangers from another clinic."""

from dataclasses import dataclass
from datetime import date

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.test import Client

import core.services
from audit.actions import Actor
from core import clock
from core.models import Clinic, ContactPoint, Membership, Patient, Program, Site, User
from core.permissions import Role
from core.services.people import IN_THE_ADMIN

SEED = Actor.system("test")


@dataclass
class World:
    clinic: Clinic
    site: Site
    program: Program
    patient: Patient
    front_desk: User
    clinician: User
    backup: User
    supervisor: User
    compliance: User
    operator: User
    other_clinic: Clinic
    stranger: User
    stranger_desk: User


def staff(clinic: Clinic, role: Role, email: str, name: str, **extra) -> User:
    extra["is_staff"] = role in IN_THE_ADMIN
    user = User.objects.create_staff(email=email, password="a long enough password", full_name=name, **extra)
    Membership.objects.create(user=user, clinic=clinic, role=role)
    return user


def make_clinic(name: str) -> tuple[Clinic, Site, Program]:
    clinic = Clinic.objects.create(
        name=name,
        neutral_name="Harbor Office",
        phone="555-010-0100",
        crisis_phone="555-010-0199",
        email="office@clinic.test",
        privacy_contact="Privacy Officer, 555-010-0101, privacy@clinic.test",
    )
    site = Site.objects.create(clinic=clinic, name="Main", code="S1")
    program = Program.objects.create(
        clinic=clinic,
        name="Outpatient",
        public_name="Outpatient care",
        legal_name=f"{name} LLC",
        part2_status=Program.Part2Status.PART2,
    )
    return clinic, site, program


def build_world() -> World:
    clinic, site, program = make_clinic("Harbor Clinic")
    other, _, _ = make_clinic("Elsewhere Clinic")
    people = {
        "front_desk": staff(clinic, Role.FRONT_DESK, "desk@clinic.test", "Dana Desk"),
        "clinician": staff(clinic, Role.CLINICIAN, "clin@clinic.test", "Casey Clinician", credentials="LCSW"),
        "backup": staff(clinic, Role.CLINICIAN, "backup@clinic.test", "Blake Backup", credentials="PhD"),
        "supervisor": staff(clinic, Role.SUPERVISOR, "super@clinic.test", "Sam Supervisor", credentials="MD"),
        "compliance": staff(clinic, Role.COMPLIANCE, "comp@clinic.test", "Corin Compliance"),
        "operator": staff(clinic, Role.OPERATOR, "admin@clinic.test", "Ona Operator"),
        "stranger": staff(other, Role.CLINICIAN, "stranger@else.test", "Sasha Stranger", credentials="MD"),
        "stranger_desk": staff(other, Role.FRONT_DESK, "desk@else.test", "Drew Desk"),
    }
    patient = core.services.register_patient(
        clinic=clinic,
        given_name="Rosa",
        family_name="Núñez",
        birth_date=date(1990, 3, 15),
        actor=SEED,
        sex="female",
        phone="+1 555 010 0142",
        email="rosa@example.test",
        mrn="MRN-1001",
    )
    core.services.join_care_team(patient=patient, user=people["clinician"])
    return World(clinic=clinic, site=site, program=program, patient=patient, other_clinic=other, **people)


def prove(clinic: Clinic, *people: User) -> None:
    """Each has a verified contact point by which a test arrived just now: without it no ladder goes live."""
    for user in people:
        ContactPoint.objects.create(
            clinic=clinic,
            user=user,
            kind=ContactPoint.Kind.EMAIL,
            address=user.email,
            verified_at=clock.now(),
            last_test_delivered_at=clock.now(),
        )


def signed_in(user: User) -> Client:
    """A client past the password and the second factor, as allauth records it in the session."""
    Authenticator.objects.get_or_create(
        user=user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": get_adapter().encrypt("A" * 32)}}
    )
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.session
    session["account_authentication_methods"] = [{"method": "password"}, {"method": "mfa", "type": "totp"}]
    session.save()
    return client
