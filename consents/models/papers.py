"""Paper that belongs to a signature: the signed sheet itself, or what gives somebody the right to sign for another."""

import uuid

from django.db import models
from django.db.models.functions import Now

from consents.models.signatures import Signature
from core.fields import EncryptedTextField
from core.models import User


class Paper(models.Model):
    """One scan or photo. The signature's evidence names its hash, so that another in its place shows."""

    APPEND_ONLY = True

    class What(models.TextChoices):
        SIGNED = "signed", "the paper that was signed"
        AUTHORITY = "authority", "the paper that shows the right to sign"

    class ContentType(models.TextChoices):
        PDF = "application/pdf", "PDF"
        JPEG = "image/jpeg", "JPEG"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    signature = models.ForeignKey(Signature, on_delete=models.PROTECT, related_name="papers")
    what = models.CharField(max_length=10, choices=What.choices)
    content = EncryptedTextField(context="paper.content", help_text="base64; a picture holds pixels only")
    content_type = models.CharField(max_length=20, choices=ContentType.choices)
    sha256 = models.CharField(max_length=64, help_text="Of the bytes")
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    entered_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["signature", "what"], name="one_paper_of_a_kind_per_signature"),
            models.CheckConstraint(
                name="who_entered_a_signed_paper_is_named",
                condition=~models.Q(what="signed") | models.Q(entered_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.id}"


class PaperComparison(models.Model):
    """A second person held the scan of a signed paper against what had been entered. Our measure, no rule's."""

    APPEND_ONLY = True

    paper = models.OneToOneField(Paper, on_delete=models.PROTECT, primary_key=True, related_name="comparison")
    entered_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", help_text="Copied from the paper")
    compared_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="another_person_compares_a_paper",
                condition=~models.Q(entered_by=models.F("compared_by")),
            )
        ]

    def __str__(self) -> str:
        return f"comparison of {self.paper_id}"
