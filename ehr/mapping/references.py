"""From drafts to what is sent: references resolved to the chart's ids, and our own identifier put in its place."""

from collections.abc import Mapping
from typing import Any

PREFIX = "draft:"
# Identifier is 0..1 in these types (FHIR R4), a list in all others that we send.
SINGLE_IDENTIFIER = frozenset({"QuestionnaireResponse", "Bundle"})


class UnresolvedReference(LookupError):
    """A draft refers to one that has no id yet. `field_key` says which."""

    def __init__(self, field_key: str) -> None:
        super().__init__(f"no id yet for the draft {field_key!r}")
        self.field_key = field_key


def resolve(resource: Mapping[str, Any], ids: Mapping[str, str]) -> dict[str, Any]:
    """A copy with each "draft:<field_key>" replaced by its "Type/id". Raises UnresolvedReference."""
    return {name: _resolved(name, value, ids) for name, value in resource.items()}


def _resolved(name: str, value: Any, ids: Mapping[str, str]) -> Any:
    if isinstance(value, Mapping):
        return resolve(value, ids)
    if isinstance(value, list):
        return [_resolved(name, child, ids) for child in value]
    if name == "reference" and isinstance(value, str) and value.startswith(PREFIX):
        field_key = value.removeprefix(PREFIX)
        if field_key not in ids:
            raise UnresolvedReference(field_key)
        return ids[field_key]
    return value


def identified(resource: Mapping[str, Any], system: str, value: str) -> dict[str, Any]:
    """A copy that carries our business identifier first: by it the chart is searched and duplicates are prevented."""
    ours = {"system": system, "value": value}
    if resource["resourceType"] in SINGLE_IDENTIFIER:
        return {**resource, "identifier": ours}
    return {**resource, "identifier": [ours, *resource.get("identifier", [])]}
