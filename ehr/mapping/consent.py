"""Consent: what was agreed to, or not.

Signed is active. Declined is rejected and denies. A refused acknowledgement of the privacy notice is rejected and
denies nothing: the notice holds whether or not its receipt is acknowledged (45 CFR 164.520(c)(2)(ii)). `verification`
is left out: it is for facts confirmed with the patient, not proof of an electronic signature. An expiry by event or
none has no `period.end`, one by date has. Whoever signs for the patient is the performer. What R4 has no field for (how
to revoke, what follows from refusing) is in the PDF.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ehr.mapping.codes import (
    CONSENT_DOCUMENT,
    LOINC,
    PRIVACY_ACKNOWLEDGEMENT,
    RELEASE_OF_INFORMATION,
    TERMINOLOGY,
    coding,
    concept,
    hl7,
)
from ehr.mapping.drafts import INTAKE_ANSWERS, PATIENT, Context, Draft, instant, key, reference
from ehr.mapping.labels import PART2
from ehr.mapping.source import SignatureRecord

PART2_TEXT = "https://www.ecfr.gov/current/title-42/chapter-I/subchapter-A/part-2"
# 42 CFR 2.31(a)(4)(i): the wording for a single consent for treatment, payment and health care operations.
TPO_RECIPIENTS = "My treating providers, health plans, third-party payers, and people helping to operate this program"


SIGNER = "signer"
NOTICES = ("npp_ack", "part2_notice")  # their receipt permits and denies nothing
PURPOSES = {"TREAT": "treatment", "HPAYMT": "healthcare payment", "HOPERAT": "healthcare operations"}


@dataclass(frozen=True, slots=True)
class _Kind:
    scope: str
    document: tuple[str, str | None]
    categories: tuple[dict[str, Any], ...]
    policy_rule: dict[str, Any]


_PRIVACY_NOTICE = _Kind(
    "patient-privacy",
    PRIVACY_ACKNOWLEDGEMENT,
    (hl7("consentcategorycodes", "npp", "Notice of Privacy Practices"),),
    hl7("consentpolicycodes", "hipaa-npp", "HIPAA Notice of Privacy Practices"),
)
_TREATMENT = _Kind("treatment", CONSENT_DOCUMENT, (), {"text": "Consent to treatment under state law"})
# The rule is 42CFRPart2: 42CFRPart2CD came after R4's own edition of v3-ActCode, and quotes the text of before 2024.
_PART2 = _Kind(
    "patient-privacy",
    RELEASE_OF_INFORMATION,
    (hl7("v3-ActCode", "IDSCL", "information disclosure"),),
    {"coding": [PART2]},
)
_OTHER = _Kind("patient-privacy", CONSENT_DOCUMENT, (), {"text": "As written in the signed document"})


def is_part2(signature: SignatureRecord) -> bool:
    """A Part 2 consent is itself a Part 2 record: it says that the person is a patient of such a program."""
    return signature.kind.startswith("part2")


def _kind(signature: SignatureRecord) -> _Kind:
    if signature.kind in NOTICES:
        return _PRIVACY_NOTICE
    if is_part2(signature):
        return _PART2
    return _TREATMENT if signature.kind == "treatment" else _OTHER


def document_type(signature: SignatureRecord) -> tuple[str, str | None]:
    """The LOINC code and display of the signed document."""
    return _kind(signature).document


def document_key(signature: SignatureRecord) -> str:
    return key("document", signature.kind, signature.id)


def consent_key(kind: str, signature_id: str) -> str:
    return key("consent", kind, signature_id)


def draft_consent(signature: SignatureRecord, context: Context) -> Draft:
    kind = _kind(signature)
    resource = {
        "resourceType": "Consent",
        "status": "active" if signature.decision == "signed" else "rejected",
        "scope": hl7("consentscope", kind.scope),
        "category": [concept(LOINC, *kind.document), *kind.categories],
        "patient": reference(PATIENT),
        "dateTime": instant(signature.signed_at),
        "contained": _signer(signature),
        "performer": [{"reference": f"#{SIGNER}"} if signature.signer else reference(PATIENT)],
        "organization": [{"display": context.clinic_name}],
        "sourceReference": reference(document_key(signature)) if signature.pdf is not None else None,
        "policy": [{"authority": "https://www.ecfr.gov", "uri": PART2_TEXT}] if is_part2(signature) else [],
        "policyRule": kind.policy_rule,
        "provision": _provision(signature),
    }
    label = f"{signature.title}: {signature.decision}"
    return context.draft(
        consent_key(signature.kind, signature.id),
        label,
        resource,
        protected=is_part2(signature),
        categories=(INTAKE_ANSWERS,),
    )


def ended(resource: Mapping[str, Any], at: datetime, recipients: Sequence[str] = ()) -> dict[str, Any]:
    """The same Consent after it was taken back: as a whole it is inactive since then, for some recipients it denies."""
    provision = dict(resource.get("provision", {"type": "permit"}))
    if recipients:
        role = hl7("v3-ParticipationType", "IRCP", "information recipient")
        denied = [{"role": role, "reference": {"display": name}} for name in recipients]
        inner = [*provision.get("provision", ()), {"type": "deny", "period": {"start": instant(at)}, "actor": denied}]
        return {**resource, "provision": {**provision, "provision": inner}}
    period = {**provision.get("period", {}), "end": instant(at)}
    return {**resource, "status": "inactive", "provision": {**provision, "period": period}}


def _provision(signature: SignatureRecord) -> dict[str, Any] | None:
    if signature.kind in NOTICES:
        return None
    if signature.decision != "signed":
        return {"type": "deny"}
    last_day = signature.expires_on.isoformat() if signature.expires_on else ""
    permit = {"type": "permit", "period": {"start": instant(signature.signed_at), "end": last_day}}
    return {**permit, **_sharing(signature)} if is_part2(signature) else permit


def _signer(signature: SignatureRecord) -> list[dict[str, Any]]:
    """Whoever signed for the patient, inside the resource: the chart need not have them on file."""
    if not signature.signer:
        return []
    who = {"name": [{"text": signature.signer}], "relationship": [{"text": signature.capacity}]}
    return [{"resourceType": "RelatedPerson", "id": SIGNER, "patient": reference(PATIENT), **who}]


def _sharing(signature: SignatureRecord) -> dict[str, Any]:
    """Who may receive what, and why (42 CFR 2.31(a)(3)-(5)); who shares is the Consent's organization. Never for use in
    proceedings (2.12(d)(1)), but where the consent is for that and nothing else (2.31(d))."""
    reasons = f"{TERMINOLOGY}/v3-ActReason"
    is_tpo = signature.kind == "part2_tpo"
    role = hl7("v3-ParticipationType", "IRCP", "information recipient")
    names = (TPO_RECIPIENTS,) if is_tpo else signature.recipients
    purposes = ("TREAT", "HPAYMT", "HOPERAT") if is_tpo else signature.purposes
    never = [] if "HLEGAL" in purposes else [{"type": "deny", "purpose": [coding(reasons, "HLEGAL", "legal")]}]
    return {
        "actor": [{"role": role, "reference": {"display": name}} for name in names],
        "action": [hl7("consentaction", "use", "Use"), hl7("consentaction", "disclose", "Disclose")],
        "securityLabel": [PART2],
        "purpose": [coding(reasons, code, PURPOSES.get(code)) for code in purposes],
        "provision": never,
    }
