"""Who answered, in words for staff."""

from datetime import datetime
from uuid import UUID

from intake.models import Packet, Response

RELATIONSHIPS = {
    "parent": "parent",
    "guardian": "legal guardian",
    "proxy": "health care power of attorney",
}


def who_answered(packet: Packet) -> str:
    """As they said themselves when they opened it; the name is PHI. "" while nobody has opened it. One query.

    A member of staff who opened it with the patient helped with what was answered then, and with nothing else.
    """
    beside = list(Response.objects.filter(packet=packet).values_list("assisted_by__full_name", flat=True))
    if packet.state == Packet.State.INVITED:
        return ""
    words = "the patient"
    if packet.answered_by == Packet.AnsweredBy.GUARDIAN:
        words = f"{packet.respondent['name']} for the patient ({RELATIONSHIPS[packet.respondent['relationship']]})"
    helpers = sorted({name for name in beside if name})
    if not helpers:
        return words
    return f"{words}, {'partly ' if None in beside else ''}helped by {' and '.join(helpers)}"


def helped_since(packet_id: UUID) -> datetime | None:
    """When the first answer was given with help; None where none was."""
    helped = Response.history.filter(packet_id=packet_id, assisted_by__isnull=False)
    since: datetime | None = helped.order_by("history_date").values_list("history_date", flat=True).first()
    return since
