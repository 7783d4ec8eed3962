"""The port to a chart: six verbs, and four ways in which they fail.

Each error carries `reason`, a short code that is safe to store and to log: never the chart's own words, which may
repeat what we sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

Identifier = tuple[str, str]
"""A business identifier as (system, value)."""


class GatewayError(Exception):
    """The chart did not do what was asked."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class TransientError(GatewayError):
    """Nothing was written, and later it may work. `retry_after` is in seconds, where the chart said so."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class ConnectionFault(TransientError):
    """The connection itself must be mended by a person (address, key, client id): no single item is at fault."""


class UnknownOutcome(GatewayError):
    """It may have been written: the request left, and no answer that can be relied upon came back. Search first."""

    def __init__(self, reason: str, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class PermanentError(GatewayError):
    """The chart refuses this for good. `where` are issue codes and paths of its OperationOutcome, without values."""

    def __init__(self, status: int, where: tuple[str, ...] = ()) -> None:
        super().__init__(f"status-{status}")
        self.status = status
        self.where = where


class ConflictError(GatewayError):
    """More than one match, or a version that is not the current one: a person decides."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The chart says that it has it; not yet read back. `created` is False where it was there before."""

    type: str
    id: str
    version: str
    created: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A resource in the chart that carries the identifier searched for."""

    type: str
    id: str
    version: str
    resource: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What a chart says of itself; each set holds resource types."""

    software: str
    writable: frozenset[str]
    conditional_create: frozenset[str]
    update_create: frozenset[str]


class Gateway(Protocol):
    """A chart. Every method raises GatewayError; `create` and `put` alone may raise UnknownOutcome."""

    def create(self, resource: Mapping[str, Any], identifier: Identifier) -> Accepted:
        """Create unless the chart has a resource of that type with that identifier. ConflictError at two or more."""

    def put(self, resource: Mapping[str, Any], resource_id: str, *, version: str = "") -> Accepted:
        """Write under an id of ours, created or replaced; with `version` only if that is still the current one."""

    def search(self, resource_type: str, identifier: Identifier) -> tuple[Found, ...]:
        """All resources of the type that carry the identifier."""

    def of_patient(self, resource_type: str, patient_id: str) -> tuple[dict[str, Any], ...]:
        """All resources of the type about this Patient, every page of them or none."""

    def read(self, resource_type: str, resource_id: str) -> dict[str, Any]:
        """The resource as the chart holds it now; numbers with a fraction are Decimals."""

    def capabilities(self) -> Capabilities:
        """What the chart can do."""
