"""A sandbox chart: just enough FHIR R4 to receive, to be searched by identifier or patient and to be read.

Not a FHIR server: it validates nothing. The tests use an independent one.
"""

import json
import threading
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

Resource = dict[str, Any]
Reply = tuple[int, Resource]

TYPES = (
    "Patient", "QuestionnaireResponse", "Observation", "AllergyIntolerance",
    "MedicationStatement", "MedicationRequest", "Consent", "DocumentReference",
)  # fmt: skip


def outcome(text: str) -> Resource:
    return {
        "resourceType": "OperationOutcome",
        "issue": [{"severity": "error", "code": "invalid", "diagnostics": text}],
    }


class Chart:
    """Resources by type and id, kept in one JSON file."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.lock = threading.Lock()
        self.stored: dict[str, dict[str, Resource]] = json.loads(file.read_text()) if file.exists() else {}

    def all(self) -> list[Resource]:
        with self.lock:
            found = [resource for kind in self.stored.values() for resource in kind.values()]
        return sorted(found, key=lambda resource: str(resource["meta"]["lastUpdated"]))

    def handle(self, method: str, path: str, body: bytes, if_none_exist: str) -> Reply:
        """One interaction: metadata, read, search by identifier, (conditional) create."""
        url = urlsplit(path)
        parts = [part for part in url.path.split("/") if part]
        if parts == ["metadata"] and method == "GET":
            return 200, self.capabilities()
        if not parts or parts[0] not in TYPES:
            return 404, outcome("unknown resource type")
        with self.lock:
            if method == "GET" and len(parts) == 2:
                found = self.stored.get(parts[0], {}).get(parts[1])
                return (200, found) if found else (404, outcome("not found"))
            if method == "GET" and len(parts) == 1:
                return 200, self.bundle(self.matching(parts[0], url.query))
            if method == "POST" and len(parts) == 1:
                return self.create(parts[0], body, if_none_exist)
            if method == "POST" and parts[1:] == ["_search"]:
                return 200, self.bundle(self.matching(parts[0], body.decode()))
        return 405, outcome("not supported")

    def create(self, kind: str, body: bytes, if_none_exist: str) -> Reply:
        try:
            resource = json.loads(body)
        except ValueError:
            return 400, outcome("not JSON")
        if not isinstance(resource, dict) or resource.get("resourceType") != kind:
            return 422, outcome("the resource's type is not the URL's")
        if if_none_exist:
            known = self.matching(kind, if_none_exist)
            if len(known) > 1:
                return 412, outcome("more than one match")
            if known:
                return 200, known[0]
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        resource["id"] = str(uuid.uuid4())
        resource["meta"] = {**resource.get("meta", {}), "versionId": "1", "lastUpdated": now}
        self.stored.setdefault(kind, {})[resource["id"]] = resource
        self.file.write_text(json.dumps(self.stored, ensure_ascii=False))
        return 201, resource

    def matching(self, kind: str, query: str) -> list[Resource]:
        asked = parse_qs(query.lstrip("?"))
        if "patient" in asked:
            about = {"reference": asked["patient"][0]}
            stored = self.stored.get(kind, {}).values()
            return [one for one in stored if about in (one.get("subject"), one.get("patient"))]
        wanted = asked.get("identifier", [""])[0]
        system, _, value = wanted.partition("|")
        return [
            resource
            for resource in self.stored.get(kind, {}).values()
            if {"system": system, "value": value} in _identifiers(resource)
        ]

    @staticmethod
    def bundle(found: list[Resource]) -> Resource:
        entries = [{"resource": resource} for resource in found]
        return {"resourceType": "Bundle", "type": "searchset", "total": len(found), "entry": entries}

    @staticmethod
    def capabilities() -> Resource:
        able = [{"code": code} for code in ("read", "create", "search-type")]
        return {
            "resourceType": "CapabilityStatement",
            "status": "active",
            "kind": "instance",
            "fhirVersion": "4.0.1",
            "format": ["json"],
            "software": {"name": "Candor demo sandbox chart"},
            "rest": [
                {
                    "mode": "server",
                    "resource": [{"type": kind, "interaction": able, "conditionalCreate": True} for kind in TYPES],
                }
            ],
        }


def _identifiers(resource: Resource) -> list[dict[str, str]]:
    raw = resource.get("identifier", [])
    listed = raw if isinstance(raw, list) else [raw]
    return [{"system": one.get("system", ""), "value": one.get("value", "")} for one in listed]
