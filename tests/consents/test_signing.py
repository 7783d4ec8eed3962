"""The bytes on the screen are the bytes that are signed, or nothing is."""

import hashlib
import uuid
from zoneinfo import ZoneInfo

import psycopg
import pytest
from consent_screen import TEST, edition
from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils.formats import date_format

import consents.services
import core.services
from audit.models import Event
from consents.models import DocumentVersion, SealedDocument, Signature
from consents.services import AlreadyDecided, CannotSign, NotPublished, OutdatedText

SHARING = "share-permission"


def stored():
    return Signature.objects.count(), SealedDocument.objects.count()


def test_what_is_shown_is_filled_in_and_hashed(screen):
    shown = screen.show(SHARING)
    assert "Rosa Núñez" in shown.html
    assert "Harbor Clinic LLC and its staff" in shown.html
    assert "Privacy Officer, 555-010-0101, privacy@clinic.test" in shown.html
    since = DocumentVersion.objects.get(pk=shown.version_id).effective_at.astimezone(ZoneInfo("America/New_York"))
    assert f"Version 1.0, in effect from {date_format(since, 'DATE_FORMAT')}." in shown.html, "as the record says"
    assert shown.sha256 == hashlib.sha256(shown.html.encode()).hexdigest()
    assert (shown.title, shown.kind, shown.language) == (
        "Permission to use and share my treatment records",
        "part2_tpo",
        "en",
    )
    assert shown.decisions == (("signed", "Sign this permission"), ("declined", "I do not agree"))
    assert shown.may_decline


@pytest.mark.parametrize("slug", ["privacy-notice", "treatment", SHARING])
@pytest.mark.parametrize("language", ["en", "es"])
def test_no_field_and_no_tag_is_left_open_on_the_screen(screen, slug, language):
    shown = screen.show(slug, language)
    assert shown.language == language
    for left in ("{{", "}}", "⟦", "None"):
        assert left not in shown.html


def test_showing_leaves_an_event_with_the_hash(screen):
    shown = screen.show(SHARING)
    event = Event.objects.get(action="document.shown")
    assert event.patient_id == screen.world.patient.id
    assert shown.sha256 in event.context


def test_a_language_without_a_text_falls_back_to_english_and_says_so(screen):
    assert screen.show(SHARING, "fr").language == "en"
    assert screen.decide(SHARING, language="fr").version.language == "en"


def test_a_document_that_is_not_published_is_not_shown(screen):
    with pytest.raises(NotPublished):
        screen.show("ai-use")


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("part2", "Federal law protects your substance use treatment records."),
        ("undetermined", "Federal law protects your substance use treatment records."),
        ("not_part2", "We keep what you say private."),
        ("mixed", "We keep what you say private."),
    ],
)
def test_the_limits_of_privacy_are_those_of_the_program(screen, status, told):
    screen.world.program.part2_status = status
    assert told in screen.show("treatment").html


def test_a_clinic_without_email_or_privacy_contact_is_reached_by_phone(screen):
    clinic = screen.world.program.clinic
    clinic.email = clinic.privacy_contact = ""
    assert "Harbor Clinic, 555-010-0100" in screen.show(SHARING).html


def test_signing_stores_the_bytes_the_fields_the_statements_and_the_evidence(screen):
    shown = screen.show(SHARING)
    signature = screen.decide(SHARING, shown=shown)
    row = Signature.objects.get(pk=signature.pk)
    assert row.shown_html == shown.html
    assert row.shown_sha256 == shown.sha256
    assert row.fields["values"]["patient_name"] == "Rosa Núñez"
    assert row.fields["scope"]["purposes"] == ["TREAT", "HPAYMT", "HOPERAT"]
    assert row.statements == [
        {"id": "read", "text": "I read this, or someone read it to me. I agree.", "ticked": True, "required": True}
    ]
    assert row.evidence["identity_check"] == "link_and_birth_date"
    assert (row.signer_name, row.capacity, row.kind) == ("Rosa Núñez", "self", "part2_tpo")
    assert row.signed_at is not None
    assert SealedDocument.objects.get(signature=row).due_at is not None
    assert Event.objects.get(action="signature.made").object_id == str(row.id)


def test_nothing_that_was_signed_is_readable_in_the_table(screen):
    signature = screen.decide(SHARING)
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM consents_signature WHERE id = %s", [signature.id])
        row = " ".join(str(value) for value in cursor.fetchone())
    for secret in ("Rosa", "Núñez", "203.0.113.7", "iPhone", "I read this"):
        assert secret not in row


def test_an_optional_statement_is_stored_as_it_was_left(screen):
    signature = screen.decide("treatment", statements=["agree"])
    assert {one["id"]: one["ticked"] for one in signature.statements} == {"agree": True}


def test_signing_twice_is_signing_once(screen):
    shown = screen.show(SHARING)
    first = screen.decide(SHARING, shown=shown)
    assert screen.decide(SHARING, shown=shown).pk == first.pk
    assert stored() == (1, 1)
    assert Event.objects.filter(action="signature.made").count() == 1


def test_signing_again_in_the_other_language_is_signing_once(screen):
    assert screen.decide(SHARING, language="es").pk == screen.decide(SHARING).pk


def test_a_repeat_after_a_new_version_still_gets_the_stored_signature(screen):
    """The reply was lost, the phone sends again, and meanwhile the text was replaced."""
    shown = screen.show(SHARING)
    first = screen.decide(SHARING, shown=shown)
    consents.services.publish(clinic=screen.world.clinic, source=edition(SHARING, "2.0"), actor=TEST)
    assert screen.decide(SHARING, shown=shown).pk == first.pk


def test_a_signature_is_not_undone_by_declining_afterwards(screen):
    screen.decide(SHARING)
    with pytest.raises(AlreadyDecided):
        screen.decide(SHARING, "declined")


@pytest.mark.parametrize("language", ["en", "es"])
def test_whoever_declined_may_still_sign_and_the_signature_counts(screen, language):
    declined = screen.decide(SHARING, "declined")
    signed = screen.decide(SHARING, "signed", language=language)
    assert signed.pk != declined.pk
    assert consents.selectors.part2_signature(signed.patient_id, signed.source_ref) == signed.pk
    assert consents.selectors.decisions(signed.source_ref)[-1].decision == "signed"


def test_the_other_language_is_no_way_around_a_signature(screen):
    screen.decide(SHARING)
    with pytest.raises(AlreadyDecided):
        screen.decide(SHARING, "declined", language="es")


def test_a_revoked_signature_is_not_given_back_as_if_it_stood(screen):
    signature = screen.decide(SHARING)
    consents.services.revoke(signature=signature, why="revoked", note="", actor=TEST)
    anew = screen.decide(SHARING)
    assert (anew.pk != signature.pk, anew.round) == (True, 1)
    assert screen.decide(SHARING).pk == anew.pk
    with pytest.raises(AlreadyDecided):
        screen.decide(SHARING, "declined")


def test_the_next_packet_decides_anew(screen):
    first = screen.decide(SHARING, "declined")
    assert screen.another_packet().decide(SHARING).pk != first.pk


def test_a_version_published_while_the_page_is_open_refuses_the_signature(screen):
    shown = screen.show(SHARING)
    consents.services.publish(clinic=screen.world.clinic, source=edition(SHARING, "2.0"), actor=TEST)
    with pytest.raises(OutdatedText):
        screen.decide(SHARING, shown=shown)
    assert stored() == (0, 0)
    assert screen.decide(SHARING).version.version == "2.0"


def test_a_new_version_with_the_same_words_is_still_another_text(screen):
    """Only a statement changed: the body is the same but for its version, which is why the body must show it."""
    shown = screen.show("treatment")
    changed = edition("treatment", "2.0", swap=("I agree to care.\noption", "I agree to any care.\noption"))
    consents.services.publish(clinic=screen.world.clinic, source=changed, actor=TEST)
    with pytest.raises(OutdatedText):
        screen.decide("treatment", shown=shown)


def test_a_new_version_may_be_signed_after_the_old_one(screen):
    screen.decide(SHARING)
    consents.services.publish(clinic=screen.world.clinic, source=edition(SHARING, "2.0"), actor=TEST)
    assert screen.decide(SHARING).version.version == "2.0"


def test_a_retired_document_without_successor_cannot_be_signed(screen):
    shown = screen.show(SHARING)
    version = DocumentVersion.objects.get(pk=shown.version_id)
    version.state, version.retired_at = "retired", version.effective_at
    version.save()
    with pytest.raises(OutdatedText):
        screen.decide(SHARING, shown=shown)


@pytest.mark.parametrize("sent", ["", "0" * 64, "not a hash"])
def test_another_hash_than_the_shown_one_refuses_the_signature(screen, sent):
    with pytest.raises(OutdatedText):
        screen.decide(SHARING, shown_sha256=sent)
    assert stored() == (0, 0)


def test_a_name_corrected_while_the_page_is_open_refuses_the_signature(screen):
    shown = screen.show(SHARING)
    core.services.change_patient(patient=screen.world.patient, changes={"family_name": "Núñez Ruiz"}, actor=TEST)
    with pytest.raises(OutdatedText):
        screen.decide(SHARING, shown=shown)


@pytest.mark.parametrize(
    ("slug", "decision", "changes", "code"),
    [
        (SHARING, "signed", {"signer_name": "  "}, "name"),
        (SHARING, "signed", {"signer_name": "\u202e\u200f"}, "name"),
        (SHARING, "signed", {"signer_name": "x" * 201}, "name"),
        (SHARING, "signed", {"statements": []}, "statements"),
        (SHARING, "signed", {"statements": ["something else"]}, "statements"),
        (SHARING, "refused", {}, "decision"),
        (SHARING, "maybe", {}, "decision"),
        ("privacy-notice", "declined", {}, "decision"),
        ("privacy-notice", "refused", {"reason": " "}, "reason"),
        ("treatment", "refused", {}, "decision"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_stored(screen, slug, decision, changes, code):
    with pytest.raises(CannotSign) as refusal:
        screen.decide(slug, decision, **changes)
    assert refusal.value.code == code
    assert stored() == (0, 0)


def test_the_acknowledgement_may_be_refused_with_a_reason(screen):
    signature = screen.decide("privacy-notice", "refused", statements=[], signer_name="")
    assert (signature.decision, signature.reason) == ("refused", "I want to read it at home")
    assert stored() == (1, 0)
    assert Event.objects.filter(action="signature.refused").count() == 1


@pytest.mark.parametrize("slug", ["treatment", SHARING])
def test_declining_needs_no_name_no_reason_and_no_statement(screen, slug):
    signature = screen.decide(slug, "declined", statements=[], signer_name="Rosa")
    assert (signature.decision, signature.signer_name, signature.statements) == ("declined", "", [])
    assert stored() == (1, 0)


def test_only_the_notice_can_be_refused_in_the_database_too(screen):
    signature = screen.decide(SHARING)
    with pytest.raises(DatabaseError, match="only_a_notice_acknowledgement_can_be_refused"), transaction.atomic():
        Signature.objects.create(
            patient=signature.patient,
            version=signature.version,
            kind="part2_tpo",
            source_ref=uuid.uuid4(),
            decision="refused",
            shown_html="",
            shown_sha256="",
        )


@pytest.mark.parametrize("table", ["consents_signature", "consents_revocation", "consents_historicaldisclosure"])
@pytest.mark.parametrize("statement", ["UPDATE {0} SET id = id", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"])
def test_the_database_lets_nobody_change_what_was_signed(screen, owner_sql, table, statement):
    column = "history_id" if "historical" in table else "id"
    sql = statement.format(table).replace("id = id", f"{column} = {column}")
    with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)
    if statement.startswith("TRUNCATE"):
        with pytest.raises(psycopg.errors.RestrictViolation, match="only grows"):
            owner_sql.execute(sql)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "statement", ["UPDATE consents_signature SET decision = 'declined'", "DELETE FROM consents_signature"]
)
def test_not_even_the_tables_owner_changes_a_signature(screen, owner_sql, statement):
    screen.decide(SHARING)
    with pytest.raises(psycopg.errors.RestrictViolation, match="only grows"):
        owner_sql.execute(statement)


@pytest.mark.django_db(transaction=True)
def test_a_publisher_waits_for_a_signer_who_is_not_done(screen, second_connection):
    """The signature's version stays effective until the signature is committed."""
    shown = screen.show(SHARING)
    with transaction.atomic():
        screen.decide(SHARING, shown=shown)
        with pytest.raises(OperationalError, match="lock timeout"):
            second_connection(
                lambda: consents.services.publish(
                    clinic=screen.world.clinic, source=edition(SHARING, "2.0"), actor=TEST
                )
            )
    assert Signature.objects.get().version.state == "effective"


@pytest.mark.django_db(transaction=True)
def test_a_signer_waits_for_a_publisher_who_is_not_done(screen, second_connection):
    shown = screen.show(SHARING)
    with transaction.atomic():
        consents.services.publish(clinic=screen.world.clinic, source=edition(SHARING, "2.0"), actor=TEST)
        with pytest.raises(OperationalError, match="lock timeout"):
            second_connection(lambda: screen.decide(SHARING, shown=shown))
    with pytest.raises(OutdatedText):
        screen.decide(SHARING, shown=shown)


@pytest.mark.parametrize("name", ["", "   ", "\u200b", "\u202e\u2066", "...", "123", "x", "X.", "1 x"])
def test_a_name_nobody_can_read_is_no_name(screen, name):
    with pytest.raises(CannotSign) as refused:
        screen.decide(SHARING, signer_name=name)
    assert refused.value.code == "name"


@pytest.mark.parametrize("name", ["Li", "Suharto", "O Min", "José"])
def test_one_name_is_enough_for_who_has_one(screen, name):
    assert screen.decide(SHARING, signer_name=name).signer_name == name
