"""The one place where an incident changes: under its row lock, along `policy.MOVES`, with its history."""

import logging
from typing import Any
from uuid import UUID

from audit.actions import Action, Actor, Ref
from audit.services import record
from core.crypto import UnreadableValue
from escalation import policy
from escalation.models import Incident

log = logging.getLogger(__name__)


class IllegalMove(Exception):
    """The incident is not in a state from which this can be done."""


def locked(incident_id: UUID) -> Incident:
    """The incident, locked until the transaction ends. Its snapshot is left closed: paging must not depend on it."""
    return Incident.every.select_for_update().defer("snapshot").get(pk=incident_id)


def move(incident: Incident, to: Incident.State, **changes: Any) -> None:
    """Change the state and what goes with it. Raises IllegalMove for an edge that `policy.MOVES` doesn't have."""
    if not policy.may_move(incident.state, to):
        raise IllegalMove(f"{incident.code} is {incident.state} and can't become {to.value}")
    keep(incident, state=to, **changes)


def keep(incident: Incident, **changes: Any) -> None:
    """Save columns with a history row. A snapshot that doesn't open costs the history row, never the page."""
    for name, value in changes.items():
        setattr(incident, name, value)
    try:
        assert incident.snapshot is not None  # opened here, because the history row copies it
    except UnreadableValue:
        log.error("incident %s: its snapshot does not open; paging goes on without a history row", incident.code)
        Incident.every.filter(pk=incident.pk).update(**changes)
    else:
        incident.save(update_fields=[*changes])


def evidence(action: Action, incident: Incident, actor: Actor, **context: object) -> None:
    record(
        action,
        actor=actor,
        obj=Ref("escalation.Incident", str(incident.id)),
        clinic_id=incident.clinic_id,
        patient_id=incident.patient_id,
        context=context,
    )
