"""Over TLS: an unknown certificate is refused before anything is sent, and the time limit holds there too."""

import ipaddress
import json
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from misbehaving import Misbehaving, answer, drip

from ehr.adapters.base import TransientError, UnknownOutcome
from ehr.adapters.fhir_r4 import FhirR4Gateway
from ehr.adapters.transport import Transport

US = ("https://candor.example/push", "item-1")
PATIENT = {"resourceType": "Patient"}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate for 127.0.0.1, as a PEM file with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "chart")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "chart.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    return file


@pytest.fixture
def chart(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Misbehaving(tls=context) as server:
        yield server


def test_a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent(chart):
    with pytest.raises(TransientError, match="unreachable"):
        FhirR4Gateway(Transport(), chart.base).create(PATIENT, US)
    assert chart.requests == []


def test_with_a_certificate_we_trust_it_works_and_a_slow_chart_is_cut_off(chart, certificate):
    chart.then(answer(201, json.dumps({**PATIENT, "id": "p1"})), drip)
    trusting = FhirR4Gateway(Transport(tls=ssl.create_default_context(cafile=certificate), total_seconds=1), chart.base)
    assert trusting.create(PATIENT, US).id == "p1"
    with pytest.raises(UnknownOutcome, match="timeout|connection-lost"):
        trusting.create(PATIENT, US)
