"""What compliance sees: each document with what can be done with it, every text as it is, and what packets ask."""

from consents.admin.documents import DocumentAdmin
from consents.admin.rules import ConsentRuleAdmin
from consents.admin.versions import DocumentVersionAdmin

__all__ = ["ConsentRuleAdmin", "DocumentAdmin", "DocumentVersionAdmin"]
