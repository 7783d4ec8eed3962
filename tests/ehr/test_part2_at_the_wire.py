"""What goes with a protected record, what a revocation and an emergency change in the chart, what a person looks at."""

import base64
import uuid
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import packets as given
import pytest
from personas import staff
from scans import photo
from test_pushing import FEW, approved, due_now, planned, states

import consents.services
import consents.services.sealing
import core.outbox
import core.services
import ehr.services
from audit.actions import Actor
from consents.models import Disclosure, DocumentVersion, PrivacyTask, Signature
from consents.policy import NOTICE, NOTICE_SHORT
from consents.services import Facts, OnPaper, read_scan
from core import clock
from core.models import Program
from core.permissions import Role
from ehr.adapters.memory import MemoryGateway
from ehr.models import Connection, ExportItem, ItemEdit
from intake.services import submission

pytestmark = pytest.mark.django_db(transaction=True)
TEST = Actor.system("test")


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


def held(chart, kind):
    return [resource for (stored, _), resource in chart.stored.items() if stored == kind]


def sharing(chart):
    return next(one for one in held(chart, "Consent") if one["category"][0]["coding"][0]["code"] == "64292-6")


def content(document):
    return base64.b64decode(document["content"][0]["attachment"]["data"])


def words(document):
    return content(document).decode()


def taken_back(**how):
    signature = Signature.objects.get(kind="part2_tpo")
    return consents.services.revoke(signature=signature, why="revoked", note="", actor=TEST, **how)


def test_a_filed_packet_its_revocation_and_an_emergency_as_the_chart_sees_them(world, push, chart):
    """One packet, because filing it takes most of the time: 2.32 on the way in, then what changes later."""
    approved(world, *FEW, "gad-7")
    push()
    assert states() == {"verified"}
    kinds = [kind for kind, _ in chart.stored]
    notice = held(chart, "DocumentReference")[0]
    assert kinds[:2] == ["Patient", "DocumentReference"], "the notice comes before all that it accompanies"
    assert words(notice).startswith(NOTICE)
    assert "Scope of the patient's written consent" in words(notice)
    assert any(content(one).startswith(b"%PDF") for one in held(chart, "DocumentReference"))
    assert all(NOTICE_SHORT in resource["text"]["div"] for resource in chart.stored.values())
    assert set(Disclosure.objects.values_list("is_part2", flat=True)) == {True}
    assert sharing(chart)["status"] == "active"

    first = taken_back(recipients=["Bay Hospital"])
    push()
    assert sharing(chart)["status"] == "active"
    assert sharing(chart)["provision"]["provision"][-1]["actor"][0]["reference"] == {"display": "Bay Hospital"}
    assert first.relied_on == []

    sent = Disclosure.objects.filter(signature__kind="part2_tpo").count()
    revocation = taken_back()
    push()
    assert sharing(chart)["status"] == "inactive"
    assert sharing(chart)["provision"]["period"]["end"]
    assert len(held(chart, "Consent")) == 3, "the one that was there says so itself"
    assert Disclosure.objects.get(basis="revocation-told", source_ref=_last_consent().id).state == "sent"
    assert len(revocation.relied_on) == sent > 20

    consents.services.disclose_in_emergency(patient=world.patient, user=world.clinician, facts=facts())
    push()
    note = words(held(chart, "DocumentReference")[-1])
    for told in ("Dr. Ada Lin, Bay Hospital", "Casey Clinician", "Unconscious", "Nobody could be asked"):
        assert told in note
    assert states() == {"verified"}


def _last_consent():
    return ExportItem.objects.filter(resource_type="Consent").order_by("-revision").first()


def facts():
    return Facts(
        recipient_name="Dr. Ada Lin",
        recipient_affiliation="Bay Hospital",
        disclosed_at=clock.now() - timedelta(minutes=2),
        nature="Unconscious after a fall",
        why_no_consent="Nobody could be asked",
        what="Medicines and allergies",
    )


def test_revoked_between_enqueue_and_send_nothing_is_sent_and_somebody_is_told(world, push, chart):
    packet = approved(world)
    taken_back()
    assert push() == 0
    assert not chart.stored
    assert not Disclosure.objects.exists()
    task = PrivacyTask.objects.get(kind="held")
    assert (task.ref, task.patient_id, task.closed_at) == (packet.id, world.patient.id, None)


def test_what_tells_of_treatment_waits_for_a_consent_wherever_it_was_written(world, push, chart):
    """In a program that is not a Part 2 program, with the permission declined."""
    world.program.part2_status = Program.Part2Status.NOT_PART2
    world.program.save()
    Connection.objects.create(clinic=world.clinic, name="Chart", base_url="https://chart.example/fhir")
    packet = given.invite(world).packet
    given.complete(packet, declined=True)
    told = {"con-reason": ["I am two years sober and afraid of a relapse."]}
    given.answer(packet, "presenting-concerns", told)
    submission.submit(packet=packet, key=uuid.uuid4())
    given.seal()
    ehr.services.relay_finished()
    looked_at = ExportItem.objects.filter(reason="tells-of-substance-use")
    assert set(looked_at.values_list("field_key", flat=True)) == {"form:presenting-concerns"}
    ehr.services.approve(packet_id=packet.id, user=world.clinician)
    push()
    waiting = ExportItem.objects.exclude(state="verified")
    assert set(waiting.values_list("field_key", flat=True)) == {"form:presenting-concerns", "notice"}
    assert "sober" not in str(chart.stored)


def test_a_note_that_waits_for_its_patient_holds_up_no_other(world, chart):
    """Its patient is in no chart yet, and its lane is the first."""
    other = core.services.register_patient(
        clinic=world.clinic, given_name="Ana", family_name="Other", birth_date=date(1980, 1, 1), actor=TEST
    )
    Connection.objects.create(clinic=world.clinic, name="Chart", base_url="https://chart.example/fhir")
    consents.services.disclose_in_emergency(patient=other, user=world.clinician, facts=facts())
    given.seal()
    ehr.services.relay_finished()
    packet = given.invite(world).packet
    given.complete(packet)
    submission.submit(packet=packet, key=uuid.uuid4())
    given.seal()
    ehr.services.relay_finished()
    ehr.services.approve(packet_id=packet.id, user=world.clinician)
    sent = [ehr.services.push_due(limit=1, connect=lambda *_, **__: chart) for _ in range(2)]
    assert sent[0] == 0 < sent[1]
    assert ExportItem.objects.get(field_key="emergency").state == "pending"


def test_nothing_is_planned_for_what_the_chart_never_got(world):
    planned(world)
    before = ExportItem.objects.count()
    taken_back()
    given.seal()
    ehr.services.relay_finished()
    assert ExportItem.objects.count() == before


def on_paper(world, packet):
    """The permission to share, signed with a pen and written down by the officer; with its time zone's date."""
    text = DocumentVersion.objects.get(document__slug="share-permission", language="en", state="effective")
    paper = OnPaper(
        version_id=text.id,
        decided_on=clock.now().astimezone(ZoneInfo(world.clinic.time_zone)).date(),
        decision="signed",
        signer_name="Rosa Núñez",
        capacity="self",
        authority="",
        reason="",
        options=[],
        why="counter",
        scan=read_scan(photo()),
    )
    return consents.services.decide_on_paper(
        patient=world.patient, program=world.program, source_ref=packet.id, slug="share-permission", paper=paper,
        jointly=False, user=world.compliance,
    )  # fmt: skip


@pytest.mark.parametrize("corrected", [False, True])
def test_what_waited_for_a_papers_comparison_goes_once_the_second_person_agrees(world, push, chart, corrected):
    """Approved before, so nobody has to approve it twice; corrected since then, somebody has to."""
    Connection.objects.create(clinic=world.clinic, name="Chart", base_url="https://chart.example/fhir")
    packet = given.invite(world).packet
    given.complete(packet, declined=True)
    submission.submit(packet=packet, key=uuid.uuid4())
    signature = on_paper(world, packet)
    consents.services.sealing.seal_due()
    ehr.services.relay_finished()
    ehr.services.approve(packet_id=packet.id, user=world.clinician)
    assert push() == 0 and not chart.stored
    item = ExportItem.objects.get(state="held", reason="paper-not-compared", resource_type="Patient")
    if corrected:
        ItemEdit.objects.create(item=item, before=item.resource, reason="A call.", edited_by=world.clinician)

    second = staff(world.clinic, Role.COMPLIANCE, "second@clinic.test", "Sol Second")
    read = {"signer_name": "Rosa Núñez", "decided_on": date.fromisoformat(signature.evidence["decided_on"])}
    consents.services.compare_paper(
        paper=signature.papers.get(), user=second, decision="signed", options=[], **read
    )  # fmt: skip
    push()
    if corrected:
        item.refresh_from_db()
        assert (item.state, chart.stored) == ("held", {})
    else:
        assert states() == {"verified"}
        assert set(Disclosure.objects.values_list("signature", flat=True)) == {signature.id}


@pytest.mark.parametrize("then", ["taken back", "another reason"])
def test_the_comparison_opens_nothing_but_the_question(world, push, chart, then):
    """It is the gate that decides once more; what is held for something else stays where it is."""
    packet = approved(world)
    if then == "taken back":
        taken_back()
        ExportItem.objects.update(state="held", reason="paper-not-compared", due_at=None)
    else:
        ExportItem.objects.update(state="held", reason="restricted", due_at=None)
    core.outbox.publish("paper.compared", Signature.objects.get(kind="part2_tpo").id)
    push()
    assert chart.stored == {} and packet
    assert states() <= {"held", "pending"}
