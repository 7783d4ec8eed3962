"""Carry finished work to the chart: plan it, have it approved, push it, read it back."""

from ehr.services.approving import approve, edit, reject
from ehr.services.comparing import ask_chart, read_charts_due
from ehr.services.planning import relay_finished
from ehr.services.pushing import push_due

__all__ = ["approve", "ask_chart", "edit", "push_due", "read_charts_due", "reject", "relay_finished"]
