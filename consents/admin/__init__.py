"""What compliance sees of documents: each with its versions and what can be done with them, and every text as it is."""

from consents.admin.documents import DocumentAdmin
from consents.admin.versions import DocumentVersionAdmin

__all__ = ["DocumentAdmin", "DocumentVersionAdmin"]
