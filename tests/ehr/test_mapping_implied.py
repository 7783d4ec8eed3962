"""What a patient wrote anywhere inherits the tag of the substance-use sections where it tells of such care."""

from dataclasses import replace

import pytest
from finished_packet import FINISHED, SYSTEM, TAKING, answers

from ehr.mapping.implied import MEDICINES, PHRASES, tells_of_treatment
from ehr.mapping.plan import plan


def written(text):
    return {"resourceType": "QuestionnaireResponse", "item": [{"linkId": "a", "answer": [{"valueString": text}]}]}


@pytest.mark.parametrize("medicine", MEDICINES)
def test_a_medicine_tells_whether_it_was_typed_or_picked(medicine):
    picked = {"coding": [{"code": "1", "display": medicine}], "text": medicine}
    assert tells_of_treatment(written(f"I take {medicine.title()}, 8 mg."))
    assert tells_of_treatment({"resourceType": "MedicationStatement", "medicationCodeableConcept": picked})
    assert tells_of_treatment({"resourceType": "AllergyIntolerance", "code": {"text": medicine}})


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_phrase_tells_in_the_patients_own_words(phrase):
    assert tells_of_treatment(written(f"Well: {phrase.upper()}\nand so on."))


@pytest.mark.parametrize(
    "text",
    ["Tuve una RECAÍDA en mayo", "Voy a Alcohólicos  Anónimos", "i was in re-hab, no: rehab", "metadona cada día"],
)
def test_accents_spaces_and_capitals_hide_nothing(text):
    assert tells_of_treatment(written(text))


@pytest.mark.parametrize(
    "text",
    ["I can't sleep and I worry all day.", "I sobered my tone", "methods", "My soberanía", "No uso lentes", "cracked"],
)
def test_ordinary_words_tell_nothing(text):
    assert not tells_of_treatment(written(text))


def test_our_own_questions_and_options_tell_nothing():
    asked = {"linkId": "a", "text": "Do you use drugs or alcohol? Any overdose?"}
    option = {"valueCoding": {"system": "s", "code": "overdose", "display": "An overdose"}}
    assert not tells_of_treatment({"resourceType": "QuestionnaireResponse", "item": [{**asked, "answer": [option]}]})


def test_the_medicine_and_the_form_that_holds_it_are_tagged_and_nothing_else_is():
    taking = {**TAKING, "med-list": [{"med-name": "Suboxone", "med-reason": "for my recovery"}, {"med-name": "36437"}]}
    forms = tuple(answers("medications", taking) if one.slug == "medications" else one for one in FINISHED.answer_sets)
    drafts = plan(replace(FINISHED, answer_sets=forms), identifier_system=SYSTEM)
    tagged = {draft.field_key: draft for draft in drafts if draft.is_implied}
    assert set(tagged) == {"medicine:0", "form:medications"}
    for draft in tagged.values():
        assert (draft.sensitivity, "substance_use" in draft.categories) == ("sud", True)
        assert "SUD" in {label["code"] for label in draft.resource["meta"]["security"]}
        assert "notice" in draft.needs
    assert not [draft for draft in plan(FINISHED, identifier_system=SYSTEM) if draft.is_implied]
