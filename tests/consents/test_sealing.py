"""The PDF comes from the bytes that were signed, once, and waits as a row until it can be made."""

import base64
import hashlib
import logging
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from threading import Barrier

import pytest
from consent_screen import TEST, edition
from django.db import DatabaseError, connection, transaction
from pypdf import PdfReader

import consents.selectors
import consents.services
from audit.models import Event
from consents.models import SealedDocument, Signature
from consents.rendering import CannotRender
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
    assert consents.services.seal_due() == 1
    document = consents.selectors.document_for(signature.id)
    assert document.pdf.startswith(b"%PDF-1.")
    assert document.sha256 == hashlib.sha256(document.pdf).hexdigest()
    event = Event.objects.get(action="document.sealed")
    assert document.sha256 in event.context
    assert signature.shown_sha256 in event.context
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(document.pdf)).pages).split())
    for words in ("Rosa Núñez", "Permiso para usar y compartir mis registros", "203.0.113.7", signature.shown_sha256):
        assert words in text
    assert "⟦" not in text


def test_the_pdf_is_not_readable_in_the_table(screen):
    screen.decide(SHARING)
    consents.services.seal_due()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pdf FROM consents_sealeddocument")
        stored = cursor.fetchone()[0]
    assert stored.startswith("v1.")
    assert base64.b64encode(b"%PDF").decode()[:5] not in stored[:40]


def test_only_what_was_signed_is_sealed(screen):
    screen.decide("privacy-notice", "refused")
    screen.decide(SHARING, "declined")
    assert consents.services.seal_due() == 0


def test_a_document_is_sealed_once(screen):
    screen.decide(SHARING)
    assert consents.services.seal_due() == 1
    assert consents.services.seal_due() == 0


def test_a_call_seals_no_more_than_its_limit(screen):
    for _ in range(3):
        screen.another_packet().decide("treatment")
    assert consents.services.seal_due(limit=2, render=lambda sheet: b"pdf") == 2
    assert consents.services.seal_due(limit=2, render=lambda sheet: b"pdf") == 1


def test_the_paper_of_version_one_stays_when_the_text_has_moved_on(screen):
    """Signed under 1.1, sealed after 2.0 was published: the paper says what the screen said."""
    signature = screen.decide("treatment")
    changed = edition("treatment", "2.0", swap=("Talks with a counselor", "Talks with a robot"))
    consents.services.publish(clinic=screen.world.clinic, source=changed, actor=TEST)
    sheets = []
    consents.services.seal_due(render=lambda sheet: sheets.append(sheet) or b"pdf")
    assert sheets[0].shown_html == signature.shown_html
    assert sheets[0].version == "1.1"
    assert "counselor" in sheets[0].shown_html


def test_without_pango_the_document_stays_due_and_one_line_says_so(screen, caplog):
    signature = screen.decide(SHARING)
    with caplog.at_level(logging.WARNING, logger="consents"):
        assert consents.services.seal_due(render=broken) == 0
        assert consents.services.seal_due(render=broken) == 0
    assert [record.getMessage() for record in caplog.records] == [
        f"document of signature {signature.id} not sealed, next try in 10 minutes: Pango is not installed"
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT due_at - now() > interval '9 minutes', attempt FROM consents_sealeddocument")
        assert cursor.fetchone() == (True, 1)
    due_now()
    assert consents.services.seal_due() == 1


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
    assert consents.services.seal_due(render=lambda sheet: b"pdf") == 1
    assert SealedDocument.objects.get(signature=other).sealed_at is None
    assert "not the text that was signed" in caplog.text


def test_a_worker_that_comes_back_after_its_lease_does_not_overwrite(screen):
    """It rendered for longer than its lease; another worker took the row and finished."""
    screen.decide(SHARING)

    def slow(sheet):
        due_now()
        assert consents.services.seal_due(render=lambda again: b"first") == 1
        return b"second"

    assert consents.services.seal_due(limit=1, render=slow) == 0
    (document,) = consents.selectors.signed_documents(screen.packet)
    assert document.pdf == b"first"
    assert Event.objects.filter(action="document.sealed").count() == 1


def test_the_database_keeps_a_sealed_document_as_it_is(screen):
    screen.decide(SHARING)
    consents.services.seal_due(render=lambda sheet: b"pdf")
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
            return consents.services.seal_due(limit=4, render=lambda sheet: b"pdf")
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(worker, range(2))) == 4
    assert Event.objects.filter(action="document.sealed").count() == 4
