"""Who signed which text, what ended it, and the sealed copy."""

import uuid

from django.db import models
from django.db.models.functions import Now

from consents.models.documents import KINDS, DocumentVersion
from core.fields import EncryptedJSONField, EncryptedTextField
from core.models import Patient, User


class Signature(models.Model):
    """One person's decision on one version: signed, declined, or (privacy notice) acknowledgement refused.

    Append-only. Revocation and doubt are rows of their own, so that what was signed stays what was signed; whoever took
    something back may decide anew, which is a row of the next `round`.
    """

    APPEND_ONLY = True

    class Decision(models.TextChoices):
        SIGNED = "signed"
        DECLINED = "declined"
        REFUSED = "refused", "acknowledgement refused"

    class Capacity(models.TextChoices):
        SELF = "self", "the patient"
        PARENT = "parent", "parent"
        GUARDIAN = "guardian", "guardian"
        REPRESENTATIVE = "representative", "legal representative"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="signatures")
    version = models.ForeignKey(DocumentVersion, on_delete=models.PROTECT, related_name="signatures")
    kind = models.CharField(max_length=24, choices=KINDS, help_text="Frozen copy of the document's kind")
    source_ref = models.UUIDField(help_text="The packet it was signed in; no key upwards")
    decision = models.CharField(max_length=10, choices=Decision.choices)
    reason = EncryptedTextField(context="signature.reason", blank=True, default="")
    signer_name = EncryptedTextField(context="signature.signer_name", blank=True, default="")
    capacity = models.CharField(max_length=20, choices=Capacity.choices, default=Capacity.SELF)
    authority = EncryptedTextField(
        context="signature.authority", null=True, help_text="What gives them the right to sign for another"
    )
    mark = EncryptedJSONField(
        context="signature.mark", null=True, help_text="Drawn: strokes, each a list of [x, y] in 1/1000 of the width"
    )
    shown_html = EncryptedTextField(context="signature.shown_html", help_text="Exactly what was on the screen")
    shown_sha256 = models.CharField(max_length=64)
    fields = EncryptedJSONField(context="signature.fields", default=dict)
    statements = EncryptedJSONField(context="signature.statements", default=list)
    evidence = EncryptedJSONField(context="signature.evidence", default=dict)
    expires_on = models.DateField(null=True, help_text="The last day of its effect (42 CFR 2.31(a)(7))")
    expiry_event = EncryptedTextField(context="signature.expiry_event", blank=True, default="")
    signed_at = models.DateTimeField(db_default=Now())
    round = models.PositiveSmallIntegerField(
        db_default=0, help_text="How often what this role signed here of this document had ended by then"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source_ref", "version", "decision", "capacity", "round"],
                name="one_decision_per_version_and_packet",
            ),
            models.CheckConstraint(
                name="who_signs_for_another_says_by_what_right",
                condition=models.Q(capacity="self") | models.Q(authority__isnull=False),
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
    """Ends a signature's effect from `at`, as a whole or for some recipients.

    42 CFR 2.31(a)(6) revoked in writing, (a)(7) its event came or the treatment ended, (c)(4) suspected false.
    """

    APPEND_ONLY = True

    class Why(models.TextChoices):
        REVOKED = "revoked"
        SUSPECTED_FALSE = "suspected_false"
        EVENT = "event", "the event came with which it ends"
        TREATMENT_ENDED = "treatment_ended"

    class How(models.TextChoices):
        LINK = "link", "the patient, by the link"
        PHONE = "phone", "by telephone, written down by staff"
        PAPER = "paper", "on paper"
        STAFF = "staff", "told to staff"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, related_name="revocations")
    why = models.CharField(max_length=16, choices=Why.choices)
    how = models.CharField(max_length=8, choices=How.choices, default=How.STAFF)
    recipients = models.JSONField(default=list, help_text="Only these may no longer get it; empty: nobody may")
    note = EncryptedTextField(context="revocation.note", blank=True, default="")
    scan = EncryptedTextField(context="revocation.scan", null=True, help_text="The paper, base64 of a PDF or picture")
    relied_on = models.JSONField(default=list, help_text="Ids of what had been disclosed under it by then")
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
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


class Timestamp(models.Model):
    """A timestamp authority's word (RFC 3161) that a sealed PDF was there. Waits as a row until the authority answers.

    `pdf` is the sealed PDF with that word appended: its first bytes are the sealed ones, unchanged.
    """

    sealed = models.OneToOneField(SealedDocument, on_delete=models.PROTECT, primary_key=True, related_name="timestamp")
    pdf = EncryptedTextField(context="timestamp.pdf", null=True, help_text="base64")
    pdf_sha256 = models.CharField(max_length=64, blank=True)
    due_at = models.DateTimeField(db_default=Now(), null=True)
    attempt = models.PositiveIntegerField(default=0)
    stamped_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_document_is_stamped_or_due",
                condition=models.Q(stamped_at__isnull=False, pdf__isnull=False, due_at__isnull=True)
                | models.Q(stamped_at__isnull=True, pdf__isnull=True, due_at__isnull=False),
            )
        ]
        indexes = [models.Index(fields=["due_at"], name="timestamp_due", condition=models.Q(stamped_at__isnull=True))]

    def __str__(self) -> str:
        return f"timestamp of {self.sealed_id}"
