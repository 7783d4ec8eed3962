"""What accompanies protected records (42 CFR 2.32): the notice, and the scope of the consent, as text a person reads.

Labels are codes and no written statement. So the short statement stands in each protected resource's own narrative, and
the long one with the scope of the consent is a document of its own, which is in the chart before the rest is sent.
"""

import base64
import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from consents.policy import NOTICE, NOTICE_SHORT
from ehr.mapping.codes import CONSENT_DOCUMENT, LOINC, concept
from ehr.mapping.drafts import INTAKE_ANSWERS, PATIENT, Context, Draft, instant, reference

NOTICE_KEY = "notice"


def draft_notice(at: datetime, context: Context) -> Draft:
    """The document; what is said in it is completed when it is sent, by the consent that is relied upon then."""
    resource = {
        "resourceType": "DocumentReference",
        "status": "current",
        "type": {"text": "Notice that accompanies protected records"},
        "category": [concept(LOINC, *CONSENT_DOCUMENT)],
        "subject": reference(PATIENT),
        "date": instant(at),
        "custodian": {"display": context.clinic_name},
        "description": NOTICE_SHORT,
        "content": [{"attachment": _text((NOTICE,))}],
    }
    return context.draft(
        NOTICE_KEY, "Notice that goes with protected records", resource, protected=True, categories=(INTAKE_ANSWERS,)
    )


def saying(resource: Mapping[str, Any], statements: tuple[str, ...]) -> dict[str, Any]:
    """The same document with these statements."""
    return {**resource, "content": [{"attachment": _text(statements)}]}


def text_document(told: str, title: str) -> dict[str, Any]:
    """An attachment of plain words."""
    body = told.encode()
    return {
        "contentType": "text/plain; charset=utf-8",
        "language": "en",
        "data": base64.b64encode(body).decode(),
        "size": len(body),
        "hash": base64.b64encode(hashlib.sha1(body, usedforsecurity=False).digest()).decode(),
        "title": title,
    }


def _text(statements: tuple[str, ...]) -> dict[str, Any]:
    return text_document("\n\n".join(statements), "42 CFR part 2 notice")
