"""A dangerous answer becomes an incident, or joins the one that is open for its packet."""

import json
import logging
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID, uuid4

from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction

from audit.actions import Action, Actor
from core import clock
from core.crypto import UnreadableValue
from core.models import Patient
from escalation import policy
from escalation.models import Incident, Ladder
from escalation.services import paging
from escalation.services.transitions import evidence, keep

log = logging.getLogger(__name__)

# Read aloud over a bad line: no 0 and O, 1, I and L, U and V.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 8
TRIES = 5


@transaction.atomic
def open(  # noqa: A001  the word of the domain; callers write `escalation.services.open`
    *,
    patient: Patient,
    clinic_id: UUID,
    site_id: UUID | None,
    source_ref: UUID,
    urgency: str,
    trigger_key: str,
    trigger: Mapping[str, Any],
    actor: Actor,
    said_anew: Callable[[], bool] = lambda: False,
) -> Incident:
    """Make sure that somebody is told of this trigger, once, in the caller's transaction.

    A key that an incident of `source_ref` holds already changes nothing; where all that hold it are resolved,
    `said_anew` is asked whether it was taken back meanwhile and is said again, which is told like something new. An
    unresolved incident takes the trigger in and keeps its clock. Else a new one opens and its first pages are written.
    `trigger` (finding code, because, instrument, at) is PHI and is kept only in the encrypted snapshot.
    """
    entry = json.loads(json.dumps({**trigger, "key": trigger_key}, cls=DjangoJSONEncoder))
    about = {"patient": patient, "clinic_id": clinic_id, "site_id": site_id}
    return _open(about, source_ref, urgency, entry, actor, said_anew)


@transaction.atomic
def open_canary() -> Incident:
    """An incident about nobody, opened and paged by the same code as any other; its page goes to nobody."""
    entry = {"code": "canary", "key": "canary"}
    return _open({"is_canary": True}, uuid4(), "info", entry, paging.SYSTEM, lambda: False)


def _open(
    about: Mapping[str, Any],
    source_ref: UUID,
    urgency: str,
    entry: dict[str, Any],
    actor: Actor,
    said_anew: Callable[[], bool],
) -> Incident:
    for _ in range(TRIES):
        known = _incidents_of(source_ref)
        held = [one for one in known if _holds(one, entry["key"])]
        if held and (any(one.state != Incident.State.RESOLVED for one in held) or not said_anew()):
            return held[-1]
        if unresolved := next((one for one in known if one.state != Incident.State.RESOLVED), None):
            return _join(unresolved, entry, urgency, actor)
        try:
            with transaction.atomic():
                incident = _create(about, source_ref, urgency, entry)
        except IntegrityError:
            continue  # another transaction was first, or the code is taken: look again
        evidence(Action.INCIDENT_OPENED, incident, actor, urgency=urgency)
        paging.take_step(incident, policy.first_step(policy.parsed(incident.ladder)), actor=actor, why="opened")
        return incident
    raise RuntimeError("an incident could not be opened or joined")


def _incidents_of(source_ref: UUID) -> list[Incident]:
    """Locked, so that none is resolved while a trigger joins it."""
    ours = Incident.every.select_for_update().defer("snapshot").filter(source_ref=source_ref)
    return list(ours.order_by("opened_at"))


def _holds(incident: Incident, trigger_key: str) -> bool:
    """A snapshot that does not open holds nothing: telling twice is better than not telling."""
    try:
        return any(one["key"] == trigger_key for one in incident.snapshot["triggers"])
    except UnreadableValue:
        log.error("incident %s: its snapshot does not open", incident.code)
        return False


def _join(incident: Incident, entry: dict[str, Any], urgency: str, actor: Actor) -> Incident:
    """A later answer never lowers the urgency, moves the clock or undoes an acknowledgement; who took it is told."""
    snapshot = incident.snapshot
    triggers = [*snapshot["triggers"], {**entry, "added_at": clock.now().isoformat()}]
    keep(incident, snapshot={**snapshot, "triggers": triggers}, urgency=policy.worst(incident.urgency, urgency))
    evidence(Action.INCIDENT_JOINED, incident, actor, urgency=urgency, state=incident.state, triggers=len(triggers))
    if incident.state == Incident.State.ACKNOWLEDGED:
        paging.tell_added(incident)
    return incident


def _create(about: Mapping[str, Any], source_ref: UUID, urgency: str, entry: dict[str, Any]) -> Incident:
    now = clock.now()
    return Incident.every.create(
        **about,
        code="".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH)),
        source_ref=source_ref,
        urgency=urgency,
        snapshot={"triggers": [{**entry, "added_at": now.isoformat()}]},
        ladder=_frozen_ladder(about.get("clinic_id")),
        opened_at=now,
        due_at=now,
    )


def _frozen_ladder(clinic_id: UUID | None) -> list[dict[str, Any]]:
    """The clinic's ladder as it is now; the built-in one when there is none that can be followed."""
    if clinic_id is None:
        return policy.frozen(policy.DEFAULT_LADDER)
    steps = Ladder.objects.filter(clinic_id=clinic_id).values_list("steps", flat=True).first()
    if steps is not None and policy.faults(steps):
        log.error("clinic %s: its ladder can't be followed; the built-in one is used", clinic_id)
    return policy.frozen(policy.parsed(steps))
