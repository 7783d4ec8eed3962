"""Who answered, in words for staff."""

from intake.models import Packet

RELATIONSHIPS = {
    "parent": "parent",
    "guardian": "legal guardian",
    "proxy": "health care power of attorney",
}


def who_answered(packet: Packet) -> str:
    """As they said themselves when they opened it; the name is PHI. "" while nobody has opened it."""
    if packet.state == Packet.State.INVITED:
        return ""
    words = "the patient"
    if packet.answered_by == Packet.AnsweredBy.GUARDIAN:
        words = f"{packet.respondent['name']} for the patient ({RELATIONSHIPS[packet.respondent['relationship']]})"
    return f"{words}, helped by {packet.assisted_by.full_name}" if packet.assisted_by else words
