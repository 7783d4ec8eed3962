"""With whose certificate documents are sealed: the clinic's, or in development one that says what it is."""

import stat
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from consents.adapters import certificate
from consents.adapters.certificate import NoCertificate


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
