"""Measurement-based care: an instrument that a clinician wants answered again."""

from django.db import transaction

import audit.services
from audit.actions import Action, Actor, Ref
from core.clock import Now
from core.models import Patient, User
from screening.models import MeasurementPlan


@transaction.atomic
def plan_measurement(*, patient: Patient, instrument: str, every_days: int, user: User) -> None:
    """Have it answered again every so many days, 1 to 365; 0 stops the schedule. The last word counts."""
    plan = MeasurementPlan.objects.select_for_update().filter(patient=patient, instrument=instrument).first()
    if plan is None and not every_days:
        return
    plan = plan or MeasurementPlan(patient=patient, instrument=instrument)
    plan.is_active = bool(every_days)
    plan.every_days = every_days or plan.every_days
    plan.set_by, plan.set_at = user, Now()
    plan.save()
    audit.services.record(
        Action.MEASUREMENT_PLANNED if every_days else Action.MEASUREMENT_STOPPED,
        actor=Actor.staff(user.id),
        obj=Ref("screening.MeasurementPlan", str(plan.id)),
        clinic_id=patient.clinic_id,
        patient_id=patient.id,
    )
