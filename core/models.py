"""Who: clinics and their places, staff and their roles, programs, patients; and the outbox.

PHI columns hold ciphertext from the first migration. Search is exact match on keyed blind indexes
(what that leaks is stated in docs/security.md).
"""

import unicodedata
import uuid
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models.functions import Now
from simple_history.models import HistoricalRecords

from core.crypto import blind_index
from core.fields import EncryptedTextField
from core.permissions import Role


class Clinic(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=120)
    neutral_name = models.CharField(
        max_length=60, help_text="Sender name in messages. It must not give away the kind of care (42 CFR 2.13(c))."
    )
    phone = models.CharField(max_length=32)
    crisis_phone = models.CharField(max_length=32, blank=True, help_text="The clinic's own crisis line, if it has one")
    email = models.EmailField(blank=True)
    country = models.CharField(max_length=2, default="US", help_text="ISO 3166-1: decides which crisis lines are shown")
    crisis_text = models.CharField(
        max_length=160,
        blank=True,
        help_text="A crisis line of the region's own that takes texts, instead of the country's",
    )
    crisis_chat = models.URLField(blank=True, help_text="A crisis chat of the region's own, instead of the country's")
    privacy_contact = models.CharField(max_length=200, blank=True)
    time_zone = models.CharField(max_length=64, default="America/New_York")
    created_at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.name


class Site(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="sites")
    name = models.CharField(max_length=120)
    code = models.CharField(max_length=12, help_text="Neutral code used in pages")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "code"], name="one_site_per_code")]

    def __str__(self) -> str:
        return self.name


class StaffManager(UserManager["User"]):
    """Staff sign in with their e-mail address; there is no self-service sign-up."""

    def create_staff(self, *, email: str, password: str | None, full_name: str, **extra: Any) -> "User":
        return self.create_user(email.lower(), email.lower(), password, full_name=full_name, **extra)


class User(AbstractUser):
    """A member of staff. Never deleted (history and evidence name them): deactivated."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    email = models.EmailField(unique=True)
    full_name = models.CharField(max_length=120)
    credentials = models.CharField(max_length=40, blank=True, help_text="As signed under an outcome, e.g. LCSW")

    objects: ClassVar[StaffManager] = StaffManager()

    def __str__(self) -> str:
        return self.full_name or self.email


class Membership(models.Model):
    """A role at a clinic."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=20, choices=[(role.value, role.value.replace("_", " ")) for role in Role])
    is_active = models.BooleanField(default=True)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "clinic", "role"], name="one_membership_per_role")]

    def __str__(self) -> str:
        return f"{self.user} · {self.role}"


class Visit(models.TextChoices):
    """How a visit takes place, as the front desk knows it when it invites; it says nothing about the care."""

    IN_PERSON = "in_person", "in person"
    VIDEO = "video", "by video"
    PHONE = "phone", "by phone"
    NOT_SAID = "not_said", "not said"


class Program(models.Model):
    """A service line. Its Part 2 status decides what may leave (42 CFR 2.11, 2.12); unknown is protected."""

    class Part2Status(models.TextChoices):
        PART2 = "part2", "Part 2 program"
        NOT_PART2 = "not_part2", "not a Part 2 program"
        MIXED = "mixed", "mixed"
        UNDETERMINED = "undetermined", "undetermined (treated as Part 2)"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="programs")
    name = models.CharField(max_length=120)
    public_name = models.CharField(max_length=120, help_text="Neutral name shown to patients and the front desk")
    legal_name = models.CharField(max_length=200, help_text="As named in consents (42 CFR 2.31(a)(2))")
    part2_status = models.CharField(max_length=14, choices=Part2Status.choices, default=Part2Status.UNDETERMINED)

    history = HistoricalRecords(user_db_constraint=False)

    def __str__(self) -> str:
        return self.public_name

    @property
    def protects_whole_intake(self) -> bool:
        """In a Part 2 program, or one nobody has decided on, every answer is a Part 2 record."""
        return self.part2_status != self.Part2Status.NOT_PART2 and self.part2_status != self.Part2Status.MIXED

    @property
    def may_hold_part2(self) -> bool:
        """Some of its records may be Part 2 records: its patients are told so (42 CFR 2.22)."""
        return self.part2_status != self.Part2Status.NOT_PART2


def normalised(value: str) -> str:
    """Case-folded, accent-free letters and digits: "Núñez-O'Hara" and "nunez ohara" are one."""
    decomposed = unicodedata.normalize("NFKD", value).casefold()
    return "".join(char for char in decomposed if char.isalnum())


def digits(value: str) -> str:
    """A phone number's last ten digits: "+1 (555) 010-0100" and "5550100100" are one."""
    return "".join(char for char in value if char.isdigit())[-10:]


class PatientQuerySet(models.QuerySet["Patient"]):
    def matching(self, **terms: str) -> "PatientQuerySet":
        """Exact matches by `family_name`, `given_name`, `phone`, `email`, `mrn`, or `family_name` + `birth_date`."""
        if {"family_name", "birth_date"} <= terms.keys():
            joint = f"{normalised(terms.pop('family_name'))}|{terms.pop('birth_date')}"
            terms["family_dob"] = joint
        found = self
        for name, value in terms.items():
            found = found.filter(**{f"{name}_ix": patient_index(name, value)})
        return found


def patient_index(name: str, value: str) -> str:
    """The blind index of one searchable value; each column has its own context, so columns can't be joined."""
    clean = value if name == "family_dob" else digits(value) if name == "phone" else normalised(value)
    return blind_index(settings.INDEX_KEY, clean, context=f"patient.{name}")


class Patient(models.Model):
    class Sex(models.TextChoices):
        FEMALE = "female"
        MALE = "male"
        OTHER = "other"
        UNKNOWN = "unknown"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="patients")
    given_name = EncryptedTextField(context="patient.given_name")
    family_name = EncryptedTextField(context="patient.family_name")
    birth_date = EncryptedTextField(context="patient.birth_date", help_text="ISO date")
    sex = EncryptedTextField(context="patient.sex", default=Sex.UNKNOWN)
    phone = EncryptedTextField(context="patient.phone", blank=True, default="")
    email = EncryptedTextField(context="patient.email", blank=True, default="")
    mrn = EncryptedTextField(context="patient.mrn", blank=True, default="")
    language = models.CharField(max_length=5, default="en")
    given_name_ix = models.CharField(max_length=64, blank=True, editable=False)
    family_name_ix = models.CharField(max_length=64, blank=True, editable=False)
    phone_ix = models.CharField(max_length=64, blank=True, editable=False)
    email_ix = models.CharField(max_length=64, blank=True, editable=False)
    mrn_ix = models.CharField(max_length=64, blank=True, editable=False)
    family_dob_ix = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now())

    history = HistoricalRecords(user_db_constraint=False)
    objects: ClassVar[models.Manager["Patient"]] = PatientQuerySet.as_manager()

    class Meta:
        # Care-team membership of one clinician for one patient (django-guardian).
        permissions = [("care_for", "Is on the care team")]
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "mrn_ix"], name="one_patient_per_mrn", condition=~models.Q(mrn_ix="")
            )
        ]
        indexes = [
            models.Index(fields=["clinic", "family_name_ix"], name="patient_by_family_name"),
            models.Index(fields=["clinic", "given_name_ix"], name="patient_by_given_name"),
            models.Index(fields=["clinic", "phone_ix"], name="patient_by_phone"),
            models.Index(fields=["clinic", "email_ix"], name="patient_by_email"),
            models.Index(fields=["clinic", "family_dob_ix"], name="patient_by_family_dob"),
        ]

    def __str__(self) -> str:
        return f"Patient {str(self.id)[:8]}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Blind indexes follow their columns; there is no other way to write a patient."""
        for name in ("given_name", "family_name", "phone", "email", "mrn"):
            setattr(self, f"{name}_ix", patient_index(name, getattr(self, name)))
        self.family_dob_ix = patient_index("family_dob", f"{normalised(self.family_name)}|{self.birth_date}")
        super().save(*args, **kwargs)

    @property
    def full_name(self) -> str:
        return f"{self.given_name} {self.family_name}"


class Vendor(models.Model):
    """Somebody outside who carries messages, and until when an agreement binds them (45 CFR 164.504(e))."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="vendors")
    name = models.CharField(max_length=120)
    scope = models.CharField(max_length=200, help_text="What they carry, e.g. texts and calls to staff")
    baa_until = models.DateField("agreement until", help_text="Last day of the business associate agreement")

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clinic", "name"], name="one_vendor_per_name")]

    def __str__(self) -> str:
        return self.name


class ContactPoint(models.Model):
    """One way to reach a member of staff for a clinic. Its address never changes: another address is another row.

    E-mail through the clinic's own server, the inbox and a webhook of the clinic's own may do without a vendor.
    `rank` orders a person's ways, the lowest first. `verified_at`: the person typed the code that a test brought.
    """

    class Kind(models.TextChoices):
        EMAIL = "email", "e-mail"
        SMS = "sms", "text message"
        VOICE = "voice", "phone call"
        APPRISE = "apprise", "chat or push"
        WEBHOOK = "webhook", "webhook"
        IN_APP = "in_app", "inbox only"

    NEEDS_VENDOR: ClassVar[tuple[str, ...]] = (Kind.SMS, Kind.VOICE, Kind.APPRISE)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="contact_points")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="contact_points")
    kind = models.CharField(max_length=10, choices=Kind.choices)
    address = EncryptedTextField(context="contact_point.address", blank=True, default="")
    vendor = models.ForeignKey(Vendor, on_delete=models.PROTECT, null=True, blank=True, related_name="contact_points")
    rank = models.PositiveSmallIntegerField(default=1, help_text="1 goes out first")
    is_active = models.BooleanField(default=True)
    test_code = models.CharField(max_length=8, blank=True, editable=False)
    last_test_delivered_at = models.DateTimeField(null=True, editable=False)
    verified_at = models.DateTimeField(null=True, editable=False)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_vendor_channel_in_use_names_its_vendor",
                condition=models.Q(is_active=False)
                | models.Q(vendor__isnull=False)
                | ~models.Q(kind__in=["sms", "voice", "apprise"]),
            )
        ]
        indexes = [models.Index(fields=["clinic", "user", "rank"], name="contact_point_by_rank")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} of {self.user}"


class BreakGlass(models.Model):
    """A clinician outside the care team opened a patient's page, said why, and may read it until `until`.

    An emergency access procedure as 45 CFR 164.312(a)(2)(ii) asks for. It opens no substance-use section: telling of
    those in an emergency is 42 CFR 2.51, and has its own page. The clinic's compliance officer looks at each.
    """

    APPEND_ONLY = True

    class Why(models.TextChoices):
        COVERING = "covering", "I cover for the care team"
        URGENT = "urgent", "The patient needs help now"
        ASKED = "asked", "The care team asked me"
        OTHER = "other", "Something else"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="glass")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="glass")
    why = models.CharField(max_length=8, choices=Why.choices)
    words = EncryptedTextField(context="break_glass.words", help_text="The reason in the clinician's words")
    at = models.DateTimeField(db_default=Now())
    until = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="glass_is_broken_for_an_hour_at_most",
                condition=models.Q(until__gt=models.F("at"), until__lte=models.F("at") + timedelta(hours=1)),
            )
        ]
        indexes = [models.Index(fields=["user", "until"], name="glass_in_force")]

    def __str__(self) -> str:
        return f"Break-glass {str(self.id)[:8]}"


class BreakGlassReview(models.Model):
    """What the compliance officer found: one per access, and final."""

    APPEND_ONLY = True

    class Finding(models.TextChoices):
        JUSTIFIED = "justified", "Justified"
        FOLLOW_UP = "follow_up", "Needs follow-up"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    glass = models.OneToOneField(BreakGlass, on_delete=models.PROTECT, related_name="review")
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="glass_reviews")
    finding = models.CharField(max_length=9, choices=Finding.choices)
    note = EncryptedTextField(context="break_glass_review.note")
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"Review {str(self.id)[:8]}"


class OutboxMessage(models.Model):
    """News for an app above: a topic and an id. Whoever acts on it marks it in the transaction of the act."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    topic = models.CharField(max_length=40)
    subject_id = models.UUIDField()
    at = models.DateTimeField(db_default=Now())
    consumed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["topic", "at"], name="outbox_waiting", condition=models.Q(consumed_at__isnull=True))
        ]
        constraints = [models.UniqueConstraint(fields=["topic", "subject_id"], name="one_message_per_subject")]

    def __str__(self) -> str:
        return f"{self.topic} {self.subject_id}"
