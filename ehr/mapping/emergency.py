"""The note that a medical emergency leaves in the chart (42 CFR 2.51(c)): the four facts, and what was told."""

from dataclasses import dataclass
from datetime import datetime

from ehr.mapping.drafts import INTAKE_ANSWERS, PATIENT, SUBSTANCE_USE, Context, Draft, instant, reference
from ehr.mapping.notice import text_document

EMERGENCY_KEY = "emergency"


@dataclass(frozen=True, slots=True)
class EmergencyRecord:
    """`disclosed_at` is in the clinic's time zone."""

    recipient_name: str
    recipient_affiliation: str
    disclosed_by: str
    disclosed_at: datetime
    nature: str
    why_no_consent: str
    what: str


def draft_emergency(told: EmergencyRecord, context: Context) -> Draft:
    """Held back from nobody who treats the patient: it is the patient's own record that has to say so."""
    words = (
        "Disclosure without consent in a medical emergency (42 CFR 2.51)\n\n"
        f"To: {told.recipient_name}, {told.recipient_affiliation}\n"
        f"By: {told.disclosed_by}\n"
        f"When: {told.disclosed_at.isoformat(sep=' ', timespec='minutes')}\n"
        f"Nature of the emergency: {told.nature}\n"
        f"Why consent could not be obtained: {told.why_no_consent}\n"
        f"What was disclosed: {told.what}\n"
    )
    resource = {
        "resourceType": "DocumentReference",
        "status": "current",
        "docStatus": "final",
        "type": {"text": "Disclosure in a medical emergency"},
        "subject": reference(PATIENT),
        "date": instant(told.disclosed_at),
        "custodian": {"display": context.clinic_name},
        "content": [{"attachment": text_document(words, "Disclosure in a medical emergency")}],
    }
    return context.draft(
        EMERGENCY_KEY,
        "Disclosure in a medical emergency",
        resource,
        sensitivity="sud",
        categories=(INTAKE_ANSWERS, SUBSTANCE_USE),
    )
