"""SMART Backend Services: the assertion, the token and its life."""

import base64
import json
import logging
import warnings
from urllib.parse import parse_qs

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, OctKey, RSAKey
from misbehaving import Misbehaving, answer

from ehr.adapters.base import ConnectionFault, TransientError
from ehr.adapters.fhir_r4 import FhirR4Gateway
from ehr.adapters.smart import SCOPE, BackendServices, jwks
from ehr.adapters.transport import Transport

RSA = RSAKey.generate_key(2048).as_pem(private=True).decode()
EC = ECKey.generate_key("P-384").as_pem(private=True).decode()
STORED = json.dumps({"resourceType": "Patient", "id": "p1"})


def weak_rsa_key() -> str:
    with warnings.catch_warnings(action="ignore"):
        return RSAKey.generate_key(1024).as_pem(private=True).decode()


class Clock:
    now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server():
    with Misbehaving() as one:
        yield one


def discovery(server: Misbehaving):
    return answer(200, json.dumps({"token_endpoint": f"{server.base}/token"}))


def granted(token: str = "t1", expires_in: object = 300, **more: object):
    return answer(200, json.dumps({"access_token": token, "token_type": "Bearer", "expires_in": expires_in, **more}))


def services(server: Misbehaving, key: str = RSA, clock: Clock | None = None) -> BackendServices:
    return BackendServices(
        Transport(allow_loopback=True),
        fhir_base=server.base,
        client_id="candor",
        private_key_pem=key,
        now=clock or Clock(),
    )


@pytest.mark.parametrize(("key", "algorithm"), [(RSA, "RS384"), (EC, "ES384")])
def test_the_assertion_is_signed_by_the_key_whose_public_half_is_registered(server, key, algorithm):
    server.then(discovery(server), granted())
    assert services(server, key).token() == "t1"
    form = {name: values[0] for name, values in parse_qs(server.requests[1].body.decode()).items()}
    assert form["grant_type"] == "client_credentials"
    assert form["scope"] == SCOPE
    registered = jwks(key)
    decoded = jwt.decode(form["client_assertion"], KeySet.import_key_set(registered), algorithms=[algorithm])
    assert decoded.header == {"alg": algorithm, "typ": "JWT", "kid": registered["keys"][0]["kid"]}
    claims = decoded.claims
    assert claims["iss"] == claims["sub"] == "candor"
    assert claims["aud"] == f"{server.base}/token"
    assert 0 < claims["exp"] - Clock.now <= 300
    assert claims["jti"]


def test_every_assertion_is_used_once(server):
    clock = Clock()
    server.then(discovery(server), granted(), granted())
    one = services(server, clock=clock)
    one.token()
    one.forget()
    one.token()
    first, second = (parse_qs(request.body.decode())["client_assertion"][0] for request in server.requests[1:])
    jti = [json.loads(base64.urlsafe_b64decode(f"{part.split('.')[1]}=="))["jti"] for part in (first, second)]
    assert len(set(jti)) == 2


def test_only_the_public_half_is_published():
    for key in (RSA, EC):
        (published,) = jwks(key)["keys"]
        assert not {"d", "p", "q", "dp", "dq", "qi"} & published.keys()
        assert published["use"] == "sig"


@pytest.mark.filterwarnings("ignore:Key size:joserfc.errors.SecurityWarning")
@pytest.mark.parametrize(
    "key",
    [
        "",
        "no key",
        "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----",
        weak_rsa_key(),
        ECKey.generate_key("P-256").as_pem(private=True).decode(),
        RSAKey.generate_key(2048).as_pem(private=False).decode(),
    ],
)
def test_a_key_that_will_not_do_is_refused_in_plain_words(server, key):
    with pytest.raises(ValueError, match="PEM private key"):
        jwks(key)
    server.then(discovery(server))
    with pytest.raises(ConnectionFault, match="private-key"):
        services(server, key).token()


def test_a_token_is_kept_until_shortly_before_it_expires(server):
    clock = Clock()
    server.then(discovery(server), granted("t1", 300), granted("t2", 300))
    one = services(server, clock=clock)
    assert [one.token(), one.token()] == ["t1", "t1"]
    clock.now += 271
    assert one.token() == "t2"
    assert len(server.requests) == 3


@pytest.mark.parametrize("expires_in", [None, "soon", 0, -5])
def test_a_token_of_unknown_life_is_used_once(server, expires_in):
    server.then(discovery(server), granted("t1", expires_in), granted("t2"))
    one = services(server)
    assert [one.token(), one.token()] == ["t1", "t2"]


@pytest.mark.parametrize("status", [400, 401, 403, 404])
def test_a_refused_client_is_a_fault_of_the_connection(server, status):
    server.then(discovery(server), answer(status, json.dumps({"error": "invalid_client"})))
    with pytest.raises(ConnectionFault, match="client-refused"):
        services(server).token()


@pytest.mark.parametrize(
    "body", ["<html>", "[]", json.dumps({"access_token": "t"}), json.dumps({"token_type": "Bearer"})]
)
def test_an_answer_without_a_token_is_a_fault_of_the_connection(server, body):
    server.then(discovery(server), answer(200, body))
    with pytest.raises(ConnectionFault):
        services(server).token()


@pytest.mark.parametrize("body", ["<html>", "{}", json.dumps({"token_endpoint": 7})])
def test_without_a_token_endpoint_there_is_nothing_to_ask(server, body):
    server.then(answer(200, body))
    with pytest.raises(ConnectionFault, match="no-smart-configuration"):
        services(server).token()


def test_the_private_key_is_not_used_towards_an_address_without_tls(server):
    server.then(answer(200, json.dumps({"token_endpoint": "http://elsewhere.example/token"})))
    with pytest.raises(ConnectionFault, match="address-refused"):
        services(server).token()


def test_a_busy_authorization_server_is_waited_for(server):
    server.then(discovery(server), answer(503, Retry_After="11"))
    with pytest.raises(TransientError) as caught:
        services(server).token()
    assert caught.value.retry_after == 11
    assert not isinstance(caught.value, ConnectionFault)


def test_a_refused_token_is_replaced_once(server):
    server.then(discovery(server), granted("old"), answer(401), granted("new"), answer(200, STORED))
    gateway = FhirR4Gateway(Transport(allow_loopback=True), server.base, services(server))
    assert gateway.read("Patient", "p1")["id"] == "p1"
    assert [request.headers["Authorization"] for request in server.requests[2::2]] == ["Bearer old", "Bearer new"]


def test_a_token_refused_twice_is_a_fault_of_the_connection_and_nothing_was_written(server):
    server.then(discovery(server), granted("old"), answer(401), granted("new"), answer(401))
    gateway = FhirR4Gateway(Transport(allow_loopback=True), server.base, services(server))
    with pytest.raises(ConnectionFault, match="status-401"):
        gateway.create({"resourceType": "Patient"}, ("urn:x", "1"))


def test_neither_key_nor_assertion_nor_token_is_logged(server, caplog):
    caplog.set_level(logging.DEBUG)
    server.then(discovery(server), granted("SECRET-TOKEN"))
    services(server).token()
    assertion = parse_qs(server.requests[1].body.decode())["client_assertion"][0]
    assert not [secret for secret in ("SECRET-TOKEN", assertion, RSA) if secret in caplog.text]


def test_a_symmetric_key_is_no_key():
    with pytest.raises(ValueError, match="PEM private key"):
        jwks(json.dumps(OctKey.generate_key(256).as_dict()))
