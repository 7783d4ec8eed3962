"""May this be disclosed, now, to them, for that? Pure: rows in, a decision with its reasons out.

Sources: 42 CFR 2.31 (elements, expiry, defects, what is separate), 2.32 (notice), 2.33 (redisclosure), 2.35 (criminal
justice), 2.26 and 45 CFR 164.522 (limits that a patient asked for), 2.12 (applicability).
"""

import unicodedata
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


COUNSELING_NOTES = "sud_counseling_notes"
TPO_PURPOSES = frozenset({"TREAT", "HPAYMT", "HOPERAT"})
PROCEEDINGS, EMERGENCY = "HLEGAL", "ETREAT"

PART2_KINDS = frozenset(kind for kind in Kind if kind.startswith("part2_") and kind != Kind.PART2_NOTICE)


class Hipaa(StrEnum):
    """What HIPAA makes of a recipient; it decides what they may do with the record (42 CFR 2.33)."""

    COVERED_ENTITY = "ce"
    BUSINESS_ASSOCIATE = "ba"
    PART2_PROGRAM = "part2_program_nonCE"
    LAWFUL_HOLDER = "other_lawful_holder"
    NONE = "none"


class Role(StrEnum):
    """What a recipient is to the patient: the first four are the class of 2.31(a)(4)(i), for the single consent."""

    TREATING = "treating_provider"
    HEALTH_PLAN = "health_plan"
    PAYER = "third_party_payer"
    OPERATIONS = "helps_to_operate"
    CRIMINAL_JUSTICE = "criminal_justice"
    OTHER = "other"


TPO_CLASS = frozenset({Role.TREATING, Role.HEALTH_PLAN, Role.PAYER, Role.OPERATIONS})
HIPAA_BOUND = frozenset({Hipaa.COVERED_ENTITY, Hipaa.BUSINESS_ASSOCIATE})


class Expiry(StrEnum):
    """42 CFR 2.31(a)(7). The last two are enough for treatment, payment and operations only."""

    DATE = "date"
    EVENT = "event"
    END_OF_TREATMENT = "end_of_treatment"
    NONE = "none"


class Statement(StrEnum):
    """The statements that a consent must make, by their place in 42 CFR 2.31(a)."""

    HIPAA_REDISCLOSURE = "2.31(a)(4)(iii)"
    FUNDRAISING = "2.31(a)(5)(iii)"
    REVOCATION = "2.31(a)(6)"
    REVOCATION_LATER = "2.35(c)"
    REDISCLOSURE = "2.31(a)(10)(i)"
    REFUSAL = "2.31(a)(10)(ii)"


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

# 42 CFR 2.32(a)(2), verbatim: the short one of the two.
NOTICE_SHORT = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."

# Ours, not the regulation's: what the recipient may do next, by what HIPAA makes of them (42 CFR 2.33(b)).
REDISCLOSURE_HIPAA = (
    "If you are a covered entity or a business associate and received this record for treatment, payment or health "
    "care operations, you may use and disclose it as HIPAA permits, but not in civil, criminal, administrative or "
    "legislative proceedings against the patient (42 CFR 2.33(b)(1))."
)
REDISCLOSURE_NONE = (
    "You may use and disclose this record only as the patient's consent says, a copy or the scope of which comes with "
    "it (42 CFR 2.33(b)(2))."
)


@dataclass(frozen=True)
class Recipient:
    """Who would get it. `is_intermediary`: passes it on to others, and is no program, covered entity or associate."""

    name: str
    hipaa: Hipaa
    role: Role
    is_intermediary: bool = False


@dataclass(frozen=True)
class Intermediary:
    """42 CFR 2.31(a)(4)(ii): its name, and either its members by name or a class limited to treating providers."""

    name: str
    participants: frozenset[str] = frozenset()
    is_limited_to_treating: bool = False


@dataclass(frozen=True)
class Restriction:
    """A limit that binds; an empty set means all. `is_self_paid`: on health plans, for payment or operations."""

    recipients: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    is_self_paid: bool = False


@dataclass(frozen=True)
class Consent:
    """A Part 2 consent as the decision needs it: freshly read, never remembered. A field per element of 2.31(a).

    `recipients` are names, or Role codes where a class is meant. `unaltered`: what was shown still is what was signed.
    `ended`: its event came, or the treatment ended. `revoked_for`: recipients that may no longer get it. `uncompared`:
    signed on paper, and no second person has looked at the scan (our measure).
    """

    id: str
    kind: str
    decision: str
    patient_name: str
    disclosers: frozenset[str]
    categories: frozenset[str]
    recipients: frozenset[str]
    purposes: frozenset[str]
    statements: frozenset[str]
    revocation_how: str
    expiry: str
    signer_name: str
    signed_at: datetime | None
    expires_on: date | None = None
    expiry_event: str = ""
    intermediary: Intermediary | None = None
    is_for_fundraising: bool = False
    unaltered: bool = True
    ended: bool = False
    revoked: bool = False
    revoked_for: frozenset[str] = frozenset()
    suspected_false: bool = False
    uncompared: bool = False


@dataclass(frozen=True)
class Decision:
    """`consent_id` is the consent relied upon; `reasons` are codes."""

    permitted: bool
    reasons: tuple[str, ...]
    statements_to_accompany: tuple[str, ...] = ()
    consent_id: str = ""


def may_disclose(
    consents: tuple[Consent, ...],
    discloser: str,
    recipient: Recipient,
    purpose: str,
    categories: frozenset[str],
    at: datetime,
    *,
    protected: bool = True,
    restrictions: tuple[Restriction, ...] = (),
) -> Decision:
    """Decide for one record. Not protected: no consent is needed. Protected: one consent must cover it all, alone.

    A later "no" outweighs every earlier "yes" of its kind: the patient said it in writing, so nobody relies on the old
    paper. What the patient asked to be limited is looked at last, whatever was signed.
    """
    decision = Decision(True, ("not-a-part2-record",))
    if protected:
        decision = _by_consent(consents, discloser, recipient, purpose, categories, at)
    if decision.permitted and any(_forbids(one, recipient, purpose, categories) for one in restrictions):
        return Decision(False, ("restricted",))
    return decision


def _by_consent(
    consents: tuple[Consent, ...],
    discloser: str,
    recipient: Recipient,
    purpose: str,
    categories: frozenset[str],
    at: datetime,
) -> Decision:
    reasons: list[str] = []
    declined: set[str] = set()
    latest_first = sorted(consents, key=lambda one: one.signed_at or at, reverse=True)
    for consent in (one for one in latest_first if one.kind not in declined):
        if consent.kind in PART2_KINDS and consent.decision != "signed":
            faults = ["declined"]
            declined.add(consent.kind)
        else:
            faults = [
                *lacking(consent, recipient),
                *_no_longer(consent, recipient, at),
                *_not_covered(consent, discloser, recipient, purpose, categories),
            ]
        if not faults:
            return Decision(True, ("part2-consent",), _statements(consent, recipient), consent.id)
        reasons += [fault for fault in faults if fault not in reasons]
    return Decision(False, tuple(reasons) or ("no-part2-consent",))


def lacking(consent: Consent, recipient: Recipient) -> list[str]:
    """42 CFR 2.31(c)(2): which element of 2.31(a) it fails to show on its face, in the regulation's order."""
    is_tpo = bool(consent.purposes & TPO_PURPOSES)
    is_only_tpo = bool(consent.purposes) and consent.purposes <= TPO_PURPOSES
    states = consent.statements.__contains__
    is_referral = consent.kind == Kind.PART2_CJ_REFERRAL  # ends at its time or event, not at will (2.35(c))
    revocable = Statement.REVOCATION_LATER if is_referral else Statement.REVOCATION
    faults = {
        "no-patient-name": not consent.patient_name.strip(),
        "no-discloser": not consent.disclosers,
        "no-description": not consent.categories,
        "no-recipient": not consent.recipients,
        **_intermediary_faults(consent, recipient),
        "no-hipaa-statement": is_tpo and recipient.hipaa in HIPAA_BOUND and not states(Statement.HIPAA_REDISCLOSURE),
        "no-purpose": not consent.purposes,
        "no-fundraising-choice": consent.is_for_fundraising and not states(Statement.FUNDRAISING),
        "no-right-to-revoke": not states(revocable),
        "no-way-to-revoke": not consent.revocation_how.strip(),
        **_expiry_faults(consent, is_only_tpo),
        "no-signature": not consent.signer_name.strip(),
        "no-date": consent.signed_at is None,
        "no-redisclosure-statement": is_tpo and not states(Statement.REDISCLOSURE),
        "no-refusal-statement": is_tpo and not states(Statement.REFUSAL),
        "altered": not consent.unaltered,
    }
    return [code for code, failed in faults.items() if failed]


def _intermediary_faults(consent: Consent, recipient: Recipient) -> dict[str, bool]:
    """2.31(a)(4)(ii): members by name, or a class limited to those who treat the patient; one of the two."""
    if not recipient.is_intermediary:
        return {}
    named = consent.intermediary
    if named is None or not is_same(named.name, recipient.name):
        return {"intermediary-not-named": True}
    return {"intermediary-members": bool(named.participants) == named.is_limited_to_treating}


def _expiry_faults(consent: Consent, is_only_tpo: bool) -> dict[str, bool]:
    return {
        "no-expiry": (
            consent.expiry not in {*Expiry}
            or (consent.expiry == Expiry.DATE and consent.expires_on is None)
            or (consent.expiry == Expiry.EVENT and not consent.expiry_event.strip())
        ),
        "expiry-needs-date-or-event": (
            consent.expiry in (Expiry.NONE, Expiry.END_OF_TREATMENT) and bool(consent.purposes) and not is_only_tpo
        ),
    }


def _no_longer(consent: Consent, recipient: Recipient, at: datetime) -> list[str]:
    """42 CFR 2.31(c)(1), (3), (4): expired, known to be revoked, or known to be false."""
    checks = {
        "expired": consent.ended or (consent.expires_on is not None and consent.expires_on < at.date()),
        "revoked": consent.revoked,
        "revoked-for-recipient": any(is_same(name, recipient.name) for name in consent.revoked_for),
        "suspected-false": consent.suspected_false,
        "paper-not-compared": consent.uncompared,
        "not-signed-yet": consent.signed_at is not None and consent.signed_at > at,
    }
    return [code for code, failed in checks.items() if failed]


def _not_covered(
    consent: Consent, discloser: str, recipient: Recipient, purpose: str, categories: frozenset[str]
) -> list[str]:
    if consent.kind not in PART2_KINDS:
        return ["not-a-part2-consent"]
    named = recipient.role in consent.recipients or any(is_same(one, recipient.name) for one in consent.recipients)
    checks = {
        "separate-consent-needed": consent.kind not in _kinds_for(recipient, purpose, categories),
        "discloser-not-covered": bool(consent.disclosers)
        and not any(is_same(one, discloser) for one in consent.disclosers),
        "recipient-not-covered": bool(consent.recipients) and not named,
        "purpose-not-covered": bool(consent.purposes) and purpose not in consent.purposes,
        "categories-not-covered": bool(consent.categories) and (not categories or not categories <= consent.categories),
    }
    return [code for code, failed in checks.items() if failed]


def _kinds_for(recipient: Recipient, purpose: str, categories: frozenset[str]) -> frozenset[Kind]:
    """Which kinds of consent can cover this. Those of 2.31(b), (d) and 2.35 stand alone: none covers for another, and a
    record for which two of them would be needed is covered by neither."""
    separate = {
        Kind.PART2_COUNSELING_NOTES: COUNSELING_NOTES in categories,
        Kind.PART2_PROCEEDINGS: purpose == PROCEEDINGS,
        Kind.PART2_CJ_REFERRAL: recipient.role == Role.CRIMINAL_JUSTICE,
    }
    needed = frozenset(kind for kind, is_so in separate.items() if is_so)
    if not needed:
        return frozenset({Kind.PART2_TPO, Kind.PART2_SPECIFIC})
    return needed if len(needed) == 1 else frozenset()


def _statements(consent: Consent, recipient: Recipient) -> tuple[str, ...]:
    """What goes with the record (2.32(a)), and what its recipient may do with it (2.33(b))."""
    bound = recipient.hipaa in HIPAA_BOUND and consent.purposes <= TPO_PURPOSES
    return (NOTICE, REDISCLOSURE_HIPAA if bound else REDISCLOSURE_NONE)


def _forbids(limit: Restriction, recipient: Recipient, purpose: str, categories: frozenset[str]) -> bool:
    """An emergency is never held up by a limit (2.26); a self-paid one binds health plans and payers only."""
    if purpose == EMERGENCY:
        return False
    if limit.is_self_paid and (
        recipient.role not in (Role.HEALTH_PLAN, Role.PAYER) or purpose not in ("HPAYMT", "HOPERAT")
    ):
        return False
    return (
        (not limit.recipients or any(is_same(one, recipient.name) for one in limit.recipients))
        and (not limit.purposes or purpose in limit.purposes)
        and (not limit.categories or bool(categories & limit.categories))
    )


def is_same(one: str, other: str) -> bool:
    """Names as people write them: capitals, spaces, accents and punctuation don't tell two parties apart."""
    first, second = (
        "".join(filter(str.isalnum, unicodedata.normalize("NFKD", name).casefold())) or name for name in (one, other)
    )
    return first == second
