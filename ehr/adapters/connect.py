"""From a clinic's connection settings to the gateway that talks to its chart."""

from typing import Protocol
from urllib.parse import urlsplit

from ehr.adapters.base import ConnectionFault, Gateway
from ehr.adapters.fhir_r4 import Authorization, FhirR4Gateway
from ehr.adapters.smart import BackendServices
from ehr.adapters.transport import Transport, is_loopback

SMART = "smart"


class ConnectionSettings(Protocol):
    """What a connection must know; `auth` is "smart", or anything else for a sandbox on this machine."""

    @property
    def base_url(self) -> str: ...
    @property
    def auth(self) -> str: ...
    @property
    def client_id(self) -> str: ...
    @property
    def private_key(self) -> str: ...


class _NoToken:
    """Nobody sends a record to another machine without saying who they are."""

    def token(self) -> str:
        raise ConnectionFault("no-authorization")

    def forget(self) -> None:
        """There is none to forget."""


def gateway_for(connection: ConnectionSettings, *, allow_loopback: bool = False) -> Gateway:
    """A gateway for one thread. Never fails: a bad address or key is a ConnectionFault at the first use."""
    transport = Transport(allow_loopback=allow_loopback)
    base_url = connection.base_url.rstrip("/")
    return FhirR4Gateway(transport, base_url, _authorization(connection, transport, base_url))


def _authorization(connection: ConnectionSettings, transport: Transport, base_url: str) -> Authorization | None:
    if connection.auth == SMART:
        return BackendServices(
            transport, fhir_base=base_url, client_id=connection.client_id, private_key_pem=connection.private_key
        )
    return None if is_loopback(urlsplit(base_url).hostname or "") else _NoToken()
