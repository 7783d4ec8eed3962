"""What may be done with documents: publish, show, decide, revoke, disclose, seal."""

from consents.services.disclosing import (
    AlreadySettled,
    Authorization,
    authorize_disclosure,
    is_covered,
    settle_disclosure,
)
from consents.services.drafting import (
    ChangedMeanwhile,
    DraftExists,
    NameRefused,
    NotADraft,
    NotReviewable,
    SameAuthor,
    Words,
    approve,
    edit_draft,
    look_again,
    publication_faults,
    record_review,
    send_back,
    start_document,
    start_draft,
)
from consents.services.proving import Folder, FolderRow, altered, is_known, read_folder, sealed_as
from consents.services.publishing import CannotPublish, install_documents, publish, take_effect_due
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
    preview,
    show,
)
from consents.services.stamping import stamp_due

__all__ = [
    "AlreadyDecided", "AlreadySettled", "Authorization", "CannotPublish", "CannotSign", "ChangedMeanwhile",
    "DraftExists", "Due", "Folder", "FolderRow", "NameRefused", "NotADraft", "NotPublished", "NotReviewable",
    "NotRevocable", "OutdatedText", "SameAuthor", "Shown", "Words", "altered", "approve", "authorize_disclosure",
    "confirm_shown", "decide", "documents_due", "edit_draft", "install_documents", "is_covered", "is_known",
    "look_again", "preview", "publication_faults", "publish", "read_document", "read_folder", "record_review",
    "revoke", "save_rule", "seal_due", "sealed_as", "send_back", "settle_disclosure", "show", "stamp_due",
    "start_document", "start_draft", "take_effect_due",
]  # fmt: skip
