"""With whose certificate documents are sealed: the clinic's, or in development one that says what it is."""

import stat
from datetime import UTC, datetime, timedelta
from io import StringIO
from uuid import uuid4

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, pkcs12
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from consents.adapters import certificate, signer
from consents.adapters.certificate import NoCertificate
from consents.adapters.examiner import examine
from consents.rendering.press import press


@pytest.fixture
def development(tmp_path):
    path = tmp_path / "new" / "seal.p12"
    certificate.make_for_development(path)
    return path


def ids():
    return {found.id for found in run_checks() if found.id.startswith("consents.")}


def test_the_development_certificate_is_made_once_for_our_eyes_alone(development):
    first = development.read_bytes()
    certificate.make_for_development(development)
    assert development.read_bytes() == first
    assert stat.S_IMODE(development.stat().st_mode) == 0o600
    assert [*development.parent.iterdir()] == [development]
    assert certificate.is_for_development(certificate.load(development, ""))


@pytest.mark.parametrize(
    ("content", "words"), [(None, "can't be read"), (b"no key", "no PKCS#12 file"), (b"", "no PKCS#12 file")]
)
def test_a_file_that_will_not_do_is_named_in_one_line(tmp_path, content, words):
    path = tmp_path / "seal.p12"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(NoCertificate, match=words):
        certificate.load(path, "")
    with pytest.raises(NoCertificate, match="earlier certificates"):
        certificate.fingerprints(path)


def test_a_file_without_a_key_or_with_another_passphrase_will_not_do_and_no_secret_is_shown(development, tmp_path):
    ours = certificate.load(development, "")
    path = tmp_path / "public.p12"
    path.write_bytes(pkcs12.serialize_key_and_certificates(None, None, ours.x509, None, NoEncryption()))
    for file, passphrase in ((path, ""), (development, "another")):
        with pytest.raises(NoCertificate, match="or its passphrase is another"):
            certificate.load(file, passphrase)
    certificate.make(tmp_path / "locked.p12", "Harbor Clinic", "open sesame")
    locked = certificate.load(tmp_path / "locked.p12", "open sesame")
    assert "sesame" not in repr(locked) and "content" not in repr(locked)


def test_in_production_there_must_be_a_certificate_and_not_the_development_one(settings, development, tmp_path):
    assert ids() == set()
    settings.DEVELOPMENT, settings.SEAL_P12 = False, ""
    assert ids() == {"consents.E010"}
    settings.SEAL_P12 = tmp_path / "absent.p12"
    assert ids() == {"consents.E010"}
    settings.SEAL_P12 = development
    assert ids() == {"consents.E011"}


def test_a_timestamp_authority_must_have_an_address(settings):
    settings.TSA_URL = "tsa.example.test"
    assert ids() == {"consents.E012"}
    settings.TSA_URL = "https://tsa.example.test/tsr"
    assert ids() == set()


def test_a_certificate_that_ends_soon_is_a_warning(settings, clinic_p12):
    settings.DEVELOPMENT = False
    settings.SEAL_P12, settings.SEAL_P12_PASSPHRASE = clinic_p12(ends=datetime.now(UTC) + timedelta(days=9)), "open"
    assert ids() == {"consents.W010"}
    settings.SEAL_P12 = clinic_p12(ends=datetime.now(UTC) + timedelta(days=400))
    assert ids() == set()
    settings.SEAL_P12_PASSPHRASE = "another"
    assert ids() == {"consents.E010"}


def test_a_clinic_makes_its_own_and_never_over_another(settings, tmp_path):
    settings.DEVELOPMENT, settings.SEAL_P12, settings.SEAL_P12_PASSPHRASE = False, str(tmp_path / "own.p12"), "open"
    call_command("make_seal_certificate", settings.SEAL_P12, "--name", "Harbor Clinic", stdout=StringIO())
    assert ids() == set()
    with pytest.raises(CommandError, match="There is a file of that name"):
        call_command("make_seal_certificate", settings.SEAL_P12, "--name", "Harbor Clinic")
    with pytest.raises(CommandError, match="could not be made"):
        call_command("make_seal_certificate", str(tmp_path / "x.p12"), "--name", "")
    assert [*tmp_path.iterdir()] == [tmp_path / "own.p12"]


def test_a_certificate_that_came_with_the_clinics_own_is_looked_at_too(tmp_path):
    """A certificate that an authority issued brings the authority's: signed by nobody here, and still no place to hide
    a changed byte in."""
    root, leaf = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    above = issued("Test authority", root, by="Test authority", with_key=root)
    own = issued("Harbor Clinic", leaf, by="Test authority", with_key=root)
    stranger = issued("Somebody", leaf, by="Somebody", with_key=leaf)

    def sealed(*others):
        target = tmp_path / f"{len(others)}{others[-1].serial_number}.p12"
        target.write_bytes(pkcs12.serialize_key_and_certificates(None, leaf, own, others, NoEncryption()))
        return signer.sign(press().pdf(style="", page="<p>x"), certificate.load(target, ""), reference=uuid4())

    content, inside = sealed(above), above.public_bytes(Encoding.DER).hex().encode()
    assert examine(content).whole
    place = content.lower().index(inside)
    for digit in (place + 60, place + len(inside) - 1):
        changed = content[:digit] + bytes([content[digit] ^ 1]) + content[digit + 1 :]
        assert not examine(changed).whole
    assert not examine(sealed(above, stranger)).whole


def issued(name, key, *, by, with_key):
    names = [x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, one)]) for one in (name, by)]
    now = datetime.now(UTC)
    made = x509.CertificateBuilder().subject_name(names[0]).issuer_name(names[1]).public_key(key.public_key())
    made = made.serial_number(x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(9))
    usage = x509.KeyUsage(True, True, False, False, False, True, False, False, False)
    made = made.add_extension(usage, critical=True)
    ca = x509.BasicConstraints(ca=name == by, path_length=None)
    return made.add_extension(ca, critical=True).sign(with_key, hashes.SHA256())
