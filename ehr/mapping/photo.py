"""DocumentReference: a photo that answers a question, such as an insurance card; the answer names it by its UUID.

The type is in words: no LOINC code was confirmed for what a patient was asked to photograph.
"""

import base64
import hashlib

from ehr.mapping.drafts import PATIENT, Context, Draft, instant, key, reference
from ehr.mapping.questionnaire_response import author, categories, respondents
from ehr.mapping.source import AnswerSet, PhotoRecord


def draft_photo(photo: PhotoRecord, answers: AnswerSet, context: Context) -> Draft:
    resource = {
        "resourceType": "DocumentReference",
        # Nobody stands in a resource that names them nowhere (R4 dom-3): a helper is the author in their place.
        "contained": [] if answers.helper else respondents(answers),
        "masterIdentifier": {"system": "urn:ietf:rfc:3986", "value": f"urn:uuid:{photo.id}"},
        "status": "current",
        "type": {"text": photo.title},
        "subject": reference(PATIENT),
        "date": instant(photo.taken_at),
        "author": [author(answers)],
        "custodian": {"display": context.clinic_name},
        "description": photo.title,
        "content": [
            {
                "attachment": {
                    "contentType": "image/jpeg",
                    "data": base64.b64encode(photo.jpeg).decode(),
                    "size": len(photo.jpeg),
                    "hash": base64.b64encode(hashlib.sha1(photo.jpeg, usedforsecurity=False).digest()).decode(),
                    "title": photo.title,
                    "creation": instant(photo.taken_at),
                }
            }
        ],
    }
    return context.draft(
        key("photo", photo.id),
        photo.title,
        resource,
        sensitivity=answers.sensitivity,
        categories=categories(answers),
    )
