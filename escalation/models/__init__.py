"""Ladders, who is on call, incidents, their pages, who acknowledged, what was done; who watches all that."""

from escalation.models.incidents import (
    Acknowledgement,
    ContactAttempt,
    HandOver,
    Incident,
    Outcome,
    Page,
    RealIncidents,
    Whereabouts,
)
from escalation.models.roster import Ladder, LadderChange, Level, Override, Rotation, RotationMember, Shift
from escalation.models.watch import Alarm, Drill, Round

__all__ = [
    "Acknowledgement",
    "Alarm",
    "ContactAttempt",
    "Drill",
    "HandOver",
    "Incident",
    "Ladder",
    "LadderChange",
    "Level",
    "Outcome",
    "Override",
    "Page",
    "RealIncidents",
    "Rotation",
    "RotationMember",
    "Round",
    "Shift",
    "Whereabouts",
]
