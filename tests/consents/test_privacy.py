"""What a patient takes back, asks to be limited and is accounted for; what an emergency leaves behind."""

import uuid
from datetime import timedelta

import pytest
from consent_screen import TEST
from django.db import IntegrityError, transaction
from django.utils import translation
from test_disclosing import SHARING, ask

import consents.selectors
import consents.services
from audit.actions import Actor
from audit.models import Event
from consents.models import Disclosure, EmergencyDisclosure, PrivacyTask, RestrictionRequest, Revocation, Signature
from consents.rules.told import KINDS, What
from consents.services import CannotRefuse, Facts, MissingFact, NotRevocable
from consents.services.restricting import AlreadyDecided
from consents.templatetags.told import told
from core import clock
from core.models import OutboxMessage


def taken_back(signature, **how):
    return consents.services.revoke(
        signature=signature, actor=TEST, **({"why": "revoked", "note": "I changed my mind"} | how)
    )


# --- taking back -----------------------------------------------------------------------------------------------------


def test_what_had_been_relied_upon_is_listed_and_the_officer_and_the_chart_are_told(screen):
    signature = screen.decide(SHARING)
    sent, failed = (ask(screen.world.patient).disclosure_id for _ in range(2))
    consents.services.settle_disclosure(disclosure_id=sent, state="unknown", actor=TEST)
    consents.services.settle_disclosure(disclosure_id=failed, state="failed", actor=TEST)
    row = taken_back(signature, how="phone", recorded_by=screen.world.compliance)
    assert (row.relied_on, row.how, row.recorded_by) == ([str(sent)], "phone", screen.world.compliance)
    task = PrivacyTask.objects.get(kind="revocation", ref=row.id)
    assert timedelta(0) < task.due_at - task.opened_at <= timedelta(days=1, seconds=5)
    assert OutboxMessage.objects.get(topic="consent.ended").subject_id == row.id
    assert '"relied_on":1' in Event.objects.get(action="signature.revoked").context


def test_for_one_recipient_only_that_one_gets_nothing_more(screen):
    signature = screen.decide(SHARING)
    row = taken_back(signature, recipients=["Chart", " chart "])
    assert ask(screen.world.patient).reasons == ("revoked-for-recipient",)
    assert ask(screen.world.patient, recipient="Another chart").permitted
    assert consents.selectors.part2_signature(screen.world.patient.id, screen.packet) == signature.id
    assert taken_back(signature, recipients=["Chart", "chart"]).pk == row.pk
    assert taken_back(signature).pk != row.pk
    assert ask(screen.world.patient, recipient="Another chart").reasons == ("revoked",)


def expiring(signature, **columns):
    """Signed words with another end: a row of its own, as only another document would make it."""
    scope = {**signature.fields["scope"], "expiry": columns.pop("expiry")}
    same = ("patient", "version", "kind", "decision", "signer_name", "shown_html", "shown_sha256")
    fields = {name: getattr(signature, name) for name in same}
    return Signature.objects.create(
        **fields, source_ref=uuid.uuid4(), fields={**signature.fields, "scope": scope}, **columns
    )


@pytest.mark.parametrize(
    ("end", "why"),
    [
        ({"expiry": "event", "expiry_event": "when the case closes"}, "event"),
        ({"expiry": "end_of_treatment"}, "treatment_ended"),
    ],
)
def test_an_end_that_the_words_name_ends_it_when_staff_say_that_it_came(screen, end, why):
    signed = screen.decide(SHARING)
    with pytest.raises(NotRevocable):
        taken_back(signed, why=why)
    ending = expiring(signed, **end)
    taken_back(signed)
    assert ask(screen.world.patient).permitted
    taken_back(ending, why=why)
    assert set(ask(screen.world.patient).reasons) == {"revoked", "expired"}


def test_when_the_treatment_ends_all_that_lasts_until_then_ends(screen):
    signed = screen.decide(SHARING)
    ending = expiring(signed, expiry="end_of_treatment")
    assert consents.services.end_treatment(patient=screen.world.patient, user=screen.world.clinician) == 1
    assert [one.why for one in ending.revocations.all()] == ["treatment_ended"]
    assert not signed.revocations.exists()


def test_a_last_day_ends_it_by_itself(screen):
    signed = screen.decide(SHARING)
    expiring(signed, expiry="date", expires_on=clock.now().date() - timedelta(days=2))
    taken_back(signed)
    assert set(ask(screen.world.patient).reasons) == {"revoked", "expired"}


def test_a_courts_referral_is_not_taken_back_at_will(screen):
    signed = screen.decide(SHARING)
    referral = expiring(signed, expiry="event", expiry_event="when the case closes")
    referral.kind = "part2_cj_referral"
    with pytest.raises(NotRevocable):
        taken_back(referral)
    assert taken_back(referral, why="event").why == "event"


@pytest.mark.parametrize("standing", [True, False])
def test_where_two_sign_each_counts_only_with_the_other(screen, standing):
    """42 CFR 2.14: the minor's own signature names that it is joint."""
    signed = screen.decide(SHARING)
    taken_back(signed)
    same = {"expiry": "none", "authority": "together with a parent or guardian"}
    child = expiring(signed, **same)
    assert ask(screen.world.patient).reasons == ("no-signature", "revoked")
    fields = {name: getattr(child, name) for name in ("patient", "version", "kind", "decision", "shown_html", "fields")}
    parent = Signature.objects.create(
        **fields, source_ref=child.source_ref, shown_sha256=child.shown_sha256, signer_name="Ana Núñez",
        capacity="parent", authority="mother",
    )  # fmt: skip
    assert ask(screen.world.patient).permitted
    taken_back(parent if standing else child)
    assert not ask(screen.world.patient).permitted


# --- limits ----------------------------------------------------------------------------------------------------------


def wish(screen, **more):
    return consents.services.ask_restriction(
        patient=screen.world.patient, scope="Please not my plan", actor=Actor.patient(screen.world.patient.id), **more
    )


def test_a_limit_holds_once_the_clinic_agreed_and_until_it_ends(screen):
    screen.decide(SHARING)
    request = wish(screen, recipients=["Chart"])
    assert PrivacyTask.objects.get(kind="restriction").ref == request.id
    assert ask(screen.world.patient).permitted
    officer = screen.world.compliance
    consents.services.decide_restriction(request=request, user=officer, agrees=True, note="Agreed by phone")
    assert ask(screen.world.patient).reasons == ("restricted",)
    assert ask(screen.world.patient, protected=False).reasons == ("restricted",)
    task = PrivacyTask.objects.get(kind="restriction")
    assert (task.closed_by, task.note) == (officer, "Agreed by phone")
    with pytest.raises(AlreadyDecided):
        consents.services.decide_restriction(request=request, user=officer, agrees=False, note="No")
    consents.services.end_restriction(request=request, user=officer, note="The patient asked for it")
    assert ask(screen.world.patient).permitted
    assert Event.objects.filter(action="restriction.decided").count() == 2


def test_what_was_paid_in_full_is_not_refused_by_the_service_nor_by_the_database(screen):
    request = wish(screen, is_self_paid=True)
    assert consents.selectors.restrictions(screen.world.patient.id)[0].is_self_paid, "it binds from the first moment"
    with pytest.raises(CannotRefuse):
        consents.services.decide_restriction(request=request, user=screen.world.compliance, agrees=False, note="No")
    with pytest.raises(IntegrityError, match="never_refused"), transaction.atomic():
        RestrictionRequest.objects.filter(pk=request.pk).update(state="refused", decided_at=clock.now())


# --- emergencies -----------------------------------------------------------------------------------------------------


def facts(**changed):
    given = {
        "recipient_name": "Dr. Ada Lin",
        "recipient_affiliation": "Bay Hospital",
        "disclosed_at": clock.now() - timedelta(minutes=1),
        "nature": "Unconscious after a fall",
        "why_no_consent": "She can't answer",
        "what": "Medicines",
    }
    return Facts(**(given | changed))


def tell(world, **changed):
    return consents.services.disclose_in_emergency(patient=world.patient, user=world.clinician, facts=facts(**changed))


def test_an_emergency_leaves_the_four_facts_a_disclosure_a_note_and_a_task(world):
    """42 CFR 2.51(c)(1) to (4)."""
    made = tell(world)
    row = made.disclosure
    assert (made.recipient_name, made.recipient_affiliation) == ("Dr. Ada Lin", "Bay Hospital")
    assert (made.disclosed_by, made.nature) == (world.clinician, "Unconscious after a fall")
    assert (row.basis, row.purpose, row.is_part2, row.state) == ("2.51-emergency", "ETREAT", True, "sent")
    assert PrivacyTask.objects.get(kind="emergency").ref == made.id
    assert OutboxMessage.objects.get(topic="emergency.disclosed").subject_id == made.id
    assert not Event.objects.filter(context__contains="Unconscious").exists()


def test_a_button_pressed_twice_is_one_disclosure_and_another_fact_is_another(world):
    told = facts()
    first, again = (
        consents.services.disclose_in_emergency(patient=world.patient, user=world.clinician, facts=told)
        for _ in range(2)
    )
    assert first == again
    assert Disclosure.objects.count() == PrivacyTask.objects.filter(kind="emergency").count() == 1
    tell(world, recipient_name="Dr. Sam Poe", disclosed_at=told.disclosed_at)
    consents.services.disclose_in_emergency(patient=world.patient, user=world.backup, facts=told)
    assert Disclosure.objects.count() == 3


@pytest.mark.parametrize("name", ["recipient_name", "recipient_affiliation", "nature", "why_no_consent", "what"])
@pytest.mark.parametrize("said", ["", " . "])
def test_without_one_of_them_nothing_is_written(world, name, said):
    with pytest.raises(MissingFact, match=name):
        tell(world, **{name: said})
    assert not EmergencyDisclosure.objects.exists()
    assert not Disclosure.objects.exists()
    assert not PrivacyTask.objects.exists()


def test_nobody_was_told_tomorrow(world):
    with pytest.raises(MissingFact, match="disclosed_at"):
        tell(world, disclosed_at=clock.now() + timedelta(days=1))


# --- two reports -----------------------------------------------------------------------------------------------------


def ledger(screen):
    """Consented, emergency, research without consent, failed, too old for one list, too old for both."""
    patient = screen.world.patient
    screen.decide(SHARING)
    consented, failed, old = (ask(patient).disclosure_id for _ in range(3))
    consents.services.settle_disclosure(disclosure_id=failed, state="failed", actor=TEST)
    emergency = tell(screen.world).disclosure_id
    required = ask(patient, protected=False, purpose="PUBHLTH", recipient="=Health Department").disclosure_id
    older, oldest = (ask(patient, protected=False, purpose="PUBHLTH").disclosure_id for _ in range(2))
    ask(patient, protected=False)  # treatment, not a Part 2 record: on neither list
    years = {old: 4, older: 5, oldest: 7}
    for key, ago in years.items():
        Disclosure.objects.filter(pk=key).update(at=clock.now() - timedelta(days=366 * ago))
    return {"part2": {consented}, "hipaa": {emergency, required, older}}


@pytest.mark.parametrize("report", ["part2", "hipaa"])
def test_each_report_has_its_own_filter(screen, report):
    """42 CFR 2.25: 3 years, with consent. 45 CFR 164.528: 6 years, but not for treatment, payment, operations."""
    expected = Disclosure.objects.filter(pk__in=ledger(screen)[report]).order_by("at")
    given = consents.services.account(patient=screen.world.patient, report=report, actor=TEST)
    assert [line.at for line in given.lines] == [row.at for row in expected]
    assert {line.purpose for line in given.lines} <= {"treatment", "a medical emergency", "PUBHLTH"}
    read = Event.objects.get(action="disclosure.accounting_read")
    assert f'"lines":{len(given.lines)}' in read.context


def test_one_filing_is_one_entry_that_lists_the_kinds_with_counts_and_loses_no_row(screen):
    """45 CFR 164.528(b)(2), (3): the date, the recipient, what, why, how many there were and the last."""
    screen.decide(SHARING)
    patient, phq = screen.world.patient, {"en": "PHQ-9", "es": "PHQ-9"}
    ask(patient, kind="form", about=phq)
    twice = uuid.uuid4()
    for attempt in (1, 2):
        ask(patient, kind="answer", about=phq, source_ref=twice, attempt=attempt)
    ask(patient, kind="answer", about=phq)
    ask(patient, kind="medicine")
    ask(patient, kind="medicine", recipient="Another chart")
    old = ask(patient, kind="entry").disclosure_id
    Disclosure.objects.filter(pk=old).update(kind="", summary="DocumentReference")
    given = consents.services.account(patient=patient, report="part2", actor=TEST)
    assert len(given.lines) == 7
    chart, other = given.groups
    assert (chart.first.recipient, chart.count, chart.first.purpose) == ("Chart", 6, "treatment")
    assert chart.last.at == max(line.at for line in given.lines if line.recipient == "Chart")
    said = [told(what, count) for what, count in chart.entries]
    assert said == ["the answers to “PHQ-9”", "2 single answers from “PHQ-9”", "a medicine that is taken", "a document"]
    assert (other.first.recipient, other.count) == ("Another chart", 1)
    assert given.addresses == {"Chart": "https://chart.example/fhir", "Another chart": "https://chart.example/fhir"}


def test_what_went_on_another_day_or_for_another_reason_stands_apart(screen):
    screen.decide(SHARING)
    rows = [ask(screen.world.patient, kind="medicine").disclosure_id for _ in range(3)]
    Disclosure.objects.filter(pk=rows[0]).update(at=clock.now() - timedelta(days=2))
    Disclosure.objects.filter(pk=rows[1]).update(purpose="HPAYMT")
    given = consents.services.account(patient=screen.world.patient, report="part2", actor=TEST)
    assert [group.count for group in given.groups] == [1, 1, 1]


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_has_words_in_both_languages(kind):
    what = What(kind.removesuffix("-of"), {"en": "Sleep", "es": "Sueño"} if kind.endswith("-of") else {})
    for count in (1, 3):
        words = {}
        for language in ("en", "es"):
            with translation.override(language):
                words[language] = told(what, count)
        assert words["en"] != words["es"]
        assert "%" not in words["es"]
        assert ("Sueño" in words["es"]) == kind.endswith("-of")


def test_no_cell_of_the_table_is_a_formula(screen):
    ledger(screen)
    given = consents.services.account(patient=screen.world.patient, report="hipaa", actor=TEST)
    table = consents.services.as_csv(given, "UTC")
    assert '"\'=Health Department"' in table
    assert not [
        cell for line in table.splitlines() for cell in line.split(",") if cell.startswith(('"=', '"+', '"@', '"-'))
    ]


def test_a_leap_day_makes_the_list_no_shorter():
    from datetime import UTC, datetime

    from consents.services.accounting import _years_before

    assert _years_before(datetime(2028, 2, 29, tzinfo=UTC), 3) == datetime(2025, 2, 28, tzinfo=UTC)


def test_a_task_is_closed_once_by_somebody_with_a_name(world):
    tell(world)
    task = PrivacyTask.objects.get()
    assert consents.services.close_task(task=task, user=world.compliance, note="Called the hospital")
    assert not consents.services.close_task(task=task, user=world.supervisor, note="Again")
    task.refresh_from_db()
    assert (task.closed_by, task.note) == (world.compliance, "Called the hospital")
    assert Revocation.objects.count() == 0


@pytest.mark.parametrize(("slug", "why"), [("privacy-notice", "only that the notice was received")])
def test_a_receipt_is_nothing_to_take_back_and_the_refusal_says_so(screen, slug, why):
    """45 CFR 164.520(c)(2)(ii): it proves that the notice was given, and allows nothing."""
    signature = screen.decide(slug)
    with pytest.raises(NotRevocable, match=why):
        consents.services.revoke(signature=signature, why="revoked", note="", actor=TEST)
    assert not Revocation.objects.exists()
