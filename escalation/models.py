"""Ladders, who is on call, incidents, their pages, who acknowledged, what was done; what watches over all that."""

import uuid
from datetime import date
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from simple_history.models import HistoricalRecords

from core.fields import EncryptedJSONField, EncryptedTextField
from core.models import Clinic, ContactPoint, Patient, Site


class Ladder(models.Model):
    """Who is paged after how long. `steps`: [{"name", "level", "wait_seconds"}]; copied into each incident."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.OneToOneField(Clinic, on_delete=models.PROTECT, related_name="ladder")
    steps = models.JSONField()

    history = HistoricalRecords(user_db_constraint=False)

    def __str__(self) -> str:
        return f"Ladder of {self.clinic_id}"


class Level(models.TextChoices):
    """From the first who is told to the last, as in `policy.DUTY_LEVELS`."""

    ON_CALL = "on_call"
    BACKUP = "backup"
    SUPERVISOR = "supervisor"
    MEDICAL_DIRECTOR = "medical_director"


class Shift(models.Model):
    """Somebody is on call at a level, half-open [starts_at, ends_at). No end: standing duty, the fallback."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="shifts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="shifts")
    level = models.CharField(max_length=16, choices=Level.choices)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField(null=True)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_shift_ends_after_it_starts",
                condition=models.Q(ends_at__isnull=True) | models.Q(ends_at__gt=models.F("starts_at")),
            )
        ]
        indexes = [models.Index(fields=["clinic", "level", "starts_at"], name="shift_by_level")]

    def __str__(self) -> str:
        return f"{self.level} {self.starts_at:%Y-%m-%d}"


class Rotation(models.Model):
    """Members take turns at a level, each for `days` days from `handover` to `handover` by the wall clock there."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="rotations")
    level = models.CharField(max_length=16, choices=Level.choices)
    time_zone = models.CharField(max_length=64, help_text="IANA name, for example America/New_York")
    starts_on = models.DateField(help_text="The first member's turn begins on this day")
    handover = models.TimeField(help_text="When a turn begins, by the clock in that time zone")
    days = models.PositiveSmallIntegerField(default=7, help_text="How long a turn is: 7 is a week")

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["clinic", "level"],
                name="one_rotation_per_level",
                violation_error_message="This clinic has a rotation at this level already.",
            ),
            models.CheckConstraint(
                name="a_turn_is_a_day_to_a_year",
                condition=models.Q(days__gte=1, days__lte=366),
                violation_error_message="A turn is between 1 and 366 days long.",
            ),
            models.CheckConstraint(
                name="a_rotation_starts_in_this_century",  # a date that can't be counted on from would stop a page
                condition=models.Q(starts_on__gte=date(2000, 1, 1), starts_on__lt=date(2100, 1, 1)),
                violation_error_message="A rotation starts between 2000 and 2099.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()} rotation"


class RotationMember(models.Model):
    """Whose turn comes when; somebody may have several."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    rotation = models.ForeignKey(Rotation, on_delete=models.PROTECT, related_name="members")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="rotation_turns")
    position = models.PositiveSmallIntegerField()

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rotation", "position"], name="one_member_per_position")]

    def __str__(self) -> str:
        return f"{self.position}. {self.user}"


class Override(models.Model):
    """In [starts_at, ends_at) this person instead of whoever would be on duty: a swap, a holiday, an illness.

    Two at one level at one time are refused by the exclusion constraint `one_override_per_level_at_a_time`
    (migration 0031, in SQL).
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="overrides")
    level = models.CharField(max_length=16, choices=Level.choices)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="overrides")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    reason = models.CharField(max_length=120, help_text="For example: swap, holiday. Nothing about a patient.")

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_override_ends_after_it_starts",
                condition=models.Q(ends_at__gt=models.F("starts_at")),
                violation_error_message="The end must come after the start.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_level_display()}: {self.user}"


class RealIncidents(models.Manager["Incident"]):
    """Without the canaries, which are about nobody and are no business of any list, count, export or report."""

    def get_queryset(self) -> models.QuerySet["Incident"]:
        return super().get_queryset().filter(is_canary=False)


class Incident(models.Model):
    """A dangerous answer that a human has to deal with. While it is not resolved it has a due time (constraint).

    A canary has no patient, clinic or person to page: it travels to no one, to prove that pages travel. `objects`
    leaves canaries out; `every` is for what runs the pages.
    """

    class State(models.TextChoices):
        OPEN = "open"
        NOTIFYING = "notifying"
        ACKNOWLEDGED = "acknowledged"
        RESOLVED = "resolved"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=8, unique=True, help_text="Random; the only thing a page says")
    is_canary = models.BooleanField(default=False, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, null=True, related_name="incidents")
    site = models.ForeignKey(Site, on_delete=models.PROTECT, null=True, related_name="incidents")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, related_name="incidents")
    source_ref = models.UUIDField(help_text="The packet whose answers opened it; no key upwards")
    urgency = models.CharField(max_length=10)
    snapshot = EncryptedJSONField(context="incident.snapshot", help_text="What triggered it, frozen, in order of time")
    ladder = models.JSONField(help_text="The steps as they were when it opened")
    state = models.CharField(max_length=12, choices=State.choices, default=State.OPEN)
    step = models.PositiveIntegerField(default=0, help_text="Index of the step that was notified last")
    loop = models.PositiveIntegerField(default=0, help_text="How often the last step was repeated")
    due_at = models.DateTimeField(null=True, help_text="Next step, or the outcome's deadline once acknowledged")
    opened_at = models.DateTimeField(db_default=Now())
    resolved_at = models.DateTimeField(null=True)

    history = HistoricalRecords(user_db_constraint=False)
    objects: ClassVar[models.Manager["Incident"]] = RealIncidents()
    every: ClassVar[models.Manager["Incident"]] = models.Manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="only_a_canary_is_about_nobody",
                condition=models.Q(is_canary=True, patient=None, clinic=None, site=None)
                | models.Q(is_canary=False, patient__isnull=False, clinic__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["source_ref"], name="one_unresolved_incident_per_packet", condition=~models.Q(state="resolved")
            ),
            models.CheckConstraint(
                name="an_unresolved_incident_has_a_due_time",
                condition=models.Q(state="resolved", due_at__isnull=True, resolved_at__isnull=False)
                | (~models.Q(state="resolved") & models.Q(due_at__isnull=False, resolved_at__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], name="incident_due", condition=~models.Q(state="resolved")),
            models.Index(fields=["clinic", "-opened_at"], name="incident_by_clinic"),
            models.Index(fields=["source_ref"], name="incident_by_packet"),  # each dangerous answer looks for it
        ]

    def __str__(self) -> str:
        return self.code


class Page(models.Model):
    """One message to one person by one contact point. Claimed with a lease and a fence (`attempt`).

    `contact` is empty for a person's sign-in address. State "delivered" is handed on; how far it came is told by
    `accepted_at` (a provider took it), `device_at` (the device has it, or the phone was picked up) and `opened_at`
    (the person opened the incident); that somebody took the incident is its Acknowledgement. Whoever an alert reached
    is told by a page of kind "taken" that they need not respond.
    """

    class Kind(models.TextChoices):
        ALERT = "alert"
        TAKEN = "taken"

    class State(models.TextChoices):
        PENDING = "pending"
        CLAIMED = "claimed"
        DELIVERED = "delivered"
        RETRY = "retry"
        UNKNOWN = "unknown"
        DEAD = "dead"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="pages")
    kind = models.CharField(max_length=5, choices=Kind.choices, default=Kind.ALERT)
    round = models.PositiveIntegerField(help_text="Counts every step taken, repeats and re-openings included")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="pages")
    channel = models.CharField(max_length=10, default="email")
    contact = models.ForeignKey(ContactPoint, on_delete=models.PROTECT, null=True, related_name="pages")
    state = models.CharField(max_length=10, choices=State.choices, default=State.PENDING)
    due_at = models.DateTimeField(null=True)
    wanted_at = models.DateTimeField(db_default=Now(), help_text="When it should have gone out; the page says how late")
    lease_until = models.DateTimeField(null=True)
    attempt = models.PositiveIntegerField(default=0)
    last_error = models.CharField(max_length=40, blank=True)
    provider_id = models.CharField(max_length=80, blank=True, help_text="The provider's id of the latest attempt")
    provider_seq = models.PositiveSmallIntegerField(default=0, help_text="The furthest it told of; only grows")
    accepted_at = models.DateTimeField(null=True)
    device_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["incident", "kind", "round", "user", "contact"],
                name="one_page_per_kind_round_person_and_contact",
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="a_waiting_page_has_a_due_time",
                condition=~models.Q(state__in=["pending", "retry"]) | models.Q(due_at__isnull=False),
            ),
            models.CheckConstraint(
                name="a_claimed_page_has_a_lease",
                condition=~models.Q(state="claimed") | models.Q(lease_until__isnull=False),
            ),
            models.CheckConstraint(
                name="only_a_page_to_nobody_has_no_person",
                condition=models.Q(channel="sink", user=None, contact=None)
                | ~models.Q(channel="sink") & models.Q(user__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["due_at"], name="page_due", condition=models.Q(state__in=["pending", "retry", "claimed"])
            ),
            models.Index(fields=["-accepted_at"], name="canary_arrived", condition=models.Q(channel="sink")),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.id}"


class Acknowledgement(models.Model):
    """Somebody took it. It stops the ladder until the outcome's deadline, not for ever."""

    APPEND_ONLY = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="acknowledgements")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="acknowledgements")
    at = models.DateTimeField(db_default=Now())
    outcome_due_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"acknowledged {self.at}"


class Outcome(models.Model):
    """What was done, in words, by a named clinician: the only thing that closes an incident."""

    APPEND_ONLY = True

    class Kind(models.TextChoices):
        REACHED_SAFE = "reached_safe", "Reached; safe for now"
        SAFETY_PLAN = "safety_plan", "Safety plan made"
        EMERGENCY_SERVICES = "emergency_services", "Emergency services called"
        WELFARE_CHECK = "welfare_check", "Welfare check requested"
        NOT_A_RISK = "not_a_risk", "Not a risk, because of what is written below"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.OneToOneField(Incident, on_delete=models.PROTECT, related_name="outcome")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="outcomes")
    kind = models.CharField(max_length=20, choices=Kind.choices)
    note = EncryptedTextField(context="outcome.note")
    signed_as = models.CharField(max_length=170, help_text="Name and credentials at the time")
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return self.kind


class Round(models.Model):
    """What comes round by the database's clock: whoever moves `due_at` on does it. `ended_at`: done to the end."""

    name = models.CharField(primary_key=True, max_length=60)
    due_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class Alarm(models.Model):
    """Something about paging is not as it must be, for as long as it lasts; the history only grows.

    `code` is one of `policy.watch.Code`; `about` names a row or a clinic by id, never a person.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    code = models.CharField(max_length=30)
    about = models.CharField(max_length=60)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, null=True, related_name="alarms")
    raised_at = models.DateTimeField(db_default=Now())
    told_at = models.DateTimeField(null=True, help_text="An operator's mailbox or receiver took it")
    ended_at = models.DateTimeField(null=True)

    history = HistoricalRecords(user_db_constraint=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["code", "about"], name="one_alarm_while_it_lasts", condition=models.Q(ended_at__isnull=True)
            )
        ]
        indexes = [models.Index(fields=["-raised_at"], name="alarm_by_time")]

    def __str__(self) -> str:
        return self.code


class Drill(models.Model):
    """One test page to one person by one contact point, and whether the person pressed Received.

    Claimed with a lease. `contact` is empty for a person's sign-in address.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="drills")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="drills")
    contact = models.ForeignKey(ContactPoint, on_delete=models.PROTECT, null=True, related_name="drills")
    channel = models.CharField(max_length=10)
    planned_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(null=True, help_text="When it is sent, or tried again; empty once that is over")
    attempt = models.PositiveSmallIntegerField(default=0)
    delivered_at = models.DateTimeField(null=True)
    received_at = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="a_drill_is_due_or_over",
                condition=models.Q(due_at__isnull=False)
                | models.Q(delivered_at__isnull=False)
                | ~models.Q(last_error=""),
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], name="drill_due", condition=models.Q(due_at__isnull=False)),
            models.Index(fields=["clinic", "-planned_at"], name="drill_by_clinic"),
        ]

    def __str__(self) -> str:
        return f"drill {self.id}"

    @property
    def minutes(self) -> int | None:
        """From handed on to Received, whole minutes; None before both."""
        if not self.delivered_at or not self.received_at:
            return None
        return int((self.received_at - self.delivered_at).total_seconds() // 60)


class ContactAttempt(models.Model):
    """Nobody was reached, and when it is tried again. It closes nothing: without more, paging resumes at that time."""

    APPEND_ONLY = True
    LABEL = "Could not reach the patient"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    incident = models.ForeignKey(Incident, on_delete=models.PROTECT, related_name="contact_attempts")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="contact_attempts")
    note = EncryptedTextField(context="contact_attempt.note")
    signed_as = models.CharField(max_length=170, help_text="Name and credentials at the time")
    at = models.DateTimeField(db_default=Now())
    next_attempt_at = models.DateTimeField()

    class Meta:
        ordering = ["at"]
        constraints = [
            models.CheckConstraint(
                name="the_next_attempt_comes_later", condition=models.Q(next_attempt_at__gt=models.F("at"))
            )
        ]

    def __str__(self) -> str:
        return f"not reached {self.at}"


class Whereabouts(models.Model):
    """Where the patient says they are, and on which number, told from the crisis help. Of a packet, not of an incident:
    it may be told in the moment before one opens, and none of it is lost."""

    APPEND_ONLY = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="whereabouts")
    source_ref = models.UUIDField(help_text="The packet; no key upwards")
    place = EncryptedTextField(context="whereabouts.place", blank=True, default="")
    number = EncryptedTextField(context="whereabouts.number", blank=True, default="")
    fingerprint = models.CharField(max_length=64, unique=True, help_text="Of one sending: a repeat of it is one row")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        verbose_name_plural = "whereabouts"
        indexes = [models.Index(fields=["source_ref", "-at"], name="whereabouts_by_packet")]

    def __str__(self) -> str:
        return f"told {self.at}"
