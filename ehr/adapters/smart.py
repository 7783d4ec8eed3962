"""SMART Backend Services: an access token for a client that proves itself with its private key.

SMART App Launch 2.x, "Backend Services" and "Client Authentication: Asymmetric": discovery by
/.well-known/smart-configuration, a signed assertion (RS384 or ES384, at most five minutes, used once) for a token.
"""

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from ehr.adapters.base import ConnectionFault, TransientError
from ehr.adapters.transport import Answer, Transport
from ehr.mapping import wire

TYPES = (
    "Patient",
    "QuestionnaireResponse",
    "Observation",
    "AllergyIntolerance",
    "MedicationStatement",
    "Consent",
    "DocumentReference",
)
# Orders are the prescriber's: they are read, beside what the patient says they take, and never written.
SCOPE = " ".join([*(f"system/{kind}.crus" for kind in TYPES), "system/MedicationRequest.rs"])
ASSERTION_SECONDS = 240
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
SMALLEST_RSA = 2048


def jwks(private_key_pem: str) -> dict[str, Any]:
    """The public half, as the JWK Set to register with the chart's vendor. ValueError when that is no usable key."""
    key, algorithm = _key(private_key_pem)
    return {"keys": [{**key.as_dict(private=False), "kid": key.thumbprint(), "alg": algorithm, "use": "sig"}]}


def _key(pem: str) -> tuple[RSAKey | ECKey, str]:
    for kind, algorithm in ((RSAKey, "RS384"), (ECKey, "ES384")):
        try:
            key = kind.import_key(pem)
        except (JoseError, ValueError, TypeError):
            continue
        if key.is_private and _strong_enough(key):
            return key, algorithm
    raise ValueError("The key must be a PEM private key: RSA with at least 2048 bits, or elliptic curve P-384.")


def _strong_enough(key: RSAKey | ECKey) -> bool:
    if isinstance(key, RSAKey):
        return key.raw_value.key_size >= SMALLEST_RSA
    return key.curve_name == "P-384"


class BackendServices:
    """Tokens for one chart, kept until shortly before they expire. Raises TransientError and ConnectionFault."""

    def __init__(
        self,
        transport: Transport,
        *,
        fhir_base: str,
        client_id: str,
        private_key_pem: str,
        scope: str = SCOPE,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._transport = transport
        self._fhir_base = fhir_base
        self._client_id = client_id
        self._private_key_pem = private_key_pem
        self._scope = scope
        self._now = now
        self._token_endpoint = ""
        self._token = ""
        self._good_until = 0.0

    def token(self) -> str:
        """A bearer token, fetched if there is none that still holds."""
        if not self._token or self._now() >= self._good_until:
            self._fetch()
        return self._token

    def forget(self) -> None:
        """The chart refused the token: the next call fetches another."""
        self._token = ""

    def _fetch(self) -> None:
        endpoint = self._discovered()
        form = {
            "grant_type": "client_credentials",
            "scope": self._scope,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": self._assertion(endpoint),
        }
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        answer = self._transport.send("POST", endpoint, headers=headers, body=urlencode(form).encode())
        granted = _json(answer, "client-refused")
        if str(granted.get("token_type", "")).lower() != "bearer" or not isinstance(granted.get("access_token"), str):
            raise ConnectionFault("no-token")
        lifetime = granted.get("expires_in")
        seconds = lifetime if isinstance(lifetime, int) else 0
        self._token = granted["access_token"]
        self._good_until = self._now() + seconds - min(30, seconds / 2)

    def _discovered(self) -> str:
        if not self._token_endpoint:
            address = f"{self._fhir_base}/.well-known/smart-configuration"
            answer = self._transport.send("GET", address, headers={"accept": "application/json"})
            endpoint = _json(answer, "no-smart-configuration").get("token_endpoint")
            if not isinstance(endpoint, str):
                raise ConnectionFault("no-smart-configuration")
            self._token_endpoint = endpoint
        return self._token_endpoint

    def _assertion(self, audience: str) -> str:
        try:
            key, algorithm = _key(self._private_key_pem)
        except ValueError as error:
            raise ConnectionFault("private-key") from error
        now = int(self._now())
        claims = {
            "iss": self._client_id,
            "sub": self._client_id,
            "aud": audience,
            "iat": now,
            "exp": now + ASSERTION_SECONDS,
            "jti": str(uuid4()),
        }
        header = {"alg": algorithm, "typ": "JWT", "kid": key.thumbprint()}
        return jwt.encode(header, claims, key, algorithms=[algorithm])


def _json(answer: Answer, refused: str) -> dict[str, Any]:
    """The object in an answer of status 200; a busy server is waited for, any other answer is a fault."""
    if answer.status == 429 or answer.status >= 500:
        raise TransientError(f"authorization-{answer.status}", answer.retry_after)
    if answer.status != 200:
        raise ConnectionFault(refused)
    try:
        found = wire.loads(answer.body)
    except ValueError as error:
        raise ConnectionFault(refused) from error
    if not isinstance(found, dict):
        raise ConnectionFault(refused)
    return found
