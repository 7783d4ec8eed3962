"""Ladders, and who is on call."""

import uuid
from datetime import date

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from simple_history.models import HistoricalRecords

from core.models import Clinic


class Ladder(models.Model):
    """Who is paged after how long. `steps`: [{"name", "level", "wait_seconds"}]; copied into each incident."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.OneToOneField(Clinic, on_delete=models.PROTECT, related_name="ladder")
    steps = models.JSONField()

    history = HistoricalRecords(user_db_constraint=False)

    def __str__(self) -> str:
        return f"Ladder of {self.clinic}"


class LadderChange(models.Model):
    """A member of staff changed the clinic's ladder; its supervisors are told."""

    APPEND_ONLY = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="ladder_changes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="ladder_changes")
    at = models.DateTimeField(db_default=Now())

    def __str__(self) -> str:
        return f"changed {self.at}"


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
