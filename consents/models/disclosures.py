"""What left, under which consent or in which emergency; limits that a patient asked for."""

import uuid

from django.db import models
from django.db.models.functions import Now
from simple_history.models import HistoricalRecords

from consents.models.signatures import Signature
from core.fields import EncryptedTextField
from core.models import Patient, User


class Disclosure(models.Model):
    """Written before each send, so that nothing leaves unledgered (42 CFR 2.25, 2.32; 45 CFR 164.528).

    What staff told by phone, fax, on paper or in person is written down afterwards: `told_by` and `recorded_by` say so.
    """

    class State(models.TextChoices):
        ATTEMPTING = "attempting"
        SENT = "sent"
        FAILED = "failed"
        UNKNOWN = "unknown", "unknown (counts as disclosed)"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="disclosures")
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, null=True, related_name="disclosures")
    recipient = models.CharField(max_length=120)
    recipient_address = models.CharField(max_length=200, blank=True)
    summary = models.CharField(max_length=200, blank=True, help_text="What it was, in words; never an answer")
    kind = models.CharField(max_length=12, blank=True, default="", help_text="What it was, by code (rules.told)")
    about = models.JSONField(default=dict, blank=True, help_text="Title of the form that it is of, by language")
    description = EncryptedTextField(
        context="disclosure.description", blank=True, default="", help_text="What was told, as a person typed it"
    )
    is_part2 = models.BooleanField(default=False, help_text="A Part 2 record: the 3-year accounting (42 CFR 2.25)")
    channel = models.CharField(max_length=20, default="fhir")
    consent_copy_sha256 = models.CharField(max_length=64, blank=True, help_text="The copy that went with it (2.32(b))")
    purpose = models.CharField(max_length=12, help_text="v3-ActReason code")
    categories = models.JSONField(default=list)
    basis = models.CharField(max_length=40, help_text="Reason code of the decision")
    statement = models.TextField(blank=True, help_text="The §2.32 notice that went with it")
    source_ref = models.UUIDField(help_text="The export item that was sent, or the row that tells of it")
    attempt = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.ATTEMPTING)
    at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)
    told_by = models.CharField(max_length=120, blank=True, default="", help_text="Of the staff, outside the wire")
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source_ref", "attempt"], name="one_disclosure_per_attempt"),
            models.CheckConstraint(
                name="a_settled_disclosure_says_when",
                condition=models.Q(state="attempting", settled_at__isnull=True)
                | (~models.Q(state="attempting") & models.Q(settled_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="what_was_told_by_hand_says_by_whom",
                condition=models.Q(told_by="", recorded_by__isnull=True)
                | (~models.Q(told_by="") & models.Q(recorded_by__isnull=False)),
            ),
        ]
        indexes = [models.Index(fields=["patient", "-at"], name="disclosure_by_patient")]

    def __str__(self) -> str:
        return f"{self.state} {self.id}"


class EmergencyDisclosure(models.Model):
    """To medical personnel without consent, in a bona fide emergency: the four facts of 42 CFR 2.51(c), and why."""

    APPEND_ONLY = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    disclosure = models.OneToOneField(Disclosure, on_delete=models.PROTECT, related_name="emergency")
    recipient_name = EncryptedTextField(context="emergency.recipient_name")
    recipient_affiliation = EncryptedTextField(context="emergency.recipient_affiliation")
    disclosed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    disclosed_at = models.DateTimeField()
    nature = EncryptedTextField(context="emergency.nature", help_text="Nature of the emergency")
    why_no_consent = EncryptedTextField(context="emergency.why_no_consent")
    what = EncryptedTextField(context="emergency.what", help_text="What was disclosed")
    recorded_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"emergency {self.id}"


class RestrictionRequest(models.Model):
    """A patient asks for limits (42 CFR 2.26, 45 CFR 164.522(a)). One kind can't be refused: a health plan, for payment
    or operations, about what somebody else has paid in full."""

    class State(models.TextChoices):
        ASKED = "asked"
        AGREED = "agreed"
        REFUSED = "refused"
        ENDED = "ended"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="restrictions")
    scope = EncryptedTextField(context="restriction.scope", help_text="What the patient asks, in their words")
    recipients = models.JSONField(default=list, help_text="Recipients that it is about; empty: all")
    purposes = models.JSONField(default=list, help_text="v3-ActReason codes that it is about; empty: all")
    categories = models.JSONField(default=list, help_text="Categories that it is about; empty: all")
    is_self_paid = models.BooleanField(default=False, help_text="About a health plan, and paid in full by others")
    state = models.CharField(max_length=8, choices=State.choices, default=State.ASKED)
    decided_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    note = EncryptedTextField(context="restriction.note", blank=True, default="")
    asked_at = models.DateTimeField(db_default=Now())

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="what_was_paid_in_full_is_never_refused",
                condition=~models.Q(is_self_paid=True, state="refused"),
            ),
            models.CheckConstraint(
                name="a_decided_request_says_when",
                condition=models.Q(state="asked", decided_at__isnull=True)
                | (~models.Q(state="asked") & models.Q(decided_at__isnull=False)),
            ),
        ]
        indexes = [models.Index(fields=["patient", "-asked_at"], name="restriction_by_patient")]

    def __str__(self) -> str:
        return f"{self.state} {self.id}"


class PrivacyTask(models.Model):
    """Something that the privacy officer has to look at; open until somebody says that it was done."""

    class Kind(models.TextChoices):
        EMERGENCY = "emergency", "an emergency disclosure"
        REVOCATION = "revocation", "a revocation"
        RESTRICTION = "restriction", "a request for limits"
        HELD = "held", "something held for want of consent"
        PAPER = "paper", "a paper to compare"
        UNCOVERED = "uncovered", "something told without a permission"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="privacy_tasks")
    kind = models.CharField(max_length=12, choices=Kind.choices)
    ref = models.UUIDField(help_text="The row that it is about")
    due_at = models.DateTimeField()
    opened_at = models.DateTimeField(db_default=Now())
    closed_at = models.DateTimeField(null=True)
    closed_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    note = EncryptedTextField(context="privacy_task.note", blank=True, default="")

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["kind", "ref"], name="one_task_per_row"),
            models.CheckConstraint(
                name="a_closed_task_says_by_whom",
                condition=models.Q(closed_at__isnull=True, closed_by__isnull=True)
                | models.Q(closed_at__isnull=False, closed_by__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="open_privacy_task", condition=models.Q(closed_at__isnull=True))
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.ref}"
