"""AllergyIntolerance, after US Core: one per allergy told, or the explicit statement that none is known.

Told by the patient and not yet looked at by anyone: verification status unconfirmed.
"""

from collections.abc import Iterator
from typing import Any

from ehr.mapping import forms
from ehr.mapping.answers import Items, concept, instances, plain
from ehr.mapping.codes import NO_KNOWN_ALLERGY, RXNORM, hl7
from ehr.mapping.drafts import PATIENT, Context, Draft, instant, key, reference
from ehr.mapping.questionnaire_response import categories
from ehr.mapping.source import AnswerSet


def draft_allergies(answers: AnswerSet, context: Context) -> Iterator[Draft]:
    told = [
        (key("allergy", str(number)), group) for number, group in enumerate(instances(answers.items, forms.ALLERGY))
    ]
    for field_key, group in told:
        substance = concept(group, forms.ALLERGIC_TO)
        if substance:
            resource = {"code": substance, "category": _category(substance), "reaction": [_reaction(group)]}
            yield _draft(field_key, f"Allergy: {substance['text']}", resource, answers, context)
    if plain(answers.items, forms.ANY_ALLERGY) == NO_KNOWN_ALLERGY:
        none_known = concept(answers.items, forms.ANY_ALLERGY)
        yield _draft(key("allergy", "none-known"), none_known["text"], {"code": none_known}, answers, context)


def _draft(field_key: str, label: str, about: dict[str, Any], answers: AnswerSet, context: Context) -> Draft:
    resource = {
        "resourceType": "AllergyIntolerance",
        "clinicalStatus": hl7("allergyintolerance-clinical", "active", "Active"),
        "verificationStatus": hl7("allergyintolerance-verification", "unconfirmed", "Unconfirmed"),
        "patient": reference(PATIENT),
        "recordedDate": instant(answers.authored),
        "recorder": reference(PATIENT),
        "asserter": reference(PATIENT),
        **about,
    }
    return context.draft(
        field_key,
        label,
        resource,
        sensitivity=answers.sensitivity,
        categories=categories(answers),
        profile="us-core-allergyintolerance",
    )


def _category(substance: dict[str, Any]) -> list[str]:
    """RxNorm codes are medicines; whether the rest is food or something else, the answer doesn't say."""
    return ["medication"] if any(coding.get("system") == RXNORM for coding in substance.get("coding", ())) else []


def _reaction(group: Items) -> dict[str, Any] | None:
    what, severity = plain(group, forms.REACTION), plain(group, forms.SEVERITY)
    if not (what or severity):
        return None
    return {"manifestation": [{"text": what or "Reaction not described"}], "severity": severity}
