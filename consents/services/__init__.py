"""What may be done with documents: publish, show, decide, revoke, disclose, seal."""

from consents.services.disclosing import (
    AlreadySettled,
    Authorization,
    authorize_disclosure,
    is_covered,
    settle_disclosure,
)
from consents.services.proving import Folder, FolderRow, altered, is_known, read_folder, sealed_as
from consents.services.publishing import CannotPublish, install_documents, publish
from consents.services.revoking import NotRevocable, revoke
from consents.services.sealing import read_document, seal_due
from consents.services.signing import (
    AlreadyDecided,
    CannotSign,
    NotPublished,
    OutdatedText,
    Shown,
    decide,
    show,
)
from consents.services.stamping import stamp_due

__all__ = [
    "AlreadyDecided", "AlreadySettled", "Authorization", "CannotPublish", "CannotSign", "Folder", "FolderRow",
    "NotPublished", "NotRevocable", "OutdatedText", "Shown", "altered", "authorize_disclosure",
    "decide", "install_documents", "is_covered", "is_known", "publish", "read_document", "read_folder", "revoke",
    "seal_due", "sealed_as", "settle_disclosure", "show", "stamp_due",
]  # fmt: skip
