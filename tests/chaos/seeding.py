"""Invites patients of a clinic with two people on call; prints their packets and links: `python -m chaos.seeding N`."""

import json
import sys
from datetime import date

import django

django.setup()

import packets as given  # noqa: E402  (found after the line above)
from personas import SEED, World, build_world, prove  # noqa: E402

import core.services  # noqa: E402
from core import clock  # noqa: E402
from core.models import Clinic, Program, Site, User  # noqa: E402
from escalation.services import duty  # noqa: E402
from intake.services import packets  # noqa: E402

# One page at once, the next a second later, and then nothing for as long as a test takes.
LADDER = [
    {"name": "First", "level": "on_call", "wait_seconds": 1},
    {"name": "Second", "level": "backup", "wait_seconds": 3600},
    {"name": "Third", "level": "everyone", "wait_seconds": 3600},
]


def build() -> None:
    world: World = build_world()
    given.publish(world)
    prove(world.clinic, world.clinician, world.backup, world.supervisor)
    for user, level in ((world.clinician, "on_call"), (world.backup, "backup")):
        duty.put_on_call(clinic=world.clinic, user=user, level=level, starts_at=clock.now(), actor=SEED)
    duty.set_ladder(clinic=world.clinic, steps=LADDER, actor=SEED)


def invite() -> dict[str, str]:
    clinic = Clinic.objects.get(name="Harbor Clinic")
    patient = core.services.register_patient(
        clinic=clinic, given_name="Rosa", family_name="Núñez", birth_date=date(1990, 3, 15), actor=SEED
    )
    program, site = Program.objects.get(clinic=clinic), Site.objects.get(clinic=clinic)
    desk = User.objects.get(email="desk@clinic.test")
    made = packets.invite(patient=patient, program=program, site=site, language="en", invited_by=desk)
    return {"packet": str(made.packet.id), "token": made.token}


if not Clinic.objects.exists():
    build()
sys.stdout.write(json.dumps([invite() for _ in range(int(sys.argv[1]))]))
