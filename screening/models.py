"""What was scored, what was found, who looks at it, what the clinic decided about both; what is measured again.

Results and findings never change: a later answer makes a later row.
"""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from simple_history.models import HistoricalRecords

from core.fields import EncryptedJSONField, EncryptedTextField
from core.models import Clinic, Patient


class ScreeningResult(models.Model):
    """One scoring of one instrument on one state of the answers, with its working.

    Tied by ids to what was asked and where, not by keys upwards; `amends` is the result that this one replaces.
    """

    APPEND_ONLY = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="screening_results")
    instrument = models.CharField(max_length=20)
    source_ref = models.UUIDField(help_text="The response that was scored; no key upwards")
    source_revision = models.PositiveIntegerField()
    packet_ref = models.UUIDField(null=True, help_text="What was or will be submitted")
    form_ref = models.UUIDField(null=True, help_text="The published form that asked")
    form_sha256 = models.CharField(max_length=64, default="", help_text="Of that form's definition")
    amends = models.UUIDField(null=True)
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


class ReviewItem(models.Model):
    """A finding that pages nobody and must still be looked at: by whom, by when, and that it was.

    `key` is a keyed digest of the response and the finding: the same finding from the same answers is one item.
    The findings of substance-use sections are the care team's (42 CFR 2.12): `is_sensitive`.
    """

    class State(models.TextChoices):
        OPEN = "open"
        REVIEWED = "reviewed"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    finding = models.OneToOneField(Finding, on_delete=models.PROTECT, related_name="review_item")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="review_items")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="review_items")
    key = models.CharField(max_length=64, unique=True, editable=False)
    is_sensitive = models.BooleanField(default=False)
    reviewer = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="review_items"
    )
    state = models.CharField(max_length=8, choices=State.choices, default=State.OPEN)
    opened_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField()
    raised_at = models.DateTimeField(null=True, help_text="When it was overdue and passed to the supervisor")
    raised_to = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(null=True)
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    note = EncryptedTextField(context="review.note", default="")

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_reviewed_item_says_who_and_when",
                condition=models.Q(state="open", reviewed_at__isnull=True, reviewed_by__isnull=True)
                | models.Q(state="reviewed", reviewed_at__isnull=False, reviewed_by__isnull=False),
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="review_waiting", condition=models.Q(state="open")),
            models.Index(fields=["patient"], name="review_open_of_patient", condition=models.Q(state="open")),
            models.Index(fields=["clinic", "reviewed_at"], name="review_by_week"),
        ]

    def __str__(self) -> str:
        return f"review item {self.id}"


class PrioritySignOff(models.Model):
    """A clinician's agreement, for one clinic, that a finding has this priority. Another priority needs another one."""

    APPEND_ONLY = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="priority_sign_offs")
    instrument = models.CharField(max_length=20)
    code = models.CharField(max_length=40)
    urgency = models.CharField(max_length=10)
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    credentials = models.CharField(max_length=40, help_text="As they were when it was signed")
    note = models.CharField(max_length=400, blank=True, help_text="No word about a patient")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "instrument", "code", "urgency"], name="one_sign_off_per_priority"
            ),
            models.CheckConstraint(name="a_sign_off_names_credentials", condition=~models.Q(credentials="")),
        ]

    def __str__(self) -> str:
        return f"{self.instrument} {self.code}: {self.urgency}"


class RuleVersion(models.Model):
    """A clinic's own rules beside the built-in ones, whole: what one person drafts and another approves.

    The newest approved version is in force. It can only add to what `screening.instruments` finds: nothing here or
    elsewhere in the database switches a built-in finding off. Once approved it never changes (trigger, migration 0021).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="screening_rules")
    version = models.PositiveIntegerField()
    rules = models.JSONField(help_text="A list; its shape is that of screening.rules.clinic")
    drafted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    drafted_at = models.DateTimeField(db_default=Now())
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    effective_at = models.DateTimeField(null=True)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["clinic", "version"], name="one_rule_version_per_number"),
            models.CheckConstraint(
                name="whoever_drafts_rules_does_not_approve_them",
                condition=models.Q(approved_by__isnull=True) | ~models.Q(approved_by=models.F("drafted_by")),
            ),
            models.CheckConstraint(
                name="approved_rules_say_since_when",
                condition=models.Q(approved_by__isnull=True, effective_at__isnull=True)
                | models.Q(approved_by__isnull=False, effective_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"rules {self.version}"


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
