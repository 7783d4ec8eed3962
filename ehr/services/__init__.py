"""Carry finished work to the chart: plan it, have it approved, push it, read it back."""

from ehr.services.approving import approve, reject
from ehr.services.planning import relay_finished
from ehr.services.pushing import push_due

__all__ = ["approve", "push_due", "reject", "relay_finished"]
