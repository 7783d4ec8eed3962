"""What the FHIR adapter makes of a chart's answers: done, not done, or nobody knows."""

import gzip
import json
import logging
import socket
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from email.utils import format_datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from misbehaving import Misbehaving, answer, drip, raw, reset, silence

from ehr.adapters.base import (
    ConflictError,
    ConnectionFault,
    GatewayError,
    PermanentError,
    TransientError,
    UnknownOutcome,
)
from ehr.adapters.connect import gateway_for
from ehr.adapters.fhir_r4 import FhirR4Gateway
from ehr.adapters.transport import Transport, checked_base_url, retry_after

US = ("https://candor.example/push", "item-1")
ALLERGY = {
    "resourceType": "AllergyIntolerance",
    "code": {"text": "CANARY penicillin"},
    "patient": {"reference": "Patient/1"},
}
STORED = json.dumps({**ALLERGY, "id": "a1", "meta": {"versionId": "7"}})
OUTCOME = {"resourceType": "OperationOutcome"}


@pytest.fixture
def chart():
    with Misbehaving() as server:
        yield server


def gateway(chart: Misbehaving, **limits) -> FhirR4Gateway:
    return FhirR4Gateway(Transport(allow_loopback=True, **limits), chart.base)


def test_a_create_is_conditional_on_our_identifier(chart):
    chart.then(answer(201, STORED))
    accepted = gateway(chart).create(ALLERGY, US)
    assert (accepted.type, accepted.id, accepted.version, accepted.created) == ("AllergyIntolerance", "a1", "7", True)
    (request,) = chart.requests
    assert request.line == "POST /fhir/AllergyIntolerance HTTP/1.1"
    assert request.headers["If-None-Exist"] == "identifier=https://candor.example/push|item-1"
    assert request.headers["Content-Type"] == "application/fhir+json"
    assert json.loads(request.body) == ALLERGY


def test_decimals_leave_with_the_digits_they_came_with(chart):
    chart.then(answer(201, STORED))
    gateway(chart).create({**ALLERGY, "dose": Decimal("1.50")}, US)
    assert b'"dose":1.50' in chart.requests[0].body


def test_without_a_body_the_location_says_where_it_is(chart):
    chart.then(answer(201, Location="https://elsewhere/fhir/AllergyIntolerance/a9/_history/2"))
    chart.then(answer(200, Location="AllergyIntolerance/a9", ETag='W/"3"'))
    chart.then(answer(200, Location="AllergyIntolerance/a9"))
    accepted = [gateway(chart).create(ALLERGY, US) for _ in range(3)]
    assert [(one.id, one.version, one.created) for one in accepted] == [
        ("a9", "2", True),
        ("a9", "3", False),
        ("a9", "", False),
    ]


def test_a_put_carries_our_id_and_the_version_it_replaces(chart):
    chart.then(answer(200, STORED), answer(201, STORED))
    gateway(chart).put(ALLERGY, "a1", version="6")
    gateway(chart).put(ALLERGY, "a1")
    first, second = chart.requests
    assert first.line == "PUT /fhir/AllergyIntolerance/a1 HTTP/1.1"
    assert first.headers["If-Match"] == 'W/"6"'
    assert "If-Match" not in second.headers
    assert json.loads(first.body)["id"] == "a1"


def test_a_put_that_was_stored_under_another_id_is_a_conflict(chart):
    chart.then(answer(201, STORED))
    with pytest.raises(ConflictError):
        gateway(chart).put(ALLERGY, "ours")


@pytest.mark.parametrize(
    "behaviour",
    [
        reset,
        raw(b""),
        raw(b"HTTP/1.1 201 Created\r\nContent-Length: 500\r\n\r\n{"),
        raw(b"this is not HTTP\r\n\r\n"),
        answer(500),
        answer(502, "<html>proxy</html>"),
        answer(503, Retry_After="7"),
        answer(408),
        answer(202),
        answer(201),
        answer(201, "<html>fine</html>"),
        answer(201, STORED.replace("a1", "not an id")),
        answer(201, STORED.replace('"AllergyIntolerance"', '"Patient"')),
        answer(201, Location="Patient/a1"),
        answer(
            200,
            json.dumps({**OUTCOME, "issue": [{"severity": "error", "code": "exception"}]}),
            Location="AllergyIntolerance/a1",
        ),
        answer(201, "[" * 100_000),
        answer(201, '{"resourceType": "AllergyIntolerance", "id": "a1", "meta": []}'),
        answer(201, gzip.compress(STORED.encode()), Content_Encoding="gzip"),
        answer(201, b"x" * 3000),
    ],
)
def test_a_write_without_a_reliable_answer_may_have_happened(chart, behaviour):
    chart.then(behaviour)
    with pytest.raises(UnknownOutcome) as caught:
        gateway(chart, largest_answer=2000 if behaviour is not reset else 100).create(ALLERGY, US)
    assert len(caught.value.reason) <= 40


@pytest.mark.parametrize("behaviour", [silence, drip])
def test_a_chart_that_takes_too_long_is_cut_off(chart, behaviour):
    chart.then(behaviour, behaviour)
    with pytest.raises(UnknownOutcome, match="timeout|connection-lost"):
        gateway(chart, total_seconds=0.3).create(ALLERGY, US)
    with pytest.raises(TransientError, match="timeout|connection-lost"):
        gateway(chart, total_seconds=0.3).read("AllergyIntolerance", "a1")


def test_a_single_read_that_takes_too_long_is_cut_off(chart):
    chart.then(silence)
    with pytest.raises(UnknownOutcome, match="timeout|connection-lost"):
        gateway(chart, read_seconds=0.2).create(ALLERGY, US)


def test_nobody_listening_means_that_nothing_was_written():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    closed = FhirR4Gateway(Transport(allow_loopback=True), f"http://127.0.0.1:{port}/fhir")
    with pytest.raises(TransientError, match="unreachable"):
        closed.create(ALLERGY, US)


def test_a_busy_chart_says_when_to_come_back(chart):
    chart.then(answer(429, Retry_After="90"), answer(503, Retry_After="5"), answer(503))
    for method, seconds in [("create", 90), ("read", 5), ("read", None)]:
        arguments = (ALLERGY, US) if method == "create" else ("AllergyIntolerance", "a1")
        with pytest.raises(TransientError) as caught:
            getattr(gateway(chart), method)(*arguments)
        assert caught.value.retry_after == seconds


def test_a_refusal_says_which_rule_and_where_but_not_what_was_sent(chart):
    issues = [
        {
            "severity": "error",
            "code": "invalid",
            "diagnostics": "CANARY penicillin",
            "expression": ["AllergyIntolerance.code"],
        },
        {"severity": "error", "code": "CANARY", "expression": ["Patient.name.where(family='CANARY')"]},
        "nonsense",
    ]
    chart.then(answer(422, json.dumps({**OUTCOME, "issue": issues})))
    with pytest.raises(PermanentError) as caught:
        gateway(chart).create(ALLERGY, US)
    assert caught.value.status == 422
    assert caught.value.where == ("invalid", "AllergyIntolerance.code")
    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize("body", ["", "<html>", "[]", json.dumps({"resourceType": "Bundle"})])
@pytest.mark.parametrize("status", [400, 403, 404, 405, 410, 422])
def test_a_client_error_is_final_whatever_its_body(chart, status, body):
    chart.then(answer(status, body))
    with pytest.raises(PermanentError) as caught:
        gateway(chart).create(ALLERGY, US)
    assert caught.value.status == status


@pytest.mark.parametrize("status", [409, 412])
def test_two_matches_or_a_stale_version_are_for_a_person(chart, status):
    chart.then(answer(status))
    with pytest.raises(ConflictError):
        gateway(chart).create(ALLERGY, US)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_not_followed(chart, status):
    chart.then(answer(status, Location="http://127.0.0.1:1/fhir/AllergyIntolerance/a1"))
    with pytest.raises(ConnectionFault):
        gateway(chart).create(ALLERGY, US)
    assert len(chart.requests) == 1


def test_a_search_keeps_the_identifier_out_of_the_url(chart):
    chart.then(answer(200, json.dumps({"resourceType": "Bundle", "entry": []})))
    assert gateway(chart).search("Patient", ("urn:mrn", "a|b,c$d\\e")) == ()
    assert chart.requests[0].line == "POST /fhir/Patient/_search HTTP/1.1"
    assert chart.requests[0].body == b"identifier=urn%3Amrn%7Ca%5C%7Cb%5C%2Cc%5C%24d%5C%5Ce"


def test_a_search_finds_what_carries_the_identifier_and_passes_over_what_came_along(chart):
    found = {**ALLERGY, "id": "a1", "identifier": [{"system": US[0], "value": US[1]}]}
    entries = [
        {"resource": found, "search": {"mode": "match"}},
        {"resource": {"resourceType": "Patient", "id": "1"}, "search": {"mode": "include"}},
        {"resource": {**found, "id": "a2", "meta": {"versionId": "4"}}},
    ]
    chart.then(answer(200, json.dumps({"resourceType": "Bundle", "entry": entries})))
    assert [(one.id, one.version) for one in gateway(chart).search("AllergyIntolerance", US)] == [
        ("a1", ""),
        ("a2", "4"),
    ]


@pytest.mark.parametrize(
    "stranger",
    [
        {**ALLERGY, "id": "a1"},
        {**ALLERGY, "id": "a1", "identifier": {"system": US[0], "value": "another"}},
        {**ALLERGY, "identifier": {"system": US[0], "value": US[1]}},
    ],
)
def test_a_chart_that_ignores_the_identifier_is_not_believed(chart, stranger):
    chart.then(answer(200, json.dumps({"resourceType": "Bundle", "entry": [{"resource": stranger}]})))
    with pytest.raises(ConnectionFault):
        gateway(chart).search("AllergyIntolerance", US)


def test_reading_gives_the_resource_asked_for_or_none(chart):
    chart.then(
        answer(200, STORED), answer(200, STORED), answer(200, json.dumps({"resourceType": "Patient", "id": "a1"}))
    )
    assert gateway(chart).read("AllergyIntolerance", "a1")["code"] == ALLERGY["code"]
    with pytest.raises(ConflictError):
        gateway(chart).read("AllergyIntolerance", "a2")
    with pytest.raises(TransientError):
        gateway(chart).read("AllergyIntolerance", "a1")


def test_capabilities_are_those_of_an_r4_server_only(chart):
    resource = {"type": "Patient", "interaction": [{"code": "create"}], "conditionalCreate": True}
    rest = [{"resource": [resource, {"type": "Consent", "updateCreate": True}]}]
    statement = {"resourceType": "CapabilityStatement", "fhirVersion": "4.0.1", "software": {"name": "X"}, "rest": rest}
    chart.then(answer(200, json.dumps(statement)), answer(200, json.dumps({**statement, "fhirVersion": "5.0.0"})))
    found = gateway(chart).capabilities()
    assert found.software == "X"
    assert (found.writable, found.conditional_create) == ({"Patient"}, {"Patient"})
    assert found.update_create == {"Consent"}
    with pytest.raises(ConnectionFault):
        gateway(chart).capabilities()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda below: (
        st.lists(below, max_size=3)
        | st.dictionaries(
            st.sampled_from(["entry", "resource", "rest", "issue", "meta", "identifier", "id", "search"]),
            below,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(
    json_values,
    st.sampled_from(["Bundle", "CapabilityStatement", "AllergyIntolerance", "OperationOutcome"]),
    st.sampled_from([200, 201, 422]),
)
def test_no_answer_however_odd_is_a_crash(chart, value, kind, status):
    body = value | {"resourceType": kind, "fhirVersion": "4.0.1"} if isinstance(value, dict) else value
    one = gateway(chart)
    for ask in (
        lambda: one.create(ALLERGY, US),
        lambda: one.search("AllergyIntolerance", US),
        lambda: one.read("AllergyIntolerance", "a1"),
        one.capabilities,
    ):
        chart.then(answer(status, json.dumps(body)))
        try:
            ask()
        except GatewayError as error:
            assert error.reason


def test_nothing_of_a_resource_is_logged(chart, caplog):
    caplog.set_level(logging.DEBUG)
    chart.then(answer(201, STORED), reset, answer(422, STORED))
    gateway(chart).create(ALLERGY, US)
    for _ in range(2):
        with pytest.raises(GatewayError):
            gateway(chart).create(ALLERGY, US)
    assert "CANARY" not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "http://chart.example/fhir",
        "http://127.0.0.1.example/fhir",
        "http://10.0.0.5/fhir",
        "ftp://chart.example/fhir",
        "https://user:secret@chart.example/fhir",
        "https://chart.example/fhir?x=1",
        "https://chart.example/fhir#x",
        "https://",
        "chart.example",
        "",
    ],
)
def test_an_address_must_be_https_and_nothing_but_an_address(url):
    with pytest.raises(ValueError, match=r"address.*https://"):
        checked_base_url(url, allow_loopback=True)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.9.9.9"])
def test_plain_http_is_for_this_machine_and_only_where_it_is_allowed(host):
    assert checked_base_url(f"http://{host}:8000/fhir/", allow_loopback=True) == f"http://{host}:8000/fhir"
    with pytest.raises(ValueError, match="https"):
        checked_base_url(f"http://{host}:8000/fhir")


def test_an_address_that_we_do_not_speak_to_is_a_fault_of_the_connection():
    with pytest.raises(ConnectionFault, match="address-refused"):
        FhirR4Gateway(Transport(), "http://127.0.0.1:9/fhir").create(ALLERGY, US)


class Settings:
    def __init__(self, base_url: str, auth: str) -> None:
        self.base_url, self.auth, self.client_id, self.private_key = base_url, auth, "candor", "no key"


def test_without_authorization_nothing_goes_to_another_machine():
    with pytest.raises(ConnectionFault, match="no-authorization"):
        gateway_for(Settings("https://chart.example/fhir", "sandbox")).create(ALLERGY, US)


def test_the_sandbox_on_this_machine_needs_no_token(chart):
    chart.then(answer(201, STORED))
    gateway_for(Settings(chart.base, "sandbox"), allow_loopback=True).create(ALLERGY, US)
    assert "Authorization" not in chart.requests[0].headers


def test_retry_after_is_read_as_seconds_or_a_date_and_garbage_is_none():
    in_a_minute = format_datetime(datetime.now(UTC) + timedelta(seconds=60), usegmt=True)
    long_ago = "Sun, 06 Nov 1994 08:49:37 GMT"
    assert 50 < (retry_after(in_a_minute) or 0) <= 60
    assert retry_after(long_ago) == 0
    assert [retry_after(text) for text in ("30", " 30 ", "0", "999999999999999")] == [30, 30, 0, 900]
    assert [retry_after(text) for text in (None, "", "soon", "-5", "1.5", "٣", "Sun, 99 Foo 2026")] == [None] * 7
    assert retry_after("Sun, 06 Nov 1994 08:49:37") is None
