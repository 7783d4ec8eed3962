"""What may be done with documents: publish, show, decide, revoke, disclose, seal."""

from consents.services.disclosing import (
    AlreadySettled,
    Authorization,
    authorize_disclosure,
    is_covered,
    settle_disclosure,
)
from consents.services.publishing import CannotPublish, install_documents, publish
from consents.services.revoking import NotRevocable, revoke
from consents.services.ruling import Due, documents_due, save_rule
from consents.services.sealing import read_document, seal_due
from consents.services.signing import (
    AlreadyDecided,
    CannotSign,
    NotPublished,
    OutdatedText,
    Shown,
    confirm_shown,
    decide,
    show,
)

__all__ = [
    "AlreadyDecided", "AlreadySettled", "Authorization", "CannotPublish", "CannotSign", "NotPublished",
    "NotRevocable", "Due", "OutdatedText", "Shown", "authorize_disclosure", "confirm_shown", "decide", "documents_due",
    "install_documents", "is_covered", "publish", "read_document", "revoke", "save_rule", "seal_due",
    "settle_disclosure", "show",
]  # fmt: skip
