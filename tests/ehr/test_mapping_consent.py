"""The chart's Consent of what was signed: its end, who signed for the patient, and what taking it back changes."""

from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from finished_packet import AT, FINISHED, SYSTEM, signature

from ehr.mapping.consent import ended
from ehr.mapping.plan import plan

TPO = signature("part2_tpo", "Permission to share")
NAMED = replace(
    TPO, kind="part2_specific", recipients=("Ana Diaz",), purposes=("PATRQT",), expires_on=date(2027, 11, 22)
)


def consent(made):
    drafts = plan(replace(FINISHED, signatures=(made,)), identifier_system=SYSTEM)
    return next(draft.resource for draft in drafts if draft.resource_type == "Consent")


def recipients(resource):
    return [one["reference"]["display"] for one in resource["provision"]["actor"]]


def test_a_named_release_says_to_whom_for_what_and_until_when():
    resource = consent(NAMED)
    assert recipients(resource) == ["Ana Diaz"]
    assert [one["code"] for one in resource["provision"]["purpose"]] == ["PATRQT"]
    assert resource["provision"]["period"] == {"start": AT.isoformat(), "end": "2027-11-22"}
    assert resource["provision"]["provision"][0]["purpose"][0]["code"] == "HLEGAL"


def test_the_receipt_of_a_notice_permits_nothing():
    resource = consent(replace(TPO, kind="part2_notice"))
    assert "provision" not in resource
    assert resource["policyRule"]["coding"][0]["code"] == "hipaa-npp"


def test_one_for_a_legal_case_is_not_barred_from_it():
    resource = consent(replace(NAMED, kind="part2_proceedings", purposes=("HLEGAL",)))
    assert "provision" not in resource["provision"]


def test_without_a_last_day_there_is_no_end():
    assert "end" not in consent(TPO)["provision"]["period"]


def test_whoever_signs_for_the_patient_is_the_performer():
    resource = consent(replace(TPO, signer="Chidi Okafor", capacity="guardian"))
    assert resource["performer"] == [{"reference": "#signer"}]
    assert resource["contained"][0]["name"] == [{"text": "Chidi Okafor"}]
    assert consent(TPO)["performer"] == [{"reference": "draft:patient"}]


LATER = AT + timedelta(days=1)


def test_taken_back_it_is_inactive_since_then():
    before = consent(TPO)
    after = ended(before, LATER)
    assert (after["status"], after["provision"]["period"]["end"]) == ("inactive", LATER.isoformat())
    assert before["status"] == "active", "the one that was sent stays what it was"


def test_taken_back_for_some_it_denies_them_and_stays_active():
    twice = ended(ended(consent(TPO), LATER, ["Bay Chart"]), LATER, ["Hill Chart"])
    denied = [one["actor"][0]["reference"]["display"] for one in twice["provision"]["provision"] if "actor" in one]
    assert (twice["status"], denied) == ("active", ["Bay Chart", "Hill Chart"])


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        ended(consent(TPO), datetime(2026, 1, 1))
