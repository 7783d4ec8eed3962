"""The note of what was done about an incident, as a clinician signed it: an outcome, or an attempt in vain."""

from dataclasses import dataclass, replace
from datetime import datetime

from ehr.mapping.drafts import INTAKE_ANSWERS, PATIENT, SUBSTANCE_USE, Context, Draft, instant, reference
from ehr.mapping.implied import words_tell
from ehr.mapping.notice import NOTICE_KEY, draft_notice, text_document

INCIDENT_KEY = "incident"
TITLE = "Response to an alert from intake"


@dataclass(frozen=True, slots=True)
class IncidentNote:
    """Times are in the clinic's time zone; `next_attempt_at` is None for an outcome."""

    code: str
    opened_at: datetime
    what: str
    note: str
    signed_as: str
    at: datetime
    next_attempt_at: datetime | None


def draft_incident(told: IncidentNote, sensitivity: str, context: Context) -> tuple[Draft, ...]:
    """The note; before it, where it is a Part 2 record, the notice that accompanies it (42 CFR 2.32).

    What was answered is not repeated: it goes with the packet. `sensitivity` is "sud" if the packet holds answers about
    substance use, because they may be what the incident is about; so are words of the note that tell of such care.
    """
    if words_tell(told.note):
        sensitivity = "sud"
    again = f"Next attempt by: {_minute(told.next_attempt_at)}\n" if told.next_attempt_at else ""
    words = (
        f"{TITLE} {told.code}, opened {_minute(told.opened_at)}\n\n"
        f"{told.what}\n{told.note}\n{again}\n"
        f"Signed {told.signed_as}, {_minute(told.at)}\n"
    )
    resource = {
        "resourceType": "DocumentReference",
        "status": "current",
        "docStatus": "final",
        "type": {"text": TITLE},
        "subject": reference(PATIENT),
        "date": instant(told.at),
        "author": [{"display": told.signed_as}],
        "custodian": {"display": context.clinic_name},
        "content": [{"attachment": text_document(words, TITLE)}],
    }
    categories = (INTAKE_ANSWERS, SUBSTANCE_USE) if sensitivity == "sud" else (INTAKE_ANSWERS,)
    note = context.draft(INCIDENT_KEY, TITLE, resource, sensitivity=sensitivity, categories=categories)
    if not (context.part2 or note.sensitivity == "sud"):
        return (note,)
    return (draft_notice(told.at, context), replace(note, needs=(*note.needs, NOTICE_KEY)))


def _minute(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="minutes")
