"""Substance-use answers wait for the Part 2 permission: in the service, by constraint, and by trigger."""

import packets as given
import pytest
from django.db import IntegrityError, transaction

import consents.services
from audit.actions import Actor
from consents.models import Signature
from intake.models import Response, Step
from intake.services import submission


@pytest.fixture
def packet(world):
    return given.invite(world).packet


def store(packet, **changed):
    step = Step.objects.get(packet=packet, slug="dast-10")
    details = {"step": step, "packet": packet, "sensitivity": "sud", "answers": []} | changed
    with transaction.atomic():
        return Response.objects.create(**details)


def test_the_service_stores_nothing_before_the_permission(packet):
    with pytest.raises(submission.StepLocked):
        given.answer(packet, "substance-use")
    with pytest.raises(submission.StepLocked):
        submission.finish_step(packet=packet, slug="dast-10")
    assert not Response.objects.exists()


def test_the_database_refuses_a_response_without_a_signature(packet):
    with pytest.raises(IntegrityError):
        store(packet)


def test_the_database_refuses_another_kind_of_signature(packet):
    given.sign(packet, "treatment")
    with pytest.raises(IntegrityError, match="Part 2 signature"):
        store(packet, part2_signature=Signature.objects.get(kind="treatment"))


def test_the_database_refuses_a_declined_permission(packet):
    given.sign(packet, "share-permission", "declined")
    with pytest.raises(IntegrityError, match="Part 2 signature"):
        store(packet, part2_signature=Signature.objects.get())


def test_the_database_refuses_to_call_it_not_sensitive(packet):
    with pytest.raises(IntegrityError, match="as sensitive as its step"):
        store(packet, sensitivity="none")


def test_with_the_permission_it_is_stored(packet):
    given.sign(packet, "share-permission")
    assert given.answer(packet, "dast-10").revision == 1


def test_after_a_revocation_nothing_more_is_stored(packet):
    given.sign(packet, "share-permission")
    given.answer(packet, "dast-10")
    signature = Signature.objects.get(kind="part2_tpo")
    consents.services.revoke(signature=signature, why="revoked", note="by letter", actor=Actor.system("test"))
    with pytest.raises(submission.StepLocked):
        given.answer(packet, "dast-10")
    response = Response.objects.get()
    response.answers = []
    with pytest.raises(IntegrityError, match="Part 2 signature"), transaction.atomic():
        response.save()


def test_another_patients_permission_opens_nothing(world, packet):
    given.sign(packet, "share-permission")
    import core.services
    from core.models import Patient

    core.services.register_patient(
        clinic=world.clinic, given_name="Ana", family_name="Other", birth_date=__import__("datetime").date(1980, 1, 1),
        actor=Actor.system("test"),
    )  # fmt: skip
    world.patient = Patient.objects.exclude(pk=packet.patient_id).get()
    other = given.invite(world).packet
    with pytest.raises(IntegrityError, match="Part 2 signature"):
        store(other, part2_signature=Signature.objects.get(kind="part2_tpo"))
