"""Publishing and signing at the same time, on real connections, hundreds of times over.

What must hold however they interleave: no signature on a text that was not effective when it was made and stayed so
until its commit; never two effective texts of one language; and the ranges of one language touch without overlapping.
"""

import random
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import pairwise
from threading import Barrier

import pytest
from consent_screen import TEST, Screen
from django.db import connection, transaction
from drafts import document, second_officer
from serving import until

import consents.services
from consents.models import DocumentVersion, Signature
from consents.services import NotPublished, OutdatedText
from core import clock

pytestmark = pytest.mark.django_db(transaction=True)

ROUNDS, SIGNERS = 20, 3
SIGNATURES_TRIED = 4  # by each signer in each round: 240 decisions against 20 publications
OVERLAPPING = """
    SELECT count(*) FROM consents_documentversion one JOIN consents_documentversion other
      ON one.document_id = other.document_id AND one.language = other.language AND one.id < other.id
    WHERE one.state IN ('effective', 'retired') AND other.state IN ('effective', 'retired')
      AND tstzrange(one.effective_at, one.retired_at) && tstzrange(other.effective_at, other.retired_at)
"""
# What a signer's transaction sees last of all: the text it signed, and the clock, under the lock that it holds.
AT_COMMIT = "SELECT state FROM consents_documentversion WHERE id = %s"


def test_no_interleaving_of_publishing_and_signing_breaks_a_promise(world):
    consents.services.install_documents(clinic=world.clinic, actor=TEST)
    sora, chance, start = second_officer(world), random.Random(20261125), Barrier(SIGNERS + 1)
    seen = []

    def sign(seed):
        """Reads a text, waits for the start, decides on what it read; now and then in the other language."""
        mine, told = random.Random(seed), Counter[str]()
        try:
            for number in range(SIGNATURES_TRIED):
                language = mine.choice(["en", "es"])
                screen = Screen(world, uuid.uuid4())
                try:
                    shown = screen.show("treatment", language)
                    if number == 0:
                        start.wait()
                    with transaction.atomic():
                        signature = screen.decide("treatment", language=language, shown=shown)
                        with connection.cursor() as cursor:
                            cursor.execute(AT_COMMIT, [signature.version_id])
                            seen.append(cursor.fetchone()[0])
                    told["signed"] += 1
                except (OutdatedText, NotPublished) as refused:
                    told[type(refused).__name__] += 1
        finally:
            connection.close()
        return told

    def publish(version, wait_ms):
        """At once, or at an instant that comes in the middle of the signing, without a worker."""
        try:
            start.wait()
            at = clock.now() + timedelta(milliseconds=wait_ms) if wait_ms else None
            consents.services.approve(document=document(world), version=version, at=at, by=sora)
        finally:
            connection.close()

    told = Counter()
    with ThreadPoolExecutor(SIGNERS + 1) as pool:
        for round_ in range(ROUNDS):
            version = consents.services.start_draft(document=document(world), by=world.compliance)
            publishing = pool.submit(publish, version, chance.choice([0, 0, 15, 40]))
            signing = [pool.submit(sign, SIGNERS * round_ + n) for n in range(SIGNERS)]
            publishing.result()
            told.update(sum((one.result() for one in signing), Counter()))
            until_effective(world, version)
    check(world, told, seen)


def until_effective(world, version) -> None:
    """The database sleeps until the instant; then whoever looks makes it take effect."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_sleep_until(max(effective_at)) FROM consents_documentversion WHERE state = 'approved'"
        )
    consents.services.take_effect_due(clinic_id=world.clinic.id, slug="treatment")
    effective = document(world).versions.filter(state="effective")
    assert {(row.version, row.language) for row in effective} == {(version, "en"), (version, "es")}


def check(world, told, seen):
    made = Signature.objects.select_related("version")
    assert made.count() == told["signed"] == len(seen) > ROUNDS
    assert told["OutdatedText"], "no publication ever came between reading and signing: the test is too tame"
    assert {*seen} == {"effective"}
    for signature in made:
        version = signature.version
        assert version.effective_at is not None
        assert version.effective_at <= signature.signed_at
        assert version.retired_at is None or signature.signed_at < version.retired_at
    with connection.cursor() as cursor:
        cursor.execute(OVERLAPPING)
        assert cursor.fetchone() == (0,)
    for language in ("en", "es"):
        texts = DocumentVersion.objects.filter(document=document(world), language=language).order_by("effective_at")
        assert len(texts) == ROUNDS + 1
        assert all(one.retired_at == following.effective_at for one, following in pairwise(texts))


def somebody_waits_for_us() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))")
        return bool(cursor.fetchone()[0])


def test_an_instant_that_comes_while_somebody_signs_refuses_them(world):
    """The signer has looked whether a text is due and waits for the row; then the instant comes, with no one to act."""
    consents.services.install_documents(clinic=world.clinic, actor=TEST)
    subject = document(world)
    version = consents.services.start_draft(document=subject, by=world.compliance)
    tomorrow = clock.now() + timedelta(days=1)
    consents.services.approve(document=subject, version=version, at=tomorrow, by=second_officer(world))
    screen = Screen(world)
    shown = screen.show("treatment")

    def sign() -> str:
        try:
            screen.decide("treatment", shown=shown)
        except OutdatedText:
            return "refused"
        finally:
            connection.close()
        return "signed"

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            list(subject.versions.select_for_update(no_key=True).filter(state="effective").order_by("language"))
            signing = pool.submit(sign)
            until(somebody_waits_for_us, "the signer to wait for the text")
            subject.versions.filter(version=version).update(effective_at=clock.now())
        assert signing.result() == "refused"
    assert not Signature.objects.exists()
