"""Observations: each screening answer whose question has a LOINC code, and each score.

After US Core's Observation Screening Assessment: category survey, subject the patient, derived from the form. DAST-10
has no confirmed LOINC codes for its items, so of it only the total is an Observation; its answers are in the form.
"""

from collections.abc import Iterator
from typing import Any

from ehr.mapping.answers import bare, concept_of, values, walk
from ehr.mapping.codes import LOINC, UCUM, concept, hl7
from ehr.mapping.drafts import INTAKE_ANSWERS, PATIENT, SUBSTANCE_USE, Context, Draft, instant, key, reference
from ehr.mapping.questionnaire_response import categories, form_key
from ehr.mapping.source import AnswerSet, ScoreRecord

PROFILE = "us-core-observation-screening-assessment"
# Observation.value[x] in R4 has no decimal, date or uri; none of the coded screening questions asks for one.
VALUES = frozenset({"Boolean", "Integer", "String", "DateTime", "Time", "Quantity"})


def draft_items(answers: AnswerSet, scored: frozenset[str], context: Context) -> Iterator[Draft]:
    """One Observation per answer. `scored` are LOINC codes that come as scores, not to be filed twice."""
    for question in walk(answers.definition.get("item", ())):
        code = next((code for code in question.get("code", ()) if code.get("system") == LOINC), None)
        if code is None or code["code"] in scored or question["type"] == "group":
            continue
        text = question.get("text", "")
        for number, (kind, value) in enumerate(values(answers.items, question["linkId"])):
            told = _value(kind, value)
            if not told:
                continue
            resource = {
                **_observation(answers.slug, instant(answers.authored)),
                "code": {"coding": [bare(code)], "text": text},
                **told,
            }
            yield context.draft(
                key("item", answers.slug, question["linkId"], *([str(number)] if number else [])),
                f"{answers.title}: {text}",
                resource,
                sensitivity=answers.sensitivity,
                categories=categories(answers),
                profile=PROFILE,
            )


def draft_score(score: ScoreRecord, context: Context) -> Draft | None:
    """The total, with its band in words; for an instrument without a total its level. None when there is neither."""
    value: dict[str, Any]
    if score.total is not None:
        code = _code(score.total_loinc, f"{score.title} total score")
        value = {
            "valueQuantity": {"value": score.total, "unit": "{score}", "system": UCUM, "code": "{score}"},
            "interpretation": [{"text": score.band}],
        }
    elif score.band:
        code = _code(score.level_loinc or score.panel_loinc, score.title)
        value = {"valueCodeableConcept": _code(score.band_loinc, score.band)}
    else:
        return None
    kinds = (INTAKE_ANSWERS, SUBSTANCE_USE) if score.sensitivity == "sud" else (INTAKE_ANSWERS,)
    return context.draft(
        key("score", score.instrument),
        code["text"],
        {**_observation(score.answer_slug, instant(score.authored)), "code": code, **value},
        sensitivity=score.sensitivity,
        categories=kinds,
        profile=PROFILE,
    )


def _observation(slug: str, at: str) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "status": "final",
        "category": [hl7("observation-category", "survey", "Survey")],
        "subject": reference(PATIENT),
        "effectiveDateTime": at,
        "performer": [reference(PATIENT)],
        "derivedFrom": [reference(form_key(slug))],
    }


def _code(loinc: str | None, text: str) -> dict[str, Any]:
    return concept(LOINC, loinc, text=text) if loinc else {"text": text}


def _value(kind: str, value: Any) -> dict[str, Any]:
    if kind == "Coding":
        return {"valueCodeableConcept": concept_of(kind, value)}
    return {f"value{kind}": value} if kind in VALUES else {}
