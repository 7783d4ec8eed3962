"""The gate at the wire: asked immediately before each send, answered from rows read now, written down before it goes.

42 CFR 2.31(c), 2.32, 2.25, 2.26; 45 CFR 164.528.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

import audit.services
from audit.actions import Action, Actor, Ref
from consents import policy, selectors
from consents.models import Disclosure, Signature
from consents.policy import Decision, Hipaa, Recipient, Role
from consents.rules.told import What
from core import clock
from core.models import Patient

STATEMENT_BREAK = "\n\n"
# The clinic's own chart, and whoever is asked about in general: those who help to operate the program.
OWN_CHART = Recipient("", Hipaa.BUSINESS_ASSOCIATE, Role.OPERATIONS)


@dataclass(frozen=True)
class Sending:
    """One try of one item. `purpose` is a v3-ActReason code, `categories` are `consents.policy.Category` codes.

    `kind` is a code of `consents.rules.told`, `about` the title of the form that it is of, by language: they say what
    it is, never an answer. `basis`: why no consent is needed, for what the law has us tell (a revocation, an emergency
    that was documented); empty for everything else.
    """

    recipient: Recipient
    address: str
    purpose: str
    categories: Sequence[str]
    kind: str
    source_ref: UUID
    attempt: int
    about: Mapping[str, str] = field(default_factory=dict)
    channel: str = "fhir"
    basis: str = ""


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
    *, patient_id: UUID, discloser: str, protected: bool, sending: Sending, actor: Actor
) -> Authorization:
    """May this leave now? A yes is a committed `Disclosure` row (attempting) before anything is sent.

    `discloser` is the program's legal name, as consents name it. The same try is never permitted twice. Must not be
    called inside a transaction (RuntimeError). Raises Patient.DoesNotExist.
    """
    with transaction.atomic(durable=True):
        # The signatures can't be locked (the runtime role may not update them): every writer locks the patient.
        locked = Patient.objects.select_for_update(of=("self",), no_key=True)
        patient = locked.select_related("clinic").get(pk=patient_id)
        decision = _decide(patient, discloser, protected, sending)
        reasons, disclosure = decision.reasons, None
        signed = Signature.objects.select_related("sealed")
        relied_on = signed.get(pk=decision.consent_id) if decision.consent_id else None
        statements = (*decision.statements_to_accompany, *([selectors.scope_of(relied_on)] if relied_on else []))
        if decision.permitted:
            disclosure, is_new = Disclosure.objects.get_or_create(
                source_ref=sending.source_ref,
                attempt=sending.attempt,
                defaults={"patient": patient, **_row(decision, sending, protected, relied_on, statements)},
            )
            if not is_new:
                reasons, disclosure = ("already-attempted",), None
        audit.services.record(
            Action.DISCLOSURE_ATTEMPTED if disclosure else Action.DISCLOSURE_DENIED,
            actor=actor,
            obj=Ref("consents.Disclosure", str(disclosure.id))
            if disclosure
            else Ref("source", str(sending.source_ref)),
            clinic_id=patient.clinic_id,
            patient_id=patient_id,
            context={
                "reasons": list(reasons),
                "purpose": sending.purpose,
                "attempt": sending.attempt,
                "source": str(sending.source_ref),
            },
        )
    if disclosure is None:
        return Authorization(False, reasons)
    return Authorization(True, reasons, disclosure.id, disclosure.signature_id, statements)


def _decide(patient: Patient, discloser: str, protected: bool, sending: Sending) -> Decision:
    """On rows read now. A basis of its own stands beside consent and limits: the law has us tell it."""
    if sending.basis:
        return Decision(True, (sending.basis,))
    return policy.may_disclose(
        selectors.part2_consents(patient.id),
        discloser,
        sending.recipient,
        sending.purpose,
        frozenset(sending.categories),
        _at_the_clinic(patient),
        protected=protected,
        restrictions=selectors.restrictions(patient.id),
    )


def _row(
    decision: Decision, sending: Sending, protected: bool, relied_on: Signature | None, statements: tuple[str, ...]
) -> dict[str, object]:
    """The ledger's line. 2.32(b): the sealed copy of the consent is named by its hash where there is one; its scope is
    explained in words either way."""
    sealed = getattr(relied_on, "sealed", None)
    return {
        "signature": relied_on,
        "recipient": sending.recipient.name,
        "recipient_address": sending.address,
        "summary": str(What(sending.kind, sending.about))[:200],
        "kind": sending.kind,
        "about": dict(sending.about),
        "is_part2": protected,
        "channel": sending.channel,
        "consent_copy_sha256": sealed.pdf_sha256 if sealed else "",
        "purpose": sending.purpose,
        "categories": sorted(sending.categories),
        "basis": decision.reasons[0],
        "statement": STATEMENT_BREAK.join(statements),
    }


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


def is_covered(*, patient_id: UUID, discloser: str, purpose: str, categories: Sequence[str]) -> bool:
    """Whether a Part 2 record of these categories could go to the program's own chart for that purpose now; nothing is
    sent."""
    decision = policy.may_disclose(
        selectors.part2_consents(patient_id),
        discloser,
        OWN_CHART,
        purpose,
        frozenset(categories),
        clock.now(),
        restrictions=selectors.restrictions(patient_id),
    )
    return decision.permitted


def _at_the_clinic(patient: Patient) -> datetime:
    """A consent holds through its last day as the clinic counts days."""
    return clock.now().astimezone(ZoneInfo(patient.clinic.time_zone))
