"""What the staff's pages are asked about: a patient who was invited, signed, and answered dangerously."""

from datetime import date, timedelta
from uuid import uuid4

import packets as given
from django.test import Client
from packets import DOCUMENTS
from personas import World, prove, signed_in

import core.services
import escalation.services.duty
from core import clock
from core.models import Patient, User
from escalation.models import Incident
from intake.models import Packet
from intake.services import packets
from screening import scoring
from screening.models import ScreeningResult

__all__ = ["DOCUMENTS", "SEVERAL_DAYS"]

NOT_AT_ALL, SEVERAL_DAYS, YES = given.NOT_AT_ALL, given.SEVERAL, given.YES
PHQ9 = {f"phq9-q{n}": [SEVERAL_DAYS if n in (1, 2, 9) else NOT_AT_ALL] for n in range(1, 10)}
GAD7 = {f"gad7-q{n}": [SEVERAL_DAYS] for n in range(1, 8)}
DAST10 = {f"dast10-q{n}": [YES] for n in range(1, 11)}
AT_HOME = {
    "demo-phone": ["(555) 010-0177"], "demo-voicemail": ["false"], "demo-has-address": ["true"],
    "demo-address-line": ["12 Main Street"], "demo-city": ["Boston"], "demo-state": ["MA"], "demo-zip": ["02101"],
    "demo-emergency-has": ["true"], "demo-emergency-name": ["Ines Núñez"], "demo-emergency-relationship": ["PRN"],
    "demo-emergency-phone": ["(555) 010-0188"],
}  # fmt: skip
ITEM_NINE = "Thoughts that you would be better off dead"


def session_of(user: User) -> Client:
    """A browser past the password and the authenticator app."""
    return signed_in(user)


def publish(world: World) -> None:
    """Forms, documents and people on call."""
    given.publish(world)
    since = clock.now() - timedelta(days=1)
    for user, level in ((world.clinician, "on_call"), (world.backup, "backup")):
        escalation.services.duty.put_on_call(
            clinic=world.clinic, user=user, level=level, starts_at=since, actor=given.SEED
        )
    prove(world.clinic, world.clinician, world.backup)
    escalation.services.duty.set_ladder(
        clinic=world.clinic,
        steps=[
            {"name": "On call", "level": "on_call", "wait_seconds": 300},
            {"name": "Backup", "level": "backup", "wait_seconds": 300},
        ],
        actor=given.SEED,
    )


def invited(world: World, patient: Patient | None = None) -> packets.Invitation:
    """Everything must be published before."""
    return packets.invite(
        patient=patient or world.patient,
        program=world.program,
        site=world.site,
        language="en",
        invited_by=world.front_desk,
    )


def sign_everything(packet: Packet) -> None:
    for slug in DOCUMENTS:
        given.sign(packet, slug)


def in_danger(world: World) -> tuple[Packet, Incident]:
    """Published, invited, signed; PHQ-9 item 9 above zero, GAD-7 and DAST-10 answered; not submitted."""
    publish(world)
    packet = invited(world).packet
    sign_everything(packet)
    for slug, answers in (("phq-9", PHQ9), ("gad-7", GAD7), ("dast-10", DAST10)):
        given.answer(packet, slug, answers)
    return packet, Incident.objects.get(source_ref=packet.id)


def submitted(packet: Packet) -> Packet:
    """As if everything else had been answered too: only the state is of interest here."""
    packet.refresh_from_db()
    packet.state, packet.submitted_at = Packet.State.SUBMITTED, clock.now()
    packet.save()
    return packet


def measured_before(patient: Patient, days: int = 30) -> None:
    """PHQ-9 20 so many days ago: a trend, with the next one."""
    answers = {f"phq9-q{n}": "LA6571-9" if n < 7 else "LA6570-1" if n == 7 else NOT_AT_ALL for n in range(1, 10)}
    ScreeningResult.objects.create(
        patient=patient,
        instrument="phq-9",
        source_ref=uuid4(),
        source_revision=1,
        answers=answers,
        detail=scoring.detail(scoring.score("phq-9", answers)),
        scored_at=clock.now() - timedelta(days=days),
    )


def another_patient(world: World, family_name: str, clinician: User | None = None) -> Patient:
    patient = core.services.register_patient(
        clinic=world.clinic,
        given_name="Noa",
        family_name=family_name,
        birth_date=date(1980, 1, 1),
        actor=given.SEED,
        mrn=family_name,
    )
    core.services.join_care_team(patient=patient, user=clinician or world.clinician)
    return patient
