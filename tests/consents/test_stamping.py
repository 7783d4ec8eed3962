"""A timestamp authority's word: a row that waits, asked for with a hash alone, never in anybody's way."""

import logging
import socket
from datetime import UTC, datetime, timedelta
from time import monotonic

import pytest
from authority import authority
from django.db import DatabaseError, connection, transaction

import consents.selectors
import consents.services
import consents.services.sealing
import consents.services.stamping
from audit.models import Event
from consents.adapters.examiner import examine
from consents.adapters.timestamper import NotStamped
from consents.models import SealedDocument, Timestamp
from consents.tasks import stamp_due


@pytest.fixture
def sealed(screen, settings):
    """One signed document, sealed, waiting for its timestamp."""
    settings.TSA_URL = "http://127.0.0.1:9/tsr"
    signature = screen.decide("treatment")
    assert consents.services.sealing.seal_due() == 1
    return SealedDocument.objects.get(signature=signature)


def due_now():
    with connection.cursor() as cursor:
        cursor.execute("UPDATE consents_timestamp SET due_at = now() - interval '1 second' WHERE stamped_at IS NULL")


def minutes_until_due():
    with connection.cursor() as cursor:
        cursor.execute("SELECT extract(epoch FROM due_at - now()) / 60 FROM consents_timestamp ORDER BY due_at")
        return [round(float(minutes)) for (minutes,) in cursor.fetchall()]


def test_a_real_authority_stamps_the_sealed_bytes_and_leaves_them_as_they_are(sealed, settings):
    first = consents.selectors.document_for(sealed.pk).pdf
    with authority() as (settings.TSA_URL, asked):
        assert consents.services.stamping.stamp_due() == 1
    row = Timestamp.objects.get()
    found = consents.services.read_document(signature_id=sealed.pk, actor=consents.services.sealing.SEALER)
    assert found.pdf.startswith(first)
    assert found.sha256 == row.pdf_sha256
    findings = examine(found.pdf)
    assert findings.whole
    assert abs(findings.stamped_at - datetime.now(UTC)) < timedelta(minutes=5)
    assert len(asked) == 1
    assert b"Rosa" not in asked[0]
    assert len(asked[0]) < 150  # a hash and a nonce
    event = Event.objects.get(action="document.stamped")
    assert row.pdf_sha256 in event.context
    assert sealed.pdf_sha256 in event.context


def test_the_patient_has_a_copy_before_any_authority_answers(sealed):
    document = consents.selectors.document_for(sealed.pk)
    assert document.pdf.startswith(b"%PDF")
    assert Timestamp.objects.get().stamped_at is None


def test_without_an_authority_nothing_waits_for_one(screen):
    screen.decide("treatment")
    consents.services.sealing.seal_due()
    assert not Timestamp.objects.exists()
    assert consents.services.stamping.stamp_due() == 0


def test_while_it_is_down_everything_rests_ever_longer_and_one_line_says_so(sealed, screen, settings, caplog):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        settings.TSA_URL = f"http://127.0.0.1:{closed.getsockname()[1]}/"
    screen.another_packet().decide("treatment")
    consents.services.sealing.seal_due()
    waits = []
    with caplog.at_level(logging.WARNING, logger="consents"):
        for _ in range(3):
            due_now()
            assert consents.services.stamping.stamp_due() == 0
            waits.append(minutes_until_due())
    assert [len(set(both)) for both in waits] == [1, 1, 1]
    assert waits[0] == [1, 1]
    assert waits[-1][0] > 1
    assert [record.getMessage() for record in caplog.records][0] == (
        "the timestamp authority does not answer, or with an error; documents wait 1 minutes for their timestamp"
    )
    assert Event.objects.filter(action="document.stamped").count() == 0
    with authority() as (settings.TSA_URL, _):
        due_now()
        assert consents.services.stamping.stamp_due() == 2


def test_one_that_hangs_is_given_up_on(sealed, settings):
    settings.TSA_SECONDS = 1
    with authority("silent") as (settings.TSA_URL, _):
        before = monotonic()
        assert consents.services.stamping.stamp_due() == 0
        assert monotonic() - before < 4
    assert minutes_until_due() == [1]


@pytest.mark.parametrize(
    ("mood", "words"),
    [("failing", "does not answer"), ("nonsense", "can't be read"), ("another", "answered for something else")],
)
def test_a_bad_answer_is_never_kept(sealed, settings, caplog, mood, words):
    with authority(mood) as (settings.TSA_URL, _), caplog.at_level(logging.WARNING, logger="consents"):
        assert consents.services.stamping.stamp_due() == 0
    assert Timestamp.objects.get().stamped_at is None
    assert words in caplog.text


def test_a_worker_that_comes_back_after_its_lease_does_not_overwrite(sealed, settings):
    def slow(pdf):
        due_now()
        assert consents.services.stamping.stamp_due(stamp=lambda again: again + b"first") == 1
        return pdf + b"second"

    assert consents.services.stamping.stamp_due(limit=1, stamp=slow) == 0
    found = consents.services.read_document(signature_id=sealed.pk, actor=consents.services.sealing.SEALER)
    assert found.pdf.endswith(b"first")


def test_the_rest_is_never_longer_than_an_hour(sealed):
    def refused(pdf):
        raise NotStamped("no")

    for _ in range(9):
        due_now()
        consents.services.stamping.stamp_due(stamp=refused)
    assert minutes_until_due() == [60]


def test_a_timestamp_never_changes(sealed):
    assert consents.services.stamping.stamp_due(stamp=lambda pdf: pdf + b"x") == 1
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        Timestamp.objects.update(pdf_sha256="0" * 64)


def test_the_task_is_the_same_claim(sealed, settings):
    with authority() as (settings.TSA_URL, _):
        stamp_due()
    assert Timestamp.objects.get().stamped_at is not None
