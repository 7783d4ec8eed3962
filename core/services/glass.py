"""Opening a patient's page from outside the care team, and looking at it afterwards."""

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models.functions import Now

import audit.services
from audit.actions import Action, Actor, Ref
from core.models import BreakGlass, BreakGlassReview, Patient

if TYPE_CHECKING:
    from core.models import User

OPEN_FOR = timedelta(minutes=60)
REASONS, FINDINGS = BreakGlass.Why.choices, BreakGlassReview.Finding.choices


@transaction.atomic
def break_glass(*, patient: Patient, user: "User", why: str, words: str) -> BreakGlass:
    """Sixty minutes of reading, our own limit. `patient` is one of a clinic where the user may see clinical records."""
    glass = BreakGlass.objects.create(patient=patient, user=user, why=why, words=words, until=Now() + OPEN_FOR)
    _record(Action.GLASS_BROKEN, glass, user, why=why)
    return glass


@transaction.atomic
def review_glass(*, glass: BreakGlass, user: "User", finding: str, note: str) -> bool:
    """False where somebody has looked at it already: theirs stands. `glass` is from `access.get_glass_for_review`."""
    told = {"reviewed_by": user, "finding": finding, "note": note}
    _, is_new = BreakGlassReview.objects.get_or_create(glass=glass, defaults=told)
    if is_new:
        _record(Action.GLASS_REVIEWED, glass, user, finding=finding)
    return is_new


def _record(action: Action, glass: BreakGlass, user: "User", **context: str) -> None:
    audit.services.record(
        action,
        actor=Actor.staff(user.id),
        obj=Ref("core.BreakGlass", str(glass.id)),
        clinic_id=glass.patient.clinic_id,
        patient_id=glass.patient_id,
        context=context,
    )
