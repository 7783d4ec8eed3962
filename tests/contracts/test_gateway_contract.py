"""One suite for every gateway: the fake that ships, and the FHIR adapter in front of an independent server."""

from uuid import uuid4

import pytest

from ehr.adapters.base import ConflictError, PermanentError, TransientError, UnknownOutcome
from ehr.adapters.fhir_r4 import FhirR4Gateway
from ehr.adapters.memory import MemoryGateway
from ehr.adapters.smart import TYPES
from ehr.adapters.transport import Transport

pytest_plugins = ["tests.peers.fixtures"]
PATIENT = {"resourceType": "Patient", "name": [{"family": "Okafor"}], "gender": "female"}


@pytest.fixture(params=["memory", pytest.param("fhir", marks=pytest.mark.peers)])
def gateway(request):
    if request.param == "memory":
        return MemoryGateway()
    peer = request.getfixturevalue("fhir_peer")
    return FhirR4Gateway(Transport(allow_loopback=True), peer.base)


@pytest.fixture
def ours():
    """A business identifier that nothing else in the chart has, and a patient that carries it."""
    identifier = ("https://candor.example/push", str(uuid4()))
    return identifier, {**PATIENT, "identifier": [{"system": identifier[0], "value": identifier[1]}]}


def test_what_was_created_can_be_read(gateway, ours):
    identifier, patient = ours
    accepted = gateway.create(patient, identifier)
    assert (accepted.type, accepted.created) == ("Patient", True)
    stored = gateway.read("Patient", accepted.id)
    assert stored["name"] == patient["name"]
    assert stored["meta"]["versionId"] == accepted.version


def test_creating_again_finds_what_is_there(gateway, ours):
    identifier, patient = ours
    first, second = gateway.create(patient, identifier), gateway.create(patient, identifier)
    assert (second.id, second.created) == (first.id, False)
    assert [found.id for found in gateway.search("Patient", identifier)] == [first.id]


def test_a_response_has_a_single_identifier_and_is_found_by_it(gateway, ours):
    identifier, patient = ours
    owner = gateway.create(patient, identifier)
    response = {
        "resourceType": "QuestionnaireResponse",
        "status": "completed",
        "subject": {"reference": f"Patient/{owner.id}"},
        "identifier": {"system": identifier[0], "value": identifier[1]},
    }
    accepted = gateway.create(response, identifier)
    (found,) = gateway.search("QuestionnaireResponse", identifier)
    assert found.id == accepted.id
    assert gateway.create(response, identifier).id == accepted.id


def test_searching_for_what_is_not_there_finds_nothing(gateway):
    assert gateway.search("Patient", ("https://candor.example/push", "nobody")) == ()


def test_two_that_carry_the_identifier_are_a_conflict(gateway, ours):
    identifier, patient = ours
    for _ in range(2):
        gateway.put(patient, str(uuid4()))
    assert len(gateway.search("Patient", identifier)) == 2
    with pytest.raises(ConflictError):
        gateway.create(patient, identifier)


def test_a_put_writes_under_our_id_and_again_over_itself(gateway, ours):
    _, patient = ours
    mine = str(uuid4())
    first = gateway.put(patient, mine)
    second = gateway.put({**patient, "gender": "other"}, mine, version=first.version)
    assert first.id == second.id == mine
    assert first.version != second.version
    assert gateway.read("Patient", mine)["gender"] == "other"


def test_a_put_over_a_version_that_is_gone_is_a_conflict(gateway, ours):
    _, patient = ours
    mine = str(uuid4())
    first = gateway.put(patient, mine)
    gateway.put(patient, mine, version=first.version)
    with pytest.raises(ConflictError):
        gateway.put(patient, mine, version=first.version)


def test_reading_what_is_not_there_is_final(gateway):
    with pytest.raises(PermanentError) as caught:
        gateway.read("Patient", str(uuid4()))
    assert caught.value.status == 404


def test_it_says_what_it_can_do(gateway):
    able = gateway.capabilities()
    assert able.software
    assert set(TYPES) <= able.writable
    assert set(TYPES) <= able.conditional_create
    assert set(TYPES) <= able.update_create


def test_what_the_caller_changes_later_does_not_change_the_chart(gateway, ours):
    identifier, patient = ours
    accepted = gateway.create(patient, identifier)
    gateway.read("Patient", accepted.id)["gender"] = "male"
    assert gateway.read("Patient", accepted.id)["gender"] == "female"


def test_the_fake_fails_on_demand_before_or_after_the_write(ours):
    identifier, patient = ours
    fake = MemoryGateway()
    fake.fail_next(TransientError("status-429", 5))
    with pytest.raises(TransientError):
        fake.create(patient, identifier)
    assert fake.search("Patient", identifier) == ()
    fake.fail_next(UnknownOutcome("connection-lost"), after_writing=True)
    with pytest.raises(UnknownOutcome):
        fake.create(patient, identifier)
    assert len(fake.search("Patient", identifier)) == 1
    assert fake.create(patient, identifier).created is False


def test_the_fake_fails_puts_as_well(ours):
    _, patient = ours
    fake = MemoryGateway()
    for after_writing in (False, True):
        fake.fail_next(UnknownOutcome("timeout"), after_writing=after_writing)
        with pytest.raises(UnknownOutcome):
            fake.put(patient, "mine")
        assert (("Patient", "mine") in fake.stored) is after_writing
