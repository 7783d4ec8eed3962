"""May this be disclosed, now, to them, for that? Pure: rows in, a decision with its reasons out.

Sources: 42 CFR 2.31 (elements, expiry, defects), 2.32 (notice that accompanies), 2.33 (TPO), 2.12 (applicability).
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class Kind(StrEnum):
    """One kind per document: 42 CFR 2.31(b), (d), 2.35 and 45 CFR 164.508(b)(3) forbid combining some of them.

    The labels are read at the front desk, so they say nothing about what a program treats (42 CFR 2.13(c)).
    """

    ESIGN = "esign"
    NPP_ACK = "npp_ack"
    PART2_NOTICE = "part2_notice"
    TREATMENT = "treatment"
    TELEHEALTH = "telehealth"
    PART2_TPO = "part2_tpo"
    PART2_SPECIFIC = "part2_specific"
    PART2_COUNSELING_NOTES = "part2_counseling_notes"
    PART2_PROCEEDINGS = "part2_proceedings"
    PART2_CJ_REFERRAL = "part2_cj_referral"
    HIPAA_AUTHORIZATION = "hipaa_authorization"
    COMMS = "comms"
    AI_USE = "ai_use"

    @property
    def label(self) -> str:
        return _LABELS[self]


_LABELS = {
    Kind.ESIGN: "signing on a screen",
    Kind.NPP_ACK: "privacy notice, acknowledgement",
    Kind.PART2_NOTICE: "privacy notice, federal protection",
    Kind.TREATMENT: "consent to treatment",
    Kind.TELEHEALTH: "visits by video or telephone",
    Kind.PART2_TPO: "permission to share",
    Kind.PART2_SPECIFIC: "permission to share with one recipient",
    Kind.PART2_COUNSELING_NOTES: "permission to share a counselor's notes",
    Kind.PART2_PROCEEDINGS: "permission for a legal case",
    Kind.PART2_CJ_REFERRAL: "permission to share with a referring agency",
    Kind.HIPAA_AUTHORIZATION: "authorization to release",
    Kind.COMMS: "text messages and e-mail",
    Kind.AI_USE: "use of writing tools",
}


class Category(StrEnum):
    """What a record is about, as a consent describes it (42 CFR 2.31(a)(3)). Counseling notes are not among them:
    they need a consent of their own (2.31(b))."""

    DEMOGRAPHICS = "demographics"
    SUBSTANCE_USE = "substance_use"
    RESULTS = "results"
    MEDICATIONS = "medications"
    TREATMENT_PLAN = "treatment_plan"
    ATTENDANCE = "attendance"
    BILLING = "billing"
    INTAKE_ANSWERS = "intake_answers"


TPO_PURPOSES = frozenset({"TREAT", "HPAYMT", "HOPERAT"})

# 42 CFR 2.32(a)(1), verbatim; it travels with each disclosure made with the patient's consent.
NOTICE = (
    "This record which has been disclosed to you is protected by Federal confidentiality rules (42 CFR part 2). "
    "These rules prohibit you from using or disclosing this record, or testimony that describes the information "
    "contained in this record, in any civil, criminal, administrative, or legislative proceedings by any Federal, "
    "State, or local authority, against the patient, unless authorized by the consent of the patient, except as "
    "provided at 42 CFR 2.12(c)(5) or as authorized by a court in accordance with 42 CFR 2.64 or 2.65. In addition, "
    "the Federal rules prohibit you from making any other use or disclosure of this record unless at least one of "
    "the following applies:\n"
    "(i) Further use or disclosure is expressly permitted by the written consent of the individual whose information "
    "is being disclosed in this record or as otherwise permitted by 42 CFR part 2.\n"
    "(ii) You are a covered entity or business associate and have received the record for treatment, payment, or "
    "health care operations, or\n"
    "(iii) You have received the record from a covered entity or business associate as permitted by 45 CFR part 164, "
    "subparts A and E.\n"
    "A general authorization for the release of medical or other information is NOT sufficient to meet the required "
    "elements of written consent to further use or redisclose the record (see 42 CFR 2.31)."
)


@dataclass(frozen=True)
class Consent:
    """A Part 2 consent as the decision needs it: freshly read, never remembered.

    `complete`: on its face it has every element of 2.31(a), and what was shown still is what was signed.
    """

    id: str
    kind: str
    decision: str
    signed_at: datetime
    expires_on: date | None
    purposes: frozenset[str]
    categories: frozenset[str]
    complete: bool
    revoked: bool
    suspected_false: bool


@dataclass(frozen=True)
class Decision:
    """`consent_id` is the consent relied upon; `reasons` are codes; `statements` must accompany the record."""

    permitted: bool
    reasons: tuple[str, ...]
    consent_id: str = ""
    statements: tuple[str, ...] = ()


def may_disclose(
    consents: tuple[Consent, ...], *, protected: bool, purpose: str, categories: frozenset[str], at: datetime
) -> Decision:
    """Decide for one record. Not protected: permitted, nothing relied upon. Protected: one consent must cover it all.

    A later "no" outweighs every earlier "yes": the patient said it in writing, so nobody relies on the old paper.
    """
    if not protected:
        return Decision(True, ("not-a-part2-record",))
    reasons: list[str] = []
    for consent in sorted(consents, key=lambda one: one.signed_at, reverse=True):
        faults = _faults(consent, purpose, categories, at)
        if not faults:
            return Decision(True, ("part2-consent",), consent.id, (NOTICE,))
        reasons += [fault for fault in faults if fault not in reasons]
        if "declined" in faults:
            break
    return Decision(False, tuple(reasons) or ("no-part2-consent",))


def _faults(consent: Consent, purpose: str, categories: frozenset[str], at: datetime) -> list[str]:
    """42 CFR 2.31(c): expired, defective, revoked, or known to be false."""
    checks = {
        "not-a-part2-consent": consent.kind != Kind.PART2_TPO,
        "declined": consent.kind == Kind.PART2_TPO and consent.decision != "signed",
        "incomplete": not consent.complete,
        "revoked": consent.revoked,
        "suspected-false": consent.suspected_false,
        "expired": consent.expires_on is not None and consent.expires_on < at.date(),
        "not-signed-yet": consent.signed_at > at,
        "purpose-not-covered": purpose not in consent.purposes,
        "categories-not-covered": not categories or not categories <= consent.categories,
    }
    return [code for code, failed in checks.items() if failed]
