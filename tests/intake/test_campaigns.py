"""A text has changed: whoever signed the one before is invited to sign it again, and compliance sees counts."""

import uuid
from datetime import date

import packets as given
import pytest
from personas import SEED, signed_in
from personas import staff as make_staff

import consents.services
import core.services
from audit.models import Event
from consents.access import documents_for_compliance
from core.permissions import Role
from intake.models import Packet
from intake.services import campaigns, packets, submission
from intake.services.campaigns import Progress


@pytest.fixture
def treatment(world):
    given.publish(world)
    return documents_for_compliance(world.compliance).get(slug="treatment")


def signer(world, name, slug="treatment"):
    patient = core.services.register_patient(
        clinic=world.clinic, given_name=name, family_name="Example", birth_date=date(1990, 1, 1), actor=SEED
    )
    packet = packets.invite(
        patient=patient, program=world.program, site=world.site, language="es", invited_by=world.front_desk
    ).packet
    given.sign(packet, slug)
    return packet


def new_version(world, document):
    sora = make_staff(world.clinic, Role.COMPLIANCE, "second@clinic.test", "Sora Second")
    version = consents.services.start_draft(document=document, by=world.compliance)
    consents.services.approve(document=document, version=version, at=None, by=sora)


@pytest.fixture
def done_before(world, treatment):
    """Two whose packet is sent, and one who signed and then left: their packet still asks for the document."""
    sent = [signer(world, name) for name in ("Ana", "Bo")]
    for packet in sent:
        packets.withdraw(packet=packet, by=world.front_desk)
    signer(world, "Cy")
    new_version(world, treatment)
    return sent


def test_everybody_who_signed_the_older_text_is_invited_once_for_that_document_alone(world, treatment, done_before):
    assert campaigns.progress(treatment) == Progress(waiting=2, elsewhere=1, invited=0, opened=0, done=0)
    assert campaigns.invite_affected(document=treatment, by=world.compliance) == 2
    assert campaigns.invite_affected(document=treatment, by=world.compliance) == 0
    assert campaigns.progress(treatment) == Progress(waiting=0, elsewhere=1, invited=2, opened=0, done=0)
    made = Packet.objects.filter(invited_by=world.compliance)
    assert {(one.language, one.program, one.site) for one in made} == {("es", world.program, world.site)}
    for packet in made:
        assert [step.slug for step in packet.steps.all()] == ["treatment"]
    started = Event.objects.filter(action="consent.campaign_started").order_by("at")
    assert ['"invited":2' in event.context for event in started] == [True, False]


def test_progress_follows_the_packet_to_its_end(world, treatment, done_before):
    campaigns.invite_affected(document=treatment, by=world.compliance)
    packet = Packet.objects.filter(invited_by=world.compliance).first()
    link = packets.reissue(packet=packet, by=world.front_desk)
    opened = packets.open_packet(secret=link.token, birth_date=date(1990, 1, 1))
    assert campaigns.progress(treatment) == Progress(waiting=0, elsewhere=1, invited=2, opened=1, done=0)
    given.sign(opened, "treatment")
    submission.submit(packet=opened, key=uuid.uuid4())
    assert campaigns.progress(treatment) == Progress(waiting=0, elsewhere=1, invited=2, opened=1, done=1)


def test_a_withdrawn_invitation_can_be_made_again(world, treatment, done_before):
    campaigns.invite_affected(document=treatment, by=world.compliance)
    packets.withdraw(packet=Packet.objects.filter(invited_by=world.compliance).first(), by=world.front_desk)
    assert campaigns.progress(treatment).waiting == 1


def test_a_document_that_no_packet_asks_for_makes_no_empty_packet(world, treatment):
    with pytest.raises(packets.NothingToAsk):
        packets.invite(
            patient=world.patient, program=world.program, site=world.site, language="en",
            invited_by=world.compliance, only="messages",
        )  # fmt: skip
    assert not Packet.objects.exists()


def test_the_page_shows_counts_and_no_name_and_its_button_invites(world, treatment, done_before):
    corin, address = signed_in(world.compliance), f"/staff/documents/{treatment.pk}/again/"
    text = corin.get(address).content.decode()
    assert "Invite 2 people" in text
    assert "Example" not in text
    assert corin.post(address).status_code == 302
    assert "Nobody is left to be asked" in corin.get(address).content.decode()


@pytest.mark.parametrize("who", ["front_desk", "clinician", "supervisor", "operator", "stranger"])
def test_to_everybody_else_there_is_no_campaign(world, treatment, done_before, who):
    client, address = signed_in(getattr(world, who)), f"/staff/documents/{treatment.pk}/again/"
    assert (client.get(address).status_code, client.post(address).status_code) == (404, 404)
    assert campaigns.progress(treatment).invited == 0
