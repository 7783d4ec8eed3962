"""What comes round, what is not as it must be, and the weekly tests."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models.functions import Now
from simple_history.models import HistoricalRecords

from core.models import Clinic, ContactPoint


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
