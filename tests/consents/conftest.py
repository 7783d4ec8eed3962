"""A clinic with its documents published, and one patient in front of a screen."""

import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from consent_screen import LANGUAGES, TEST, Screen
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from django.db import connection

import consents.services
from consents.rules import document_files


@pytest.fixture
def published(world):
    """The world of `personas`, its clinic's documents effective."""
    consents.services.install_documents(clinic=world.clinic, actor=TEST)
    return world


@pytest.fixture
def screen(published) -> Screen:
    return Screen(published)


@pytest.fixture
def documents(tmp_path) -> Path:
    """A copy of the documents folder that a test may spoil."""
    for source in document_files(LANGUAGES):
        target = tmp_path / source.slug / f"{source.version}.{source.language}.md"
        target.parent.mkdir(exist_ok=True)
        target.write_text(source.text)
    return tmp_path


@pytest.fixture
def second_connection() -> Iterator[Callable[[Callable[[], object]], object]]:
    """Runs a call on a connection of its own; where it would wait for a lock it fails after a quarter of a second."""

    def call(act: Callable[[], object]) -> object:
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '250ms'")
            return act()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        yield lambda act: pool.submit(call, act).result()


@pytest.fixture
def clinic_p12(tmp_path) -> Callable[..., Path]:
    """Makes a clinic's own certificate with its key: RSA, under the passphrase "open"."""

    def make(*, ends: datetime) -> Path:
        key = rsa.generate_private_key(65537, 2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Harbor Clinic")])
        made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        made = made.serial_number(x509.random_serial_number())
        made = made.not_valid_before(ends - timedelta(days=800)).not_valid_after(ends)
        usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
        signed = made.add_extension(usage, critical=True).sign(key, hashes.SHA256())
        target = tmp_path / f"{uuid.uuid4()}.p12"
        how = BestAvailableEncryption(b"open")
        target.write_bytes(pkcs12.serialize_key_and_certificates(None, key, signed, None, how))
        return target

    return make
