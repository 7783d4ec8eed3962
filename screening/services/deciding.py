"""What a clinic decides about findings: a clinician signs a priority; one person drafts rules, another approves."""

from collections.abc import Sequence
from uuid import UUID

from django.db import transaction
from django.db.models import Max

import audit.services
from audit.actions import Action, Actor, Ref
from core import clock
from core.models import Clinic, User
from screening.models import PrioritySignOff, RuleVersion
from screening.rules import clinic as clinic_rules
from screening.rules.priorities import PROPOSALS


class NoCredentials(Exception):
    """A sign-off names its clinician's credentials; this account has none."""


class NotAPriority(Exception):
    """No such finding, or it has another priority now."""


class InvalidRules(Exception):
    """The message says what is wrong, one sentence per line."""


class SameAuthor(Exception):
    """Whoever drafted rules does not approve them."""


class AlreadyApproved(Exception):
    """These rules were approved before, or newer ones are in force."""


@transaction.atomic
def sign_priority(
    *, clinic: Clinic, instrument: str, code: str, urgency: str, by: User, note: str = ""
) -> PrioritySignOff:
    """A clinician agrees to the priority as it is; the first sign-off stands. Raises NoCredentials, NotAPriority."""
    if not any((one.instrument, one.code, one.urgency) == (instrument, code, urgency) for one in PROPOSALS):
        raise NotAPriority
    if not by.credentials.strip():
        raise NoCredentials
    signed, is_new = PrioritySignOff.objects.get_or_create(
        clinic=clinic,
        instrument=instrument,
        code=code,
        urgency=urgency,
        defaults={"signed_by": by, "credentials": by.credentials, "note": note.strip()},
    )
    if is_new:
        _record(Action.PRIORITY_SIGNED, Ref("screening.PrioritySignOff", str(signed.id)), clinic.id, by, code=code)
    return signed


@transaction.atomic
def draft_rules(*, clinic: Clinic, rules: Sequence[object], by: User) -> RuleVersion:
    """The clinic's rules, whole, under the next number; in force once they are approved. Raises InvalidRules."""
    if found := clinic_rules.faults(list(rules)):
        raise InvalidRules("\n".join(found))
    Clinic.objects.select_for_update(no_key=True).get(pk=clinic.pk)  # one number at a time
    last = RuleVersion.objects.filter(clinic=clinic).aggregate(last=Max("version"))["last"] or 0
    made = RuleVersion.objects.create(clinic=clinic, version=last + 1, rules=list(rules), drafted_by=by)
    _record(Action.RULES_DRAFTED, Ref("screening.RuleVersion", str(made.id)), clinic.id, by, version=made.version)
    return made


@transaction.atomic
def approve_rules(*, version: RuleVersion, by: User) -> RuleVersion:
    """Put drafted rules in force, at once. Raises SameAuthor, AlreadyApproved, InvalidRules (an instrument changed)."""
    version = RuleVersion.objects.select_for_update(of=("self",)).get(pk=version.pk)
    newer = RuleVersion.objects.filter(
        clinic_id=version.clinic_id, version__gt=version.version, approved_by__isnull=False
    )
    if version.approved_by_id or newer.exists():
        raise AlreadyApproved
    if version.drafted_by_id == by.pk:
        raise SameAuthor
    if found := clinic_rules.faults(version.rules):
        raise InvalidRules("\n".join(found))
    version.approved_by, version.effective_at = by, clock.now()
    version.save()
    ref = Ref("screening.RuleVersion", str(version.id))
    _record(Action.RULES_APPROVED, ref, version.clinic_id, by, version=version.version)
    return version


def _record(action: Action, ref: Ref, clinic_id: UUID, by: User, **context: object) -> None:
    audit.services.record(action, actor=Actor.staff(by.id), obj=ref, clinic_id=clinic_id, context=context)
