"""The PDF comes from the bytes that were signed, once, and waits as a row until it can be made."""

import base64
import hashlib
import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from threading import Barrier

import pytest
from authority import authority, certified
from consent_screen import TEST, edition
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from django.db import DatabaseError, connection, transaction
from pypdf import PdfReader

import consents.selectors
import consents.services
import consents.services.sealing
import consents.services.stamping
from audit.models import Event
from consents.adapters.examiner import examine
from consents.models import SealedDocument, Signature
from consents.rendering import CannotRender, filled, html_of
from consents.rules import parse
from consents.tasks import seal_due

SHARING = "share-permission"


def waiting():
    return SealedDocument.objects.filter(sealed_at__isnull=True).count()


def broken(sheet):
    raise CannotRender("Pango is not installed")


def due_now():
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE consents_sealeddocument SET due_at = now() - interval '1 second' WHERE sealed_at IS NULL"
        )


def test_a_signed_document_is_sealed_with_its_hash_in_the_evidence(screen):
    signature = screen.decide(SHARING, language="es")
    assert consents.services.sealing.seal_due() == 1
    document = consents.selectors.document_for(signature.id)
    assert document.pdf.startswith(b"%PDF-1.")
    assert document.sha256 == hashlib.sha256(document.pdf).hexdigest()
    event = Event.objects.get(action="document.sealed")
    assert document.sha256 in event.context
    assert signature.shown_sha256 in event.context
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(document.pdf)).pages).split())
    findings = examine(document.pdf)
    assert findings.whole
    assert findings.claims == signature.id
    for words in ("Rosa Núñez", "Permiso para usar y compartir mis registros", "203.0.113.7", signature.shown_sha256):
        assert words in text
    assert "⟦" not in text


def test_the_pdf_is_not_readable_in_the_table(screen):
    screen.decide(SHARING)
    consents.services.sealing.seal_due()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pdf FROM consents_sealeddocument")
        stored = cursor.fetchone()[0]
    assert stored.startswith("v1.")
    assert base64.b64encode(b"%PDF").decode()[:5] not in stored[:40]


def test_only_what_was_signed_is_sealed(screen):
    screen.decide("privacy-notice", "refused")
    screen.decide(SHARING, "declined")
    assert consents.services.sealing.seal_due() == 0


def test_a_document_is_sealed_once(screen):
    screen.decide(SHARING)
    assert consents.services.sealing.seal_due() == 1
    assert consents.services.sealing.seal_due() == 0


def test_a_call_seals_no_more_than_its_limit(screen):
    for _ in range(3):
        screen.another_packet().decide("treatment")
    assert consents.services.sealing.seal_due(limit=2, render=lambda sheet: b"pdf") == 2
    assert consents.services.sealing.seal_due(limit=2, render=lambda sheet: b"pdf") == 1


def test_the_paper_of_version_one_stays_when_the_text_has_moved_on(screen):
    """Signed under 1.1, sealed after 2.0 was published: the paper says what the screen said."""
    signature = screen.decide("treatment")
    changed = edition("treatment", "2.0", swap=("Talks with a counselor", "Talks with a robot"))
    consents.services.publish(clinic=screen.world.clinic, source=changed, actor=TEST)
    sheets = []
    consents.services.sealing.seal_due(render=lambda sheet: sheets.append(sheet) or b"pdf")
    assert sheets[0].shown_html == signature.shown_html
    assert sheets[0].version == signature.version.version != "2.0"
    assert "counselor" in sheets[0].shown_html


def test_without_pango_the_document_stays_due_and_one_line_says_so(screen, caplog):
    signature = screen.decide(SHARING)
    with caplog.at_level(logging.WARNING, logger="consents"):
        assert consents.services.sealing.seal_due(render=broken) == 0
        assert consents.services.sealing.seal_due(render=broken) == 0
    assert [record.getMessage() for record in caplog.records] == [
        f"document of signature {signature.id} not sealed, next try in 10 minutes: Pango is not installed"
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT due_at - now() > interval '9 minutes', attempt FROM consents_sealeddocument")
        assert cursor.fetchone() == (True, 1)
    due_now()
    assert consents.services.sealing.seal_due() == 1


def test_bytes_that_are_not_the_signed_ones_are_never_sealed(screen, caplog):
    good = screen.decide(SHARING)
    other = Signature.objects.create(
        patient=good.patient,
        version=good.version,
        kind="part2_tpo",
        source_ref=good.id,
        decision="signed",
        signer_name="Rosa Núñez",
        fields=good.fields,
        shown_html=good.shown_html.replace("Harbor", "Other"),
        shown_sha256=good.shown_sha256,
    )
    SealedDocument.objects.create(signature=other)
    assert consents.services.sealing.seal_due(render=lambda sheet: b"pdf") == 1
    assert SealedDocument.objects.get(signature=other).sealed_at is None
    assert "not the text that was signed" in caplog.text


class Killed(BaseException):
    """The worker ends here, as its time limit has it."""


def dies(sheet):
    raise Killed


def test_a_worker_that_is_killed_while_sealing_loses_nothing(screen):
    """Its document waits for the lease; the one behind it doesn't wait for that."""
    screen.decide("treatment")
    screen.another_packet().decide("treatment")
    with pytest.raises(Killed):
        consents.services.sealing.seal_due(render=dies)
    assert consents.services.sealing.seal_due() == 1
    assert waiting() == 1
    due_now()
    assert consents.services.sealing.seal_due() == 1


def test_a_call_that_has_taken_long_leaves_the_rest_to_the_next(screen, settings):
    settings.TURN_SECONDS = 0
    for _ in range(2):
        screen.another_packet().decide("treatment")
    assert [consents.services.sealing.seal_due(render=lambda sheet: b"pdf") for _ in range(3)] == [1, 1, 0]


def test_a_worker_that_comes_back_after_its_lease_does_not_overwrite(screen):
    """It rendered for longer than its lease; another worker took the row and finished."""
    screen.decide(SHARING)

    def slow(sheet):
        due_now()
        assert consents.services.sealing.seal_due(render=lambda again: b"first") == 1
        return b"second"

    assert consents.services.sealing.seal_due(limit=1, render=slow) == 0
    (document,) = consents.selectors.signed_documents(screen.packet)
    assert document.pdf == b"first"
    assert Event.objects.filter(action="document.sealed").count() == 1


def test_the_database_keeps_a_sealed_document_as_it_is(screen):
    screen.decide(SHARING)
    consents.services.sealing.seal_due(render=lambda sheet: b"pdf")
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        SealedDocument.objects.update(pdf_sha256="0" * 64)
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        SealedDocument.objects.all().delete()


def test_reading_a_document_leaves_an_event(screen):
    signature = screen.decide(SHARING)
    document = consents.services.read_document(signature_id=signature.id, actor=TEST)
    assert document.signature_id == signature.id
    event = Event.objects.get(action="document.read")
    assert (event.patient_id, event.object_id) == (screen.world.patient.id, str(signature.id))


def test_reading_what_does_not_exist_leaves_none(screen, world):
    assert consents.services.read_document(signature_id=world.patient.id, actor=TEST) is None
    assert not Event.objects.filter(action="document.read").exists()


def test_the_task_is_the_same_claim(screen):
    screen.decide("privacy-notice")
    seal_due()
    assert waiting() == 0


@pytest.mark.django_db(transaction=True)
def test_two_workers_never_seal_the_same_document(screen):
    for _ in range(4):
        screen.another_packet().decide("treatment")
    start = Barrier(2)

    def worker(_):
        start.wait()
        try:
            return consents.services.sealing.seal_due(limit=4, render=lambda sheet: b"pdf")
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(worker, range(2))) == 4
    assert Event.objects.filter(action="document.sealed").count() == 4


def pyhanko(*arguments):
    """The command-line tool of another project: what somebody would use who doesn't believe us."""
    tool = Path(sys.executable).with_name("pyhanko")
    return subprocess.run(
        [tool, "sign", "validate", "--no-revocation-check", "--trust-replace", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def as_pem(path, certificate):
    path.write_bytes(certificate.public_bytes(Encoding.PEM))
    return path


def test_a_third_partys_tool_finds_seal_and_timestamp_valid_and_a_changed_byte_not(
    screen, settings, clinic_p12, tmp_path
):
    settings.SEAL_P12, settings.SEAL_P12_PASSPHRASE = clinic_p12(ends=datetime.now(UTC) + timedelta(days=90)), "open"
    ours = pkcs12.load_pkcs12(settings.SEAL_P12.read_bytes(), b"open").cert.certificate
    trust = ["--trust", as_pem(tmp_path / "clinic.pem", ours), "--trust", as_pem(tmp_path / "tsa.pem", certified()[1])]
    with authority() as (settings.TSA_URL, _):
        signature = screen.decide(SHARING, language="es")
        consents.services.sealing.seal_due()
        sealed = consents.selectors.document_for(signature.id).pdf
        consents.services.stamping.stamp_due()
    stamped = consents.services.read_document(signature_id=signature.id, actor=TEST).pdf
    file = tmp_path / "document.pdf"
    for content, words in ((sealed, "covers the entire file"), (stamped, "relate to signature maintenance")):
        file.write_bytes(content)
        done = pyhanko("--pretty-print", *trust, file)
        assert done.returncode == 0, done.stderr
        assert "Harbor Clinic" in done.stdout
        assert words in " ".join(done.stdout.split())
        assert "The signature is judged VALID" in done.stdout
        assert "INVALID" not in done.stdout
    middle = len(sealed) // 3
    file.write_bytes(sealed[:middle] + bytes([sealed[middle] ^ 1]) + sealed[middle + 1 :])
    done = pyhanko("--executive-summary", *trust, file)
    assert done.returncode != 0 or "INVALID" in done.stdout


def test_the_seal_adds_to_a_tagged_document_and_breaks_none_of_its_tags(screen):
    signature = screen.decide(SHARING, language="es")
    consents.services.sealing.seal_due()
    reader = PdfReader(BytesIO(consents.selectors.document_for(signature.id).pdf))
    root = reader.trailer["/Root"]
    assert (root["/Lang"], bool(root["/MarkInfo"]["/Marked"])) == ("es", True)
    assert reader.metadata.title == "Permiso para usar y compartir mis registros de tratamiento"
    (seal,) = root["/AcroForm"]["/Fields"]
    field = seal.get_object()
    assert field["/TU"] == "Seal of the clinic"
    assert field["/Rect"] == [0, 0, 0, 0]
    assert field["/V"]["/SubFilter"] == "/ETSI.CAdES.detached"
    assert field["/V"]["/Reason"] == f"candor{signature.id.hex}"


def test_no_certificate_is_one_line_and_the_document_waits(screen, settings, caplog):
    settings.DEVELOPMENT, settings.SEAL_P12 = False, ""
    signature = screen.decide(SHARING)
    with caplog.at_level(logging.WARNING, logger="consents"):
        assert consents.services.sealing.seal_due() == 0
    assert waiting() == 1
    assert [record.getMessage() for record in caplog.records] == [
        f"document of signature {signature.id} not sealed, next try in 10 minutes: CANDOR_SEAL_P12 is not set"
    ]


def test_two_versions_and_another_template_later_the_first_paper_is_the_same(screen, settings, tmp_path):
    """And what was on the screen can be built again from what is kept, letter for letter."""
    signature = screen.decide("treatment", language="es")
    consents.services.sealing.seal_due()
    before = consents.selectors.document_for(signature.id)
    for number, word in (("2.0", "un robot"), ("3.0", "dos robots")):
        changed = edition("treatment", number, language="es", extra=f"\n\nHabla con {word}.\n")
        consents.services.publish(clinic=screen.world.clinic, source=changed, actor=TEST)
    (tmp_path / "consents").mkdir()
    (tmp_path / "consents" / "sealed.html").write_text("<!DOCTYPE html><html lang=es><title>Otra</title><p>Otra.")
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    consents.services.sealing.seal_due()
    after = consents.selectors.document_for(signature.id)
    assert (after.version, after.pdf, after.sha256) == (before.version, before.pdf, before.sha256)
    kept = Signature.objects.get(pk=signature.id)
    assert filled(kept.version.html, kept.fields["values"]) == kept.shown_html == signature.shown_html
    assert html_of(parse(kept.version.body, slug="treatment").body) == kept.version.html
    assert consents.services.altered(signature.id) == ()
    later = screen.another_packet().decide("treatment", language="es")
    assert "dos robots" in later.shown_html
