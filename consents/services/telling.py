"""What staff told outside the wire, by phone, fax, on paper or in person: the same gate, the same ledger, afterwards.

The gate can't hold back what was said already: what no consent covered is written down all the same, marked as such,
and the privacy officer gets a task: whether it was a breach (42 CFR 2.16(b), 45 CFR 164.402) is for people to decide.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import TextChoices

import audit.services
from audit.actions import Action, Actor, Ref
from consents import policy, selectors
from consents.models import Disclosure, PrivacyTask, Signature
from consents.policy import Category, Decision, Recipient
from consents.rules.reasons import UNCOVERED
from consents.services.disclosing import STATEMENT_BREAK
from consents.services.privacy import open_task
from core import clock
from core.models import Patient, Program, User

MINUTE = timedelta(seconds=60, microseconds=-1)


class Channel(TextChoices):
    PHONE = "phone", "by telephone"
    FAX = "fax", "by fax"
    PAPER = "paper", "on paper"
    IN_PERSON = "in_person", "in person"


class NotYetTold(Exception):
    """The time that was given has not come."""


class OtherWords(Exception):
    """The same page wrote down something else already."""


@dataclass(frozen=True)
class Told:
    """`key` makes a second click harmless. `purpose` is a v3-ActReason code, `categories` are `Category` codes.

    `what` is it in words, as staff typed it. An `at` without seconds means some time of that minute. `notice_given`:
    the statement of 42 CFR 2.32(a) went with it, and a copy or the scope of the consent.
    """

    key: UUID
    recipient: Recipient
    address: str
    purpose: str
    categories: tuple[str, ...]
    what: str
    channel: str
    at: datetime
    told_by: str
    notice_given: bool


@transaction.atomic
def write_down(*, patient: Patient, program: Program, told: Told, user: User) -> tuple[Disclosure, tuple[str, ...]]:
    """The ledger's row, and the reasons why no consent covered it; none where one did or none was needed.

    Consents and limits are looked at as of the time it was told; what ended within the minute that was typed had ended,
    because the order isn't known. Raises NotYetTold, and OtherWords where the key stands for something else; then
    nothing is written.
    """
    now = clock.now()
    if told.at > now:
        raise NotYetTold
    patient = Patient.objects.select_for_update(of=("self",), no_key=True).select_related("clinic").get(pk=patient.pk)
    is_part2 = program.protects_whole_intake or Category.SUBSTANCE_USE in told.categories
    decision = _decide(patient, program, told, is_part2=is_part2)
    relied_on = Signature.objects.get(pk=decision.consent_id) if decision.consent_id else None
    said = (*decision.statements_to_accompany, selectors.scope_of(relied_on)) if relied_on else ()
    disclosure, is_new = Disclosure.objects.get_or_create(
        source_ref=told.key,
        attempt=1,
        defaults={
            "patient": patient,
            "signature": relied_on,
            "recipient": told.recipient.name,
            "recipient_address": told.address,
            "summary": _summary(told),
            "description": told.what,
            "is_part2": is_part2,
            "channel": told.channel,
            "purpose": told.purpose,
            "categories": sorted(told.categories),
            "basis": decision.reasons[0] if decision.permitted else f"{UNCOVERED}{decision.reasons[0]}",
            "statement": STATEMENT_BREAK.join(said) if told.notice_given else "",
            "state": Disclosure.State.SENT,
            "at": told.at,
            "settled_at": now,
            "told_by": told.told_by,
            "recorded_by": user,
        },
    )
    if not is_new and not _is_same(disclosure, patient, told):
        raise OtherWords
    reasons = () if decision.permitted else decision.reasons
    if is_new:
        _tell(disclosure, reasons, user)
    return disclosure, reasons


def _is_same(row: Disclosure, patient: Patient, told: Told) -> bool:
    kept = (row.patient_id, row.recipient, row.recipient_address, row.purpose, row.channel, row.at, row.told_by)
    given = (patient.id, told.recipient.name, told.address, told.purpose, told.channel, told.at, told.told_by)
    return kept == given and row.categories == sorted(told.categories) and row.description == told.what


def _decide(patient: Patient, program: Program, told: Told, *, is_part2: bool) -> Decision:
    """As the clinic counts days: a consent holds through its last day."""
    is_minute = told.at.second == told.at.microsecond == 0
    until = told.at + MINUTE if is_minute else told.at
    return policy.may_disclose(
        selectors.part2_consents(patient.id, told.at, until),
        program.legal_name,
        told.recipient,
        told.purpose,
        frozenset(told.categories),
        told.at.astimezone(ZoneInfo(patient.clinic.time_zone)),
        protected=is_part2,
        restrictions=selectors.restrictions(patient.id, until),
    )


def _summary(told: Told) -> str:
    """Made from codes: what was said itself has no place in the ledger."""
    what = ", ".join(one.replace("_", " ") for one in sorted(told.categories))
    return f"{what}; told {Channel(told.channel).label}"[:200]


def _tell(disclosure: Disclosure, reasons: tuple[str, ...], user: User) -> None:
    patient = disclosure.patient
    if reasons:
        open_task(patient=patient, kind=PrivacyTask.Kind.UNCOVERED, ref=disclosure.id)
    audit.services.record(
        Action.DISCLOSURE_TOLD,
        actor=Actor.staff(user.id),
        obj=Ref("consents.Disclosure", str(disclosure.id)),
        clinic_id=patient.clinic_id,
        patient_id=patient.id,
        context={"channel": disclosure.channel, "purpose": disclosure.purpose, "uncovered": list(reasons)},
    )
