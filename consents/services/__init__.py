"""What may be done with documents: publish, show, decide, revoke, disclose, limit, account for.

`sealing`, `stamping` and `verifying` are asked by their own names: they load what signs PDFs, which few processes need.
"""

from consents.services.accounting import Account, Report, account, as_csv
from consents.services.disclosing import (
    AlreadySettled,
    Authorization,
    Sending,
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
from consents.services.emergencies import Facts, MissingFact, disclose_in_emergency
from consents.services.on_paper import OnPaper, decide_on_paper
from consents.services.papers import (
    NotAPaper,
    NotASecondPerson,
    NotTheSame,
    Scan,
    compare_paper,
    read_paper,
    read_scan,
)
from consents.services.printing import print_blank
from consents.services.privacy import NotAnswered, close_task, report_held
from consents.services.proving import Folder, FolderRow, altered, is_known, read_folder, sealed_as
from consents.services.publishing import CannotPublish, install_documents, publish, take_effect_due
from consents.services.reading import read_document
from consents.services.restricting import CannotRefuse, ask_restriction, decide_restriction, end_restriction
from consents.services.revoking import NotRevocable, end_treatment, revoke
from consents.services.ruling import Due, defaults_in_force, documents_due, save_rule
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
from consents.services.telling import Channel, NotYetTold, OtherWords, Told, write_down

__all__ = [
    "Account", "AlreadyDecided", "AlreadySettled", "Authorization", "CannotPublish", "CannotRefuse", "CannotSign",
    "ChangedMeanwhile", "Channel", "DraftExists", "Due", "Facts", "Folder", "FolderRow", "MissingFact",
    "NameRefused", "NotADraft", "NotAPaper", "NotASecondPerson", "NotAnswered", "NotPublished", "NotReviewable",
    "NotRevocable", "NotTheSame", "NotYetTold", "OnPaper", "OtherWords", "OutdatedText", "Report", "SameAuthor",
    "Scan", "Sending", "Shown", "Told", "Words", "account", "altered", "approve", "as_csv", "ask_restriction",
    "authorize_disclosure", "close_task", "compare_paper", "confirm_shown", "decide", "decide_on_paper",
    "decide_restriction", "defaults_in_force", "disclose_in_emergency", "documents_due", "edit_draft",
    "end_restriction", "end_treatment", "install_documents", "is_covered", "is_known", "look_again", "preview",
    "print_blank", "publication_faults", "publish", "read_document", "read_folder", "read_paper", "read_scan",
    "record_review", "report_held", "revoke", "save_rule", "sealed_as", "send_back", "settle_disclosure",
    "show", "start_document", "start_draft", "take_effect_due", "write_down",
]  # fmt: skip
