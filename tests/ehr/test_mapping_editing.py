"""What a clinician may correct of a proposed entry, and what stays as it was told."""

from decimal import Decimal

import pytest

from ehr.mapping.editing import CannotEdit, differing, edited, fields

PILL = {
    "resourceType": "MedicationStatement",
    "medicationCodeableConcept": {"text": "Sertraline"},
    "dosage": [{"text": "once a day", "doseAndRate": [{"doseQuantity": {"value": Decimal("50"), "unit": "mg"}}]}],
}
BARE = {"resourceType": "MedicationStatement", "medicationCodeableConcept": {"text": "Sertraline"}}
RASH = {"resourceType": "AllergyIntolerance", "reaction": [{"manifestation": [{"text": "rash"}]}]}


def test_what_may_be_corrected():
    assert [(one.name, one.value) for one in fields(PILL)] == [("amount", "50"), ("how", "once a day"), ("note", "")]
    assert [one.name for one in fields(BARE)] == ["how", "note"]
    assert [(one.name, one.value) for one in fields(RASH)] == [("reaction", "rash"), ("note", "")]
    for kind in ("Observation", "QuestionnaireResponse", "Patient", "Consent"):
        assert fields({"resourceType": kind, "note": [{"text": "x"}]}) == ()


def test_a_correction_changes_its_field_alone_and_keeps_the_digits():
    after = edited(PILL, {"amount": "12.50", "note": "Since May."})
    dose = after["dosage"][0]["doseAndRate"][0]["doseQuantity"]
    assert (str(dose["value"]), dose["unit"], after["dosage"][0]["text"]) == ("12.50", "mg", "once a day")
    assert PILL["dosage"][0]["doseAndRate"][0]["doseQuantity"]["value"] == Decimal("50")
    assert list(differing(PILL, after)) == [("Amount each time", "50", "12.50"), ("Note", "", "Since May.")]
    assert edited(after, {"note": ""}) == edited(PILL, {"amount": "12.50"})
    assert edited(BARE, {"how": "at night"})["dosage"] == [{"text": "at night"}]


@pytest.mark.parametrize(
    ("resource", "change"),
    [
        (PILL, {"amount": "some"}),
        (PILL, {"amount": "0"}),
        (PILL, {"amount": "NaN"}),
        (PILL, {"how": " "}),
        (PILL, {"how": "x" * 501}),
        (PILL, {"medicationCodeableConcept": "Lithium"}),
        (BARE, {"amount": "5"}),
        (RASH, {"note": "Takes buprenorphine."}),
    ],
)
def test_a_correction_that_makes_no_sense_is_refused(resource, change):
    with pytest.raises(CannotEdit):
        edited(resource, change)
