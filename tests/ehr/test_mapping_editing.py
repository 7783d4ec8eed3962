"""What a clinician may correct of a proposed entry, and what stays as it was told."""

from decimal import Decimal

import pytest

from ehr.mapping.editing import CannotEdit, differing, edited, fields, says_none

PILL = {
    "resourceType": "MedicationStatement",
    "medicationCodeableConcept": {"text": "Sertraline"},
    "dosage": [{"text": "once a day", "doseAndRate": [{"doseQuantity": {"value": Decimal("50"), "unit": "mg"}}]}],
}
BARE = {"resourceType": "MedicationStatement", "medicationCodeableConcept": {"text": "Sertraline"}}
NONE_KNOWN = {
    "resourceType": "AllergyIntolerance",
    "code": {
        "coding": [{"system": "http://snomed.info/sct", "code": "716186003", "display": "No known allergy"}],
        "text": "No known allergy",
    },
}
SEVERE = {
    "resourceType": "AllergyIntolerance",
    "reaction": [{"manifestation": [{"text": "hives, could not breathe"}], "severity": "severe"}],
}
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


TYPED = ("None", "no", "Ninguna", "NKDA", "no known allergies", "Sin alergias conocidas")


@pytest.mark.parametrize(
    "resource",
    [
        NONE_KNOWN,
        *({"resourceType": "AllergyIntolerance", "code": {"text": words}} for words in TYPED),
        *(
            {"resourceType": "MedicationStatement", "medicationCodeableConcept": {"text": words}}
            for words in ("none", "No meds")
        ),
    ],
)
def test_a_statement_that_there_is_none_has_nothing_to_correct(resource):
    assert says_none(resource)
    assert fields(resource) == ()
    with pytest.raises(CannotEdit, match="write what there is into the chart yourself"):
        edited(resource, {"note": "Penicillin: rash in childhood"})


@pytest.mark.parametrize("words", ["nothing but my cousin's herbs", "Nadolol", "Norvasc", "No-Doz"])
def test_a_name_is_no_statement_that_there_is_none(words):
    assert not says_none({"resourceType": "MedicationStatement", "medicationCodeableConcept": {"text": words}})


@pytest.mark.parametrize(
    ("resource", "change"),
    [
        (PILL, {"note": "Stopped in May."}),
        (PILL, {"how": "ya no la toma"}),
        (PILL, {"note": "Doesn't take it."}),
        (RASH, {"note": "She is not allergic: tolerated amoxicillin."}),
        (RASH, {"reaction": "No reaction"}),
    ],
)
def test_words_that_deny_the_entry_are_refused(resource, change):
    with pytest.raises(CannotEdit, match="the entry itself is not so"):
        edited(resource, change)


@pytest.mark.parametrize(
    ("resource", "note"), [(PILL, "Tolerated well, no reaction."), (RASH, "Stopped after two days.")]
)
def test_words_that_deny_nothing_of_this_kind_are_kept(resource, note):
    assert edited(resource, {"note": note})["note"] == [{"text": note}]


def test_how_bad_a_reaction_was_is_corrected_with_it_and_only_to_what_charts_know():
    after = edited(SEVERE, {"reaction": "itching", "severity": "mild"})
    assert after["reaction"] == [{"manifestation": [{"text": "itching"}], "severity": "mild"}]
    with pytest.raises(CannotEdit, match="mild, moderate, severe"):
        edited(SEVERE, {"severity": "awful"})


def test_an_amount_is_not_corrected_in_one_place_alone():
    said = {**PILL, "dosage": [{**PILL["dosage"][0], "text": "50 mg at night"}]}
    with pytest.raises(CannotEdit, match="still says 50"):
        edited(said, {"amount": "25"})
    assert edited(said, {"amount": "25", "how": "25 mg at night"})["dosage"][0]["text"] == "25 mg at night"
    assert edited(PILL, {"amount": "25"})
