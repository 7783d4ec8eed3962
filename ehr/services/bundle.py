"""A finished packet as one FHIR R4 collection Bundle, the same resources that go to the chart one by one."""

import uuid
from typing import Any

from django.conf import settings

import intake.selectors
from ehr.mapping.plan import plan
from ehr.mapping.references import identified, resolve
from ehr.services.planning import as_source


def bundle_of(finished: intake.selectors.Finished) -> dict[str, Any]:
    """Every resource with a urn:uuid of its own; references inside the Bundle resolve to those."""
    system = settings.EHR_IDENTIFIER_SYSTEM
    drafts = plan(as_source(finished), identifier_system=system)
    ids = {draft.field_key: str(uuid.uuid5(finished.packet.id, draft.field_key)) for draft in drafts}
    urns = {key: f"urn:uuid:{value}" for key, value in ids.items()}
    return {
        "resourceType": "Bundle",
        "type": "collection",
        "timestamp": finished.packet.submitted_at.isoformat() if finished.packet.submitted_at else None,
        "entry": [
            {
                "fullUrl": urns[draft.field_key],
                "resource": identified(resolve(draft.resource, urns), system, ids[draft.field_key]),
            }
            for draft in drafts
        ],
    }
