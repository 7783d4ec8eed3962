"""What the front desk and the clinic's administrators see of intake: packets here, the form library beside them."""

from intake.admin.library import FormRuleAdmin, InstrumentRightAdmin
from intake.admin.packets import PacketAdmin, qr_image

__all__ = ["FormRuleAdmin", "InstrumentRightAdmin", "PacketAdmin", "qr_image"]
