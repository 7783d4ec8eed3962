"""A chart that speaks FHIR R4 over HTTP.

Creates are conditional (`If-None-Exist`), searches go by POST so that an identifier is in no URL or access log, and an
answer counts only if it is what was asked for.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, Protocol, TypeGuard
from urllib.parse import quote, urlencode

from ehr.adapters.base import (
    Accepted,
    Capabilities,
    ConflictError,
    ConnectionFault,
    Found,
    Identifier,
    PermanentError,
    TransientError,
    UnknownOutcome,
)
from ehr.adapters.transport import Answer, Transport
from ehr.mapping import wire

JSON = "application/fhir+json"
MOST_PAGES = 20
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")
_LOCATION = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+)/([A-Za-z0-9.-]{1,64})(?:/_history/([A-Za-z0-9.-]{1,64}))?")
_ETAG = re.compile(r'W/"([A-Za-z0-9.-]{1,64})"')
_ISSUE_PATH = re.compile(r"[A-Z][A-Za-z]{1,39}(\.[a-z][A-Za-z]{0,39}(\[\d{1,4}\])?){1,8}")
# FHIR R4 issue-type: a closed list, so that no word of a patient's can pass for a code.
_ISSUE_CODE = re.compile(
    "invalid|structure|required|value|invariant|security|login|unknown|expired|forbidden|suppressed|processing"
    "|not-supported|duplicate|multiple-matches|not-found|deleted|too-long|code-invalid|extension|too-costly"
    "|business-rule|conflict|transient|lock-error|no-store|exception|timeout|incomplete|throttled|informational"
)


class Authorization(Protocol):
    """Where bearer tokens come from."""

    def token(self) -> str:
        """A token that should hold now."""

    def forget(self) -> None:
        """The token was refused."""


class FhirR4Gateway:
    """`base.Gateway` over a `Transport`. Without `authorization` no token is sent (the demo's sandbox chart)."""

    def __init__(self, transport: Transport, base_url: str, authorization: Authorization | None = None) -> None:
        self._transport = transport
        self._base_url = base_url.rstrip("/")
        self._authorization = authorization

    def create(self, resource: Mapping[str, Any], identifier: Identifier) -> Accepted:
        kind = resource["resourceType"]
        headers = {"content-type": JSON, "if-none-exist": f"identifier={quote(_token(identifier), safe=':/|')}"}
        answer = self._send("POST", kind, headers=headers, body=wire.dumps(resource), writing=True)
        return _accepted(kind, answer)

    def put(self, resource: Mapping[str, Any], resource_id: str, *, version: str = "") -> Accepted:
        kind = resource["resourceType"]
        headers = {"content-type": JSON, **({"if-match": f'W/"{version}"'} if version else {})}
        body = wire.dumps({**resource, "id": resource_id})
        answer = self._send("PUT", f"{kind}/{resource_id}", headers=headers, body=body, writing=True)
        accepted = _accepted(kind, answer)
        if accepted.id != resource_id:
            raise ConflictError("written-under-another-id")
        return accepted

    def search(self, resource_type: str, identifier: Identifier) -> tuple[Found, ...]:
        headers = {"content-type": "application/x-www-form-urlencoded", "prefer": "handling=strict"}
        body = urlencode({"identifier": _token(identifier)}).encode()
        bundle = _resource(self._send("POST", f"{resource_type}/_search", headers=headers, body=body), "Bundle")
        with _expecting(TransientError):
            found = [entry.get("resource", {}) for entry in bundle.get("entry", ()) if _is_match(entry)]
            if not all(_carries(resource, resource_type, identifier) for resource in found):
                # A chart that ignores the parameter would hand us anybody's records, and we would adopt or duplicate.
                raise ConnectionFault("search-ignores-identifier")
            return tuple(Found(resource_type, one["id"], _version_in(one), one) for one in found)

    def of_patient(self, resource_type: str, patient_id: str) -> tuple[dict[str, Any], ...]:
        headers = {"content-type": "application/x-www-form-urlencoded", "prefer": "handling=strict"}
        body = urlencode({"patient": f"Patient/{patient_id}"}).encode()
        bundle = _resource(self._send("POST", f"{resource_type}/_search", headers=headers, body=body), "Bundle")
        with _expecting(TransientError):
            whole = _matches(bundle)
            for _ in range(MOST_PAGES):
                url = next((link["url"] for link in bundle.get("link", ()) if link.get("relation") == "next"), "")
                if not url:
                    break
                if not url.startswith(f"{self._base_url}/"):
                    raise ConnectionFault("next-page-elsewhere")
                bundle = _resource(self._send("GET", url.removeprefix(f"{self._base_url}/")), "Bundle")
                whole += _matches(bundle)
            else:
                raise ConnectionFault("list-too-long")
            if not all(_is_about(resource, resource_type, patient_id) for resource in whole):
                raise ConnectionFault("search-ignores-patient")
            return tuple(whole)

    def read(self, resource_type: str, resource_id: str) -> dict[str, Any]:
        resource = _resource(self._send("GET", f"{resource_type}/{resource_id}"), resource_type)
        if resource.get("id") != resource_id:
            raise ConflictError("read-another-resource")
        return resource

    def capabilities(self) -> Capabilities:
        statement = _resource(self._send("GET", "metadata"), "CapabilityStatement")
        if not str(statement.get("fhirVersion", "")).startswith("4.0"):
            raise ConnectionFault("not-fhir-r4")
        with _expecting(TransientError):
            kinds = [kind for rest in statement.get("rest", ()) for kind in rest.get("resource", ())]
            return Capabilities(
                software=str(statement.get("software", {}).get("name", "")),
                writable=frozenset(kind["type"] for kind in kinds if _offers_create(kind)),
                conditional_create=frozenset(kind["type"] for kind in kinds if kind.get("conditionalCreate")),
                update_create=frozenset(kind["type"] for kind in kinds if kind.get("updateCreate")),
            )

    def _send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        writing: bool = False,
    ) -> Answer:
        """One exchange, with a single fresh token when the first was refused (401: nothing was done)."""
        url = f"{self._base_url}/{path}"
        whole = {"accept": JSON, **(headers or {})}
        answer = self._transport.send(method, url, headers=whole | self._bearer(), body=body, writing=writing)
        if answer.status == 401 and self._authorization:
            self._authorization.forget()
            answer = self._transport.send(method, url, headers=whole | self._bearer(), body=body, writing=writing)
        if answer.status not in (200, 201):
            _refuse(answer, writing=writing)
        return answer

    def _bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._authorization.token()}"} if self._authorization else {}


def _refuse(answer: Answer, *, writing: bool) -> NoReturn:
    """What a status other than 200 and 201 means for the item."""
    status = answer.status
    if status in (409, 412):
        raise ConflictError(f"status-{status}")
    if status == 401 or 300 <= status < 400:
        raise ConnectionFault(f"status-{status}")
    if status == 429:
        raise TransientError("status-429", answer.retry_after)
    if status == 408 or status >= 500 or status < 300:
        raise (UnknownOutcome if writing else TransientError)(f"status-{status}", answer.retry_after)
    raise PermanentError(status, tuple(_issues(answer)))


@contextmanager
def _expecting(failure: type[TransientError | UnknownOutcome]) -> Iterator[None]:
    """Around the reading of an answer: JSON of an unexpected shape is a failure like any other, never a crash."""
    try:
        yield
    except (AttributeError, KeyError, TypeError) as error:
        raise failure("unreadable-answer") from error


def _issues(answer: Answer) -> Iterator[str]:
    """Codes and paths of an OperationOutcome. Never its texts, and no path that could hold a value."""
    try:
        outcome = wire.loads(answer.body)
    except ValueError:
        return
    if not isinstance(outcome, dict) or outcome.get("resourceType") != "OperationOutcome":
        return
    with suppress(AttributeError, TypeError):
        for issue in outcome.get("issue", ())[:20]:
            for text in (issue.get("code"), *issue.get("expression", ())[:5]):
                if isinstance(text, str) and (_ISSUE_CODE.fullmatch(text) or _ISSUE_PATH.fullmatch(text)):
                    yield text


def _accepted(kind: str, answer: Answer) -> Accepted:
    """Id and version from the resource, or else from the Location. Without either nobody knows: UnknownOutcome."""
    with _expecting(UnknownOutcome):
        stored = _object(answer)
        if stored.get("resourceType") == "OperationOutcome" and _says_error(stored):
            raise UnknownOutcome("outcome-says-error")
        created = answer.status == 201
        if stored.get("resourceType") == kind and _is_id(stored.get("id")):
            return Accepted(kind, stored["id"], _version_in(stored), created)
        location = _LOCATION.fullmatch(answer.headers.get("location", ""))
        if location and location[1] == kind:
            etag = _ETAG.fullmatch(answer.headers.get("etag", ""))
            return Accepted(kind, location[2], location[3] or (etag[1] if etag else ""), created)
    raise UnknownOutcome("no-id-in-answer")


def _object(answer: Answer) -> dict[str, Any]:
    """The JSON object of an answer to a write; {} for an empty or unreadable body."""
    try:
        found = wire.loads(answer.body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _resource(answer: Answer, kind: str) -> dict[str, Any]:
    """The resource of an answer to a read. TransientError when it is not the kind that was asked for."""
    found = _object(answer)
    if found.get("resourceType") != kind:
        raise TransientError("unreadable-answer")
    return found


def _says_error(outcome: Mapping[str, Any]) -> bool:
    return any(issue.get("severity") in ("error", "fatal") for issue in outcome.get("issue", ()))


def _version_in(resource: Mapping[str, Any]) -> str:
    version = resource.get("meta", {}).get("versionId")
    return version if _is_id(version) else ""


def _is_id(text: Any) -> TypeGuard[str]:
    return isinstance(text, str) and bool(_ID.fullmatch(text))


def _offers_create(kind: Mapping[str, Any]) -> bool:
    return any(interaction.get("code") == "create" for interaction in kind.get("interaction", ()))


def _is_match(entry: Mapping[str, Any]) -> bool:
    """A Bundle may carry included resources and an OperationOutcome beside the matches."""
    return bool(entry.get("search", {}).get("mode", "match") == "match")


def _matches(bundle: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [dict(entry.get("resource", {})) for entry in bundle.get("entry", ()) if _is_match(entry)]


def _is_about(resource: Mapping[str, Any], kind: str, patient_id: str) -> bool:
    about = resource.get("subject") or resource.get("patient") or {}
    found = _LOCATION.fullmatch(str(about.get("reference", "")))
    return resource.get("resourceType") == kind and found is not None and found.group(1, 2) == ("Patient", patient_id)


def _carries(resource: Mapping[str, Any], kind: str, identifier: Identifier) -> bool:
    own = resource.get("identifier", [])
    return (
        resource.get("resourceType") == kind
        and _is_id(resource.get("id"))
        and any(
            (one.get("system"), one.get("value")) == identifier for one in (own if isinstance(own, list) else [own])
        )
    )


def _token(identifier: Identifier) -> str:
    """system|value as a token parameter, with what separates such parameters escaped (FHIR R4, "Escaping")."""
    return "|".join(re.sub(r"([\\,$|])", r"\\\1", part) for part in identifier)
