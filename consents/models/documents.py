"""Documents and their versions, who reviewed them, and which of them a packet carries."""

import uuid

from django.db import models
from django.db.models.functions import Now
from simple_history.models import HistoricalRecords

from consents.policy import Kind
from core.models import Clinic, Program, User, Visit

KINDS = [(kind.value, kind.label) for kind in Kind]
VISITS = [(visit.value, visit.label) for visit in Visit if visit != Visit.NOT_SAID]


class Document(models.Model):
    """A text a clinic has people sign; its versions carry the words."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="documents")
    slug = models.SlugField(max_length=40)
    kind = models.CharField(max_length=24, choices=KINDS)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "slug"], name="one_document_per_slug")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.slug})"


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
    change_note = models.TextField(blank=True, help_text="What is different from the version before, and why")
    review_by = models.DateField(null=True, blank=True, help_text="When somebody looks at it again")
    reading_grade = models.DecimalField(max_digits=4, decimal_places=1, null=True, help_text="Of the body, when made")
    author = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    approver = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    effective_at = models.DateTimeField(null=True, help_text="Of an approved text: when it will be; else since when")
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
                name="another_person_approves",
                condition=models.Q(author__isnull=True)
                | models.Q(approver__isnull=True)
                | ~models.Q(author=models.F("approver")),
            ),
            models.CheckConstraint(
                name="what_people_wrote_is_approved_before_it_is_effective",
                condition=models.Q(author__isnull=True) | models.Q(state="draft") | models.Q(approver__isnull=False),
            ),
            models.CheckConstraint(
                name="an_approved_version_has_its_instant",
                condition=~models.Q(state="approved") | models.Q(effective_at__isnull=False),
            ),
            models.CheckConstraint(
                name="an_effective_version_has_its_instant",
                condition=~models.Q(state="effective") | models.Q(effective_at__isnull=False, retired_at__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.document.slug} {self.version} {self.language}"


class Review(models.Model):
    """Somebody qualified looked at a text: the clinic's counsel, or a translator (45 CFR 92.201(c)(3)).

    Until both that it needs are recorded, `DocumentVersion.review_note` stands on every copy.
    """

    APPEND_ONLY = True

    class Role(models.TextChoices):
        COUNSEL = "counsel", "the clinic's counsel"
        TRANSLATOR = "translator", "a qualified translator"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    version = models.ForeignKey(DocumentVersion, on_delete=models.PROTECT, related_name="reviews")
    role = models.CharField(max_length=10, choices=Role.choices)
    reviewer_name = models.CharField(max_length=120)
    note = models.TextField(blank=True)
    recorded_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.UniqueConstraint(fields=["version", "role"], name="one_review_per_role")]

    def __str__(self) -> str:
        return f"{self.role} of {self.version_id}"


class ConsentRule(models.Model):
    """Which document a clinic's packets carry, how it must be answered, how often, and who signs it.

    A clinic without rules of its own has `consents.services.ruling.DEFAULTS`. Empty `program`, `visit` or ages mean:
    all.
    """

    class Must(models.TextChoices):
        SIGN = "sign", "must be signed"
        DECIDE = "decide", "must be signed or declined"
        SHOWN = "shown", "must be shown"

    class Signer(models.TextChoices):
        SELF = "self", "the patient"
        MINOR_ALONE = "minor_alone", "the minor alone"
        GUARDIAN = "guardian", "parent, guardian or legal representative"
        BOTH = "both", "the minor and a parent or guardian"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    document = models.ForeignKey(Document, on_delete=models.PROTECT, related_name="rules")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    must = models.CharField(max_length=8, choices=Must.choices, default=Must.SIGN)
    signer = models.CharField(max_length=12, choices=Signer.choices, default=Signer.SELF)
    min_age = models.PositiveSmallIntegerField(null=True, blank=True)
    max_age = models.PositiveSmallIntegerField(null=True, blank=True)
    visit = models.CharField(max_length=9, choices=VISITS, blank=True, default="", help_text="Only for such visits")
    every_months = models.PositiveSmallIntegerField(null=True, blank=True, help_text="Again after so many months")
    on_new_version = models.BooleanField(default=True, help_text="Again when the text has changed")
    position = models.PositiveSmallIntegerField(default=0)
    is_active = models.BooleanField(default=True)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        indexes = [models.Index(fields=["document", "position"], name="consent_rule_by_document")]

    def __str__(self) -> str:
        return f"{self.document}: {self.get_must_display()}"
