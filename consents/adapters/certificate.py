"""The certificate with which a clinic seals: from a PKCS#12 file; in development one that is made here, once."""

import os
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from django.conf import settings

DEVELOPMENT_NAME = "Candor development certificate - proves nothing"
YEARS = timedelta(days=3650)


@dataclass(frozen=True)
class Certificate:
    """One that seals; its key is in the PKCS#12 file that it came in."""

    content: bytes = field(repr=False)
    passphrase: bytes | None = field(repr=False)
    x509: x509.Certificate


class NoCertificate(Exception):
    """There is none to seal with; the text is one line."""


def of_the_clinic() -> Certificate:
    """The one of the settings; in development one of its own. Raises NoCertificate."""
    if not settings.SEAL_P12:
        raise NoCertificate("CANDOR_SEAL_P12 is not set")
    if settings.DEVELOPMENT:
        make_for_development(Path(settings.SEAL_P12))
    return load(Path(settings.SEAL_P12), settings.SEAL_P12_PASSPHRASE)


def load(path: Path, passphrase: str) -> Certificate:
    """Key, certificate and what else the file holds. Raises NoCertificate."""
    try:
        return _loaded(path, passphrase, path.stat().st_mtime_ns)
    except OSError as error:
        raise NoCertificate(f"the certificate's file can't be read ({error.strerror})") from error
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise NoCertificate("the certificate's file is no PKCS#12 file, or its passphrase is another") from error


@lru_cache(maxsize=4)
def _loaded(path: Path, passphrase: str, _changed: int) -> Certificate:
    content, password = path.read_bytes(), passphrase.encode() or None
    found = pkcs12.load_pkcs12(content, password)
    if found.cert is None or found.key is None:
        raise ValueError("a certificate or its key is missing in it")
    return Certificate(content, password, found.cert.certificate)


def is_for_development(ours: Certificate) -> bool:
    names = ours.x509.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
    return DEVELOPMENT_NAME in [name.value for name in names]


def fingerprint(ours: Certificate) -> bytes:
    """SHA-256 of the certificate."""
    return ours.x509.fingerprint(hashes.SHA256())


def ends_at(ours: Certificate) -> datetime:
    """When the certificate expires."""
    return ours.x509.not_valid_after_utc


def fingerprints(path: Path) -> frozenset[bytes]:
    """SHA-256 of each certificate in a PEM file. Raises NoCertificate."""
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise NoCertificate(f"the file of earlier certificates can't be read ({error.strerror})") from error
    except ValueError as error:
        raise NoCertificate("the file of earlier certificates is no PEM file") from error
    return frozenset(one.fingerprint(hashes.SHA256()) for one in found)


def make_for_development(path: Path) -> None:
    """Write one that says what it is, unless one is there. Two processes that begin together agree on it."""
    if not path.exists():
        with suppress(FileExistsError):  # the other one's is as good
            make(path, DEVELOPMENT_NAME, "")


def make(path: Path, name: str, passphrase: str) -> None:
    """Write a self-signed certificate with its key, for our eyes alone. Raises FileExistsError, OSError."""
    content = _self_signed(name, passphrase)
    path.parent.mkdir(parents=True, exist_ok=True)
    ours = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(ours, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    try:
        os.link(ours, path)
    finally:
        ours.unlink()


def _self_signed(called: str, passphrase: str) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, called)])
    now = datetime.now(UTC)
    usage = dict.fromkeys(
        ("key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only",
         "decipher_only"), False,
    )  # fmt: skip
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + YEARS)
        .add_extension(x509.KeyUsage(digital_signature=True, content_commitment=True, **usage), critical=True)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    locked = serialization.BestAvailableEncryption(passphrase.encode()) if passphrase else serialization.NoEncryption()
    return pkcs12.serialize_key_and_certificates(None, key, certificate, None, locked)
