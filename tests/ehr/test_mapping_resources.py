"""What each resource says."""

import base64
import hashlib
from dataclasses import replace
from decimal import Decimal
from typing import Any

import finished_packet as example
import pytest
from finished_packet import ALLERGIC, AT, FINISHED, NOT_ALLERGIC, PDF, SYSTEM, TAKING, UNWILLING, WHO

from ehr.mapping.answers import values
from ehr.mapping.codes import UCUM
from ehr.mapping.plan import plan
from ehr.mapping.source import Address, PhotoRecord, Respondent


def resources(packet=FINISHED) -> dict[str, dict[str, Any]]:
    return {draft.field_key: draft.resource for draft in plan(packet, identifier_system=SYSTEM)}


def with_forms(*forms):
    return replace(FINISHED, answer_sets=forms, scores=())


def test_the_patient_is_who_the_clinic_registered_and_is_reached_as_they_told():
    patient = resources()["patient"]
    assert patient["name"] == [
        {"use": "official", "family": "Okafor", "given": ["Ada"]},
        {"use": "usual", "given": ["Adaeze"]},
    ]
    assert (patient["gender"], patient["birthDate"]) == ("female", "1990-02-28")
    assert patient["telecom"] == [
        {"system": "phone", "value": "617-555-0111"},
        {"system": "email", "value": "ada@example.org"},
    ]
    assert patient["address"][0] | {"use": "home", "state": "MA", "postalCode": "02101"} == patient["address"][0]
    assert patient["contact"][0]["name"] == {"text": "Chidi Okafor"}
    assert patient["communication"][0]["language"]["coding"][0]["code"] == "es"


def test_without_the_demographics_form_the_record_has_to_do():
    at_home = replace(WHO, address=Address("2 Elm St", "Salem", "MA", "01970"), sex="unknown")
    patient = resources(replace(with_forms(), patient=at_home))["patient"]
    assert patient["telecom"] == [{"system": "phone", "value": "+16175550100"}]
    assert patient["address"][0]["city"] == "Salem"
    assert patient["gender"] == "unknown"
    assert patient["communication"][0]["language"]["coding"] == [{"system": "urn:ietf:bcp:47", "code": "en"}]
    assert "contact" not in patient


def test_sex_unknown_to_the_clinic_is_taken_from_the_answer():
    packet = replace(
        with_forms(example.answers("demographics", {"demo-sex": "other"})), patient=replace(WHO, sex="unknown")
    )
    assert resources(packet)["patient"]["gender"] == "other"


def test_the_form_holds_every_answer_with_the_words_of_its_question():
    form = resources()["form:insurance"]
    assert form["questionnaire"] == "https://candor.health/fhir/Questionnaire/insurance|1.2.0"
    answered = {item["linkId"]: item for item in form["item"][0]["item"]}
    assert answered["ins-payer"]["text"] == "Name of the insurance company or plan"
    assert answered["ins-payer"]["answer"] == [{"valueString": "MassHealth"}]
    assert answered["ins-have"]["answer"] == [{"valueBoolean": True}]


def test_codings_lose_the_translations_that_only_our_forms_know():
    form = resources()["form:medications"]
    assert "_display" not in str(form)
    assert "extension" not in str(form)


def test_a_declined_question_says_so_in_words_that_charts_know_and_an_item_that_says_nothing_is_left_out():
    declined = {"url": "https://candor.health/fhir/StructureDefinition/declined-to-answer", "valueBoolean": True}
    other = {"url": "https://elsewhere.example/note", "valueString": "x"}
    items = [{"linkId": "ins-payer", "extension": [declined, other]}, {"linkId": "ins-group"}]
    answers = replace(example.answers("insurance", {}), items=[{"linkId": "ins-coverage", "item": items}])
    (group,) = resources(with_forms(answers))["form:insurance"]["item"]
    (item,) = group["item"]
    assert item["text"] == "Name of the insurance company or plan"
    assert item["extension"] == [
        {"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "asked-declined"},
        other,
    ]


def test_follow_up_questions_under_an_answer_are_kept():
    nested = {"linkId": "ins-have", "answer": [{"valueBoolean": True, "item": [
        {"linkId": "ins-payer", "answer": [{"valueString": "Aetna"}]}]}]}  # fmt: skip
    (item,) = resources(with_forms(replace(example.answers("insurance", {}), items=[nested])))["form:insurance"]["item"]
    assert item["answer"][0]["item"][0]["answer"] == [{"valueString": "Aetna"}]


def test_a_screening_answer_is_an_observation_with_its_code_and_its_coded_answer():
    observation = resources()["item:phq-9:phq9-q9"]
    assert observation["code"]["coding"][0]["code"] == "44260-8"
    assert observation["valueCodeableConcept"] == {
        "coding": [{"system": "http://loinc.org", "code": "LA6569-3", "display": "Several days"}],
        "text": "Several days",
    }
    assert observation["derivedFrom"] == [{"reference": "draft:form:phq-9"}]
    assert observation["effectiveDateTime"] == AT.isoformat(timespec="seconds")


def test_dast_10_items_have_no_confirmed_codes_so_only_the_total_is_an_observation():
    filed = resources()
    assert not [field_key for field_key in filed if field_key.startswith("item:dast-10")]
    assert filed["score:dast-10"]["code"]["coding"][0]["code"] == "82667-7"
    assert filed["score:dast-10"]["valueQuantity"]["value"] == 1


def test_a_total_that_the_form_also_shows_is_filed_once():
    form = example.definition("gad-7")
    form["item"].append(
        {"linkId": "total", "type": "integer", "code": [{"system": "http://loinc.org", "code": "70274-6"}]}
    )
    answers = replace(
        example.answers("gad-7", example.GAD7),
        definition=form,
        items=[{"linkId": "total", "answer": [{"valueInteger": 0}]}],
    )
    assert "item:gad-7:total" not in resources(replace(FINISHED, answer_sets=[answers]))
    assert resources(with_forms(answers))["item:gad-7:total"]["valueInteger"] == 0


def test_a_level_is_an_answer_to_its_own_question_and_one_without_a_code_stays_in_words():
    found = resources(example.LIBRARY)["score:c-ssrs-screener"]
    assert found["code"]["coding"][0]["code"] == "93374-7"
    assert found["valueCodeableConcept"] == {
        "coding": [{"system": "http://loinc.org", "code": "LA6751-7"}],
        "text": "moderate",
    }
    score = replace(example.LIBRARY.scores[0], band="none", band_loinc=None)
    none = resources(replace(example.LIBRARY, scores=(score,)))["score:c-ssrs-screener"]
    assert none["valueCodeableConcept"] == {"text": "none"}


def test_each_form_of_the_library_goes_out_whole_and_the_screens_with_their_codes():
    found = resources(example.LIBRARY)
    for slug in (*example.REST, *example.REST_SUD):
        assert found[f"form:{slug}"]["questionnaire"].startswith("https://candor.health/fhir/Questionnaire/" + slug)
    codes = {key: one["code"]["coding"][0]["code"] for key, one in found.items() if key.startswith(("item:", "score:"))}
    assert codes["item:audit-c:auditc-q1"] == "68518-0"
    assert codes["item:c-ssrs-screener:cssrs-q3"] == "93248-3"
    assert codes["item:pc-ptsd-5:pcptsd5-gate"] == "102011-4"
    assert (codes["score:audit-c"], codes["score:pc-ptsd-5"]) == ("75626-2", "102017-1")
    drafts = {draft.field_key: draft for draft in plan(example.LIBRARY, identifier_system=SYSTEM)}
    assert drafts["item:audit-c:auditc-q1"].sensitivity == drafts["score:audit-c"].sensitivity == "sud"


def test_a_photo_is_named_in_the_form_and_breaks_nothing():
    form = resources(example.LIBRARY)["form:insurance"]
    assert list(values(form["item"], "ins-card-front")) == [("Attachment", example.CARD)]


def test_coded_answers_in_repeats_get_a_key_each_and_a_type_that_observations_lack_stays_in_the_form():
    code = [{"system": "http://loinc.org", "code": "8302-2"}]
    form = {
        "item": [{"linkId": "many", "type": "integer", "code": code}, {"linkId": "on", "type": "date", "code": code}]
    }
    answers = replace(
        example.answers("insurance", {}),
        slug="foreign",
        definition=form,
        items=[
            {"linkId": "many", "answer": [{"valueInteger": 1}, {}]},
            {"linkId": "many", "answer": [{"id": "second", "valueInteger": 2}]},
            {"linkId": "on", "answer": [{"valueDate": "2026-01-01"}]},
        ],
    )
    filed = resources(with_forms(answers))
    assert [field_key for field_key in filed if field_key.startswith("item:")] == [
        "item:foreign:many",
        "item:foreign:many:1",
    ]


def test_each_allergy_is_one_resource_in_the_patients_words_where_they_typed():
    filed = resources()
    amoxicillin, pill, peanuts = (filed[f"allergy:{number}"] for number in range(3))
    assert amoxicillin["category"] == ["medication"]
    assert amoxicillin["reaction"] == [
        {"manifestation": [{"text": "hives, then I couldn't breathe"}], "severity": "severe"}
    ]
    assert pill["code"] == {"text": "the blue pill from 2019"}
    assert "reaction" not in pill
    assert peanuts["code"]["coding"][0]["code"] == "91935009"
    assert "category" not in peanuts
    assert peanuts["reaction"][0]["severity"] == "mild"
    assert all(one["verificationStatus"]["coding"][0]["code"] == "unconfirmed" for one in (amoxicillin, pill, peanuts))


def test_no_known_allergies_is_a_statement_of_its_own_and_not_sure_is_none():
    filed = resources(with_forms(example.answers("allergies", NOT_ALLERGIC)))
    assert filed["allergy:none-known"]["code"]["coding"][0]["code"] == "716186003"
    unsure = resources(with_forms(example.answers("allergies", {"all-any": "not-sure"})))
    assert not [field_key for field_key in unsure if field_key.startswith("allergy")]


def test_an_allergy_without_a_substance_stays_in_the_form():
    told = ALLERGIC | {"all-list": [{"all-reaction": "a rash"}]}
    filed = resources(with_forms(example.answers("allergies", told)))
    assert not [field_key for field_key in filed if field_key.startswith("allergy")]


def test_a_dose_keeps_its_digits():
    statement = resources()["medicine:0"]
    dose = statement["dosage"][0]["doseAndRate"][0]["doseQuantity"]
    assert str(dose["value"]) == "12.50"
    assert isinstance(dose["value"], Decimal)
    assert (dose["code"], statement["dosage"][0]["text"]) == ("mg", "once a day")
    assert statement["reasonCode"] == [{"text": "sleep"}]


def test_a_dose_in_an_unknown_unit_has_none_and_a_medicine_may_have_no_dose():
    told = {
        "med-any": "LA33-6",
        "med-list": [{"med-name": "36437", "med-dose": (Decimal(2), "unit-not-known")}, {"med-how-often": "daily"}],
    }
    filed = resources(with_forms(example.answers("medications", told)))
    assert filed["medicine:0"]["dosage"] == [{"doseAndRate": [{"doseQuantity": {"value": Decimal(2)}}]}]
    assert "medicine:1" not in filed
    assert "dosage" not in resources()["medicine:1"]


def test_a_dose_asked_by_the_first_version_of_the_form_is_read_with_its_unit():
    told = example.answers("medications", TAKING)
    entry = [
        {"linkId": "med-name", "answer": [{"valueString": "Tea"}]},
        {"linkId": "med-dose", "answer": [{"valueDecimal": Decimal("0.50")}]},
        {"linkId": "med-unit", "answer": [{"valueCoding": {"system": UCUM, "code": "mL", "display": "mL"}}]},
    ]
    items = [{"linkId": "med-medicines", "item": [{"linkId": "med-list", "item": entry}]}]
    filed = resources(with_forms(replace(told, version="1.0.0", items=items)))
    dose = filed["medicine:0"]["dosage"][0]["doseAndRate"][0]["doseQuantity"]
    assert dose == {"value": Decimal("0.50"), "unit": "mL", "system": UCUM, "code": "mL"}


def test_a_term_that_the_patient_typed_has_no_code():
    statement = resources()["medicine:1"]
    assert statement["medicationCodeableConcept"] == {"text": "my cousin's herbs"}


def test_medicine_for_substance_use_is_protected_like_the_form_it_was_told_in():
    statement = resources()["treatment-medicine:0"]
    assert statement["medicationCodeableConcept"]["text"] == "buprenorphine"
    assert {"code": "SUD"}.items() <= statement["meta"]["security"][1].items()


def test_the_part_2_consent_names_its_rule_its_recipients_its_purposes_and_the_bar_on_proceedings():
    consent = next(one for key, one in resources().items() if key.startswith("consent:part2"))
    assert (consent["status"], consent["scope"]["coding"][0]["code"]) == ("active", "patient-privacy")
    assert consent["policyRule"]["coding"][0]["code"] == "42CFRPart2"
    provision = consent["provision"]
    assert provision["actor"][0]["reference"]["display"].startswith("My treating providers, health plans")
    assert [purpose["code"] for purpose in provision["purpose"]] == ["TREAT", "HPAYMT", "HOPERAT"]
    assert provision["provision"][0]["purpose"][0]["code"] == "HLEGAL"
    assert provision["period"] == {"start": AT.isoformat()}
    assert consent["sourceReference"]["reference"].startswith("draft:document:part2_tpo")


def test_a_declined_consent_denies_and_a_refused_acknowledgement_denies_nothing():
    by_kind = {key.split(":")[1]: one for key, one in resources(UNWILLING).items() if key.startswith("consent")}
    assert {one["status"] for one in by_kind.values()} == {"rejected"}
    assert by_kind["part2_tpo"]["provision"] == {"type": "deny"}
    assert by_kind["treatment"]["provision"] == {"type": "deny"}
    assert "provision" not in by_kind["npp_ack"]
    assert "sourceReference" not in by_kind["treatment"]


def test_a_consent_of_another_kind_points_to_its_document():
    other = replace(example.signature("treatment", "Texts and e-mails"), kind="messages", id="d" * 36)
    consent = resources(replace(FINISHED, signatures=[other]))[f"consent:messages:{'d' * 36}"]
    assert consent["policyRule"] == {"text": "As written in the signed document"}
    assert consent["provision"] == {"type": "permit", "period": {"start": AT.isoformat()}}


def test_the_signed_pdf_goes_byte_for_byte_with_the_hash_that_r4_defines():
    document = next(one for key, one in resources().items() if key.startswith("document:treatment"))
    attachment = document["content"][0]["attachment"]
    assert base64.b64decode(attachment["data"]) == PDF
    assert base64.b64decode(attachment["hash"]) == hashlib.sha1(PDF).digest()
    assert attachment["size"] == len(PDF)
    assert document["type"]["coding"][0]["code"] == "59284-0"


def test_what_fhir_forbids_in_a_string_is_taken_out():
    told = {"all-any": "LA33-6", "all-list": [{"all-substance": "pen\x00icillin \ud800", "all-reaction": " \x07 "}]}
    allergy = resources(with_forms(example.answers("allergies", told)))["allergy:0"]
    assert allergy["code"]["text"] == "penicillin "
    assert "reaction" not in allergy


def test_a_clock_without_a_zone_is_refused():
    naive = replace(FINISHED.answer_sets[0], authored=AT.replace(tzinfo=None))
    with pytest.raises(ValueError, match="time zone"):
        plan(with_forms(naive), identifier_system=SYSTEM)


def test_who_answered_for_the_patient_is_the_source_and_who_helped_the_author():
    answers = next(one for one in FINISHED.answer_sets if one.slug == "demographics")
    parent = Respondent("Marta Okafor", "parent")
    found = resources(with_forms(replace(answers, respondent=parent)))["form:demographics"]
    [person] = found["contained"]
    assert found["source"] == found["author"] == {"reference": f"#{person['id']}"}
    assert (person["resourceType"], person["name"]) == ("RelatedPerson", [{"text": "Marta Okafor"}])
    assert person["patient"] == {"reference": "draft:patient"}
    [code] = person["relationship"][0]["coding"]
    assert code == {
        "system": "http://terminology.hl7.org/CodeSystem/v3-RoleCode", "code": "PRN", "display": "parent",
    }  # fmt: skip
    helped = resources(with_forms(replace(answers, helper="Dana Desk")))["form:demographics"]
    assert helped["source"] == {"reference": "draft:patient"}
    assert helped["author"] == {"display": "Dana Desk"}
    assert "contained" not in helped


def test_a_photo_is_a_document_that_the_answer_names():
    answers = next(one for one in FINISHED.answer_sets if one.slug == "insurance")
    photo = PhotoRecord("9b3f4b6e-0000-4000-8000-000000000001", "Front of the card", AT, b"\xff\xd8\xff pixels")
    found = resources(with_forms(replace(answers, photos=[photo])))[f"photo:{photo.id}"]
    [content] = found["content"]
    assert base64.b64decode(content["attachment"]["data"]) == photo.jpeg
    assert content["attachment"]["hash"] == base64.b64encode(hashlib.sha1(photo.jpeg).digest()).decode()
    assert found["masterIdentifier"]["value"] == f"urn:uuid:{photo.id}"
    assert found["type"] == {"text": "Front of the card"}


def test_who_answered_stands_in_a_photos_document_only_where_it_names_them():
    answers = next(one for one in FINISHED.answer_sets if one.slug == "insurance")
    photo = PhotoRecord("9b3f4b6e-0000-4000-8000-000000000001", "Front of the card", AT, b"\xff\xd8\xff pixels")
    told = replace(answers, photos=[photo], respondent=Respondent("Marta Okafor", "parent"))
    alone = resources(with_forms(told))[f"photo:{photo.id}"]
    assert (alone["author"], alone["contained"][0]["id"]) == ([{"reference": "#respondent"}], "respondent")
    helped = resources(with_forms(replace(told, helper="Dana")))[f"photo:{photo.id}"]
    assert helped["author"] == [{"display": "Dana"}]
    assert "contained" not in helped
