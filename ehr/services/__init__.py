"""Carry finished work to the chart: plan it, have it approved, push it, read it back."""

from ehr.services.approving import NotYours, approve, edit, enter_by_hand, reject
from ehr.services.comparing import ask_chart, read_charts_due
from ehr.services.planning import relay_finished
from ehr.services.pushing import push_due

__all__ = [
    "NotYours", "approve", "ask_chart", "edit", "enter_by_hand", "push_due", "read_charts_due", "reject",
    "relay_finished",
]  # fmt: skip
