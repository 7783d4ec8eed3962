"""What the rooms above may ask about decisions, with its price in queries."""

import uuid

import pytest
from consent_screen import TEST, edition
from django.db import connection

import consents.selectors
import consents.services
from consents.models import Signature

SHARING = "share-permission"


def publish(screen, version="2.0", slug=SHARING):
    consents.services.publish(clinic=screen.world.clinic, source=edition(slug, version), actor=TEST)


def standing(screen):
    return consents.selectors.part2_signature(screen.world.patient.id, screen.packet)


def test_titles_speak_the_language_or_english(screen, django_assert_num_queries):
    with django_assert_num_queries(1):
        titles = consents.selectors.titles(screen.world.clinic.id, "es")
    assert titles["treatment"] == "Acuerdo para recibir atención"
    assert consents.selectors.titles(screen.world.clinic.id, "fr")["treatment"].startswith("Agreement")
    assert consents.selectors.titles(screen.world.other_clinic.id, "en") == {}


def test_decisions_are_told_in_order_with_one_query(screen, django_assert_num_queries):
    screen.decide("privacy-notice", "refused")
    screen.decide("treatment", language="es")
    screen.decide(SHARING)
    screen.another_packet().decide(SHARING)
    with django_assert_num_queries(1):
        rows = consents.selectors.decisions(screen.packet)
    assert [(row.slug, row.kind, row.decision, row.language, row.version) for row in rows] == [
        ("privacy-notice", "npp_ack", "refused", "en", "1.0"),
        ("treatment", "treatment", "signed", "es", "1.1"),
        (SHARING, "part2_tpo", "signed", "en", "1.0"),
    ]
    assert all(row.current and not row.revoked for row in rows)


def test_a_decision_on_a_retired_text_is_not_current_and_a_revoked_one_says_so(screen):
    signature = screen.decide(SHARING)
    publish(screen)
    consents.services.revoke(signature=signature, why="revoked", note="", actor=TEST)
    (row,) = consents.selectors.decisions(screen.packet)
    assert (row.signature_id, row.current, row.revoked) == (signature.id, False, True)


def test_the_latest_decision_on_a_document_comes_last(screen):
    screen.decide(SHARING)
    publish(screen)
    screen.decide(SHARING)
    assert [(row.version, row.current) for row in consents.selectors.decisions(screen.packet)] == [
        ("1.0", False),
        ("2.0", True),
    ]


def test_the_part_2_signature_costs_one_query(screen, django_assert_num_queries):
    signature = screen.decide(SHARING)
    with django_assert_num_queries(1):
        assert standing(screen) == signature.id


def test_without_a_part_2_signature_there_is_none(screen):
    assert standing(screen) is None
    screen.decide("treatment")
    assert standing(screen) is None


@pytest.mark.parametrize("why", ["revoked", "suspected_false"])
def test_a_part_2_signature_that_ended_does_not_stand(screen, why):
    consents.services.revoke(signature=screen.decide(SHARING), why=why, note="", actor=TEST)
    assert standing(screen) is None


def test_this_packets_signature_comes_first_and_an_earlier_packets_serves(screen):
    earlier = screen.another_packet().decide(SHARING)
    assert standing(screen) == earlier.id
    own = screen.decide(SHARING)
    later = screen.another_packet().decide(SHARING)
    assert standing(screen) == own.id
    consents.services.revoke(signature=own, why="revoked", note="", actor=TEST)
    assert standing(screen) == later.id


def test_a_no_ends_every_earlier_permission(screen):
    screen.another_packet().decide(SHARING)
    screen.decide(SHARING, "declined")
    assert standing(screen) is None


def test_an_expired_signature_does_not_stand(screen):
    good = screen.decide(SHARING)
    consents.services.revoke(signature=good, why="revoked", note="", actor=TEST)
    for days, stands in ((-1, False), (0, True)):
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_date + %s", [days])
            day = cursor.fetchone()[0]
        packet = uuid.uuid4()
        row = Signature.objects.create(
            patient=good.patient,
            version=good.version,
            kind="part2_tpo",
            source_ref=packet,
            decision="signed",
            expires_on=day,
            shown_html="",
            shown_sha256="",
        )
        found = consents.selectors.part2_signature(good.patient_id, packet)
        assert found == (row.id if stands else None)


def test_signed_documents_cost_one_query_and_wait_for_their_pdf(screen, django_assert_num_queries):
    screen.decide("privacy-notice", "refused")
    signature = screen.decide(SHARING)
    with django_assert_num_queries(1):
        refused, signed = consents.selectors.signed_documents(screen.packet)
    assert (refused.decision, refused.pdf, refused.sha256) == ("refused", None, "")
    assert (signed.signature_id, signed.title, signed.pdf) == (signature.id, signature.version.title, None)
    with django_assert_num_queries(1):
        assert consents.selectors.document_for(signature.id) == signed


def test_there_is_no_document_of_an_unknown_signature(screen):
    assert consents.selectors.document_for(uuid.uuid4()) is None
