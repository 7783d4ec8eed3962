"""Part 2 consents and limits as the gate takes them, the scope in words, and what was shared under which."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Prefetch, Q

from consents import policy
from consents.models import Disclosure, Paper, RestrictionRequest, Revocation, Signature
from consents.policy import Kind
from consents.rules import TAG
from consents.rules.told import what
from core.models import Program

UNCOMPARED = Exists(Paper.objects.filter(signature=OuterRef("pk"), what=Paper.What.SIGNED, comparison=None))


def part2_consents(
    patient_id: UUID, at: datetime | None = None, until: datetime | None = None
) -> tuple[policy.Consent, ...]:
    """The patient's Part 2 decisions as they stand, or as they stood `at` a time; three queries.

    Where the time is not known better than between `at` and `until`, a "no" of that span counts and a "yes" doesn't.
    """
    found = Signature.objects.filter(patient_id=patient_id, kind__in=policy.PART2_KINDS).select_related("version")
    ends = Revocation.objects.all()
    if at is not None:
        until = until or at
        is_no = ~Q(decision=Signature.Decision.SIGNED)
        found = found.filter(Q(signed_at__lte=at) | (is_no & Q(signed_at__lte=until)))
        ends = ends.filter(at__lte=until)
    rows = list(found.annotate(uncompared=UNCOMPARED).prefetch_related(Prefetch("revocations", ends)))
    programs = {key for row in rows if (key := row.fields.get("program"))}
    names = {str(pk): name for pk, name in Program.objects.filter(pk__in=programs).values_list("pk", "legal_name")}
    return tuple(
        replace(
            _consent(row, names, is_whole=_is_whole(row, [*rows])),
            uncompared=row.decision == "signed" and row.uncompared,
        )
        for row in rows
    )


def _is_whole(row: Signature, rows: list[Signature]) -> bool:
    """Where two have to sign (42 CFR 2.14), the minor's signature names an authority. Each counts only with the other's
    on the same version in the same packet, and only while that one stands."""
    here = (row.source_ref, row.version.document_id, row.version.version)
    same = [
        one
        for one in rows
        if (one.source_ref, one.version.document_id, one.version.version) == here
        and one.decision == "signed"
        and (one.capacity == "self") != (row.capacity == "self")
    ]
    standing = [one for one in same if all(end.recipients for end in one.revocations.all())]
    if row.capacity == "self":
        return row.authority is None or bool(standing)
    return bool(standing) or not any(one.authority is not None for one in same)


def _consent(row: Signature, names: Mapping[str, str], *, is_whole: bool) -> policy.Consent:
    """Each element as the patient saw it: a value without its place in the signed text was never said (2.31(c)(2)).

    `names`: what the programs are called now, by id.
    """
    said = set(TAG.findall(row.version.body))
    scope, values = row.fields.get("scope", {}), row.fields.get("values", {})
    rows = list(row.revocations.all())
    ended = {one.why for one in rows if not one.recipients}
    return policy.Consent(
        id=str(row.id),
        kind=row.kind,
        decision=row.decision,
        patient_name=values.get("patient_name", "") if "2.31(a)(1)" in said else "",
        disclosers=frozenset(_disclosers(row, names)) if "2.31(a)(2)" in said else frozenset(),
        categories=frozenset(scope.get("categories", ())) if "2.31(a)(3)" in said else frozenset(),
        recipients=frozenset(_recipients(row)) if "2.31(a)(4)(i)" in said else frozenset(),
        purposes=frozenset(scope.get("purposes", ())) if "2.31(a)(5)" in said else frozenset(),
        statements=frozenset(said),
        revocation_how=values.get("privacy_contact", ""),
        expiry=_expiry(scope) if "2.31(a)(7)" in said else "",
        signer_name=row.signer_name if is_whole and "2.31(a)(8)" in said else "",
        signed_at=row.signed_at if "2.31(a)(9)" in said else None,
        expires_on=row.expires_on,
        expiry_event=row.expiry_event,
        intermediary=_intermediary(scope.get("intermediary")),
        is_for_fundraising=bool(scope.get("fundraising")),
        unaltered=hashlib.sha256(row.shown_html.encode()).hexdigest() == row.shown_sha256,
        ended=bool(ended & {Revocation.Why.EVENT, Revocation.Why.TREATMENT_ENDED}),
        revoked=Revocation.Why.REVOKED in ended,
        revoked_for=frozenset(name for one in rows for name in one.recipients),
        suspected_false=Revocation.Why.SUSPECTED_FALSE in ended,
    )


def _disclosers(row: Signature, names: Mapping[str, str]) -> Iterable[str]:
    """The program of the signature, by the name that it has now; where the row doesn't say which, the name signed."""
    signed = row.fields.get("values", {}).get("program_legal_name", "")
    given = row.fields.get("scope", {}).get("disclosers") or [names.get(row.fields.get("program", ""), signed)]
    return filter(None, given)


def _expiry(scope: dict[str, Any]) -> str:
    """So many months after signing is a date, which stands in `expires_on`."""
    given: str = scope.get("expiry", "")
    return policy.Expiry.DATE if given.startswith("after_") else given


def _recipients(row: Signature) -> Iterable[str]:
    """By name, or the class that the single consent for treatment, payment and operations names (2.31(a)(4)(i))."""
    named = row.fields.get("scope", {}).get("recipients") or [row.fields.get("values", {}).get("recipient_name")]
    return policy.TPO_CLASS if row.kind == Kind.PART2_TPO else filter(None, named)


def _intermediary(given: dict[str, Any] | None) -> policy.Intermediary | None:
    if not given:
        return None
    members = frozenset(given.get("participants", ()))
    return policy.Intermediary(given.get("name", ""), members, bool(given.get("limited_to_treating")))


def restrictions(patient_id: UUID, at: datetime | None = None) -> tuple[policy.Restriction, ...]:
    """The limits that bind now; `at`: without those asked for later. What was paid in full can't be refused, so it
    binds from the moment it is asked."""
    binding = Q(state=RestrictionRequest.State.AGREED) | Q(state=RestrictionRequest.State.ASKED, is_self_paid=True)
    if at is not None:
        binding &= Q(asked_at__lte=at)
    return tuple(
        policy.Restriction(
            frozenset(one.recipients), frozenset(one.purposes), frozenset(one.categories), one.is_self_paid
        )
        for one in RestrictionRequest.objects.filter(binding, patient_id=patient_id)
    )


TPO_WORDS = (
    "the patient's treating providers, health plans, third-party payers, and people helping to operate the program"
)
PURPOSE_WORDS = {
    "TREAT": "treatment",
    "HPAYMT": "payment",
    "HOPERAT": "health care operations",
    "HLEGAL": "a legal case",
    "ETREAT": "a medical emergency",
    "PATRQT": "at the patient's request",
    "FAMRQT": "at the family's request",
    "HRESCH": "research",
}
EXPIRY_WORDS = {"none": "no end until revoked", "end_of_treatment": "the end of the treatment"}


def scope_of(signature: Signature) -> str:
    """A clear explanation of the scope of the consent, in words (42 CFR 2.32(b)). Says nothing that it does not say."""
    scope, values = signature.fields["scope"], signature.fields["values"]
    to = TPO_WORDS if signature.kind == Kind.PART2_TPO else ", ".join(sorted(_recipients(signature)))
    ends = signature.expires_on or signature.expiry_event or EXPIRY_WORDS.get(scope.get("expiry", ""), "as signed")
    return (
        f"Scope of the patient's written consent, signed {signature.signed_at.date().isoformat()}. "
        f"Who may disclose: {', '.join(scope.get('disclosers') or [values.get('program_legal_name', '')])}. "
        f"What: {', '.join(one.replace('_', ' ') for one in scope.get('categories', ()))}. "
        f"To whom: {to}. "
        f"For: {', '.join(PURPOSE_WORDS.get(one, one) for one in scope.get('purposes', ()))}. "
        f"Ends: {ends}."
    )


@dataclass(frozen=True)
class SharedRow:
    """Something that had been disclosed. `recipient` and `summary` are words; never an answer."""

    id: UUID
    recipient: str
    summary: str
    at: datetime


def shared_row(key: UUID, recipient: str, summary: str, at: datetime) -> SharedRow:
    """In words, those of rows too that hold the chart's name for it."""
    return SharedRow(key, recipient, str(what("", {}, summary) or summary), at)


def shared_under(signature_id: UUID, recipients: Collection[str] = ()) -> tuple[SharedRow, ...]:
    """What was disclosed in reliance on a signature, whatever the last word on it was but that it failed; one query."""
    rows = Disclosure.objects.filter(signature_id=signature_id).exclude(state=Disclosure.State.FAILED)
    shared = [shared_row(*row) for row in rows.order_by("at").values_list("id", "recipient", "summary", "at")]
    return tuple(one for one in shared if not recipients or _is_among(one.recipient, recipients))


def recipients_of(signature: Signature) -> tuple[str, ...]:
    """With whom something was shared because of it, and who is named in it, each once; one query."""
    named = signature.fields.get("scope", {}).get("recipients", ())
    found: list[str] = []
    for name in (*named, *(one.recipient for one in shared_under(signature.id))):
        if not _is_among(name, found):
            found.append(name)
    return tuple(found)


def _is_among(name: str, others: Iterable[str]) -> bool:
    return any(policy.is_same(name, one) for one in others)
