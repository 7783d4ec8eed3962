"""Each field reaches the chart once and is read back; the consent is asked at the wire; a lost reply is looked up."""

import uuid

import packets as given
import pytest
from django.db import connection

import consents.services
import consents.services.sealing
import ehr.services
from audit.actions import Actor
from consents.models import Disclosure, Signature
from consents.rendering import CannotRender
from core.models import Program
from ehr.adapters.base import PermanentError, TransientError, UnknownOutcome
from ehr.adapters.memory import MemoryGateway
from ehr.mapping import wire
from ehr.models import Attempt, Connection, ExportItem
from ehr.selectors import packet_status
from intake.models import Packet
from intake.services import submission

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def chart():
    return MemoryGateway()


@pytest.fixture
def push(chart):
    return lambda: ehr.services.push_due(connect=lambda *_, **__: chart)


# Filing a whole packet takes a second, and differs in nothing else: one test does.
FEW = ("demographics", "allergies", "substance-use")


def planned(world, *forms, declined=False) -> Packet:
    """Sent, and waiting for approval: of these forms, or `FEW`."""
    given.asks_only(world, *(forms or FEW))
    Connection.objects.create(clinic=world.clinic, name="Chart", base_url="https://chart.example/fhir")
    packet = given.invite(world).packet
    given.complete(packet, declined=declined)
    submission.submit(packet=packet, key=uuid.uuid4())
    given.seal()
    assert ehr.services.relay_finished() == 1
    return packet


def no_pango(_sheet):
    raise CannotRender("Pango is not installed")


def test_a_packet_waits_for_the_copies_of_what_was_signed_but_not_for_ever(world):
    Connection.objects.create(clinic=world.clinic, name="Chart", base_url="https://chart.example/fhir")
    packet = given.invite(world).packet
    given.complete(packet)
    submission.submit(packet=packet, key=uuid.uuid4())
    consents.services.sealing.seal_due(limit=1)
    assert ehr.services.relay_finished() == 0, "two of the three were not tried yet"
    consents.services.sealing.seal_due(render=no_pango)
    assert ehr.services.relay_finished() == 0, "one was claimed a moment ago"
    with connection.cursor() as cursor:
        cursor.execute("UPDATE consents_sealeddocument SET due_at = due_at - interval '16 s' WHERE sealed_at IS NULL")
    assert ehr.services.relay_finished() == 1, "they may never come: without Pango there are none"
    copies = ExportItem.objects.filter(packet_ref=packet.id, field_key__startswith="document")
    assert copies.count() == 1
    with connection.cursor() as cursor:
        cursor.execute("UPDATE consents_sealeddocument SET due_at = now() WHERE sealed_at IS NULL")
    given.seal()
    ehr.services.relay_finished()
    assert copies.count() == 3
    positions = list(ExportItem.objects.order_by("position").values_list("position", flat=True))
    assert positions == list(range(1, len(positions) + 1))


def approved(world, *forms, **how) -> Packet:
    packet = planned(world, *forms, **how)
    ehr.services.approve(packet_id=packet.id, user=world.clinician)
    return packet


def due_now():
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ehr_exportitem SET due_at = now() WHERE due_at IS NOT NULL")
        cursor.execute("UPDATE ehr_exportitem SET lease_until = now() WHERE lease_until IS NOT NULL")
        cursor.execute("UPDATE ehr_lane SET lease_until = now()")


def states():
    return set(ExportItem.objects.values_list("state", flat=True))


def test_nothing_is_sent_before_a_clinician_approved(world, push, chart):
    planned(world)
    assert push() == 0
    assert states() == {"held"}
    assert not Disclosure.objects.exists()


def test_what_a_clinician_corrected_is_what_is_sent_and_read_back(world, push, chart):
    packet = planned(world)
    item = ExportItem.objects.get(resource_type="AllergyIntolerance")
    told = wire.loads(item.resource) | {"code": {"text": "Penicillin"}}
    ExportItem.objects.filter(pk=item.pk).update(resource=wire.dumps(told).decode())
    assert ehr.services.edit(item_id=item.pk, user=world.clinician, changes={"note": "Asked again."}, reason="A call.")
    ehr.services.approve(packet_id=packet.id, user=world.clinician)
    push()
    item.refresh_from_db()
    assert item.state == "verified"
    assert chart.stored["AllergyIntolerance", item.ehr_id]["note"] == [{"text": "Asked again."}]


def test_every_field_is_verified_and_the_packet_filed(world, push):
    packet = approved(world, *given.ANSWERS)
    assert push() == packet_status(packet.id, sensitive=True).total > 30
    assert states() == {"verified"}
    assert Packet.objects.get(pk=packet.pk).state == Packet.State.FILED
    assert Disclosure.objects.filter(state="sent").count() == ExportItem.objects.count()
    assert not Disclosure.objects.filter(kind__in=["", "entry"]).exists()
    assert not set(ExportItem.objects.values_list("resource_type")) & set(Disclosure.objects.values_list("summary"))
    scored = Disclosure.objects.filter(kind="score").values_list("summary", flat=True)
    assert "the result of “Patient Health Questionnaire-9 (PHQ-9)”" in scored


def test_each_disclosure_names_the_consent_and_carries_the_notice(world, push):
    approved(world)
    push()
    signature = Signature.objects.get(kind="part2_tpo")
    for disclosure in Disclosure.objects.all():
        assert disclosure.signature_id == signature.id
        assert "42 CFR part 2" in disclosure.statement


def test_pushing_again_sends_nothing_twice(world, push, chart):
    approved(world)
    first = push()
    due_now()
    assert (first > 0, push()) == (True, 0)
    assert Attempt.objects.filter(did="create").count() == first


def test_a_revocation_between_approval_and_send_stops_everything(world, push, chart):
    approved(world)
    signature = Signature.objects.get(kind="part2_tpo")
    consents.services.revoke(signature=signature, why="revoked", note="", actor=Actor.system("test"))
    push()
    assert states() == {"held", "pending"} or states() == {"held"}
    assert not Attempt.objects.filter(did="create").exists()
    assert set(ExportItem.objects.filter(state="held").values_list("reason", flat=True)) == {"revoked"}


def test_with_the_permission_declined_nothing_leaves_a_part_2_program(world, push):
    approved(world, declined=True)
    push()
    assert "verified" not in states()
    assert not Disclosure.objects.exists()


def test_outside_a_part_2_program_only_substance_use_waits_for_the_permission(world, push):
    world.program.part2_status = Program.Part2Status.NOT_PART2
    world.program.save()
    approved(world, *FEW, "gad-7", declined=True)
    push()
    verified = ExportItem.objects.filter(state="verified")
    assert verified.filter(resource_type="Observation").exists()
    assert not verified.filter(sensitivity="sud").exists()


def test_a_lost_reply_is_looked_up_and_adopted_not_sent_again(world, push, chart):
    approved(world)
    chart.fail_next(UnknownOutcome("time-out"), after_writing=True)
    push()
    lost = ExportItem.objects.get(state="unknown")
    assert Disclosure.objects.filter(source_ref=lost.id, state="unknown").exists()
    due_now()
    push()
    assert states() == {"verified"}
    assert len(chart.search("Patient", _patient_identifier(world))) == 1


def _patient_identifier(world):
    from django.conf import settings

    return settings.EHR_IDENTIFIER_SYSTEM, str(world.patient.id)


class Killed(BaseException):
    """The worker ends here, as its time limit has it."""


class Deadly(MemoryGateway):
    """Does what it is asked; then whoever asked is gone, the first time."""

    def __init__(self, last_seen):
        super().__init__()
        self.last_seen = last_seen

    def _end(self, doing):
        if self.last_seen == doing:
            self.last_seen = ""
            raise Killed

    def create(self, resource, identifier):
        accepted = super().create(resource, identifier)
        self._end("create")
        return accepted

    def read(self, resource_type, resource_id):
        self._end("read")
        return super().read(resource_type, resource_id)


@pytest.mark.parametrize("doing", ["create", "read"])
def test_a_worker_that_is_killed_while_filing_loses_nothing_and_files_nothing_twice(world, doing):
    approved(world)
    chart = Deadly(doing)
    with pytest.raises(Killed):
        ehr.services.push_due(connect=lambda *_, **__: chart)
    due_now()
    ehr.services.push_due(connect=lambda *_, **__: chart)
    assert states() == {"verified"}
    assert len(chart.search("Patient", _patient_identifier(world))) == 1
    assert len(chart.stored) == ExportItem.objects.count()


def test_a_call_that_has_taken_long_leaves_the_rest_of_the_lane_to_the_next(world, push, settings):
    approved(world)
    settings.TURN_SECONDS = 0
    assert push() == 1
    while push():
        pass
    assert states() == {"verified"}


def test_a_busy_chart_is_tried_again_later(world, push, chart):
    approved(world)
    chart.fail_next(TransientError("busy", 30.0))
    push()
    assert "pending" in states()
    due_now()
    push()
    assert states() == {"verified"}


def test_a_refusal_stops_at_a_human_and_is_not_retried(world, push, chart):
    approved(world)
    chart.fail_next(PermanentError(422))
    push()
    refused = ExportItem.objects.get(state="rejected")
    assert (refused.resource_type, refused.reason) == ("Patient", "status-422")
    due_now()
    assert push() == 0


def test_a_chart_that_changes_what_it_was_given_is_a_conflict(world, push, chart):
    approved(world)
    original = chart.read

    def forgetful(kind, resource_id):
        stored = original(kind, resource_id)
        return {**stored, "birthDate": "1901-01-01"} if kind == "Patient" else stored

    chart.read = forgetful
    push()
    assert ExportItem.objects.get(resource_type="Patient").state == "conflict"
    assert not ExportItem.objects.filter(state="verified").exists()


def test_a_rejected_item_stays_out_and_the_rest_goes_and_nothing_is_left_to_review(world, push):
    packet = planned(world, *FEW, "gad-7")
    item = ExportItem.objects.filter(resource_type="Observation", field_key__contains="gad").first()
    assert ehr.services.reject(item_id=item.id, user=world.clinician, reason="Entered by mistake")
    ehr.services.approve(packet_id=packet.id, user=world.clinician)
    push()
    item.refresh_from_db()
    assert (item.state, item.reason) == ("rejected", "rejected-by-clinician")
    assert (item.settled_by, item.rejection_note) == (world.clinician, "Entered by mistake")
    assert ExportItem.objects.filter(state="verified").count() == ExportItem.objects.count() - 1
    assert packet_status(packet.id, sensitive=True).stopped == 0
    assert Packet.objects.get(pk=packet.pk).state == Packet.State.FILED


def test_the_last_decision_files_a_packet_whose_rest_is_there(world, push):
    packet = planned(world)
    last = ExportItem.objects.filter(packet_ref=packet.id).latest("position")
    ExportItem.objects.filter(packet_ref=packet.id).exclude(pk=last.pk).update(state="pending", due_at="2026-01-01T00Z")
    push()
    assert Packet.objects.get(pk=packet.pk).state == Packet.State.SUBMITTED
    assert ehr.services.reject(item_id=last.id, user=world.clinician, reason="Entered twice") == 1
    assert Packet.objects.get(pk=packet.pk).state == Packet.State.FILED


def test_what_the_chart_refused_holds_the_packet_until_somebody_has_seen_to_it(world, push, chart):
    packet = approved(world)
    original = chart.create

    def picky(resource, identifier):
        if resource["resourceType"] == "AllergyIntolerance":
            raise PermanentError("status-422")
        return original(resource, identifier)

    chart.create = picky
    push()
    assert packet_status(packet.id, sensitive=True).stopped == 1
    assert Packet.objects.get(pk=packet.pk).state == Packet.State.SUBMITTED
    item = ExportItem.objects.get(state="rejected")
    assert ehr.services.enter_by_hand(item_id=item.pk, user=world.clinician, note="Typed it in")
    assert not ehr.services.enter_by_hand(item_id=item.pk, user=world.clinician, note="Again")
    assert Packet.objects.get(pk=packet.pk).state == Packet.State.FILED


def test_a_clinic_without_a_chart_still_submits(world):
    packet = given.invite(world).packet
    given.complete(packet)
    submission.submit(packet=packet, key=uuid.uuid4())
    given.seal()
    assert ehr.services.relay_finished() == 1
    assert not ExportItem.objects.exists()


def test_what_is_stored_for_the_chart_is_not_readable_at_rest(world):
    planned(world)
    with connection.cursor() as cursor:
        cursor.execute("SELECT string_agg(i::text, '') FROM ehr_exportitem i")
        stored = cursor.fetchone()[0]
    assert "Núñez" not in stored
    assert "cannabis" not in stored
    assert any("cannabis" in item.resource for item in ExportItem.objects.all())
    assert wire.loads(ExportItem.objects.filter(resource_type="Patient").first().resource)["birthDate"] == "1990-03-15"
