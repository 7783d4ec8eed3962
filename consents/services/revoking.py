"""The end of a signature's effect: a row of its own, effective at once."""

from django.db import transaction

import audit.services
from audit.actions import Action, Actor, Ref
from consents.models import Revocation, Signature
from core.models import Patient


class NotRevocable(Exception):
    """Only what was signed can be revoked."""


@transaction.atomic
def revoke(*, signature: Signature, why: str, note: str, actor: Actor) -> Revocation:
    """End it from now on: `why` is "revoked" (42 CFR 2.31(a)(6)) or "suspected_false" (2.31(c)(4)).

    What was disclosed before stays disclosed. Again for the same reason gives the stored row. Takes the lock that a
    disclosure's decision takes, so the two never overlap. Raises NotRevocable, ValueError for another `why`.
    """
    reason = Revocation.Why(why)
    patient = Patient.objects.select_for_update(no_key=True).get(pk=signature.patient_id)
    if signature.decision != Signature.Decision.SIGNED:
        raise NotRevocable
    earlier = signature.revocations.filter(why=reason).first()
    if earlier:
        return earlier
    revocation = Revocation.objects.create(signature=signature, why=reason, note=note)
    audit.services.record(
        Action.SIGNATURE_REVOKED,
        actor=actor,
        obj=Ref("consents.Signature", str(signature.id)),
        clinic_id=patient.clinic_id,
        patient_id=patient.id,
        context={"why": reason.value},
    )
    return revocation
