"""Documents, their frozen versions, who signed which, what was revoked, and what left under which consent."""

from consents.models.disclosures import Disclosure, EmergencyDisclosure, PrivacyTask, RestrictionRequest
from consents.models.documents import ConsentRule, Document, DocumentVersion, Review
from consents.models.papers import Paper, PaperComparison
from consents.models.signatures import Revocation, SealedDocument, Signature, Timestamp

__all__ = [
    "ConsentRule", "Disclosure", "Document", "DocumentVersion", "EmergencyDisclosure", "Paper", "PaperComparison",
    "PrivacyTask", "RestrictionRequest", "Review", "Revocation", "SealedDocument", "Signature", "Timestamp",
]  # fmt: skip
