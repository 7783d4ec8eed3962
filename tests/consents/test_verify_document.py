"""`verify_document FILE`: one plain line and an exit code, whether or not there is a database."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from io import BytesIO, StringIO
from pathlib import Path
from uuid import uuid4

import pytest
from authority import authority
from consent_screen import TEST
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from django.conf import settings as now
from django.core.management import call_command
from owner import as_owner
from pyhanko.pdf_utils.reader import PdfFileReader

import consents.selectors
import consents.services
import consents.services.sealing
import consents.services.stamping
from consents.adapters import certificate, signer
from consents.rendering.press import press
from consents.services.verifying import Verdict, judge


@pytest.fixture
def sealed(screen):
    """A signature and its sealed PDF."""
    signature = screen.decide("treatment", language="es")
    consents.services.sealing.seal_due()
    return signature, consents.selectors.document_for(signature.id).pdf


def said(file, *options):
    """The command's line and its exit code."""
    out = StringIO()
    with pytest.raises(SystemExit) as left:
        call_command("verify_document", str(file), *options, stdout=out)
    assert len(out.getvalue().splitlines()) == 1
    return out.getvalue().strip(), int(left.value.code)


def test_the_patients_copy_is_valid_with_and_without_the_database(sealed, tmp_path):
    file = tmp_path / "copy.pdf"
    file.write_bytes(sealed[1])
    assert said(file) == (
        "valid: this is, byte for byte, the PDF that was sealed, and the database and its audit trail agree.", 0,
    )  # fmt: skip
    assert said(file, "--file-only") == ("valid: sealed with this clinic's certificate and unchanged since.", 0)


def test_the_stamped_copy_is_valid_too(screen, settings, tmp_path):
    with authority() as (settings.TSA_URL, _):
        signature = screen.decide("treatment")
        consents.services.sealing.seal_due()
        consents.services.stamping.stamp_due()
    file = tmp_path / "stamped.pdf"
    file.write_bytes(consents.services.read_document(signature_id=signature.id, actor=TEST).pdf)
    assert said(file)[1] == said(file, "--file-only")[1] == 0
    file.write_bytes(file.read_bytes() + b"\n% and something else")
    assert said(file)[1] == said(file, "--file-only")[1] == 1


def test_no_changed_byte_is_ever_called_valid(sealed):
    _, content = sealed
    step = len(content) // 120
    verdicts = []
    for place in range(0, len(content), step):
        changed = content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]
        verdicts.append((place, judge(changed, records=None).verdict))
    assert [place for place, verdict in verdicts if verdict == Verdict.VALID] == []
    assert sum(verdict == Verdict.ALTERED for _, verdict in verdicts) > len(verdicts) * 0.9


# `./run check` looks at every place (of a timestamp, every third), a plain run at one in five of those.
EVERY = 1 if "CANDOR_EXAMPLES" in os.environ else 5


def flips(content, one, *, step):
    """The file with one changed hex digit: in every `step`-th byte of a signature's envelope, outside what it signs."""
    begin = one.byte_range[1] + 1
    raw = one.pkcs7_content
    length = 4 + int.from_bytes(raw[2:4], "big")  # DER: 30 82, two bytes of length
    signed = [one.signer_info["signed_attrs"].contents, one.signer_info["signature"].native]
    if about := one.signed_data["encap_content_info"]["content"].contents:
        signed.append(about)
    covered = {raw.find(part) + place for part in signed for place in range(len(part))}
    for place in range(0, length + 9, step):
        if place not in covered:
            digit = begin + 2 * place + place // step % 2  # its first and its second digit by turns
            for bit in (1, 2, 4, 8):
                if chr(content[digit] ^ bit) in "0123456789abcdef":
                    yield place, content[:digit] + bytes([content[digit] ^ bit]) + content[digit + 1 :]
                    break


def test_no_digit_of_a_seal_that_its_signature_does_not_cover_can_be_changed(sealed):
    """CMS signs the document and the signed attributes; its version, parameters and certificates only fit or don't."""
    _, content = sealed
    (seal,) = PdfFileReader(BytesIO(content)).embedded_signatures
    tried = list(flips(content, seal, step=EVERY))
    assert len(tried) > 400 / EVERY
    assert [place for place, changed in tried if judge(changed, records=None).verdict == Verdict.VALID] == []


def test_nor_one_of_a_timestamp(screen, settings):
    with authority() as (settings.TSA_URL, _):
        signature = screen.decide("treatment")
        consents.services.sealing.seal_due()
        consents.services.stamping.stamp_due()
    content = consents.services.read_document(signature_id=signature.id, actor=TEST).pdf
    stamp = PdfFileReader(BytesIO(content)).embedded_signatures[-1]
    tried = list(flips(content, stamp, step=3 * EVERY))
    assert len(tried) > 200 / EVERY
    assert [place for place, changed in tried if judge(changed, records=None).verdict == Verdict.VALID] == []


def test_something_appended_or_cut_off_is_altered(sealed, tmp_path):
    _, content = sealed
    file = tmp_path / "copy.pdf"
    for changed in (content + b"\n1 0 obj<<>>endobj", content + b" ", content[:-200]):
        file.write_bytes(changed)
        assert said(file)[1] == said(file, "--file-only")[1] == 1, len(changed)
    file.write_bytes(content[:-200])
    assert said(file)[0] == "altered: this is not the PDF that was sealed under its number."


def test_another_text_under_the_number_of_a_document_is_altered_even_with_our_own_key(sealed, tmp_path):
    signature, _ = sealed
    page = press().pdf(style="", page="<html lang=en><title>x</title><p>I agree to everything.")
    forged = signer.sign(page, certificate.of_the_clinic(), reference=signature.id)
    file = tmp_path / "forged.pdf"
    file.write_bytes(forged)
    assert said(file) == ("altered: this is not the PDF that was sealed under its number.", 1)


def test_what_the_database_changed_is_altered_although_the_file_is_good(transactional_db, screen, tmp_path):
    signature = screen.decide("treatment")
    consents.services.sealing.seal_due()
    file = tmp_path / "copy.pdf"
    file.write_bytes(consents.selectors.document_for(signature.id).pdf)
    with as_owner(autocommit=True) as owner:
        owner.execute("ALTER TABLE consents_signature DISABLE TRIGGER USER")
        owner.execute("UPDATE consents_signature SET signed_at = signed_at - interval '1 day'")
        owner.execute("ALTER TABLE consents_signature ENABLE TRIGGER USER")
        line, code = said(file)
        assert (code, line.rpartition(": ")[2]) == (1, "signature.")
        assert "byte for byte" in line
        owner.execute("ALTER TABLE consents_sealeddocument DISABLE TRIGGER USER")
        owner.execute("UPDATE consents_sealeddocument SET pdf_sha256 = repeat('0', 64)")
        owner.execute("ALTER TABLE consents_sealeddocument ENABLE TRIGGER USER")
    line, code = said(file)
    assert (code, line.rpartition(": ")[2]) == (1, "signature, PDF.")
    assert said(file, "--file-only")[1] == 0


def test_another_ones_certificate_is_unknown_until_it_is_named(sealed, settings, clinic_p12, tmp_path):
    other = clinic_p12(ends=datetime.now(UTC) + timedelta(days=9))
    content = signer.sign(press().pdf(style="", page="<p>x"), certificate.load(other, "open"), reference=uuid4())
    file = tmp_path / "other.pdf"
    file.write_bytes(content)
    assert said(file) == ("unknown: unchanged since it was signed, with a certificate that is not known here.", 2)
    settings.SEAL_EARLIER_CERTIFICATES = tmp_path / "earlier.pem"
    settings.SEAL_EARLIER_CERTIFICATES.write_bytes(
        pkcs12.load_pkcs12(other.read_bytes(), b"open").cert.certificate.public_bytes(Encoding.PEM)
    )
    assert said(file)[1] == 0


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "this file is not a PDF"),
        (b"Dear clinic,", "this file is not a PDF"),
        (b"\x89PNG\r\n", "this file is not a PDF"),
        (b"%PDF-1.7\nnothing in it", "it carries no seal of Candor"),
        (None, "can't be read"),
    ],
)
def test_what_is_no_sealed_pdf_is_refused_kindly(db, tmp_path, content, words):
    file = tmp_path / "file.pdf"
    if content is not None:
        file.write_bytes(content)
    line, code = said(file)
    assert code == 2
    assert line.startswith("unknown: ")
    assert words in line
    assert said(tmp_path)[1] == 2
    assert said("/dev/zero") == ("unknown: it is not a file.", 2)


def test_an_unsealed_pdf_is_unknown(db, tmp_path):
    file = tmp_path / "letter.pdf"
    file.write_bytes(press().pdf(style="", page="<p>A letter"))
    assert said(file) == ("unknown: it carries no seal of Candor.", 2)


def test_an_auditor_without_database_secrets_or_network_can_ask(sealed, tmp_path):
    """Somebody else's machine: the program, the file, and the clinic's certificate as PEM."""
    file, pem = tmp_path / "copy.pdf", tmp_path / "clinic.pem"
    file.write_bytes(sealed[1])
    key = pkcs12.load_pkcs12(Path(now.SEAL_P12).read_bytes(), None)
    pem.write_bytes(key.cert.certificate.public_bytes(Encoding.PEM))
    env = {"PATH": os.environ["PATH"], "CANDOR_NO_LOCAL_ENV": "1", "CANDOR_SEAL_EARLIER_CERTIFICATES": str(pem)}
    done = subprocess.run(
        [sys.executable, "manage.py", "verify_document", str(file)],
        cwd=now.BASE_DIR,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (
        0, "valid: sealed with this clinic's certificate and unchanged since.\n",
    ), done.stderr  # fmt: skip
