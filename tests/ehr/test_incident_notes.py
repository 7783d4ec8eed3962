"""What a clinician signed about an incident is a note in the chart: once, read back, and behind the consent's gate."""

import base64
from datetime import timedelta

import packets as given
import pytest
from test_part2_at_the_wire import held, words
from test_pushing import approved, due_now

import consents.services
import ehr.services
from consents.policy import NOTICE_SHORT
from core import clock
from core.models import Program
from ehr.adapters.memory import MemoryGateway
from ehr.models import Connection, ExportItem
from escalation import services
from escalation.models import Incident
from intake.models import Packet
from intake.services.submission import page_a_human

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def chart():
    return MemoryGateway()


@pytest.fixture
def push(chart):
    def go():
        given.seal()
        ehr.services.relay_finished()
        due_now()
        return ehr.services.push_due(connect=lambda *_, **__: chart)

    return go


def document(world, packet, **changed):
    """Alarmed by the packet, tried in vain, then reached."""
    page_a_human(packet, "phq9:q9", "critical", "suicide-item-positive", "canary-because")
    incident = Incident.objects.get(source_ref=packet.id)
    who = {"incident_id": incident.id, "user": world.clinician, "actor": given.SEED}
    soon = clock.now() + timedelta(minutes=10)
    services.not_reached(note="No answer.", next_attempt_at=soon, **who)
    services.resolve(**{"kind": "reached_safe", "note": "Called; safe with her sister.", **who, **changed})
    return incident


def notes():
    return ExportItem.objects.filter(field_key="incident")


def test_an_attempt_and_an_outcome_become_notes_without_a_second_approval(world, push, chart):
    packet = approved(world)
    push()
    incident = document(world, packet)
    push()
    assert set(notes().values_list("state", flat=True)) == {"verified"}
    last = [one for one in held(chart, "DocumentReference") if one["type"]["text"].startswith("Response to an alert")]
    assert len(last) == 2
    outcome = next(words(one) for one in last if "Reached; safe for now" in words(one))
    for told in (incident.code, "Called; safe with her sister.", "Signed Casey Clinician, LCSW"):
        assert told in outcome
    assert "Next attempt by" in next(words(one) for one in last if one not in (outcome,) and "No answer." in words(one))
    assert not any("canary-because" in words(one) for one in last)
    assert all(NOTICE_SHORT in one["text"]["div"] for one in last), "a Part 2 program's"
    assert Packet.objects.get(pk=packet.id).state == "filed"
    ehr.services.relay_finished()
    assert notes().count() == 2


def test_without_a_consent_it_waits_and_whoever_approves_the_packet_sees_and_releases_it(world, push):
    packet = approved(world)
    push()
    from consents.models import Signature

    consents.services.revoke(
        signature=Signature.objects.get(kind="part2_tpo"), why="revoked", note="", actor=given.SEED
    )
    document(world, packet)
    push()
    assert set(notes().values_list("state", flat=True)) <= {"held", "pending"}
    stuck = [item for item in ehr.selectors.packet_status(packet.id, sensitive=True).items if item.state == "held"]
    assert stuck
    assert ehr.services.approve(packet_id=packet.id, user=world.clinician) == len(stuck)


def test_a_packet_that_is_never_sent_has_its_note_and_is_not_filed_by_it(world):
    Connection.objects.create(clinic=world.clinic, name="Chart", base_url="https://chart.test/fhir")
    packet = given.invite(world).packet
    document(world, packet)
    ehr.services.relay_finished()
    assert notes().count() == 2
    assert not ExportItem.objects.filter(packet_ref=packet.id).exists()
    assert Packet.objects.get(pk=packet.id).state == "invited"


@pytest.mark.parametrize(
    ("note", "gated"), [("Safe with her sister.", False), ("She takes methadone at a clinic.", True)]
)
def test_outside_a_part2_program_only_what_tells_of_such_care_passes_the_gate(world, note, gated):
    world.program.part2_status = Program.Part2Status.NOT_PART2
    world.program.save()
    Connection.objects.create(clinic=world.clinic, name="Chart", base_url="https://chart.test/fhir")
    document(world, given.invite(world).packet, note=note)
    ehr.services.relay_finished()
    outcome = next(one for one in notes() if note in base64.b64decode(_data(one)).decode())
    assert (outcome.protected, "notice" in outcome.needs) == (gated, gated)


def _data(item):
    import json

    return json.loads(item.resource)["content"][0]["attachment"]["data"]
