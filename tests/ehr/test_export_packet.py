"""`manage.py export_packet`: the same resources as the chart gets, as one Bundle, and the export leaves an event."""

import io
import json
import uuid

import packets as given
import pytest
from django.core.management import CommandError, call_command

import consents.services
import consents.services.sealing
import ehr.services
from audit.models import Event
from ehr.models import Connection, ExportItem
from intake.services import submission

pytestmark = pytest.mark.django_db


def exported(packet_id) -> dict:
    out = io.StringIO()
    call_command("export_packet", str(packet_id), "--format", "fhir", stdout=out)
    return json.loads(out.getvalue())


@pytest.fixture
def packet(world):
    packet = given.invite(world).packet
    given.complete(packet)
    return packet


def test_a_submitted_packet_is_one_transaction_bundle_of_what_the_chart_gets(world, packet):
    Connection.objects.create(clinic=world.clinic, name="Chart", base_url="https://chart.example/fhir")
    submission.submit(packet=packet, key=uuid.uuid4())
    consents.services.sealing.seal_due()
    ehr.services.relay_finished()
    bundle = exported(packet.id)
    types = sorted(entry["resource"]["resourceType"] for entry in bundle["entry"])
    assert (bundle["resourceType"], bundle["type"]) == ("Bundle", "transaction")
    assert types == sorted(ExportItem.objects.values_list("resource_type", flat=True))
    assert {"Patient", "QuestionnaireResponse", "Observation", "Consent", "AllergyIntolerance"} <= set(types)


def test_the_same_packet_is_exported_the_same_twice_and_each_time_leaves_an_event(packet):
    submission.submit(packet=packet, key=uuid.uuid4())
    assert exported(packet.id) == exported(packet.id)
    events = Event.objects.filter(action="packet.exported")
    assert [(event.patient_id, event.object_id) for event in events] == [(packet.patient_id, str(packet.id))] * 2


@pytest.mark.parametrize("wrong", ["x", str(uuid.UUID(int=7))])
def test_an_unknown_id_is_one_plain_line(wrong):
    with pytest.raises(CommandError, match=r"^No submitted packet has this id\.$"):
        exported(wrong)


def test_a_packet_that_is_not_submitted_is_not_exported(packet):
    with pytest.raises(CommandError, match=r"^No submitted packet has this id\.$"):
        exported(packet.id)
    assert not Event.objects.filter(action="packet.exported").exists()
