"""A chart in memory: the same promises as a real one, and faults on demand. For tests and for looking around."""

import copy
from collections import deque
from collections.abc import Mapping
from typing import Any

from ehr.adapters.base import (
    Accepted,
    Capabilities,
    ConflictError,
    Found,
    GatewayError,
    Identifier,
    PermanentError,
)
from ehr.adapters.smart import TYPES
from ehr.mapping import wire


class MemoryGateway:
    """`base.Gateway` over a dict. `stored` maps (type, id) to the resource and may be changed by a test."""

    def __init__(self) -> None:
        self.stored: dict[tuple[str, str], dict[str, Any]] = {}
        self._faults: deque[tuple[GatewayError, bool]] = deque()

    def fail_next(self, error: GatewayError, *, after_writing: bool = False) -> None:
        """Make the next write fail, before or after it took effect. Several are failed in turn."""
        self._faults.append((error, after_writing))

    def create(self, resource: Mapping[str, Any], identifier: Identifier) -> Accepted:
        kind = resource["resourceType"]
        fault, after_writing = self._faults.popleft() if self._faults else (None, False)
        if fault and not after_writing:
            raise fault
        there = self.search(kind, identifier)
        if len(there) > 1:
            raise ConflictError("status-412")
        accepted = (
            Accepted(kind, there[0].id, there[0].version, created=False)
            if there
            else self._store(resource, f"{kind.lower()}-{len(self.stored) + 1}")
        )
        if fault:
            raise fault
        return accepted

    def put(self, resource: Mapping[str, Any], resource_id: str, *, version: str = "") -> Accepted:
        fault, after_writing = self._faults.popleft() if self._faults else (None, False)
        if fault and not after_writing:
            raise fault
        held = self.stored.get((resource["resourceType"], resource_id))
        if version and (held is None or held["meta"]["versionId"] != version):
            raise ConflictError("status-412")
        accepted = self._store(resource, resource_id)
        if fault:
            raise fault
        return accepted

    def search(self, resource_type: str, identifier: Identifier) -> tuple[Found, ...]:
        return tuple(
            Found(kind, resource_id, resource["meta"]["versionId"], copy.deepcopy(resource))
            for (kind, resource_id), resource in self.stored.items()
            if kind == resource_type and identifier in _identifiers(resource)
        )

    def of_patient(self, resource_type: str, patient_id: str) -> tuple[dict[str, Any], ...]:
        about = {"reference": f"Patient/{patient_id}"}
        return tuple(
            copy.deepcopy(resource)
            for (kind, _), resource in self.stored.items()
            if kind == resource_type and about in (resource.get("subject"), resource.get("patient"))
        )

    def read(self, resource_type: str, resource_id: str) -> dict[str, Any]:
        if (resource_type, resource_id) not in self.stored:
            raise PermanentError(404)
        return copy.deepcopy(self.stored[resource_type, resource_id])

    def capabilities(self) -> Capabilities:
        every = frozenset(TYPES)
        return Capabilities("memory", writable=every, conditional_create=every, update_create=every)

    def _store(self, resource: Mapping[str, Any], resource_id: str) -> Accepted:
        kind = resource["resourceType"]
        held = self.stored.get((kind, resource_id))
        version = str(int(held["meta"]["versionId"]) + 1) if held else "1"
        stored = wire.loads(wire.dumps({**resource, "id": resource_id}))
        stored["meta"] = {**stored.get("meta", {}), "versionId": version}
        self.stored[kind, resource_id] = stored
        return Accepted(kind, resource_id, version, created=held is None)


def _identifiers(resource: Mapping[str, Any]) -> list[Identifier]:
    own = resource.get("identifier", [])
    return [(one.get("system"), one.get("value")) for one in (own if isinstance(own, list) else [own])]
