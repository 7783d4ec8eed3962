"""What the staff's pages are asked about: a patient who was invited, signed, and answered dangerously."""

from datetime import timedelta
from uuid import uuid4

from allauth.mfa.models import Authenticator
from django.test import Client
from personas import World, signed_in

import consents.services
import escalation.services.duty
from audit.actions import Actor
from core import clock
from core.models import User
from escalation.models import Incident
from intake.models import Packet
from intake.services import library, packets, submission

NOT_AT_ALL, SEVERAL_DAYS, YES, NO = "LA6568-5", "LA6569-3", "LA33-6", "LA32-8"
PHQ9 = {f"phq9-q{n}": [SEVERAL_DAYS if n in (1, 2, 9) else NOT_AT_ALL] for n in range(1, 10)}
GAD7 = {f"gad7-q{n}": [SEVERAL_DAYS] for n in range(1, 8)}
DAST10 = {f"dast10-q{n}": [YES if n != 3 else NO] for n in range(1, 11)}
ITEM_NINE = "Thoughts that you would be better off dead"
DOCUMENTS = ("privacy-notice", "treatment", "share-permission")


def session_of(user: User) -> Client:
    """A browser past the password and the authenticator app."""
    Authenticator.objects.get_or_create(user=user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "x"}})
    return signed_in(user)


def publish(world: World) -> None:
    """Forms, documents and people on call."""
    seeder = Actor.system("test")
    consents.services.install_documents(clinic=world.clinic, actor=seeder)
    library.publish_library(actor=seeder)
    escalation.services.duty.set_ladder(
        clinic=world.clinic,
        steps=[
            {"name": "On call", "level": "on_call", "wait_seconds": 300},
            {"name": "Backup", "level": "backup", "wait_seconds": 300},
        ],
    )
    since = clock.now() - timedelta(days=1)
    for user, level in ((world.clinician, "on_call"), (world.backup, "backup")):
        escalation.services.duty.put_on_call(clinic=world.clinic, user=user, level=level, starts_at=since)


def invited(world: World, patient=None) -> packets.Invitation:
    return packets.invite(
        patient=patient or world.patient,
        program=world.program,
        site=world.site,
        language="en",
        invited_by=world.front_desk,
    )


def sign_everything(packet: Packet) -> None:
    for slug in DOCUMENTS:
        actor = Actor.patient(packet.patient_id)
        shown = consents.services.show(
            patient=packet.patient, program=packet.program, source_ref=packet.id, slug=slug, language="en", actor=actor
        )
        submission.sign(
            packet=packet,
            slug=slug,
            shown_sha256=shown.sha256,
            decision="signed",
            signer_name="Rosa Núñez",
            reason="",
            statements=[name for name, _ in shown.statements],
            evidence={},
            language="en",
        )


def answer(packet: Packet, slug: str, changes: dict[str, list[str]]) -> None:
    submission.save_answers(packet=packet, slug=slug, key=uuid4(), changes=changes, language="en")


def in_danger(world: World) -> tuple[Packet, Incident]:
    """Published, invited, signed; PHQ-9 item 9 above zero, GAD-7 and the substance-use form answered; not submitted."""
    publish(world)
    packet = invited(world).packet
    sign_everything(packet)
    answer(packet, "phq-9", PHQ9)
    answer(packet, "gad-7", GAD7)
    answer(packet, "dast-10", DAST10)
    return packet, Incident.objects.get(source_ref=packet.id)


def submitted(packet: Packet) -> Packet:
    """As if everything else had been answered too: only the state is of interest here."""
    packet.refresh_from_db()
    packet.state, packet.submitted_at = Packet.State.SUBMITTED, clock.now()
    packet.save()
    return packet
