"""Which resources a finished packet becomes, in which order, with which labels."""

from dataclasses import replace

import finished_packet as example
import pytest
from finished_packet import FINISHED, SYSTEM, UNWILLING

import consents.policy
from ehr.mapping import forms, questionnaire_response
from ehr.mapping.answers import walk
from ehr.mapping.drafts import LONGEST_KEY, Draft, key
from ehr.mapping.plan import plan
from intake import engine


def planned(packet=FINISHED) -> dict[str, Draft]:
    return {draft.field_key: draft for draft in plan(packet, identifier_system=SYSTEM)}


def security(draft: Draft) -> set[str]:
    return {label["code"] for label in draft.resource["meta"]["security"]}


def test_every_field_has_its_resource():
    kinds = [draft.resource_type for draft in planned().values()]
    assert {kind: kinds.count(kind) for kind in kinds} == {
        "Patient": 1,
        "QuestionnaireResponse": 8,
        "Observation": 10 + 7 + 3,
        "AllergyIntolerance": 3,
        "MedicationStatement": 3,
        "Consent": 3,
        "DocumentReference": 3 + 1,  # the signed copies, and the notice that goes with what is protected
    }


def test_the_plan_is_the_same_every_time():
    assert plan(FINISHED, identifier_system=SYSTEM) == plan(FINISHED, identifier_system=SYSTEM)


def test_a_draft_comes_after_all_that_it_refers_to():
    seen: set[str] = set()
    for field_key, draft in planned().items():
        assert set(draft.needs) <= seen
        seen.add(field_key)


def test_drafts_carry_no_id_and_no_identifier():
    assert not [draft for draft in planned().values() if {"id", "identifier"} & draft.resource.keys()]


def test_field_keys_fit_their_column_and_stay_unique_when_a_foreign_link_id_is_long():
    assert all(len(field_key) <= LONGEST_KEY for field_key in planned())
    long = [key("item", "form", "x" * 200 + tail) for tail in "ab"]
    assert len(set(long)) == 2
    assert all(len(field_key) <= LONGEST_KEY for field_key in long)


def test_two_forms_with_the_same_slug_are_refused():
    twice = replace(FINISHED, answer_sets=[FINISHED.answer_sets[0]] * 2)
    with pytest.raises(ValueError, match="share a field_key"):
        plan(twice, identifier_system=SYSTEM)


def test_substance_use_is_labelled_as_such_and_nothing_else_is():
    for draft in planned().values():
        about_use = draft.field_key.endswith((":substance-use", ":dast-10")) or "treatment-medicine" in draft.field_key
        part2 = "part2_tpo" in draft.field_key or draft.field_key == "notice"
        expected = {"R", "SUD", "ETH", "42CFRPart2"} if about_use else {"R", "42CFRPart2"} if part2 else {"N"}
        assert security(draft) == expected, draft.field_key
        assert draft.sensitivity == ("sud" if about_use else "none")


def test_in_a_part_2_program_every_resource_is_a_part_2_record():
    for draft in planned(replace(FINISHED, part2=True)).values():
        assert {"R", "42CFRPart2"} <= security(draft)
        assert not {"N", "NORDSCLCD"} & security(draft)


def test_every_draft_says_which_information_a_consent_must_cover():
    known = set(consents.policy.Category)
    for draft in planned().values():
        assert draft.categories
        assert set(draft.categories) <= known
        assert ("substance_use" in draft.categories) == (draft.sensitivity == "sud")


def test_labels_are_for_people():
    labels = {field_key: draft.label for field_key, draft in planned().items()}
    assert labels["allergy:1"] == "Allergy: the blue pill from 2019"
    assert labels["medicine:0"] == "Medicine: sertraline"
    assert labels["item:phq-9:phq9-q1"].endswith("Little interest or pleasure in doing things")
    assert labels["score:phq-9"] == "PHQ-9 total score"


def test_an_instrument_without_a_total_files_its_level_and_a_score_without_a_code_its_name():
    drafts = planned(UNWILLING)
    screener, short = drafts["score:c-ssrs-screener"].resource, drafts["score:gad-2"].resource
    assert screener["valueCodeableConcept"] == {"text": "high"}
    assert screener["code"]["coding"][0]["code"] == "93373-9"
    assert short["code"] == {"text": "GAD-2 total score"}


def test_a_withheld_score_is_not_filed():
    assert "score:phq-9" not in planned(
        replace(FINISHED, scores=[example.score("phq-9", "44249-1", "44261-6", None, "")])
    )


@pytest.mark.parametrize(
    ("slug", "link_ids"),
    [
        ("demographics", [value for value in vars(forms).values() if str(value).startswith("demo-")]),
        ("allergies", [value for value in vars(forms).values() if str(value).startswith("all-")]),
        ("medications", [value for value in vars(forms).values() if str(value).startswith("med-")]),
        ("substance-use", [value for value in vars(forms).values() if str(value).startswith("sub-")]),
    ],
)
def test_the_link_ids_of_the_mapping_are_questions_of_the_forms(slug, link_ids):
    questions = {item["linkId"] for item in walk(example.definition(slug)["item"])}
    assert link_ids
    assert set(link_ids) <= questions


def test_the_form_engine_hands_over_exactly_what_the_mapping_reads():
    through = [
        replace(one, items=engine.evaluate(engine.parse(one.definition), one.items).record)
        for one in FINISHED.answer_sets
    ]
    assert planned(replace(FINISHED, answer_sets=through)) == planned()


def test_the_mark_of_a_declined_question_is_the_engines():
    assert questionnaire_response.DECLINED == engine.answers.DECLINED
