"""Encryption of single values and keyed blind indexes. Pure: keys are arguments, nothing is read from settings.

Cipher: AES-256-GCM with a random 96-bit nonce (NIST SP 800-38D). Text form `v1.<key id>.<base64(nonce|ct|tag)>`.
The additional data binds a value to its column, so a ciphertext moved to another column does not open.
It can't bind the row (the row is not known when a value is read): a swap within one column is not noticed here.
"""

import base64
import binascii
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12


class UnreadableValue(Exception):
    """A stored value can't be opened: wrong or missing key, altered bytes, or another column's value."""


@dataclass(frozen=True)
class Keyring:
    """Keys by id, 32 bytes each; the first one encrypts, all of them read."""

    keys: Mapping[str, bytes]

    @property
    def active(self) -> str:
        return next(iter(self.keys))


def _bound(kid: str, context: str) -> bytes:
    return f"v1|{kid}|{context}".encode()


def encrypt(ring: Keyring, plaintext: str, *, context: str) -> str:
    """Seal `plaintext` for the column named by `context` under the active key."""
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(ring.keys[ring.active]).encrypt(nonce, plaintext.encode(), _bound(ring.active, context))
    return f"v1.{ring.active}.{base64.b64encode(nonce + sealed).decode()}"


def decrypt(ring: Keyring, stored: str, *, context: str) -> str:
    """Open a stored value. Raises UnreadableValue; never returns an empty or partial text instead."""
    version, _, rest = stored.partition(".")
    kid, _, body = rest.partition(".")
    if version != "v1" or kid not in ring.keys:
        raise UnreadableValue(f"{context}: no key {kid!r} for a stored value")
    try:
        raw = base64.b64decode(body, validate=True)
        opened = AESGCM(ring.keys[kid]).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], _bound(kid, context))
    except (binascii.Error, ValueError, InvalidTag) as error:
        raise UnreadableValue(f"{context}: a stored value does not open with key {kid!r}") from error
    return opened.decode()


def blind_index(key: bytes, value: str, *, context: str) -> str:
    """Keyed digest (HMAC-SHA-256) for exact-match search; empty for an empty value.

    Whoever holds the database learns which rows share a value; whoever also holds the key can enumerate guesses.
    """
    if not value:
        return ""
    return hmac.new(key, f"{context}|{value}".encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()
