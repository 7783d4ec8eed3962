"""Write what happened (`record`), seal it afterwards (`seal`), hand the seal's head to somebody else (`checkpoint`)."""

import json
import re
from collections.abc import Mapping
from contextvars import ContextVar
from pathlib import Path
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from audit import selectors
from audit.actions import Action, Actor, Ref
from audit.chain import GENESIS, leaf, link
from audit.models import Event, Leaf, Unsealed

SEAL_LOCK = 0x43414E44
SEAL_BATCH = 500
# An id, a code, a label or a hash: one token, ASCII. A sentence is not one.
PLAIN = re.compile(r"[A-Za-z0-9_.:/+=-]{0,80}")

request_id: ContextVar[str] = ContextVar("request_id", default="")


class NotRecordable(ValueError):
    """The context holds something that could be PHI: only ids, counts, flags and reason codes may be recorded."""


def record(
    action: Action,
    *,
    actor: Actor,
    obj: Ref,
    clinic_id: UUID | None = None,
    patient_id: UUID | None = None,
    context: Mapping[str, object] | None = None,
) -> None:
    """Record one event in the caller's transaction. Raises rather than skips: no evidence, no change."""
    Event.objects.create(
        action=Action(action).value,
        actor_kind=actor.kind,
        actor_id=actor.id,
        clinic_id=clinic_id,
        patient_id=patient_id,
        object_type=obj.type,
        object_id=obj.id,
        request_id=request_id.get(),
        context=_canonical_context(context or {}),
    )


def _canonical_context(context: Mapping[str, object]) -> str:
    for name, value in context.items():
        values = value if isinstance(value, list | tuple) else [value]
        for one in values:
            if not (one is None or isinstance(one, bool | int) or (isinstance(one, str) and PLAIN.fullmatch(one))):
                raise NotRecordable(f"context {name!r} is not an id, a count or a code")
    return json.dumps(context, sort_keys=True, separators=(",", ":"))


def seal() -> int:
    """Append waiting events to the sealed log; returns how many. One sequencer at a time, others return 0 at once."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [SEAL_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        waiting = list(Unsealed.objects.order_by("at", "event_id").values_list("event_id", flat=True)[:SEAL_BATCH])
        events = {event.id: event for event in Event.objects.filter(id__in=waiting)}
        last = Leaf.objects.order_by("-seq").first()
        seq, head = (last.seq, bytes(last.link_hash)) if last else (0, GENESIS)
        leaves = []
        for event_id in waiting:
            leaf_hash = leaf(settings.AUDIT_KEY, selectors.as_record(events[event_id]))
            seq, head = seq + 1, link(head, leaf_hash)
            leaves.append(Leaf(seq=seq, event_id=event_id, leaf_hash=leaf_hash, link_hash=head))
        Leaf.objects.bulk_create(leaves)
        Unsealed.objects.filter(event_id__in=waiting).delete()
    return len(waiting)


def checkpoint(folder: Path) -> Path | None:
    """Write the seal's head as a file for a place the database's owner can't write. None while nothing is sealed."""
    last = Leaf.objects.order_by("-seq").first()
    if last is None:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"checkpoint-{last.seq:012d}.json"
    body = {"origin": settings.BASE_URL, "seq": last.seq, "link": bytes(last.link_hash).hex()}
    target.write_text(json.dumps(body, indent=1) + "\n")
    return target
