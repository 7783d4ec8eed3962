"""DocumentReference: the sealed PDF of what was signed, byte for byte.

FHIR R4 defines `attachment.hash` as SHA-1; our own SHA-256 stays with the signature.
"""

import base64
import hashlib

from ehr.mapping.codes import CONSENT_DOCUMENT, LOINC, concept
from ehr.mapping.consent import document_key, document_type, is_part2
from ehr.mapping.drafts import INTAKE_ANSWERS, PATIENT, Context, Draft, instant, reference
from ehr.mapping.labels import security_labels
from ehr.mapping.source import SignatureRecord


def draft_document(signature: SignatureRecord, context: Context) -> Draft | None:
    """None where there is no PDF, as of a declined document."""
    if signature.pdf is None:
        return None
    protected = is_part2(signature)
    resource = {
        "resourceType": "DocumentReference",
        "status": "current",
        "docStatus": "final",
        "type": concept(LOINC, *document_type(signature), text=signature.title),
        "category": [concept(LOINC, *CONSENT_DOCUMENT)],
        "subject": reference(PATIENT),
        "date": instant(signature.signed_at),
        "author": [reference(PATIENT)],
        "custodian": {"display": context.clinic_name},
        "description": f"{signature.title}, version {signature.version}",
        "securityLabel": [
            {"coding": [label]} for label in security_labels(sensitivity="none", part2=context.part2 or protected)
        ],
        "content": [
            {
                "attachment": {
                    "contentType": "application/pdf",
                    "language": signature.language,
                    "data": base64.b64encode(signature.pdf).decode(),
                    "size": len(signature.pdf),
                    "hash": base64.b64encode(hashlib.sha1(signature.pdf, usedforsecurity=False).digest()).decode(),
                    "title": signature.title,
                    "creation": instant(signature.signed_at),
                }
            }
        ],
        "context": {"period": {"start": instant(signature.signed_at)}},
    }
    return context.draft(
        document_key(signature),
        f"{signature.title} (PDF)",
        resource,
        protected=protected,
        categories=(INTAKE_ANSWERS,),
    )
