"""Documents, their frozen versions, who signed which, what was revoked, and what left under which consent."""

import uuid

from django.db import models
from django.db.models.functions import Now
from simple_history.models import HistoricalRecords

from consents.policy import Kind
from core.fields import EncryptedJSONField, EncryptedTextField
from core.models import Clinic, Patient

KINDS = [(kind.value, kind.label) for kind in Kind]


class Document(models.Model):
    """A text a clinic has people sign; its versions carry the words."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="documents")
    slug = models.SlugField(max_length=40)
    kind = models.CharField(max_length=24, choices=KINDS)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "slug"], name="one_document_per_slug")]

    def __str__(self) -> str:
        return self.slug


class DocumentVersion(models.Model):
    """The words in one language. Once effective, title, body, HTML and hash can't change (trigger, migration 0002)."""

    class State(models.TextChoices):
        DRAFT = "draft"
        APPROVED = "approved"
        EFFECTIVE = "effective"
        RETIRED = "retired"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="versions")
    version = models.CharField(max_length=20)
    language = models.CharField(max_length=5)
    title = models.CharField(max_length=200)
    body = models.TextField(help_text="CommonMark with {{named}} fields, no HTML")
    html = models.TextField(help_text="Rendered from the body; named fields still open")
    sha256 = models.CharField(max_length=64)
    state = models.CharField(max_length=10, choices=State.choices, default=State.DRAFT)
    review_note = models.TextField(blank=True, help_text="What counsel or a translator still has to look at")
    effective_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["document", "version", "language"], name="one_text_per_version"),
            models.UniqueConstraint(
                fields=["document", "language"],
                name="one_effective_version_per_language",
                condition=models.Q(state="effective"),
            ),
            models.CheckConstraint(
                name="an_effective_version_has_its_instant",
                condition=~models.Q(state="effective") | models.Q(effective_at__isnull=False, retired_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document.slug} {self.version} {self.language}"


class Signature(models.Model):
    """One person's decision on one version: signed, declined, or (privacy notice) acknowledgement refused.

    Append-only. Revocation and doubt are rows of their own, so that what was signed stays what was signed.
    """

    APPEND_ONLY = True

    class Decision(models.TextChoices):
        SIGNED = "signed"
        DECLINED = "declined"
        REFUSED = "refused", "acknowledgement refused"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="signatures")
    version = models.ForeignKey(DocumentVersion, on_delete=models.PROTECT, related_name="signatures")
    kind = models.CharField(max_length=24, choices=KINDS, help_text="Frozen copy of the document's kind")
    source_ref = models.UUIDField(help_text="The packet it was signed in; no key upwards")
    decision = models.CharField(max_length=10, choices=Decision.choices)
    reason = EncryptedTextField(context="signature.reason", blank=True, default="")
    signer_name = EncryptedTextField(context="signature.signer_name", blank=True, default="")
    capacity = models.CharField(max_length=20, default="self")
    shown_html = EncryptedTextField(context="signature.shown_html", help_text="Exactly what was on the screen")
    shown_sha256 = models.CharField(max_length=64)
    fields = EncryptedJSONField(context="signature.fields", default=dict)
    statements = EncryptedJSONField(context="signature.statements", default=list)
    evidence = EncryptedJSONField(context="signature.evidence", default=dict)
    expires_on = models.DateField(null=True)
    signed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_ref", "version", "decision"], name="one_decision_per_version_and_packet"
            ),
            models.CheckConstraint(
                name="only_a_notice_acknowledgement_can_be_refused",
                condition=~models.Q(decision="refused") | models.Q(kind="npp_ack"),
            ),
        ]
        indexes = [models.Index(fields=["patient", "kind", "-signed_at"], name="signature_by_patient")]

    def __str__(self) -> str:
        return f"{self.kind} {self.decision}"


class Revocation(models.Model):
    """Ends a signature's effect from `at`: revoked in writing (42 CFR 2.31(a)(6)) or suspected false (2.31(c)(4))."""

    APPEND_ONLY = True

    class Why(models.TextChoices):
        REVOKED = "revoked"
        SUSPECTED_FALSE = "suspected_false"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, related_name="revocations")
    why = models.CharField(max_length=16, choices=Why.choices)
    note = EncryptedTextField(context="revocation.note", blank=True, default="")
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.why


class SealedDocument(models.Model):
    """The PDF made from a signature's shown bytes. Waits as a row until a worker has rendered it."""

    signature = models.OneToOneField(Signature, on_delete=models.PROTECT, primary_key=True, related_name="sealed")
    pdf = EncryptedTextField(context="sealed.pdf", null=True, help_text="base64")
    pdf_sha256 = models.CharField(max_length=64, blank=True)
    due_at = models.DateTimeField(db_default=Now(), null=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    sealed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_document_is_sealed_or_due",
                condition=models.Q(sealed_at__isnull=False, pdf__isnull=False, due_at__isnull=True)
                | models.Q(sealed_at__isnull=True, pdf__isnull=True, due_at__isnull=False),
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="sealed_due", condition=models.Q(sealed_at__isnull=True)),
        ]

    def __str__(self) -> str:
        return f"PDF of {self.signature_id}"


class Disclosure(models.Model):
    """Written before each send, so that nothing leaves unledgered (42 CFR 2.25, 2.32; 45 CFR 164.528)."""

    class State(models.TextChoices):
        ATTEMPTING = "attempting"
        SENT = "sent"
        FAILED = "failed"
        UNKNOWN = "unknown", "unknown (counts as disclosed)"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="disclosures")
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, null=True, related_name="disclosures")
    recipient = models.CharField(max_length=120)
    purpose = models.CharField(max_length=12, help_text="v3-ActReason code")
    categories = models.JSONField(default=list)
    basis = models.CharField(max_length=40, help_text="Reason code of the decision")
    statement = models.TextField(blank=True, help_text="The §2.32 notice that went with it")
    source_ref = models.UUIDField(help_text="The export item that was sent")
    attempt = models.PositiveIntegerField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.ATTEMPTING)
    at = models.DateTimeField(db_default=Now())
    settled_at = models.DateTimeField(null=True)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source_ref", "attempt"], name="one_disclosure_per_attempt"),
            models.CheckConstraint(
                name="a_settled_disclosure_says_when",
                condition=models.Q(state="attempting", settled_at__isnull=True)
                | (~models.Q(state="attempting") & models.Q(settled_at__isnull=False)),
            ),
        ]
        indexes = [models.Index(fields=["patient", "-at"], name="disclosure_by_patient")]

    def __str__(self) -> str:
        return f"{self.state} {self.id}"
