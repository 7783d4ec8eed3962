"""Published forms, a patient's packet with its steps, what was answered, and that it was submitted."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from simple_history.models import HistoricalRecords

from consents.policy import Kind
from core.fields import EncryptedJSONField
from core.models import Clinic, Patient, Program, Site


class FormVersion(models.Model):
    """A FHIR R4 Questionnaire as published. Never changes (trigger, migration 0002)."""

    APPEND_ONLY = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(max_length=40)
    version = models.CharField(max_length=20)
    definition = models.JSONField()
    sha256 = models.CharField(max_length=64)
    published_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["slug", "version"], name="one_form_per_version")]

    def __str__(self) -> str:
        return f"{self.slug} {self.version}"


class Sensitivity(models.TextChoices):
    NONE = "none"
    SUD = "sud", "substance use (42 CFR Part 2)"


class Packet(models.Model):
    """What one patient is asked to sign and answer, once."""

    class State(models.TextChoices):
        INVITED = "invited"
        OPENED = "opened"
        IN_PROGRESS = "in_progress", "in progress"
        SUBMITTED = "submitted"
        FILED = "filed"
        EXPIRED = "expired"
        WITHDRAWN = "withdrawn"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="packets")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, related_name="packets")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="packets")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="packets")
    state = models.CharField(max_length=12, choices=State.choices, default=State.INVITED)
    language = models.CharField(max_length=5, default="en")
    token_sha256 = models.CharField(max_length=64, unique=True)
    code_sha256 = models.CharField(max_length=64, unique=True)
    tries = models.PositiveSmallIntegerField(default=0)
    expires_at = models.DateTimeField()
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(db_default=Now())
    opened_at = models.DateTimeField(null=True)
    submitted_at = models.DateTimeField(null=True)
    filed_at = models.DateTimeField(null=True)

    history = HistoricalRecords(user_db_constraint=False, excluded_fields=["token_sha256", "code_sha256"])

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_submitted_packet_says_when",
                condition=~models.Q(state__in=["submitted", "filed"]) | models.Q(submitted_at__isnull=False),
            ),
            models.CheckConstraint(name="tries_are_counted_to_five", condition=models.Q(tries__lte=5)),
        ]
        indexes = [models.Index(fields=["clinic", "state", "-invited_at"], name="packet_by_state")]

    def __str__(self) -> str:
        return f"Packet {str(self.id)[:8]}"


class Step(models.Model):
    """One thing to do in a packet, fixed at invitation: a document to decide on, or a form to answer."""

    class What(models.TextChoices):
        CONSENT = "consent"
        FORM = "form"

    class State(models.TextChoices):
        WAITING = "waiting"
        DONE = "done"
        DECLINED = "declined"
        SKIPPED = "skipped"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    packet = models.ForeignKey(Packet, on_delete=models.PROTECT, related_name="steps")
    position = models.PositiveSmallIntegerField()
    what = models.CharField(max_length=8, choices=What.choices)
    slug = models.SlugField(max_length=40, help_text="Document or form")
    consent_kind = models.CharField(max_length=24, choices=[(kind.value, kind.label) for kind in Kind], blank=True)
    must = models.CharField(
        max_length=8,
        blank=True,
        choices=[("sign", "must sign"), ("decide", "must sign or decline"), ("ack", "may refuse")],
    )
    form = models.ForeignKey(FormVersion, on_delete=models.PROTECT, null=True, related_name="steps")
    sensitivity = models.CharField(max_length=4, choices=Sensitivity.choices, default=Sensitivity.NONE)
    state = models.CharField(max_length=8, choices=State.choices, default=State.WAITING)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["packet", "position"], name="one_step_per_position"),
            models.UniqueConstraint(fields=["packet", "slug"], name="one_step_per_slug"),
            models.CheckConstraint(
                name="a_step_is_a_document_or_a_form",
                condition=models.Q(what="consent", form__isnull=True) & ~models.Q(consent_kind="") & ~models.Q(must="")
                | models.Q(what="form", form__isnull=False, consent_kind="", must=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}. {self.slug}"


class Response(models.Model):
    """The draft of one form: FHIR QuestionnaireResponse items, answers hidden by a condition included.

    A substance-use response needs a valid Part 2 signature: constraint here, and a trigger that reads the
    signature's row (migration 0002).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    step = models.OneToOneField(Step, on_delete=models.PROTECT, related_name="response")
    packet = models.ForeignKey(Packet, on_delete=models.PROTECT, related_name="responses")
    sensitivity = models.CharField(max_length=4, choices=Sensitivity.choices, default=Sensitivity.NONE)
    part2_signature = models.ForeignKey(
        "consents.Signature", on_delete=models.PROTECT, null=True, related_name="responses"
    )
    answers = EncryptedJSONField(context="response.answers", default=list)
    revision = models.PositiveIntegerField(default=1)
    assessed_revision = models.PositiveIntegerField(default=0, help_text="Behind `revision`: waiting to be scored")
    assess_failures = models.PositiveSmallIntegerField(default=0)
    saved_at = models.DateTimeField(db_default=Now())

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="substance_use_answers_need_a_part2_signature",
                condition=models.Q(sensitivity="none") | models.Q(part2_signature__isnull=False),
            )
        ]
        indexes = [
            models.Index(
                fields=["saved_at"],
                name="response_unassessed",
                condition=models.Q(assessed_revision__lt=models.F("revision")),
            )
        ]

    def __str__(self) -> str:
        return f"Response {self.id}"


class SavedAnswer(models.Model):
    """What the server acknowledged, by the key the phone sent: a repeat gets the same reply, another body a 409."""

    packet = models.ForeignKey(Packet, on_delete=models.PROTECT, related_name="saved_answers")
    key = models.UUIDField(primary_key=True)
    body_sha256 = models.CharField(max_length=64)
    revision = models.PositiveIntegerField()
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.key)


class Submission(models.Model):
    """The packet was finished. One per packet; the key makes a double tap harmless."""

    APPEND_ONLY = True

    packet = models.OneToOneField(Packet, on_delete=models.PROTECT, primary_key=True, related_name="submission")
    key = models.UUIDField(unique=True)
    content_sha256 = models.CharField(max_length=64)
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return str(self.key)
