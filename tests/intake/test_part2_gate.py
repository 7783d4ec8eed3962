"""Substance-use answers wait for the Part 2 permission: in the service, by constraint, and by trigger."""

import uuid

import packets as given
import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

import consents.services
from audit.actions import Actor
from consents.models import ConsentRule, Document, Signature
from core import clock
from intake.models import Overruled, Response, Step
from intake.services import packets, submission


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


def test_what_another_screen_overruled_needs_the_permission_too(packet):
    given.sign(packet, "share-permission")
    given.answer(packet, "dast-10")
    response = Response.objects.get()
    Overruled.objects.create(response=response, answers=[])
    signature = Signature.objects.get(kind="part2_tpo")
    consents.services.revoke(signature=signature, why="revoked", note="by letter", actor=Actor.system("test"))
    with pytest.raises(IntegrityError, match="Part 2 signature"), transaction.atomic():
        Overruled.objects.create(response=response, answers=[])
    Overruled.objects.update(audited_at=clock.now())  # the auditor goes on: what came before was lawful


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE intake_overruled SET answers = ''",
        "UPDATE intake_overruled SET told = ''",
        "UPDATE intake_overruled SET at = now()",
        "UPDATE intake_overruled SET response_id = response_id",
        "UPDATE intake_overruled SET audited_at = NULL",
        "DELETE FROM intake_overruled",
        "TRUNCATE intake_overruled",
    ],
)
def test_what_another_screen_overruled_stays_and_is_audited_once(packet, change):
    given.answer(packet, "demographics")
    Overruled.objects.create(response=Response.objects.get(), answers=[])
    Overruled.objects.update(audited_at=clock.now())
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(change)


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


# --- where two must sign (42 CFR 2.14) --------------------------------------------------------------------


@pytest.fixture
def joint(world):
    """The rules ask the minor and a parent for the permission."""
    given.publish(world)
    document = Document.objects.get(clinic=world.clinic, slug="share-permission")
    rule = ConsentRule(document=document, must="decide", signer="both")
    consents.services.save_rule(rule=rule, by=world.compliance)
    return packets.invite(
        patient=world.patient, program=world.program, site=None, language="en", invited_by=world.front_desk
    ).packet


PARENT = {"capacity": "parent", "authority": "I am her mother"}


def by_raw_sql(packet, signature):
    """As somebody with the web server's own login would, past every service."""
    step = Step.objects.get(packet=packet, slug="dast-10")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO intake_response (id, step_id, packet_id, sensitivity, part2_signature_id, answers, marks,"
            " revision, assessed_revision, assess_failures, audited_revision)"
            " VALUES (%s, %s, %s, 'sud', %s, '', '', 1, 0, 0, 0)",
            [uuid.uuid4(), step.pk, packet.pk, signature.pk],
        )


def test_the_database_wants_both_signatures_where_two_must_sign(joint):
    given.sign(joint, "share-permission")
    minors = Signature.objects.get()
    with pytest.raises(IntegrityError, match="Part 2 signature"):
        by_raw_sql(joint, minors)
    given.sign(joint, "share-permission", **PARENT)
    by_raw_sql(joint, minors)
    assert Response.objects.filter(part2_signature=minors).exists()


@pytest.mark.parametrize("whose", ["self", "parent"])
def test_the_database_wants_both_signatures_to_stand(joint, whose):
    given.sign(joint, "share-permission")
    given.sign(joint, "share-permission", **PARENT)
    signatures = {one.capacity: one for one in Signature.objects.all()}
    consents.services.revoke(signature=signatures[whose], why="revoked", note="", actor=Actor.system("test"))
    for signature in signatures.values():
        with pytest.raises(IntegrityError, match="Part 2 signature"):
            by_raw_sql(joint, signature)


def test_a_parents_signature_alone_opens_nothing_where_two_must_sign(world, joint):
    """No service takes it before the minor's; the database doesn't rely on that."""
    joint.steps.filter(slug="share-permission").update(signer="guardian")
    given.sign(joint, "share-permission", **PARENT)
    joint.steps.filter(slug="share-permission").update(signer="both")
    with pytest.raises(IntegrityError, match="Part 2 signature"):
        by_raw_sql(joint, Signature.objects.get())


def test_what_a_minor_signed_jointly_needs_the_other_whatever_the_step_says(joint):
    given.sign(joint, "share-permission")
    joint.steps.filter(slug="share-permission").update(signer="self")
    with pytest.raises(IntegrityError, match="Part 2 signature"):
        by_raw_sql(joint, Signature.objects.get())
