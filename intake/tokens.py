"""Link tokens and printed codes: random, stored only as keyed digests, so that the database opens nothing."""

import secrets
import time
from datetime import UTC, datetime
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer

from core.crypto import blind_index

# No 0/O, 1/I/L: people read the code to each other over the phone.
ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
CODE_LENGTH = 10


def new_token() -> str:
    """192 random bits for the link's fragment."""
    return secrets.token_urlsafe(24)


def new_code() -> str:
    """Ten characters (about 49 bits) for a letter or a text message."""
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def digest(secret: str) -> str:
    """What is stored of a token or a code; a code may be typed with spaces, dashes and small letters."""
    squeezed = "".join(char for char in secret.upper() if char.isalnum())
    is_code = len(squeezed) == CODE_LENGTH
    return blind_index(settings.INDEX_KEY, squeezed if is_code else secret.strip(), context="packet.link")


def stamp(packet_id: UUID, slug: str, sha256: str) -> str:
    """That this document's text was shown in this packet now; it comes back with the decision."""
    return _stamper(packet_id, slug, sha256).sign(str(int(time.time())))


def stamped_at(text: str, packet_id: UUID, slug: str, sha256: str) -> datetime | None:
    """When it was shown, by our own clock; None for what we did not stamp, or stamped for another text or packet."""
    try:
        return datetime.fromtimestamp(int(_stamper(packet_id, slug, sha256).unsign(text)), UTC)
    except BadSignature:
        return None


def _stamper(packet_id: UUID, slug: str, sha256: str) -> Signer:
    return Signer(salt=f"intake.shown.{packet_id}.{slug}.{sha256}")
