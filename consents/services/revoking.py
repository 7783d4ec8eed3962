"""The end of a signature's effect: a row of its own, effective at once, with what had been relied upon by then."""

from collections.abc import Collection

from django.db import transaction

import audit.services
import core.doorbell
import core.outbox
from audit.actions import Action, Actor, Ref
from consents import selectors
from consents.models import PrivacyTask, Revocation, Signature
from consents.policy import Expiry, Kind
from consents.services.privacy import open_task
from core.models import Patient, User

NOT_SO = {
    Kind.NPP_ACK: "This says only that the notice was received. It allows nothing, so nothing can be taken back.",
    Kind.PART2_NOTICE: "This is a notice. It allows nothing, so nothing can be taken back.",
    Kind.PART2_CJ_REFERRAL: "A referral by a court ends at its time or event, not at will (42 CFR 2.35(c)).",
}
ENDED = "consent.ended"  # the outbox's topic: the chart is told


class NotRevocable(Exception):
    """Only what was signed can be revoked, and by what its own words allow. The text is for whoever asked."""


@transaction.atomic
def revoke(
    *,
    signature: Signature,
    why: str,
    note: str,
    actor: Actor,
    how: str = Revocation.How.STAFF,
    recipients: Collection[str] = (),
    scan: str | None = None,
    recorded_by: User | None = None,
) -> Revocation:
    """End it from now on, as a whole or for some `recipients`; `why` and `how` are `Revocation`'s. `scan` is base64.

    What was disclosed before stays disclosed, and is listed in the row. What has ended gives the stored row.
    Takes the lock that a disclosure's decision takes, so the two never overlap. Raises NotRevocable, ValueError for
    another `why` or `how`.
    """
    reason, way = Revocation.Why(why), Revocation.How(how)
    patient = Patient.objects.select_for_update(no_key=True).get(pk=signature.patient_id)
    _check(signature, reason)
    names = sorted({name.strip() for name in recipients if name.strip()})
    earlier = signature.revocations.filter(recipients__in=[names, []]).first()
    if earlier:
        return earlier
    shared = selectors.shared_under(signature.id, names)
    revocation = Revocation.objects.create(
        signature=signature,
        why=reason,
        how=way,
        note=note,
        recipients=names,
        scan=scan,
        recorded_by=recorded_by,
        relied_on=[str(one.id) for one in shared],
    )
    open_task(patient=patient, kind=PrivacyTask.Kind.REVOCATION, ref=revocation.id)
    core.outbox.publish(ENDED, revocation.id)
    core.doorbell.ring("ehr.relay_finished")
    audit.services.record(
        Action.SIGNATURE_REVOKED,
        actor=actor,
        obj=Ref("consents.Signature", str(signature.id)),
        clinic_id=patient.clinic_id,
        patient_id=patient.id,
        context={"why": reason.value, "how": way.value, "recipients": len(names), "relied_on": len(shared)},
    )
    return revocation


def _check(signature: Signature, why: Revocation.Why) -> None:
    """A receipt and a notice allow nothing that could be taken back (45 CFR 164.520(c)(2)(ii), 42 CFR 2.22), and a
    court's referral is not revoked at will (42 CFR 2.35(c)). An end that the words don't name doesn't come."""
    expiry = signature.fields.get("scope", {}).get("expiry")
    possible = {
        Revocation.Why.REVOKED: signature.kind not in selectors.NEVER_TAKEN_BACK,
        Revocation.Why.EVENT: bool(signature.expiry_event),
        Revocation.Why.TREATMENT_ENDED: expiry == Expiry.END_OF_TREATMENT,
        Revocation.Why.SUSPECTED_FALSE: True,
    }
    if signature.decision != Signature.Decision.SIGNED:
        raise NotRevocable("Nothing was signed here, so there is nothing to take back.")
    if not possible[why]:
        raise NotRevocable(NOT_SO.get(Kind(signature.kind), "This permission does not end that way."))


def end_treatment(*, patient: Patient, user: User) -> int:
    """Staff say that the treatment has ended: every consent that lasts until then ends now. Returns how many."""
    rows = Signature.objects.filter(patient=patient, decision=Signature.Decision.SIGNED).exclude(selectors.ENDED)
    ending = [row for row in rows if row.fields.get("scope", {}).get("expiry") == Expiry.END_OF_TREATMENT]
    for signature in ending:
        revoke(
            signature=signature,
            why=Revocation.Why.TREATMENT_ENDED,
            note="",
            actor=Actor.staff(user.id),
            recorded_by=user,
        )
    return len(ending)
