"""Writes of escalation: `open`, who is told next, the pages, and what people do about them."""

from escalation.services.answering import (
    Acknowledged,
    AlreadyResolved,
    BadNextAttempt,
    NeedsNote,
    UnknownOutcome,
    acknowledge,
    hand_over,
    not_reached,
    resolve,
)
from escalation.services.delivery import deliver_due, note_opened, note_report
from escalation.services.opening import open  # noqa: A004  `services.open` reads as the domain says it
from escalation.services.paging import advance_due
from escalation.services.transitions import IllegalMove
from escalation.services.whereabouts import tell_whereabouts

__all__ = [
    "Acknowledged",
    "AlreadyResolved",
    "BadNextAttempt",
    "IllegalMove",
    "NeedsNote",
    "UnknownOutcome",
    "acknowledge",
    "advance_due",
    "deliver_due",
    "hand_over",
    "not_reached",
    "note_opened",
    "note_report",
    "open",
    "resolve",
    "tell_whereabouts",
]
