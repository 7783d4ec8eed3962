"""What may be done with documents: publish, show, decide, revoke, disclose, limit, account for, seal."""

from consents.services.accounting import Account, Report, account, as_csv
from consents.services.disclosing import (
    AlreadySettled,
    Authorization,
    Sending,
    authorize_disclosure,
    is_covered,
    settle_disclosure,
)
from consents.services.emergencies import Facts, MissingFact, disclose_in_emergency
from consents.services.privacy import close_task, report_held
from consents.services.publishing import CannotPublish, install_documents, publish
from consents.services.restricting import CannotRefuse, ask_restriction, decide_restriction, end_restriction
from consents.services.revoking import NotRevocable, end_treatment, revoke
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

__all__ = [
    "Account", "AlreadyDecided", "AlreadySettled", "Authorization", "CannotPublish", "CannotRefuse", "CannotSign",
    "Facts", "MissingFact", "NotPublished", "NotRevocable", "OutdatedText", "Report", "Sending", "Shown", "account",
    "as_csv", "ask_restriction", "authorize_disclosure", "close_task", "decide", "decide_restriction",
    "disclose_in_emergency", "end_restriction", "end_treatment", "install_documents", "is_covered", "publish",
    "read_document", "report_held", "revoke", "seal_due", "settle_disclosure", "show",
]  # fmt: skip
