"""Medicines and allergies as told, beside what the chart held when a job read it: never guessed, never half a list."""

import json
import uuid

import packets as given
import pytest
from misbehaving import Misbehaving, answer
from personas import signed_in

import core.services
import ehr.services
from audit.models import Event
from core import clock
from ehr.adapters.base import ConnectionFault, TransientError
from ehr.adapters.fhir_r4 import FhirR4Gateway
from ehr.adapters.memory import MemoryGateway
from ehr.adapters.transport import Transport
from ehr.mapping.lists import compare
from ehr.models import ChartSnapshot, Connection, ExportItem
from intake.services import submission

RX, MRN = "http://www.nlm.nih.gov/research/umls/rxnorm", "https://chart.example/mrn"


def pill(name, *, code=None, how="", kind="MedicationStatement", **more):
    coding = [{"system": RX, "code": code}] if code else []
    dosage = {"dosage" if kind == "MedicationStatement" else "dosageInstruction": [{"text": how}]} if how else {}
    return {
        "resourceType": kind,
        "status": "active",
        "medicationCodeableConcept": {"text": name, "coding": coding},
        "subject": {"reference": "Patient/p1"},
        **dosage,
        **more,
    }


@pytest.mark.parametrize(
    ("told", "charted", "states"),
    [
        ([pill("Sertraline")], [], ["here"]),
        ([], [pill("Lithium", kind="MedicationRequest")], ["chart"]),
        ([pill("Zoloft", code="1")], [pill("sertraline 50", code="1", kind="MedicationRequest")], ["same"]),
        ([pill("  SERTRALÍNE ")], [pill("sertraline")], ["same"]),
        ([pill("Zoloft")], [pill("Sertraline")], ["here", "chart"]),
        ([pill("Zoloft", code="1")], [pill("Lithium", code="2")], ["here", "chart"]),
        ([pill("A", how="once a day")], [pill("a", how="Twice a day", kind="MedicationRequest")], ["differs"]),
        ([pill("A", how="once a day")], [pill("a")], ["same"]),
        ([pill("A", how="x")], [pill("A", how="y"), pill("A", how="x")], ["same", "chart"]),
        ([pill("A")], [pill("A", status="stopped"), pill("B", status="entered-in-error")], ["here"]),
    ],
)
def test_two_entries_are_one_by_code_or_by_the_same_name_alone(told, charted, states):
    assert [line.state for line in compare(told, charted)] == states


@pytest.fixture
def chart():
    return MemoryGateway()


@pytest.fixture
def read(chart):
    return lambda: ehr.services.read_charts_due(connect=lambda *_, **__: chart)


def prologue(world):
    Connection.objects.create(clinic=world.clinic, name="Chart", base_url="https://chart.example/fhir", mrn_system=MRN)
    packet = given.invite(world).packet
    given.complete(packet)
    submission.submit(packet=packet, key=uuid.uuid4())
    ehr.services.planning.plan_packet(packet.id)
    return packet


def known_there(chart, *, born="1990-03-15"):
    chart.stored["Patient", "p1"] = {
        "resourceType": "Patient", "id": "p1", "birthDate": born, "meta": {"versionId": "1"},
        "identifier": [{"system": MRN, "value": "MRN-1001"}],
    }  # fmt: skip
    about = {"patient": {"reference": "Patient/p1"}, "resourceType": "AllergyIntolerance"}
    chart.stored["MedicationRequest", "m1"] = pill("Lithium", kind="MedicationRequest")
    chart.stored["MedicationRequest", "m2"] = pill("Buprenorphine", kind="MedicationRequest")
    chart.stored["MedicationRequest", "m3"] = pill("Other", subject={"reference": "Patient/p2"})
    chart.stored["AllergyIntolerance", "a1"] = about | {"code": {"text": "Penicillin"}}


def page(world, packet, who="clinician"):
    return signed_in(getattr(world, who)).get(f"/chart/{packet.id}/lists/").content.decode()


def test_a_submitted_packet_has_the_chart_read_by_a_job_and_compared(world, packet, chart, read):
    assert "will be read in a moment" in page(world, packet)
    known_there(chart)
    assert (read(), read()) == (1, 0)
    text = page(world, packet)
    assert "chart as of" in text
    for words in ("Lithium", "Buprenorphine", "Penicillin", "only in the chart", "only told here"):
        assert words in text, words
    assert "Other" not in text
    assert Event.objects.filter(action="chart.read", actor_kind="system", patient_id=world.patient.id).count() == 1
    assert Event.objects.filter(action="chart.read", actor_kind="staff").count() == 2


def test_care_for_substance_use_in_the_chart_is_the_care_teams(world, packet, chart, read):
    known_there(chart)
    read()
    text = page(world, packet, "supervisor")
    assert "Lithium" in text
    assert "Buprenorphine" not in text


@pytest.mark.parametrize("born", ["1990-03-16", None])
def test_whom_the_chart_does_not_know_by_number_and_birth_date_is_not_guessed(world, packet, chart, read, born):
    if born:
        known_there(chart, born=born)
    assert read() == 0
    assert "does not know this patient" in page(world, packet)
    assert ChartSnapshot.objects.get().due_at is None


def test_the_patient_we_filed_is_who_is_asked_about_and_what_we_filed_is_left_out(world, packet, chart, read, settings):
    known_there(chart)
    ExportItem.objects.filter(field_key="patient").update(state="verified", ehr_id="p9", verified_at=clock.now())
    ours = {"identifier": [{"system": settings.EHR_IDENTIFIER_SYSTEM, "value": "x"}]}
    chart.stored["MedicationStatement", "m8"] = pill("Filed", subject={"reference": "Patient/p9"}, **ours)
    chart.stored["MedicationStatement", "m9"] = pill("Theirs", subject={"reference": "Patient/p9"})
    read()
    text = page(world, packet)
    assert "Theirs" in text
    assert "Filed" not in text
    assert "Lithium" not in text


def test_a_chart_that_does_not_answer_is_asked_again_and_then_left_with_a_sentence(world, packet, chart):
    class Down(MemoryGateway):
        def search(self, *_):
            raise TransientError("timeout")

    for _ in range(5):
        ChartSnapshot.objects.update(due_at=clock.now())
        assert ehr.services.read_charts_due(connect=lambda *_, **__: Down()) == 0
    assert ChartSnapshot.objects.get().due_at is None
    assert "could not be read (timeout)" in page(world, packet)
    signed_in(world.clinician).post(f"/chart/{packet.id}/lists/ask/")
    assert (ChartSnapshot.objects.get().attempt, ChartSnapshot.objects.get().fault) == (0, "")


def test_a_chart_so_slow_that_every_reader_is_ended_is_left_with_a_sentence_too(world, packet):
    class Killed(BaseException):
        """The worker ends here, as its time limit has it."""

    class Endless(MemoryGateway):
        def search(self, *_):
            raise Killed

    def read():
        ChartSnapshot.objects.update(due_at=clock.now(), lease_until=None)
        return ehr.services.read_charts_due(connect=lambda *_, **__: Endless())

    for _ in range(5):
        with pytest.raises(Killed):
            read()
    assert read() == 0
    assert ChartSnapshot.objects.get().due_at is None
    assert "could not be read (too-slow)" in page(world, packet)


@pytest.mark.parametrize("who", ["backup", "stranger", "front_desk", "compliance"])
def test_to_everybody_else_there_is_nothing_to_compare(world, packet, who):
    core.services.break_glass(patient=world.patient, user=world.backup, why="asked", words="They asked.")
    client = signed_in(getattr(world, who))
    assert client.get(f"/chart/{packet.id}/lists/").status_code == 404
    assert client.post(f"/chart/{packet.id}/lists/ask/").status_code == 404


def bundle(*resources, next_page=""):
    link = [{"relation": "next", "url": next_page}] if next_page else []
    return answer(
        200, json.dumps({"resourceType": "Bundle", "link": link, "entry": [{"resource": r} for r in resources]})
    )


def test_the_adapter_reads_every_page_and_refuses_what_is_not_about_the_patient():
    with Misbehaving() as server:
        gateway = FhirR4Gateway(Transport(allow_loopback=True), server.base)
        server.then(bundle(pill("A"), next_page=f"{server.base}/page2"), bundle(pill("B")))
        assert len(gateway.of_patient("MedicationStatement", "p1")) == 2
        assert b"patient=Patient%2Fp1" in server.requests[0].body
        assert server.requests[1].line == "GET /fhir/page2 HTTP/1.1"
        for reply in (
            bundle(pill("A"), pill("B", subject={"reference": "Patient/p2"})),
            bundle(pill("A"), next_page="https://elsewhere.example/page2"),
        ):
            server.then(reply)
            with pytest.raises(ConnectionFault):
                gateway.of_patient("MedicationStatement", "p1")
