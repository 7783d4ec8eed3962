"""A packet's drafts as one FHIR Bundle: a file to keep, or to post to a chart as it is."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from ehr.mapping.drafts import Draft, instant
from ehr.mapping.labels import NORMAL, RESTRICTED
from ehr.mapping.references import identified, resolve


def bundle(drafts: Sequence[Draft], *, packet_id: str, system: str, made_at: datetime) -> dict[str, Any]:
    """A transaction that writes each resource under an id of its own: posted twice, it still makes one of each.

    Ids and identifiers follow from the packet's id and the field_key, so every export of a packet has the same. The
    Bundle's label is the high-water mark of what it holds: restricted as soon as one entry is, and not why (DS4P).
    """
    ids = {draft.field_key: uuid5(UUID(packet_id), draft.field_key) for draft in drafts}
    urns = {field_key: made.urn for field_key, made in ids.items()}
    restricted = any(RESTRICTED in draft.resource["meta"]["security"] for draft in drafts)
    return {
        "resourceType": "Bundle",
        "meta": {"security": [RESTRICTED if restricted else NORMAL]},
        "identifier": {"system": system, "value": packet_id},
        "type": "transaction",
        "timestamp": instant(made_at),
        "entry": [_entry(draft, str(ids[draft.field_key]), urns, system) for draft in drafts],
    }


def _entry(draft: Draft, resource_id: str, urns: dict[str, str], system: str) -> dict[str, Any]:
    resource = identified(resolve(draft.resource, urns), system, resource_id)
    return {
        "fullUrl": urns[draft.field_key],
        "resource": {**resource, "id": resource_id},
        "request": {"method": "PUT", "url": f"{draft.resource_type}/{resource_id}"},
    }
