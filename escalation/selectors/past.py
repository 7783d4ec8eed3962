"""A patient's incidents as they are told afterwards: what they were about, and what was signed."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from core.crypto import UnreadableValue
from escalation.models import Incident
from escalation.selectors import triggers


@dataclass(frozen=True)
class Signed:
    """`what` is the outcome's kind, in words."""

    what: str
    signed_as: str
    at: datetime


@dataclass(frozen=True)
class Past:
    """`because` holds what was answered, in order; none where it can't be opened. PHI."""

    code: str
    opened_at: datetime
    because: tuple[str, ...]
    signed: Signed | None


def opened_since(patient_id: UUID, since: datetime) -> tuple[Past, ...]:
    """The latest first. Two queries for each."""
    ours = Incident.objects.filter(patient_id=patient_id, opened_at__gte=since)
    latest = ours.select_related("outcome").defer("snapshot", "outcome__note").order_by("-opened_at")
    return tuple(_past(one) for one in latest)


def _past(incident: Incident) -> Past:
    try:
        because = tuple(str(one.detail.get("because", "")) for one in triggers(incident))
    except UnreadableValue:
        because = ()
    outcome = getattr(incident, "outcome", None)
    signed = Signed(outcome.get_kind_display(), outcome.signed_as, outcome.at) if outcome else None
    return Past(incident.code, incident.opened_at, because, signed)
