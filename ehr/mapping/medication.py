"""MedicationStatement: what the patient says they take now, in their words where they did not pick from the list.

Medicine for alcohol or drug use is asked in the substance-use form, so it carries that form's protection.
"""

from collections.abc import Iterator
from typing import Any

from ehr.mapping import forms
from ehr.mapping.answers import Items, bare, concept, concepts, instances, plain, values
from ehr.mapping.codes import UCUM, hl7
from ehr.mapping.drafts import MEDICATIONS, PATIENT, SUBSTANCE_USE, Context, Draft, instant, key, reference
from ehr.mapping.questionnaire_response import form_key
from ehr.mapping.source import AnswerSet


def draft_medicines(answers: AnswerSet, context: Context) -> Iterator[Draft]:
    """The medicines of the medications form."""
    for number, group in enumerate(instances(answers.items, forms.MEDICINE)):
        medicine = concept(group, forms.MEDICINE_NAME)
        if medicine:
            about = {"reasonCode": [{"text": plain(group, forms.REASON)}], "dosage": [_dosage(group)]}
            yield _draft(key("medicine", str(number)), medicine, about, answers, context)


def draft_treatment_medicines(answers: AnswerSet, context: Context) -> Iterator[Draft]:
    """Medicine for alcohol or drug use, from the substance-use form."""
    for number, medicine in enumerate(concepts(answers.items, forms.TREATMENT_MEDICINE)):
        yield _draft(key("treatment-medicine", str(number)), medicine, {}, answers, context)


def _draft(
    field_key: str, medicine: dict[str, Any], about: dict[str, Any], answers: AnswerSet, context: Context
) -> Draft:
    resource = {
        "resourceType": "MedicationStatement",
        "status": "active",
        "category": hl7("medication-statement-category", "patientspecified", "Patient Specified"),
        "medicationCodeableConcept": medicine,
        "subject": reference(PATIENT),
        "effectiveDateTime": instant(answers.authored),
        "dateAsserted": instant(answers.authored),
        "informationSource": reference(PATIENT),
        "derivedFrom": [reference(form_key(answers.slug))],
        **about,
    }
    kinds = (MEDICATIONS, SUBSTANCE_USE) if answers.sensitivity == "sud" else (MEDICATIONS,)
    return context.draft(
        field_key, f"Medicine: {medicine['text']}", resource, sensitivity=answers.sensitivity, categories=kinds
    )


def _dosage(group: Items) -> dict[str, Any]:
    """How much each time, with the digits as given, and how often in the patient's words."""
    dose = _dose(group)
    return {"text": plain(group, forms.HOW_OFTEN), "doseAndRate": [{"doseQuantity": dose}] if dose else []}


def _dose(group: Items) -> dict[str, Any]:
    """A unit that the patient isn't sure of is left out."""
    for kind, value in values(group, forms.DOSE):
        if kind != "Quantity":
            return {"value": value, **_unit_asked_apart(group)}
        return dict(value) if value.get("system") == UCUM else {"value": value["value"]}
    return {}


def _unit_asked_apart(group: Items) -> dict[str, Any]:
    """As version 1.0.0 of the form did."""
    for _kind, value in values(group, "med-unit"):
        unit = bare(value)
        return {"unit": unit.get("display") or unit["code"], "system": unit["system"], "code": unit["code"]}
    return {}
