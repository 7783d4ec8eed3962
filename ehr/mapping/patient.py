"""Patient, after US Core: who they are by the clinic's record, how to reach them by what they just told us."""

from typing import Any

from ehr.mapping import forms
from ehr.mapping.answers import Items, concept, plain
from ehr.mapping.codes import BCP47, hl7
from ehr.mapping.codes import concept as code
from ehr.mapping.drafts import DEMOGRAPHICS, PATIENT, Context, Draft
from ehr.mapping.source import Address, PatientRecord


def draft_patient(record: PatientRecord, demographics: Items, context: Context) -> Draft:
    """The name, birth date and sex that the chart is matched by are the record's; answers don't override them."""
    resource = {
        "resourceType": "Patient",
        "active": True,
        "name": _names(record, demographics),
        "telecom": [
            *_telecom("phone", plain(demographics, forms.PHONE) or record.phone),
            *_telecom("email", plain(demographics, forms.EMAIL) or record.email),
        ],
        "gender": record.sex if record.sex != "unknown" else plain(demographics, forms.SEX) or "unknown",
        "birthDate": record.birth_date.isoformat(),
        "address": [_address(record.address, demographics)],
        "contact": [_emergency_contact(demographics)],
        "communication": [{"language": _language(record, demographics), "preferred": True}],
    }
    label = f"{record.given} {record.family}".strip()
    return context.draft(PATIENT, label, resource, categories=(DEMOGRAPHICS,), profile="us-core-patient")


def _names(record: PatientRecord, demographics: Items) -> list[dict[str, Any]]:
    official = {"use": "official", "family": record.family, "given": [record.given]}
    preferred = plain(demographics, forms.PREFERRED_NAME)
    return [official, {"use": "usual", "given": [preferred]}] if preferred else [official]


def _telecom(system: str, value: str | None) -> list[dict[str, str]]:
    return [{"system": system, "value": value}] if value else []


def _address(registered: Address | None, demographics: Items) -> dict[str, Any] | None:
    line = plain(demographics, forms.ADDRESS_LINE)
    if line:
        told = Address(
            line,
            plain(demographics, forms.CITY),
            plain(demographics, forms.STATE),
            plain(demographics, forms.POSTAL_CODE),
        )
    elif registered:
        told = registered
    else:
        return None
    return {
        "use": "home",
        "line": [told.line],
        "city": told.city,
        "state": told.state,
        "postalCode": told.postal_code,
        "country": "US",
    }


def _emergency_contact(demographics: Items) -> dict[str, Any] | None:
    name = plain(demographics, forms.EMERGENCY_NAME)
    if not name:
        return None
    return {
        "relationship": [
            hl7("v2-0131", "C", "Emergency Contact"),
            concept(demographics, forms.EMERGENCY_RELATIONSHIP),
        ],
        "name": {"text": name},
        "telecom": _telecom("phone", plain(demographics, forms.EMERGENCY_PHONE)),
    }


def _language(record: PatientRecord, demographics: Items) -> dict[str, Any]:
    return concept(demographics, forms.SPOKEN_LANGUAGE) or code(BCP47, record.language)
