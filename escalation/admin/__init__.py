"""Who is on call: rotations, overrides, the ladder, and the coming days. For administrators and supervisors; to the
front desk and to strangers these pages don't exist."""

from escalation.admin.ladders import LadderAdmin
from escalation.admin.rosters import OverrideAdmin, RotationAdmin

__all__ = ["LadderAdmin", "OverrideAdmin", "RotationAdmin"]
