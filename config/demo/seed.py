"""The demo clinic: people, on-call, texts, forms, a sandbox chart, patients. Idempotent.

The names are invented. The story: Rosa Núñez was given a link this morning; Casey and Blake are on call in turns. The
other patients of that day are in `story`.
"""

import base64
import hmac
import json
import os
import struct
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as wall_time
from pathlib import Path
from zoneinfo import ZoneInfo

from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction

import consents.services
import core.services
import ehr.services.connecting
from audit.actions import Actor
from config.demo import story
from core import clock
from core.models import Clinic, ContactPoint, Patient, PatientQuerySet, Program, Site, User
from core.permissions import Role
from escalation.services import duty
from intake.services import library, packets, rules

SEEDER = Actor.system("demo-seed")
PASSWORD = "candor demo only 2026"  # printed for everybody: the demo holds invented data only
CLINIC = "Harborview Counseling (demo)"
ROSA = "MRN-1001"


@dataclass(frozen=True)
class Person:
    email: str
    name: str
    role: Role
    credentials: str = ""


PEOPLE = (
    Person("desk@candor.demo", "Dana Reyes", Role.FRONT_DESK),
    Person("clinician@candor.demo", "Casey Morgan", Role.CLINICIAN, "LCSW"),
    Person("backup@candor.demo", "Blake Okafor", Role.CLINICIAN, "PhD"),
    Person("compliance@candor.demo", "Corin Lee", Role.COMPLIANCE),
    Person("compliance2@candor.demo", "Noor Castle", Role.COMPLIANCE),  # approves what Corin writes
    Person("supervisor@candor.demo", "Sol Winter", Role.SUPERVISOR, "MD"),
    Person("admin@candor.demo", "Ona Ferris", Role.OPERATOR),
)


HANDOVER = wall_time(8)
# Our proposal, not a published standard.
LADDER = [
    {"name": "on call", "level": "on_call", "wait_seconds": 300},
    {"name": "backup", "level": "backup", "wait_seconds": 300},
]


def current_code(secret: str) -> str:
    """The six digits an authenticator app would show now (RFC 6238, 30 s, SHA-1)."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.digest(key, struct.pack(">Q", int(time.time()) // 30), "sha1")
    offset = digest[-1] & 0x0F
    return f"{(struct.unpack('>I', digest[offset : offset + 4])[0] & 0x7FFFFFFF) % 1_000_000:06d}"


@transaction.atomic
def seed() -> Path:
    """Make what is missing, and a fresh link for the demo patient. Returns the file with the links."""
    clinic = Clinic.objects.filter(name=CLINIC).first() or _clinic()
    users = {person.email: _person(clinic, person) for person in PEOPLE}
    consents.services.install_documents(clinic=clinic, actor=SEEDER)
    library.publish_library(actor=SEEDER)
    for instrument in rules.terms():  # invented: a real clinic reads the terms and confirms them in the admin
        rules.confirm_right(clinic=clinic, instrument=instrument, by=users["admin@candor.demo"])
    ehr.services.connecting.connect_sandbox(clinic=clinic, base_url=f"http://127.0.0.1:{settings.DEMO_HTTP_PORT}/fhir")
    _on_call(clinic, users)
    stage = story.Stage(
        clinic=clinic,
        program=Program.objects.filter(clinic=clinic)[0],
        site=Site.objects.filter(clinic=clinic).first(),
        desk=users["desk@candor.demo"],
        clinician=users["clinician@candor.demo"],
    )
    story.tell(stage)
    return _write_links(_invitation(stage), users)


def _clinic() -> Clinic:
    clinic = Clinic.objects.create(
        name=CLINIC,
        neutral_name="Harborview Office",
        phone="555-010-0100",
        email="office@candor.demo",
        privacy_contact="Privacy Officer, 555-010-0101, privacy@candor.demo",
    )
    Site.objects.create(clinic=clinic, name="Main Street", code="S1")
    Program.objects.create(
        clinic=clinic,
        name="Outpatient SUD and mental health",
        public_name="Outpatient care",
        legal_name="Harborview Counseling LLC",
        part2_status=Program.Part2Status.PART2,
    )
    return clinic


def _person(clinic: Clinic, person: Person) -> User:
    user = User.objects.filter(email=person.email).first()
    if user is None:
        user = core.services.add_staff(
            clinic=clinic,
            email=person.email,
            full_name=person.name,
            role=person.role,
            credentials=person.credentials,
            actor=SEEDER,
        )
        user.set_password(PASSWORD)
        user.save()
        secret = base64.b32encode(os.urandom(20)).decode()
        Authenticator.objects.create(
            user=user, type=Authenticator.Type.TOTP, data={"secret": get_adapter().encrypt(secret)}
        )
    return user


def _on_call(clinic: Clinic, users: dict[str, User]) -> None:
    """Casey and Blake take turns by the week, and each is the other's backup. Hands change on Mondays at 8.

    Blake has asked Casey to take the first Friday of his turns. Behind all that stand their duties without an end.
    """
    casey, blake = users["clinician@candor.demo"], users["backup@candor.demo"]
    monday = clinic.created_at.date() - timedelta(days=clinic.created_at.weekday())
    for level, members in (("on_call", [casey, blake]), ("backup", [blake, casey])):
        duty.set_rotation(
            clinic=clinic,
            level=level,
            time_zone=clinic.time_zone,
            starts_on=monday,
            handover=HANDOVER,
            days=7,
            members=members,
            actor=SEEDER,
        )
        duty.put_on_call(
            clinic=clinic, user=members[0], level=level, starts_at=clock.now() - timedelta(days=1), actor=SEEDER
        )
    for person in (casey, blake):
        _reached(clinic, person)
    duty.set_ladder(clinic=clinic, steps=LADDER, actor=SEEDER)
    friday = datetime.combine(monday + timedelta(days=11), HANDOVER, ZoneInfo(clinic.time_zone))
    with suppress(duty.AlreadyOverridden, duty.NotAnOverride):  # a demo that is weeks old: that Friday is over
        duty.stand_in(
            clinic=clinic,
            level="on_call",
            user=casey,
            starts_at=friday,
            ends_at=friday + timedelta(days=1),
            reason="Swap: Blake is away",
            actor=SEEDER,
        )


def _reached(clinic: Clinic, user: User) -> None:
    """As if a test had arrived and its code been entered: the demo's mailbox takes everything."""
    mine = ContactPoint.objects.filter(clinic=clinic, user=user, kind=ContactPoint.Kind.EMAIL)
    point = mine.first() or ContactPoint(clinic=clinic, user=user, kind=ContactPoint.Kind.EMAIL, address=user.email)
    point.verified_at = point.last_test_delivered_at = clock.now()
    point.save()


def _invitation(stage: story.Stage) -> packets.Invitation:
    """The demo patient's, and nobody else's: `./run demo-check` opens it."""
    patient = PatientQuerySet(Patient).filter(clinic=stage.clinic).matching(mrn=ROSA).first()
    if patient is None:
        patient = core.services.register_patient(
            clinic=stage.clinic,
            given_name="Rosa",
            family_name="Núñez",
            birth_date=date(1990, 3, 15),
            actor=SEEDER,
            sex="female",
            phone="+1 555 010 0142",
            email="rosa@example.com",
            mrn=ROSA,
        )
        core.services.join_care_team(patient=patient, user=stage.clinician)
    open_packet = packets.unfinished(patient=patient)
    if open_packet:
        return packets.reissue(packet=open_packet, by=stage.desk)
    return packets.invite(patient=patient, program=stage.program, site=stage.site, language="en", invited_by=stage.desk)


def _write_links(invitation: packets.Invitation, users: dict[str, User]) -> Path:
    secrets = {
        one.user_id: get_adapter().decrypt(one.data["secret"])
        for one in Authenticator.objects.filter(user__in=users.values(), type=Authenticator.Type.TOTP)
    }
    people = [
        {
            "role": person.role.value.replace("_", " "),
            "name": person.name,
            "email": person.email,
            "password": PASSWORD,
            "secret": secrets[users[person.email].id],
        }
        for person in PEOPLE
    ]
    peers = f"http://127.0.0.1:{settings.DEMO_HTTP_PORT}"
    links = {
        "patient": invitation.url,
        "patient_code": invitation.code,
        "patient_birth_date": "03/15/1990",
        "front_desk": f"{settings.BASE_URL}/admin/",
        "clinician": f"{settings.BASE_URL}/staff/inbox/",
        "compliance": f"{settings.BASE_URL}/staff/privacy/",
        "demo": f"{settings.BASE_URL}/demo/",
        "mail": f"{peers}/mail/",
        "chart": f"{peers}/chart/",
        "people": people,
    }
    file = Path(settings.DATA_DIR) / "demo" / "links.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(links, indent=1))
    file.chmod(0o600)
    return file
