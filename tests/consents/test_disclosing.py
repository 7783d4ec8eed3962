"""Immediately before each send: may it leave, and the row that says it did."""

import uuid

import pytest
from consent_screen import TEST
from django.db import DatabaseError, OperationalError, connection, transaction
from owner import as_owner

import consents.selectors
import consents.services
import consents.services.sealing
from audit.models import Event
from consents.models import Disclosure, Signature
from consents.policy import NOTICE, REDISCLOSURE_HIPAA, Hipaa, Recipient, Role
from consents.services import AlreadySettled, NotRevocable, Sending

SHARING = "share-permission"


def ask(patient, *, protected=True, discloser="Harbor Clinic LLC", recipient="Chart", **changes):
    given = {
        "recipient": Recipient(recipient, Hipaa.BUSINESS_ASSOCIATE, Role.OPERATIONS),
        "address": "https://chart.example/fhir",
        "purpose": "TREAT",
        "categories": ["substance_use"],
        "kind": "answer",
        "source_ref": uuid.uuid4(),
        "attempt": 1,
    }
    return consents.services.authorize_disclosure(
        patient_id=patient.id,
        discloser=discloser,
        protected=protected,
        sending=Sending(**(given | changes)),
        actor=TEST,
    )


def test_without_a_consent_nothing_leaves_and_the_refusal_is_recorded(screen):
    answer = ask(screen.world.patient)
    assert (answer.permitted, answer.reasons, answer.disclosure_id) == (False, ("no-part2-consent",), None)
    assert not Disclosure.objects.exists()
    assert "no-part2-consent" in Event.objects.get(action="disclosure.denied").context


def test_with_a_consent_the_row_stands_before_anything_is_sent(screen):
    signature = screen.decide(SHARING)
    answer = ask(screen.world.patient, categories=["substance_use", "results"])
    row = Disclosure.objects.get(pk=answer.disclosure_id)
    assert answer.permitted
    assert answer.statements[:2] == (NOTICE, REDISCLOSURE_HIPAA)
    assert answer.signature_id == signature.id == row.signature_id
    assert (row.state, row.basis, row.statement) == ("attempting", "part2-consent", "\n\n".join(answer.statements))
    assert (row.recipient, row.purpose, row.categories) == ("Chart", "TREAT", ["results", "substance_use"])
    assert (row.recipient_address, row.kind, row.summary) == (
        "https://chart.example/fhir",
        "answer",
        "an answer or a result",
    )
    assert (row.is_part2, row.channel) == (True, "fhir")
    assert Event.objects.get(action="disclosure.attempted").object_id == str(row.id)


def test_what_is_not_protected_leaves_a_row_too(screen):
    answer = ask(screen.world.patient, protected=False)
    row = Disclosure.objects.get(pk=answer.disclosure_id)
    assert (row.basis, row.signature_id, row.statement) == ("not-a-part2-record", None, "")


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"purpose": "HRESCH"}, "purpose-not-covered"),
        ({"purpose": "HLEGAL"}, "separate-consent-needed"),
        ({"discloser": "Another Program LLC"}, "discloser-not-covered"),
        ({"categories": ["sud_counseling_notes"]}, "separate-consent-needed"),
        ({"categories": []}, "categories-not-covered"),
    ],
)
def test_a_consent_permits_what_it_says_and_no_more(screen, changes, reason):
    screen.decide(SHARING)
    assert ask(screen.world.patient, **changes).reasons[0] == reason


def test_a_consent_outlives_a_new_name_of_its_program_and_is_no_other_programs(screen):
    program, patient = screen.world.program, screen.world.patient
    screen.decide(SHARING)
    program.legal_name = "Harbor Recovery LLC"
    program.save()
    assert ask(patient, discloser="Harbor Recovery LLC").permitted
    assert ask(patient).reasons[0] == "discloser-not-covered", "whoever bears the old name now was never named"
    assert "Who may disclose: Harbor Clinic LLC." in consents.selectors.scope_of(Signature.objects.get())


@pytest.mark.django_db(transaction=True)
def test_a_consent_that_does_not_say_which_program_is_matched_by_name(screen):
    """As those signed before the row named it."""
    signature = screen.decide(SHARING)
    given = {name: value for name, value in signature.fields.items() if name != "program"}
    with as_owner(autocommit=True) as owner:
        owner.execute("ALTER TABLE consents_signature DISABLE TRIGGER USER")
        column = Signature._meta.get_field("fields").get_prep_value(given)
        owner.execute("UPDATE consents_signature SET fields = %s WHERE id = %s", [column, signature.pk])
        owner.execute("ALTER TABLE consents_signature ENABLE TRIGGER USER")
    assert "program" not in Signature.objects.get().fields
    assert ask(screen.world.patient).permitted
    assert not ask(screen.world.patient, discloser="Harbor Recovery LLC").permitted


def test_the_scope_of_the_consent_is_explained_and_its_copy_is_named(screen):
    """42 CFR 2.32(b): a copy of the consent, or a clear explanation of its scope, goes with each disclosure."""
    signature = screen.decide(SHARING)
    scope = ask(screen.world.patient).statements[2]
    for said in (
        "Harbor Clinic LLC",
        "substance use",
        "third-party payers",
        "treatment, payment",
        "no end until revoked",
    ):
        assert said in scope
    assert Disclosure.objects.get().consent_copy_sha256 == ""
    consents.services.sealing.seal_due()
    ask(screen.world.patient)
    signature.sealed.refresh_from_db()
    assert Disclosure.objects.order_by("at").last().consent_copy_sha256 == signature.sealed.pdf_sha256 != ""


ELEMENTS = [f"2.31(a)({n})" for n in (1, 2, 3, 5, 6, 7, 8, 9)] + ["2.31(a)(4)(i)", "2.31(a)(4)(iii)", "2.31(a)(10)(i)"]


@pytest.mark.django_db(transaction=True)
def test_an_element_that_the_signed_text_does_not_show_was_not_consented_to(screen, owner_sql):
    """Whatever is stored beside it: the words are what was signed. Only the database's owner could change them."""
    version = screen.decide(SHARING).version
    owner_sql.execute("ALTER TABLE consents_documentversion DISABLE TRIGGER USER")
    told = {}
    for element in ELEMENTS:
        without = version.body.replace(f"⟦{element}⟧", "")
        owner_sql.execute("UPDATE consents_documentversion SET body = %s WHERE id = %s", (without, version.id))
        told[element] = ask(screen.world.patient).reasons
    owner_sql.execute("ALTER TABLE consents_documentversion ENABLE TRIGGER USER")
    assert all(len(reasons) == 1 and reasons[0].startswith("no-") for reasons in told.values())
    assert len(set(told.values())) == len(ELEMENTS)


@pytest.mark.parametrize(("why", "reason"), [("revoked", "revoked"), ("suspected_false", "suspected-false")])
def test_a_revocation_between_two_sends_stops_the_second(screen, why, reason):
    signature = screen.decide(SHARING)
    source = uuid.uuid4()
    assert ask(screen.world.patient, source_ref=source, attempt=1).permitted
    consents.services.revoke(signature=signature, why=why, note="By letter", actor=TEST)
    answer = ask(screen.world.patient, source_ref=source, attempt=2)
    assert (answer.permitted, answer.reasons) == (False, (reason,))
    assert Disclosure.objects.count() == 1


def test_a_no_in_a_later_packet_stops_what_an_earlier_one_permitted(screen):
    screen.decide(SHARING)
    screen.another_packet().decide(SHARING, "declined")
    assert ask(screen.world.patient).reasons == ("declined",)


def test_a_consent_of_another_patient_permits_nothing(screen):
    screen.decide(SHARING)
    other = type(screen.world.patient).objects.create(
        clinic=screen.world.clinic, given_name="Ana", family_name="Diaz", birth_date="1980-01-01"
    )
    assert not ask(other).permitted


def test_a_consent_without_its_elements_permits_nothing(screen):
    """42 CFR 2.31(c)(2): it fails to conform on its face. Such a row can only come from outside these services."""
    good = screen.decide(SHARING)
    Signature.objects.create(
        patient=good.patient,
        version=good.version,
        kind="part2_tpo",
        source_ref=uuid.uuid4(),
        decision="signed",
        signer_name="Rosa Núñez",
        shown_html="<p>other words</p>",
        shown_sha256=good.shown_sha256,
        fields=good.fields,
    )
    consents.services.revoke(signature=good, why="revoked", note="", actor=TEST)
    assert set(ask(screen.world.patient).reasons) == {"revoked", "altered"}


def test_one_try_of_one_item_is_permitted_once(screen):
    screen.decide(SHARING)
    source = uuid.uuid4()
    assert ask(screen.world.patient, source_ref=source).permitted
    again = ask(screen.world.patient, source_ref=source)
    assert (again.permitted, again.reasons) == (False, ("already-attempted",))
    assert ask(screen.world.patient, source_ref=source, attempt=2).permitted


@pytest.mark.django_db(transaction=True)
def test_it_refuses_to_run_inside_a_transaction_that_might_roll_back(screen):
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        ask(screen.world.patient)


@pytest.mark.django_db(transaction=True)
def test_a_disclosure_waits_for_a_revocation_that_is_not_done(screen, second_connection):
    signature = screen.decide(SHARING)
    with transaction.atomic():
        consents.services.revoke(signature=signature, why="revoked", note="", actor=TEST)
        with pytest.raises(OperationalError, match="lock timeout"):
            second_connection(lambda: ask(screen.world.patient))
    assert ask(screen.world.patient).reasons == ("revoked",)


@pytest.mark.parametrize("state", ["sent", "failed"])
def test_what_was_sent_or_failed_stays_so(screen, state):
    row = ask(screen.world.patient, protected=False).disclosure_id
    consents.services.settle_disclosure(disclosure_id=row, state=state, actor=TEST)
    consents.services.settle_disclosure(disclosure_id=row, state=state, actor=TEST)
    with pytest.raises(AlreadySettled):
        consents.services.settle_disclosure(disclosure_id=row, state="unknown", actor=TEST)
    settled = Disclosure.objects.get(pk=row)
    assert (settled.state, settled.settled_at is not None) == (state, True)
    assert Event.objects.filter(action="disclosure.settled").count() == 1


def test_an_unknown_end_is_settled_when_it_is_known(screen):
    row = ask(screen.world.patient, protected=False).disclosure_id
    consents.services.settle_disclosure(disclosure_id=row, state="unknown", actor=TEST)
    consents.services.settle_disclosure(disclosure_id=row, state="sent", actor=TEST)
    assert Disclosure.objects.get(pk=row).state == "sent"
    assert [one.state for one in Disclosure.history.filter(id=row).order_by("history_id")] == [
        "attempting",
        "unknown",
        "sent",
    ]


@pytest.mark.parametrize("state", ["attempting", "lost"])
def test_there_is_no_other_way_to_settle(screen, state):
    row = ask(screen.world.patient, protected=False).disclosure_id
    with pytest.raises(ValueError, match="attempting|lost"):
        consents.services.settle_disclosure(disclosure_id=row, state=state, actor=TEST)


def test_the_name_of_the_recipient_is_in_no_event(screen):
    ask(screen.world.patient, protected=False, recipient="Dr. Secret")
    assert not Event.objects.filter(context__contains="Secret").exists()


def test_revoking_twice_is_revoking_once(screen):
    signature = screen.decide(SHARING)
    first = consents.services.revoke(signature=signature, why="revoked", note="By phone", actor=TEST)
    assert consents.services.revoke(signature=signature, why="revoked", note="Again", actor=TEST).pk == first.pk
    assert signature.revocations.count() == 1
    assert Event.objects.filter(action="signature.revoked").count() == 1


def test_a_note_is_not_readable_in_the_table_and_not_in_the_event(screen):
    consents.services.revoke(signature=screen.decide(SHARING), why="revoked", note="my sister saw it", actor=TEST)
    with connection.cursor() as cursor:
        cursor.execute("SELECT note FROM consents_revocation")
        assert "sister" not in cursor.fetchone()[0]
    assert not Event.objects.filter(context__contains="sister").exists()


def test_what_was_declined_has_nothing_to_revoke(screen):
    with pytest.raises(NotRevocable):
        consents.services.revoke(signature=screen.decide(SHARING, "declined"), why="revoked", note="", actor=TEST)


def test_a_signature_ends_for_two_reasons_only(screen):
    with pytest.raises(ValueError, match="bored"):
        consents.services.revoke(signature=screen.decide(SHARING), why="bored", note="", actor=TEST)


def test_the_database_keeps_the_history_of_a_disclosure(screen):
    ask(screen.world.patient, protected=False)
    with pytest.raises(DatabaseError), transaction.atomic():
        Disclosure.history.all().delete()
