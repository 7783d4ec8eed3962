"""The gate at the wire: asked immediately before each send, answered from rows read now, written down before it goes.

42 CFR 2.31(c), 2.32, 2.25; 45 CFR 164.528.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

import audit.services
from audit.actions import Action, Actor, Ref
from consents import policy
from consents.models import Disclosure, Revocation, Signature
from core import clock
from core.models import Patient

STATEMENT_BREAK = "\n\n"


@dataclass(frozen=True)
class Authorization:
    """`reasons` are codes. Permitted: the row `disclosure_id` stands and is to be settled; `statements` go with it."""

    permitted: bool
    reasons: tuple[str, ...]
    disclosure_id: UUID | None = None
    signature_id: UUID | None = None
    statements: tuple[str, ...] = ()


class AlreadySettled(Exception):
    """A disclosure that was sent or failed does not change."""


def authorize_disclosure(
    *,
    patient_id: UUID,
    protected: bool,
    recipient: str,
    purpose: str,
    categories: Sequence[str],
    source_ref: UUID,
    attempt: int,
    actor: Actor,
) -> Authorization:
    """May this leave now? A yes is a committed `Disclosure` row (attempting) before anything is sent.

    `purpose` is a v3-ActReason code, `categories` are `consents.policy.Category` codes, `source_ref` and `attempt`
    name one try of one item: the same try is never permitted twice. Must not be called inside a transaction
    (RuntimeError). Raises Patient.DoesNotExist.
    """
    with transaction.atomic(durable=True):
        # The signatures can't be locked (the runtime role may not update them): every writer locks the patient.
        patient = Patient.objects.select_for_update(no_key=True).get(pk=patient_id)
        decision = policy.may_disclose(
            _consents(patient_id),
            protected=protected,
            purpose=purpose,
            categories=frozenset(categories),
            at=clock.now(),
        )
        reasons, disclosure = decision.reasons, None
        if decision.permitted:
            disclosure, is_new = Disclosure.objects.get_or_create(
                source_ref=source_ref,
                attempt=attempt,
                defaults={
                    "patient": patient,
                    "signature_id": UUID(decision.consent_id) if decision.consent_id else None,
                    "recipient": recipient,
                    "purpose": purpose,
                    "categories": sorted(categories),
                    "basis": decision.reasons[0],
                    "statement": STATEMENT_BREAK.join(decision.statements),
                },
            )
            if not is_new:
                reasons, disclosure = ("already-attempted",), None
        audit.services.record(
            Action.DISCLOSURE_ATTEMPTED if disclosure else Action.DISCLOSURE_DENIED,
            actor=actor,
            obj=Ref("consents.Disclosure", str(disclosure.id)) if disclosure else Ref("source", str(source_ref)),
            clinic_id=patient.clinic_id,
            patient_id=patient_id,
            context={"reasons": list(reasons), "purpose": purpose, "attempt": attempt, "source": str(source_ref)},
        )
    if disclosure is None:
        return Authorization(False, reasons)
    return Authorization(True, reasons, disclosure.id, disclosure.signature_id, decision.statements)


def settle_disclosure(*, disclosure_id: UUID, state: str, actor: Actor) -> None:
    """Say what became of it: "sent", "failed", or "unknown", which counts as disclosed until it is settled again.

    The same state again changes nothing. Raises AlreadySettled, ValueError for another state.
    """
    wanted = Disclosure.State(state)
    if wanted == Disclosure.State.ATTEMPTING:
        raise ValueError("a disclosure is not settled by attempting it")
    with transaction.atomic():
        disclosure = (
            Disclosure.objects.select_for_update(of=("self",), no_key=True)
            .select_related("patient")
            .get(pk=disclosure_id)
        )
        if disclosure.state == wanted:
            return
        if disclosure.state in (Disclosure.State.SENT, Disclosure.State.FAILED):
            raise AlreadySettled
        disclosure.state, disclosure.settled_at = wanted, clock.now()
        disclosure.save()
        audit.services.record(
            Action.DISCLOSURE_SETTLED,
            actor=actor,
            obj=Ref("consents.Disclosure", str(disclosure.id)),
            clinic_id=disclosure.patient.clinic_id,
            patient_id=disclosure.patient_id,
            context={"state": wanted.value},
        )


def is_covered(*, patient_id: UUID, purpose: str, categories: Sequence[str]) -> bool:
    """Whether a Part 2 record of these categories could leave for that purpose now; nothing is sent. Two queries."""
    decision = policy.may_disclose(
        _consents(patient_id), protected=True, purpose=purpose, categories=frozenset(categories), at=clock.now()
    )
    return decision.permitted


def _consents(patient_id: UUID) -> tuple[policy.Consent, ...]:
    """The patient's Part 2 decisions as they stand; two queries."""
    rows = Signature.objects.filter(patient_id=patient_id, kind=policy.Kind.PART2_TPO).prefetch_related("revocations")
    return tuple(_consent(row) for row in rows)


def _consent(row: Signature) -> policy.Consent:
    scope = row.fields.get("scope", {})
    ended = {one.why for one in row.revocations.all()}
    unaltered = hashlib.sha256(row.shown_html.encode()).hexdigest() == row.shown_sha256
    complete = bool(row.signer_name and scope.get("purposes") and scope.get("categories") and unaltered)
    return policy.Consent(
        id=str(row.id),
        kind=row.kind,
        decision=row.decision,
        signed_at=row.signed_at,
        expires_on=row.expires_on,
        purposes=frozenset(scope.get("purposes", ())),
        categories=frozenset(scope.get("categories", ())),
        complete=complete or row.decision != Signature.Decision.SIGNED,
        revoked=Revocation.Why.REVOKED in ended,
        suspected_false=Revocation.Why.SUSPECTED_FALSE in ended,
    )
