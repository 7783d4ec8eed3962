"""What was scored, what was found, and what is to be measured again.

Results and findings never change: a later answer makes a later row.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from simple_history.models import HistoricalRecords

from core.fields import EncryptedJSONField, EncryptedTextField
from core.models import Patient


class ScreeningResult(models.Model):
    """One scoring of one instrument on one state of the answers, with its working."""

    APPEND_ONLY = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="screening_results")
    instrument = models.CharField(max_length=20)
    source_ref = models.UUIDField(help_text="The response that was scored; no key upwards")
    source_revision = models.PositiveIntegerField()
    answers = EncryptedJSONField(context="screening.answers", help_text="linkId → LA code, frozen")
    detail = EncryptedJSONField(context="screening.detail", help_text="total, band, positive, missing, working")
    scored_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_ref", "source_revision", "instrument"], name="one_result_per_revision"
            )
        ]
        indexes = [models.Index(fields=["patient", "instrument", "-scored_at"], name="result_by_patient")]

    def __str__(self) -> str:
        return f"{self.instrument} {self.id}"


class Finding(models.Model):
    """Something in a result that a human must look at; `pages` ones have opened an incident."""

    APPEND_ONLY = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    result = models.ForeignKey(ScreeningResult, on_delete=models.PROTECT, related_name="findings")
    code = EncryptedTextField(context="finding.code")
    because = EncryptedTextField(context="finding.because")
    urgency = models.CharField(max_length=10)
    pages = models.BooleanField()

    def __str__(self) -> str:
        return f"finding {self.id}"


class MeasurementPlan(models.Model):
    """A clinician wants one instrument answered again every so many days. When it is due next is computed from the
    latest complete result (`selectors.plans`), so a result moves it by itself.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="measurement_plans")
    instrument = models.CharField(max_length=20)
    every_days = models.PositiveSmallIntegerField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    set_at = models.DateTimeField(db_default=Now())
    is_active = models.BooleanField(default=True)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["patient", "instrument"], name="one_plan_per_instrument"),
            models.CheckConstraint(
                name="a_plan_measures_again_within_a_year",
                condition=models.Q(every_days__gte=1, every_days__lte=365),
            ),
        ]

    def __str__(self) -> str:
        return f"plan {self.id}"
