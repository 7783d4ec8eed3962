"""Limits that a patient asks for (42 CFR 2.26, 45 CFR 164.522(a)), and what the clinic says to them."""

from collections.abc import Collection

from django.db import transaction

import audit.services
from audit.actions import Action, Actor, Ref
from consents.models import PrivacyTask, RestrictionRequest
from consents.services.privacy import close_task, open_task
from core import clock
from core.models import Patient, User

State = RestrictionRequest.State


class CannotRefuse(Exception):
    """A health plan isn't told, for payment or operations, of what was paid in full: the clinic has to agree."""


class AlreadyDecided(Exception):
    """It was answered before."""


@transaction.atomic
def ask_restriction(
    *,
    patient: Patient,
    scope: str,
    actor: Actor,
    recipients: Collection[str] = (),
    purposes: Collection[str] = (),
    categories: Collection[str] = (),
    is_self_paid: bool = False,
) -> RestrictionRequest:
    """Write down what the patient asks, in their words, with the codes that the gate goes by. Empty codes mean all."""
    request = RestrictionRequest.objects.create(
        patient=patient,
        scope=scope,
        recipients=sorted(recipients),
        purposes=sorted(purposes),
        categories=sorted(categories),
        is_self_paid=is_self_paid,
    )
    open_task(patient=patient, kind=PrivacyTask.Kind.RESTRICTION, ref=request.id)
    _record(Action.RESTRICTION_ASKED, request, actor)
    return request


@transaction.atomic
def decide_restriction(*, request: RestrictionRequest, user: User, agrees: bool, note: str) -> RestrictionRequest:
    """Agree or refuse, once; its task is done with that. Raises CannotRefuse, AlreadyDecided."""
    # The patient's row is what a disclosure's decision locks: the limit holds for every send that is decided after it.
    Patient.objects.select_for_update(no_key=True).get(pk=request.patient_id)
    row = RestrictionRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    if row.state != State.ASKED:
        raise AlreadyDecided
    if row.is_self_paid and not agrees:
        raise CannotRefuse
    decided = _settle(row, State.AGREED if agrees else State.REFUSED, user, note)
    for task in PrivacyTask.objects.filter(kind=PrivacyTask.Kind.RESTRICTION, ref=row.id):
        close_task(task=task, user=user, note=note)
    return decided


@transaction.atomic
def end_restriction(*, request: RestrictionRequest, user: User, note: str) -> RestrictionRequest:
    """A limit that was agreed to ends, with the reason written down. Raises AlreadyDecided for any other."""
    row = RestrictionRequest.objects.select_for_update(of=("self",)).get(pk=request.pk)
    if row.state != State.AGREED:
        raise AlreadyDecided
    return _settle(row, State.ENDED, user, note)


def _settle(row: RestrictionRequest, state: str, user: User, note: str) -> RestrictionRequest:
    row.state, row.decided_by, row.decided_at, row.note = state, user, clock.now(), note
    row.save()
    _record(Action.RESTRICTION_DECIDED, row, Actor.staff(user.id))
    return row


def _record(action: Action, request: RestrictionRequest, actor: Actor) -> None:
    audit.services.record(
        action,
        actor=actor,
        obj=Ref("consents.RestrictionRequest", str(request.id)),
        clinic_id=request.patient.clinic_id,
        patient_id=request.patient_id,
        context={"state": request.state, "self_paid": request.is_self_paid},
    )
