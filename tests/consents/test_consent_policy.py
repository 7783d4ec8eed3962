"""42 CFR 2.31(c), row by row: no disclosure on a consent that does not hold, and the reason is told."""

import hashlib
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from consents.policy import NOTICE, Category, Consent, Kind, may_disclose

NOW = datetime(2026, 11, 22, 15, 0, tzinfo=UTC)
GOLDEN = "d82205a18044f9f45776343d91e26d8ddb44bf13e136af169ec73d755facd9a8"
GOOD = Consent(
    id="a",
    kind=Kind.PART2_TPO,
    decision="signed",
    signed_at=NOW - timedelta(days=1),
    expires_on=None,
    purposes=frozenset({"TREAT", "HPAYMT", "HOPERAT"}),
    categories=frozenset({Category.SUBSTANCE_USE, Category.INTAKE_ANSWERS}),
    complete=True,
    revoked=False,
    suspected_false=False,
)


def ask(*consents, purpose="TREAT", categories=("substance_use",), protected=True, at=NOW):
    return may_disclose(consents, protected=protected, purpose=purpose, categories=frozenset(categories), at=at)


def test_the_notice_is_the_regulations_own_wording():
    """42 CFR 2.32(a)(1) as amended in 2024; whitespace is collapsed before hashing."""
    assert hashlib.sha256(" ".join(NOTICE.split()).encode()).hexdigest() == GOLDEN


@pytest.mark.parametrize(
    "old_wording",
    [
        NOTICE.replace("using or disclosing", "making any further disclosure of"),
        NOTICE + " The Federal rules restrict any use to investigate or prosecute with regard to a crime.",
        NOTICE.replace("civil, criminal, administrative, or legislative", "criminal"),
    ],
)
def test_older_wordings_do_not_pass_for_the_notice(old_wording):
    assert hashlib.sha256(" ".join(old_wording.split()).encode()).hexdigest() != GOLDEN


def test_a_valid_consent_permits_and_the_notice_goes_with_it():
    decision = ask(GOOD)
    assert (decision.permitted, decision.consent_id, decision.statements) == (True, "a", (NOTICE,))


def test_what_is_not_a_part_2_record_needs_no_consent_and_carries_no_notice():
    decision = ask(protected=False)
    assert (decision.permitted, decision.reasons, decision.statements) == (True, ("not-a-part2-record",), ())


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"expires_on": date(2026, 11, 21)}, "expired"),
        ({"complete": False}, "incomplete"),
        ({"revoked": True}, "revoked"),
        ({"suspected_false": True}, "suspected-false"),
        ({"decision": "declined"}, "declined"),
        ({"kind": Kind.TREATMENT}, "not-a-part2-consent"),
        ({"signed_at": NOW + timedelta(seconds=1)}, "not-signed-yet"),
        ({"purposes": frozenset({"HPAYMT"})}, "purpose-not-covered"),
        ({"categories": frozenset({"billing"})}, "categories-not-covered"),
        ({"categories": frozenset()}, "categories-not-covered"),
    ],
)
def test_a_fault_denies_and_is_named(change, reason):
    decision = ask(replace(GOOD, **change))
    assert (decision.permitted, decision.reasons) == (False, (reason,))
    assert decision.consent_id == ""
    assert decision.statements == ()


def test_no_consent_denies():
    assert ask().reasons == ("no-part2-consent",)


def test_a_record_that_nobody_described_is_not_covered_by_anything():
    assert ask(GOOD, categories=()).reasons == ("categories-not-covered",)


def test_a_consent_holds_through_its_last_day():
    assert ask(replace(GOOD, expires_on=NOW.date())).permitted


def test_every_fault_of_every_consent_is_told_once():
    expired = replace(GOOD, expires_on=date(2026, 1, 1))
    both = replace(expired, revoked=True)
    assert set(ask(expired, both).reasons) == {"expired", "revoked"}


def test_an_older_consent_serves_when_the_newer_one_was_revoked():
    newer = replace(GOOD, id="b", signed_at=NOW - timedelta(hours=1), revoked=True)
    assert ask(GOOD, newer).consent_id == "a"


def test_a_later_no_outweighs_an_earlier_yes():
    later_no = replace(GOOD, id="b", decision="declined", signed_at=NOW - timedelta(hours=1))
    assert ask(GOOD, later_no).reasons == ("declined",)


def test_an_earlier_no_does_not_outweigh_a_later_yes():
    earlier_no = replace(GOOD, id="b", decision="declined", signed_at=NOW - timedelta(days=9))
    assert ask(earlier_no, GOOD).consent_id == "a"


def test_a_declined_document_of_another_kind_says_nothing_about_sharing():
    other = replace(GOOD, id="b", kind=Kind.TREATMENT, decision="declined", signed_at=NOW - timedelta(hours=1))
    assert ask(GOOD, other).consent_id == "a"


def test_one_consent_must_cover_everything_alone():
    half = replace(GOOD, categories=frozenset({"substance_use"}))
    other_half = replace(GOOD, id="b", categories=frozenset({"billing"}))
    assert not ask(half, other_half, categories=("substance_use", "billing")).permitted
