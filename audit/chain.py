"""Canonical bytes of an event, and the chain that makes a change show. Pure.

Leaf: HMAC-SHA-256 over the canonical bytes with a key kept outside the database, so that somebody who holds
only the database can't forge one. Link: SHA-256(0x01 || previous link || leaf). A chain alone can't show that
its tail was cut: a checkpoint kept elsewhere does, up to that checkpoint.
"""

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

GENESIS = hashlib.sha256(b"candor audit chain v1").digest()


@dataclass(frozen=True)
class Record:
    """One event as it is hashed. Times are UTC with microseconds; texts are hashed as stored, not normalised."""

    id: str
    at: datetime
    action: str
    actor_kind: str
    actor_id: str
    clinic_id: str
    patient_id: str
    object_type: str
    object_id: str
    request_id: str
    context: str


def canonical(record: Record) -> bytes:
    """Version byte, then each field with its length (4 bytes, big endian)."""
    parts = (
        record.id, record.at.astimezone(UTC).isoformat(timespec="microseconds"), record.action,
        record.actor_kind, record.actor_id, record.clinic_id, record.patient_id,
        record.object_type, record.object_id, record.request_id, record.context,
    )  # fmt: skip
    encoded = (part.encode() for part in parts)
    return b"\x01" + b"".join(len(part).to_bytes(4, "big") + part for part in encoded)


def leaf(key: bytes, record: Record) -> bytes:
    return hmac.new(key, canonical(record), hashlib.sha256).digest()


def link(previous: bytes, leaf_hash: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + previous + leaf_hash).digest()


@dataclass(frozen=True)
class Sealed:
    """A stored leaf beside the event it seals (`record` is None when the event is gone)."""

    seq: int
    event_id: str
    leaf_hash: bytes
    link_hash: bytes
    record: Record | None


@dataclass(frozen=True)
class Fault:
    seq: int
    event_id: str
    reason: str


@dataclass(frozen=True)
class Verdict:
    """`checked` leaves up to the first fault; `links` holds the recomputed link of each asked-for sequence."""

    checked: int
    head: bytes
    fault: Fault | None
    links: dict[int, bytes]


def verify(key: bytes, sealed: Iterable[Sealed], *, wanted: frozenset[int] = frozenset()) -> Verdict:
    """Recompute every leaf and link in order; stop at the first that does not hold."""
    head, expected = GENESIS, 1
    links: dict[int, bytes] = {}
    for item in sealed:
        reason = _why_broken(key, item, expected, head)
        if reason:
            return Verdict(expected - 1, head, Fault(item.seq, item.event_id, reason), links)
        head = item.link_hash
        if item.seq in wanted:
            links[item.seq] = head
        expected += 1
    return Verdict(expected - 1, head, None, links)


def _why_broken(key: bytes, item: Sealed, expected: int, head: bytes) -> str:
    if item.seq != expected:
        return f"sequence {expected} is missing"
    if item.record is None:
        return "the event is gone"
    if not hmac.compare_digest(leaf(key, item.record), item.leaf_hash):
        return "the event was changed after it was sealed"
    if not hmac.compare_digest(link(head, item.leaf_hash), item.link_hash):
        return "the chain was cut or re-ordered here"
    return ""
