"""The published forms: sound FHIR, the published words, and the marks the rest of Candor relies on."""

import hashlib
import json
import re
from collections import Counter
from itertools import product
from pathlib import Path

import fhirkit
import pytest
from fhir.resources.R4B.questionnaire import Questionnaire

from intake import engine
from intake.adapters.fhirpath import compile_expression
from screening import instruments
from screening.instruments.base import FREQUENCY, LOINC

DEFINITIONS = sorted((Path(__file__).parents[2] / "intake" / "definitions").glob("*.json"))
FORMS = {path.stem.rsplit("-", 1)[0]: json.loads(path.read_text(encoding="utf-8")) for path in DEFINITIONS}
PREFIXES = {
    "demographics": "demo-",
    "insurance": "ins-",
    "presenting-concerns": "con-",
    "medical-history": "hist-",
    "allergies": "all-",
    "medications": "med-",
    "substance-use": "sub-",
    "phq-9": "phq9-",
    "phq-2-9": "phq[29]-",
    "gad-7": "gad7-",
    "dast-10": "dast10-",
    "social-needs": "soc-",
    "telehealth-readiness": "tele-",
    "safety": "safe-",
    "audit-c": "auditc-",
    "c-ssrs-screener": "cssrs-",
    "pc-ptsd-5": "pcptsd5-",
}
INSTRUMENTS = ("phq-9", "phq-2-9", "gad-7", "dast-10", "audit-c", "c-ssrs-screener", "pc-ptsd-5")
OURS = tuple(slug for slug in PREFIXES if slug not in INSTRUMENTS)
# A heading that belongs to no published item: the WHO script in other words, and the second part of the C-SSRS.
HEADINGS = {
    "auditc-items": "The following questions are about your use of alcoholic beverages during the past year.",
    "cssrs-behavior": "Suicidal behavior",
}
CANDOR = "https://candor.health/fhir/StructureDefinition/"
TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"
ORDINAL = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
EVERY = pytest.mark.parametrize("slug", FORMS)


def walk(items):
    for item in items:
        yield item
        yield from walk(item.get("item", []))


def items_of(slug):
    return list(walk(FORMS[slug]["item"]))


def extension(element, url):
    """The value of the extension with this address, or None."""
    found = [each for each in element.get("extension", []) if each["url"] == url]
    assert len(found) < 2
    return next((value for each in found for key, value in each.items() if key.startswith("value")), None)


def spanish(element, name):
    """The Spanish translation of a primitive element, or None."""
    for each in element.get(f"_{name}", {}).get("extension", []):
        parts = {part["url"]: part.get("valueCode", part.get("valueString")) for part in each["extension"]}
        if each["url"] == TRANSLATION and parts["lang"] == "es":
            return parts["content"]
    return None


def without_extensions_of_extension_values(node):
    """fhir.resources knows no `_valueString`, which FHIR allows; fhirkit checks those."""
    if isinstance(node, dict):
        return {k: without_extensions_of_extension_values(v) for k, v in node.items() if k != "_valueString"}
    return [without_extensions_of_extension_values(each) for each in node] if isinstance(node, list) else node


def test_the_forms_of_the_main_path_are_there():
    assert set(FORMS) == set(PREFIXES)


@EVERY
def test_a_form_is_sound_fhir_r4(slug):
    Questionnaire.model_validate(without_extensions_of_extension_values(FORMS[slug]))
    assert fhirkit.validate(json.dumps(FORMS[slug])) == []


@EVERY
def test_a_form_says_who_it_is(slug):
    form = FORMS[slug]
    assert f"{slug}-{form['version']}.json" in {path.name for path in DEFINITIONS}
    assert form["url"] == f"https://candor.health/fhir/Questionnaire/{slug}"
    assert re.fullmatch(r"[A-Z]\w*", form["name"])
    assert (form["status"], form["language"], form["subjectType"]) == ("active", "en-US", ["Patient"])
    assert form["title"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", form["date"])


def test_link_ids_are_unique_across_all_forms_and_say_which_form_they_belong_to():
    counted = Counter(item["linkId"] for slug in FORMS if slug != "phq-2-9" for item in items_of(slug))
    assert [link_id for link_id, n in counted.items() if n > 1] == []
    for slug, prefix in PREFIXES.items():
        for item in items_of(slug):
            assert re.fullmatch(rf"{prefix}[a-z0-9-]+", item["linkId"])


@EVERY
def test_each_top_level_item_is_a_group_that_says_why_it_asks(slug):
    for section in FORMS[slug]["item"]:
        assert section["type"] == "group"
        assert section["text"]
        assert extension(section, CANDOR + "why-asked").startswith(("We ask so that ", "We ask everyone, "))


@EVERY
def test_conditions_are_portable(slug):
    by_link_id = {item["linkId"]: item for item in items_of(slug)}
    for item in by_link_id.values():
        conditions = item.get("enableWhen", [])
        assert ("enableBehavior" in item) == (len(conditions) > 1)
        for condition in conditions:
            assert condition["operator"] == "="
            source = by_link_id[condition["question"]]
            assert source["linkId"] != item["linkId"]
            if "answerBoolean" in condition:
                assert source["type"] == "boolean"
            else:
                asked = condition["answerCoding"]
                assert {key: asked[key] for key in ("system", "code", "display")} in [
                    {key: option["valueCoding"][key] for key in ("system", "code", "display")}
                    for option in source["answerOption"]
                ]


@EVERY
def test_conditions_rest_on_required_questions(slug):
    by_link_id = {item["linkId"]: item for item in items_of(slug)}
    sources = {c["question"] for item in by_link_id.values() for c in item.get("enableWhen", [])}
    assert [link_id for link_id in sources if not by_link_id[link_id]["required"]] == []


@EVERY
def test_option_codes_are_not_given_twice(slug):
    for item in items_of(slug):
        codes = [(o["valueCoding"]["system"], o["valueCoding"]["code"]) for o in item.get("answerOption", [])]
        assert len(codes) == len(set(codes)), item["linkId"]
        is_listed = item["type"] in ("choice", "open-choice") and "answerValueSet" not in item
        assert bool(codes) == is_listed


# The words


@pytest.mark.parametrize("slug", [slug for slug in INSTRUMENTS if slug != "phq-2-9"])
def test_an_instrument_form_has_the_published_words_points_and_codes(slug):
    instrument = instruments.get(slug)
    asked = {item["linkId"]: item for item in items_of(slug) if item["type"] != "group"}
    assert list(asked) == [item.link_id for item in instrument.items]
    assert FORMS[slug]["code"][0]["code"] == instrument.panel_loinc
    assert instrument.copyright in FORMS[slug]["copyright"]
    for item in instrument.items:
        form_item = asked[item.link_id]
        assert form_item.get("code", [{}])[0].get("code") == item.loinc
        assert form_item["required"] is item.needed
        assert [
            (o["valueCoding"]["system"], o["valueCoding"]["code"], o["valueCoding"]["display"], extension(o, ORDINAL))
            for o in form_item["answerOption"]
        ] == [(o.system, o.code, o.text, item.value(o)) for o in item.options]


def test_the_staged_form_asks_the_phq_2_and_then_what_is_left_of_the_phq_9():
    asked = {item["linkId"]: item for item in items_of("phq-2-9") if item["type"] != "group"}
    two, nine = instruments.get("phq-2").items, instruments.get("phq-9").items
    assert list(asked) == [item.link_id for item in (*two, *nine[2:])]
    whole = {item["linkId"]: item for item in items_of("phq-9")}
    for item in nine:
        in_stages, at_once = asked[item.same_as or item.link_id], whole[item.link_id]
        for member in ("text", "_text", "code", "answerOption", "required", "prefix"):
            assert in_stages.get(member) == at_once.get(member), item.link_id
    assert instruments.get("phq-9").copyright in FORMS["phq-2-9"]["copyright"]


def test_the_rest_of_the_phq_9_is_asked_from_a_phq_2_of_three_on_and_only_then():
    form = engine.parse(FORMS["phq-2-9"], compile_expression)
    for first, second in product(range(4), repeat=2):
        codes = {"phq2-q1": FREQUENCY[first].code, "phq2-q2": FREQUENCY[second].code}
        given = [
            {"linkId": link_id, "answer": [{"valueCoding": {"system": LOINC, "code": code}}]}
            for link_id, code in codes.items()
        ]
        asked = engine.evaluate(form, [{"linkId": "phq2-items", "item": given}]).missing
        assert list(asked) == ([f"phq9-q{n}" for n in range(3, 10)] if first + second >= 3 else [])


def test_every_text_with_a_pinned_wording_matches_it_in_both_languages():
    english, in_spanish = instruments.wordings(), instruments.wordings("es")
    for slug in INSTRUMENTS:
        for item in items_of(slug):
            link_id = item["linkId"]
            if link_id in HEADINGS:
                assert item["text"] == HEADINGS[link_id]
                continue
            assert hashlib.sha256(item["text"].encode()).hexdigest() == english[link_id], link_id
            translated = spanish(item, "text")
            assert (translated is not None) == (link_id in in_spanish)
            if translated:
                assert hashlib.sha256(translated.encode()).hexdigest() == in_spanish[link_id], link_id


@pytest.mark.parametrize("slug", [slug for slug in INSTRUMENTS if not slug.startswith("phq")])
def test_an_instrument_without_published_spanish_carries_none(slug):
    assert TRANSLATION not in json.dumps(FORMS[slug])


@pytest.mark.parametrize("slug", OURS)
def test_our_own_forms_are_in_both_languages_and_mark_the_spanish_as_a_draft(slug):
    form = FORMS[slug]
    assert "draft for a qualified translator" in form["description"]
    assert spanish(form, "title")
    for item in items_of(slug):
        assert spanish(item, "text"), item["linkId"]
        assert all(spanish(option["valueCoding"], "display") for option in item.get("answerOption", []))
    for section in form["item"]:
        (why,) = [each for each in section["extension"] if each["url"] == CANDOR + "why-asked"]
        assert spanish(why, "valueString")


# The marks


def test_substance_use_and_its_screens_wait_for_the_part_2_consent_and_nothing_else_does():
    waiting = {
        section["linkId"]
        for form in FORMS.values()
        for section in form["item"]
        if extension(section, CANDOR + "sensitivity") == "sud"
    }
    assert waiting == {"sub-use", "sub-care", "sub-safety", "dast10-items", "auditc-items"}


def test_no_medicine_for_substance_use_is_offered_outside_a_section_that_waits():
    revealing = {"1819", "6813", "7243", "82819", "3554", "7242", "31479", "591622", "7407", "6816"}
    for slug in ("allergies", "medications"):
        offered = {o["valueCoding"]["code"] for item in items_of(slug) for o in item.get("answerOption", [])}
        assert offered & revealing == set()


def test_item_nine_is_required_never_hidden_and_marks_each_answer_above_zero_as_risk():
    (nine,) = [item for item in items_of("phq-9") if item["linkId"] == "phq9-q9"]
    assert nine["required"] is True
    assert "enableWhen" not in nine
    assert extension(nine, CANDOR + "risk") is True
    marked = {o["valueCoding"]["code"]: extension(o, CANDOR + "risk-option") for o in nine["answerOption"]}
    assert marked == {"LA6568-5": None, "LA6569-3": True, "LA6570-1": True, "LA6571-9": True}


def test_these_questions_and_no_other_are_marked_as_risk():
    marked = {i["linkId"] for slug in FORMS for i in items_of(slug) if extension(i, CANDOR + "risk") is not None}
    screener = {item.link_id for item in instruments.get("c-ssrs-screener").items}
    assert marked == {"phq9-q9", "safe-harm-others", "sub-overdose-30"} | screener


def test_each_yes_to_a_yes_no_risk_question_opens_the_help():
    for slug in FORMS:
        for item in items_of(slug):
            if extension(item, CANDOR + "risk") and item["linkId"] != "phq9-q9":
                marked = {o["valueCoding"]["code"]: extension(o, CANDOR + "risk-option") for o in item["answerOption"]}
                assert marked == {"LA33-6": True, "LA32-8": None}, item["linkId"]


def test_a_question_of_our_own_that_pages_reads_in_the_form_as_its_finding_quotes_it():
    texts = {item["linkId"]: item["text"] for slug in OURS for item in items_of(slug)}
    for question in instruments.QUESTIONS.values():
        assert [texts[item.link_id] for item in question.items] == [item.text for item in question.items]


def test_c_ssrs_3_to_5_and_pc_ptsd_5_follow_a_yes_only():
    asked = {
        item["linkId"]: [(one["question"], one["answerCoding"]["code"]) for one in item["enableWhen"]]
        for slug in ("c-ssrs-screener", "pc-ptsd-5")
        for item in items_of(slug)
        if "enableWhen" in item
    }
    assert asked == {
        **{f"cssrs-q{n}": [("cssrs-q2", "LA33-6")] for n in (3, 4, 5)},
        "cssrs-q6-recent": [("cssrs-q6", "LA33-6")],
        "pcptsd5-items": [("pcptsd5-gate", "LA33-6")],
    }


def test_substance_use_asks_about_overdose_withdrawal_and_naloxone():
    safety = {item["linkId"]: item for item in items_of("substance-use")}
    assert safety["sub-overdose-ever"]["required"] and safety["sub-naloxone"]["required"]
    for kind in ("alcohol", "benzo"):
        codes = [o["valueCoding"]["code"] for o in safety[f"sub-quit-{kind}"]["answerOption"]]
        assert codes == [f"quit-{kind}-{what}" for what in ("shaking", "seizure", "hospital", "none")]
    assert {"sub-last-use", "sub-alcohol-last"} <= set(safety)


def test_insurance_takes_photos_of_both_sides_of_the_card_and_insists_on_neither():
    photos = {item["linkId"]: item for item in items_of("insurance") if item["type"] == "attachment"}
    assert set(photos) == {"ins-card-front", "ins-card-back"}
    for photo in photos.values():
        assert photo["required"] is False
        assert extension(photo, "http://hl7.org/fhir/StructureDefinition/mimeType") == "image/jpeg"


def test_every_sensitive_section_of_our_own_lets_a_question_go_unanswered():
    sensitive = {"presenting-concerns", "medical-history", "social-needs", "safety", "substance-use"}
    for slug in sensitive:
        assert all(extension(section, CANDOR + "sensitivity") for section in FORMS[slug]["item"]), slug


def test_the_difficulty_question_follows_any_problem_above_not_at_all():
    (difficulty,) = [item for item in items_of("phq-9") if item["linkId"] == "phq9-difficulty"]
    assert difficulty["enableBehavior"] == "any"
    assert {(c["question"], c["answerCoding"]["code"]) for c in difficulty["enableWhen"]} == {
        (f"phq9-q{n}", code) for n in range(1, 10) for code in ("LA6569-3", "LA6570-1", "LA6571-9")
    }


def test_none_of_these_excludes_every_other_substance():
    (substances,) = [item for item in items_of("substance-use") if item["linkId"] == "sub-substances"]
    exclusive = "http://hl7.org/fhir/StructureDefinition/questionnaire-optionExclusive"
    assert substances["repeats"] is True
    assert [o["valueCoding"]["code"] for o in substances["answerOption"] if extension(o, exclusive)] == ["none"]


def test_no_known_allergies_is_an_answer_of_its_own():
    (any_allergy,) = [item for item in items_of("allergies") if item["linkId"] == "all-any"]
    assert any_allergy["required"] is True
    assert "716186003" in {option["valueCoding"]["code"] for option in any_allergy["answerOption"]}


def test_sex_uses_the_fhir_administrative_genders_that_scoring_knows():
    (sex,) = [item for item in items_of("demographics") if item["linkId"] == "demo-sex"]
    assert {(o["valueCoding"]["system"], o["valueCoding"]["code"]) for o in sex["answerOption"]} == {
        ("http://hl7.org/fhir/administrative-gender", code) for code in ("male", "female", "other", "unknown")
    }
