"""The main job against programs that others wrote: map, file through SMART, read back, compare, validate."""

from dataclasses import dataclass, replace
from typing import Any

import pytest
from finished_packet import AT, FINISHED, HELPED, LIBRARY, PACKET, SYSTEM, UNWILLING

from ehr.adapters.base import ConnectionFault, PermanentError
from ehr.adapters.connect import gateway_for
from ehr.adapters.fhir_r4 import FhirR4Gateway
from ehr.adapters.smart import BackendServices
from ehr.adapters.transport import Transport
from ehr.mapping.bundle import bundle
from ehr.mapping.compare import differences
from ehr.mapping.plan import plan
from ehr.mapping.references import identified, resolve

pytest_plugins = ["tests.peers.fixtures"]
pytestmark = pytest.mark.peers

SCREENED = replace(UNWILLING, scores=[replace(score, answer_slug="allergies") for score in UNWILLING.scores])

PACKETS = {
    "whole": FINISHED,
    "part2": replace(FINISHED, part2=True),
    "unwilling": SCREENED,
    "library": LIBRARY,
    "helped": HELPED,
}


@dataclass(frozen=True)
class Connection:
    base_url: str
    auth: str
    client_id: str
    private_key: str


@pytest.fixture
def connection(smart_peer) -> Connection:
    return Connection(smart_peer.base, "smart", smart_peer.client_id, smart_peer.private_key)


def file(drafts, gateway, *, run: str) -> dict[str, tuple[dict[str, Any], str]]:
    """Every draft in its order: field_key → what was sent and the id it got."""
    ids: dict[str, str] = {}
    filed = {}
    for draft in drafts:
        identifier = (SYSTEM, f"{run}/{draft.field_key}")
        sent = identified(resolve(draft.resource, ids), *identifier)
        accepted = gateway.create(sent, identifier)
        ids[draft.field_key] = f"{accepted.type}/{accepted.id}"
        filed[draft.field_key] = (sent, accepted.id)
    return filed


@pytest.mark.parametrize("name", PACKETS)
def test_a_finished_packet_is_filed_through_smart_and_read_back_unchanged(connection, name):
    gateway = gateway_for(connection, allow_loopback=True)
    filed = file(plan(PACKETS[name], identifier_system=SYSTEM), gateway, run=name)
    for sent, resource_id in filed.values():
        assert differences(sent, gateway.read(sent["resourceType"], resource_id)) == ()


def test_every_resource_in_its_bundle_is_valid_and_the_validators_notice_one_that_is_not(validators):
    resources = {
        "wrong": {
            "resourceType": "Observation",
            "status": "done",
            "code": {"coding": [{"system": "https://loinc.org", "code": "44261-7"}]},
            "effectiveDateTime": "2026-02-30",
            "nickname": "x",
        }
    }
    for name, packet in PACKETS.items():
        drafts = plan(packet, identifier_system=SYSTEM)
        resources[name] = bundle(drafts, packet_id=PACKET, system=SYSTEM, made_at=AT)
    errors = validators.errors(resources)
    assert [error for error in errors if not error.startswith("wrong: ")] == []
    found = "\n".join(errors)
    for fault in ("required value set", "http://loinc.org", "check digit", "no such day", "fhirkit", "pyrofile"):
        assert fault in found


def test_filing_again_makes_no_duplicate(connection):
    drafts = plan(SCREENED, identifier_system=SYSTEM)
    first, second = (file(drafts, gateway_for(connection, allow_loopback=True), run="twice") for _ in range(2))
    assert {key: id_ for key, (_, id_) in first.items()} == {key: id_ for key, (_, id_) in second.items()}
    gateway = gateway_for(connection, allow_loopback=True)
    for draft in drafts:
        assert len(gateway.search(draft.resource_type, (SYSTEM, f"twice/{draft.field_key}"))) == 1


def test_what_the_chart_finds_invalid_is_refused_for_good(connection):
    gateway = gateway_for(connection, allow_loopback=True)
    with pytest.raises(PermanentError) as caught:
        gateway.create({"resourceType": "Patient", "gender": "F"}, (SYSTEM, "invalid"))
    assert caught.value.status == 422
    assert "Patient.gender" in caught.value.where


def test_without_a_token_the_gate_stays_shut(smart_peer):
    with pytest.raises(ConnectionFault, match="status-401"):
        FhirR4Gateway(Transport(allow_loopback=True), smart_peer.base).read("Patient", "1")


def test_a_client_that_is_not_registered_gets_no_token(connection):
    with pytest.raises(ConnectionFault, match="client-refused"):
        gateway_for(replace(connection, client_id="somebody"), allow_loopback=True).read("Patient", "1")


def test_a_token_without_the_scope_is_refused_for_good(smart_peer):
    transport = Transport(allow_loopback=True)
    narrow = BackendServices(
        transport,
        fhir_base=smart_peer.base,
        client_id=smart_peer.client_id,
        private_key_pem=smart_peer.private_key,
        scope="system/Patient.rs",
    )
    gateway = FhirR4Gateway(transport, smart_peer.base, narrow)
    with pytest.raises(PermanentError) as caught:
        gateway.create({"resourceType": "Patient"}, (SYSTEM, "narrow"))
    assert caught.value.status == 403
