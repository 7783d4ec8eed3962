"""Writes of escalation: `open`, who is told next, the pages, and what people do about them."""

from escalation.services.answering import (
    Acknowledged,
    AlreadyResolved,
    BadNextAttempt,
    MovedOn,
    NeedsNote,
    UnknownOutcome,
    UnseenTrigger,
    acknowledge,
    hand_over,
    not_reached,
    resolve,
)
from escalation.services.delivery import deliver_due, note_opened, note_report
from escalation.services.drilling import note_received, plan_drills, send_drills
from escalation.services.opening import open  # noqa: A004  `services.open` reads as the domain says it
from escalation.services.paging import advance_due
from escalation.services.rounds import claim as claim_round
from escalation.services.rounds import end as end_round
from escalation.services.telling import tell_supervisors
from escalation.services.transitions import IllegalMove
from escalation.services.watching import beat, keep_alarms, send_canary, tell_alarms
from escalation.services.whereabouts import tell_whereabouts

__all__ = [
    "Acknowledged",
    "AlreadyResolved",
    "BadNextAttempt",
    "IllegalMove",
    "MovedOn",
    "NeedsNote",
    "UnknownOutcome",
    "UnseenTrigger",
    "acknowledge",
    "advance_due",
    "beat",
    "claim_round",
    "deliver_due",
    "end_round",
    "hand_over",
    "keep_alarms",
    "not_reached",
    "note_opened",
    "note_received",
    "note_report",
    "open",
    "plan_drills",
    "resolve",
    "send_canary",
    "send_drills",
    "tell_alarms",
    "tell_supervisors",
    "tell_whereabouts",
]
