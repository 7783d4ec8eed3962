"""42 CFR 2.31 to 2.33, 2.26 and 2.35, row by row: what can be relied upon, for whom, and which reason denies."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from consents import policy
from consents.policy import (
    COUNSELING_NOTES,
    NOTICE,
    REDISCLOSURE_HIPAA,
    REDISCLOSURE_NONE,
    TPO_CLASS,
    TPO_PURPOSES,
    Category,
    Consent,
    Expiry,
    Hipaa,
    Intermediary,
    Kind,
    Recipient,
    Restriction,
    Role,
    Statement,
    may_disclose,
)

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
PROGRAM = "Harbor Clinic LLC"
CHART = Recipient("Chart", Hipaa.BUSINESS_ASSOCIATE, Role.OPERATIONS)
SISTER = Recipient("Ana Diaz", Hipaa.NONE, Role.OTHER)
PLAN = Recipient("MassHealth", Hipaa.COVERED_ENTITY, Role.HEALTH_PLAN)
COURT = Recipient("County Drug Court", Hipaa.NONE, Role.CRIMINAL_JUSTICE)
EXCHANGE = Recipient("Bay Exchange", Hipaa.NONE, Role.OTHER, is_intermediary=True)
GOOD = Consent(
    id="a",
    kind=Kind.PART2_TPO,
    decision="signed",
    patient_name="Rosa Núñez",
    disclosers=frozenset({PROGRAM}),
    categories=frozenset({Category.SUBSTANCE_USE, Category.INTAKE_ANSWERS}),
    recipients=TPO_CLASS,
    purposes=TPO_PURPOSES,
    statements=frozenset(Statement),
    revocation_how="Privacy Officer, 555-010-0101",
    expiry=Expiry.NONE,
    signer_name="Rosa Núñez",
    signed_at=NOW - timedelta(days=1),
)
NAMED = replace(
    GOOD,
    id="n",
    kind=Kind.PART2_SPECIFIC,
    recipients=frozenset({SISTER.name}),
    purposes=frozenset({"PATRQT"}),
    expiry=Expiry.DATE,
    expires_on=date(2027, 1, 1),
)


def ask(*consents, discloser=PROGRAM, recipient=CHART, purpose="TREAT", categories=("substance_use",), at=NOW, **more):
    return may_disclose(consents, discloser, recipient, purpose, frozenset(categories), at, **more)


# --- 2.32: the words -------------------------------------------------------------------------------------------------


def test_a_valid_consent_permits_and_what_must_go_with_it_is_named():
    decision = ask(GOOD)
    assert (decision.permitted, decision.reasons, decision.consent_id) == (True, ("part2-consent",), "a")
    assert decision.statements_to_accompany == (NOTICE, REDISCLOSURE_HIPAA)


@pytest.mark.parametrize(
    ("hipaa", "words"),
    [
        (Hipaa.COVERED_ENTITY, REDISCLOSURE_HIPAA),
        (Hipaa.BUSINESS_ASSOCIATE, REDISCLOSURE_HIPAA),
        (Hipaa.PART2_PROGRAM, REDISCLOSURE_NONE),
        (Hipaa.LAWFUL_HOLDER, REDISCLOSURE_NONE),
        (Hipaa.NONE, REDISCLOSURE_NONE),
    ],
)
def test_what_hipaa_makes_of_the_recipient_decides_what_they_are_told(hipaa, words):
    """2.33(b): a covered entity may redisclose as HIPAA permits, nobody else may."""
    assert ask(GOOD, recipient=replace(CHART, hipaa=hipaa)).statements_to_accompany == (NOTICE, words)


def test_a_covered_entity_named_for_another_purpose_may_not_redisclose_either():
    consent = replace(NAMED, recipients=frozenset({PLAN.name}))
    assert ask(consent, recipient=PLAN, purpose="PATRQT").statements_to_accompany == (NOTICE, REDISCLOSURE_NONE)


# --- 2.31(a): each element by its field ------------------------------------------------------------------------------

NOTHING: frozenset[str] = frozenset()
ELEMENTS = [
    ("(1) patient", {"patient_name": " "}, "no-patient-name"),
    ("(2) discloser", {"disclosers": NOTHING}, "no-discloser"),
    ("(3) what", {"categories": NOTHING}, "no-description"),
    ("(4)(i) recipient", {"recipients": NOTHING}, "no-recipient"),
    ("(4)(iii) HIPAA", {"statements": GOOD.statements - {Statement.HIPAA_REDISCLOSURE}}, "no-hipaa-statement"),
    ("(5) purpose", {"purposes": NOTHING}, "no-purpose"),
    ("(6) right", {"statements": GOOD.statements - {Statement.REVOCATION}}, "no-right-to-revoke"),
    ("(6) how", {"revocation_how": ""}, "no-way-to-revoke"),
    ("(7) expiry", {"expiry": ""}, "no-expiry"),
    ("(8) signature", {"signer_name": ""}, "no-signature"),
    ("(9) date", {"signed_at": None}, "no-date"),
    ("(10)(i)", {"statements": GOOD.statements - {Statement.REDISCLOSURE}}, "no-redisclosure-statement"),
    ("(10)(ii)", {"statements": GOOD.statements - {Statement.REFUSAL}}, "no-refusal-statement"),
    ("as signed", {"unaltered": False}, "altered"),
]


@pytest.mark.parametrize(("element", "change", "reason"), ELEMENTS, ids=[name for name, _, _ in ELEMENTS])
def test_without_one_element_nothing_is_disclosed_and_that_element_is_the_reason(element, change, reason):
    decision = ask(replace(GOOD, **change))
    assert (decision.permitted, decision.reasons) == (False, (reason,))
    assert (decision.consent_id, decision.statements_to_accompany) == ("", ())


def test_fundraising_needs_the_choice_not_to_get_it():
    """2.31(a)(5)(iii)"""
    asks = replace(GOOD, is_for_fundraising=True)
    assert ask(asks).permitted
    assert ask(replace(asks, statements=GOOD.statements - {Statement.FUNDRAISING})).reasons == (
        "no-fundraising-choice",
    )


def test_the_statements_for_treatment_and_payment_are_not_asked_of_another_purpose():
    needed = frozenset({Statement.REVOCATION})
    assert ask(replace(NAMED, statements=needed), recipient=SISTER, purpose="PATRQT").permitted


MEMBERS = Intermediary(EXCHANGE.name, participants=frozenset({"Bay Hospital"}))


@pytest.mark.parametrize(
    ("intermediary", "reason"),
    [
        (None, "intermediary-not-named"),
        (replace(MEMBERS, name="Another Exchange"), "intermediary-not-named"),
        (Intermediary(EXCHANGE.name), "intermediary-members"),
        (replace(MEMBERS, is_limited_to_treating=True), "intermediary-members"),
    ],
)
def test_an_intermediary_is_named_with_its_members_or_a_class_that_treats_the_patient(intermediary, reason):
    """2.31(a)(4)(ii): one of the two."""
    consent = replace(NAMED, recipients=frozenset({EXCHANGE.name}), intermediary=intermediary)
    assert ask(consent, recipient=EXCHANGE, purpose="PATRQT").reasons == (reason,)


@pytest.mark.parametrize("intermediary", [MEMBERS, Intermediary(EXCHANGE.name, is_limited_to_treating=True)])
def test_an_intermediary_named_rightly_is_permitted(intermediary):
    consent = replace(NAMED, recipients=frozenset({EXCHANGE.name}), intermediary=intermediary)
    assert ask(consent, recipient=EXCHANGE, purpose="PATRQT").permitted


# --- 2.31(a)(7), (c): when it ends -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"expiry": "date"}, "no-expiry"),
        ({"expiry": "event"}, "no-expiry"),
        ({"expiry": "a year"}, "no-expiry"),
        ({"expiry": "date", "expires_on": date(2026, 11, 21)}, "expired"),
        ({"expiry": "event", "expiry_event": "when the case closes", "ended": True}, "expired"),
        ({"expiry": "end_of_treatment", "ended": True}, "expired"),
        ({"revoked": True}, "revoked"),
        ({"revoked_for": frozenset({"chart"})}, "revoked-for-recipient"),
        ({"suspected_false": True}, "suspected-false"),
        ({"decision": "declined"}, "declined"),
        ({"kind": Kind.TREATMENT}, "not-a-part2-consent"),
        ({"signed_at": NOW + timedelta(seconds=1)}, "not-signed-yet"),
    ],
)
def test_what_has_ended_or_is_doubted_is_not_relied_upon(change, reason):
    assert ask(replace(GOOD, **change)).reasons == (reason,)


@pytest.mark.parametrize(
    "change",
    [
        {"expiry": "date", "expires_on": NOW.date()},
        {"expiry": "event", "expiry_event": "when the case closes"},
        {"expiry": "end_of_treatment"},
        {"revoked_for": frozenset({"Somebody else"})},
    ],
)
def test_until_then_it_holds(change):
    assert ask(replace(GOOD, **change)).permitted


@pytest.mark.parametrize("expiry", ["none", "end_of_treatment"])
def test_without_a_date_or_an_event_it_serves_treatment_payment_and_operations_only(expiry):
    assert ask(replace(NAMED, expiry=expiry, expires_on=None), recipient=SISTER, purpose="PATRQT").reasons == (
        "expiry-needs-date-or-event",
    )


# --- what it covers --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"discloser": "Another Program LLC"}, "discloser-not-covered"),
        ({"recipient": SISTER}, "recipient-not-covered"),
        ({"purpose": "HRESCH"}, "purpose-not-covered"),
        ({"categories": ("billing",)}, "categories-not-covered"),
        ({"categories": ()}, "categories-not-covered"),
    ],
)
def test_a_consent_permits_what_it_says_and_no_more(asked, reason):
    assert ask(GOOD, **asked).reasons == (reason,)


def test_names_are_compared_as_people_write_them():
    for name in ("ANA  diaz", "Ana-Díaz.", "Ana, Diaz"):
        assert ask(NAMED, recipient=replace(SISTER, name=name), purpose="PATRQT").permitted, name


def test_one_consent_must_cover_everything_alone():
    half = replace(GOOD, categories=frozenset({"substance_use"}))
    other_half = replace(GOOD, id="b", categories=frozenset({"billing"}))
    assert not ask(half, other_half, categories=("substance_use", "billing")).permitted


# --- 2.31(b), (d), 2.35: what no other consent covers ----------------------------------------------------------------

NOTES = replace(GOOD, id="c", kind=Kind.PART2_COUNSELING_NOTES, categories=frozenset({COUNSELING_NOTES}))
CASE = replace(
    NAMED, id="p", kind=Kind.PART2_PROCEEDINGS, recipients=frozenset({"Lee, attorney"}), purposes=frozenset({"HLEGAL"})
)
REFERRAL = replace(NAMED, id="r", kind=Kind.PART2_CJ_REFERRAL, recipients=frozenset({COURT.name}))
LAWYER = Recipient("Lee, attorney", Hipaa.NONE, Role.OTHER)
SEPARATE = [
    (NOTES, {"categories": (COUNSELING_NOTES,)}),
    (CASE, {"recipient": LAWYER, "purpose": "HLEGAL"}),
    (REFERRAL, {"recipient": COURT, "purpose": "PATRQT"}),
]


@pytest.mark.parametrize(("own", "asked"), SEPARATE, ids=["notes", "proceedings", "criminal-justice"])
def test_what_needs_a_document_of_its_own_is_covered_by_that_and_by_no_other(own, asked):
    assert ask(own, **asked).consent_id == own.id
    everything = {
        "recipients": TPO_CLASS | own.recipients,
        "purposes": TPO_PURPOSES | own.purposes | {"HLEGAL"},
        "categories": own.categories | {COUNSELING_NOTES, "substance_use"},
        "expiry": "date",
        "expires_on": date(2027, 1, 1),
    }
    others = [replace(own, kind=kind, **everything) for kind in policy.PART2_KINDS - {own.kind}]
    assert ask(*others, **asked).reasons == ("separate-consent-needed",)


@pytest.mark.parametrize(("own", "asked"), SEPARATE, ids=["notes", "proceedings", "criminal-justice"])
def test_and_that_document_covers_nothing_else(own, asked):
    wide = replace(own, recipients=TPO_CLASS, purposes=TPO_PURPOSES, categories=GOOD.categories, expiry="none")
    assert "separate-consent-needed" in ask(wide).reasons


def test_two_separate_documents_together_cover_no_combination():
    notes = replace(CASE, kind=Kind.PART2_COUNSELING_NOTES, categories=frozenset({COUNSELING_NOTES}))
    case = replace(CASE, categories=frozenset({COUNSELING_NOTES}))
    assert not ask(notes, case, recipient=LAWYER, purpose="HLEGAL", categories=(COUNSELING_NOTES,)).permitted


# --- several consents ------------------------------------------------------------------------------------------------


def test_no_consent_denies():
    assert ask().reasons == ("no-part2-consent",)


def test_what_is_not_a_part_2_record_needs_no_consent_and_carries_no_notice():
    decision = ask(protected=False)
    assert (decision.permitted, decision.reasons) == (True, ("not-a-part2-record",))
    assert decision.statements_to_accompany == ()


def test_every_fault_of_every_consent_is_told_once():
    expired = replace(GOOD, expires_on=date(2026, 1, 1))
    assert ask(expired, replace(expired, revoked=True)).reasons == ("expired", "revoked")


def test_an_older_consent_serves_when_the_newer_one_was_revoked():
    newer = replace(GOOD, id="b", signed_at=NOW - timedelta(hours=1), revoked=True)
    assert ask(GOOD, newer).consent_id == "a"


def test_a_later_no_outweighs_an_earlier_yes():
    later_no = replace(GOOD, id="b", decision="declined", signed_at=NOW - timedelta(hours=1))
    assert ask(GOOD, later_no).reasons == ("declined",)


def test_an_earlier_no_does_not_outweigh_a_later_yes():
    earlier_no = replace(GOOD, id="b", decision="declined", signed_at=NOW - timedelta(days=9))
    assert ask(earlier_no, GOOD).consent_id == "a"


@pytest.mark.parametrize("kind", [Kind.TREATMENT, Kind.PART2_SPECIFIC])
def test_a_declined_document_of_another_kind_takes_nothing_back(kind):
    other = replace(GOOD, id="b", kind=kind, decision="declined", signed_at=NOW - timedelta(hours=1))
    assert ask(GOOD, other).consent_id == "a"


# --- 2.26, 164.522: limits, looked at after the consent --------------------------------------------------------------

PAID = Restriction(is_self_paid=True)


@pytest.mark.parametrize(
    "limit",
    [
        Restriction(),
        Restriction(recipients=frozenset({"chart"})),
        Restriction(purposes=frozenset({"TREAT"})),
        Restriction(categories=frozenset({"substance_use", "billing"})),
    ],
)
@pytest.mark.parametrize("protected", [True, False])
def test_what_the_clinic_agreed_to_limit_is_not_disclosed_whatever_was_signed(limit, protected):
    decision = ask(GOOD, restrictions=(limit,), protected=protected)
    assert (decision.permitted, decision.reasons, decision.statements_to_accompany) == (False, ("restricted",), ())


@pytest.mark.parametrize(
    "limit",
    [
        Restriction(recipients=frozenset({"Somebody else"})),
        Restriction(purposes=frozenset({"HPAYMT"})),
        Restriction(categories=frozenset({"billing"})),
        PAID,
    ],
)
def test_a_limit_about_something_else_holds_nothing_up(limit):
    assert ask(GOOD, restrictions=(limit,)).permitted


@pytest.mark.parametrize(("purpose", "permitted"), [("HPAYMT", False), ("HOPERAT", False), ("TREAT", True)])
def test_what_was_paid_in_full_is_kept_from_the_plan_for_payment_and_operations(purpose, permitted):
    assert ask(GOOD, recipient=PLAN, purpose=purpose, restrictions=(PAID,)).permitted == permitted


def test_an_emergency_is_not_held_up_by_a_limit():
    assert ask(protected=False, purpose="ETREAT", restrictions=(Restriction(),)).permitted


def test_without_consent_the_consent_is_the_reason_not_the_limit():
    assert ask(restrictions=(Restriction(),)).reasons == ("no-part2-consent",)
