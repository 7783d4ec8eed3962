"""Writes of escalation: `open`, who is told next, the pages, and what people do about them."""

from escalation.services.answering import (
    Acknowledged,
    AlreadyResolved,
    NeedsNote,
    UnknownOutcome,
    acknowledge,
    hand_over,
    resolve,
)
from escalation.services.delivery import deliver_due, note_opened, note_report
from escalation.services.opening import open  # noqa: A004  `services.open` reads as the domain says it
from escalation.services.paging import advance_due
from escalation.services.transitions import IllegalMove

__all__ = [
    "Acknowledged",
    "AlreadyResolved",
    "IllegalMove",
    "NeedsNote",
    "UnknownOutcome",
    "acknowledge",
    "advance_due",
    "deliver_due",
    "hand_over",
    "note_opened",
    "note_report",
    "open",
    "resolve",
]
