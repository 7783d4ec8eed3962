"""What happened. Append-only: the database refuses UPDATE, DELETE and TRUNCATE (migration 0002), whoever asks."""

import uuid

from django.db import models
from django.db.models.functions import Now


class Event(models.Model):
    """One thing that was done or read. Ids only: no foreign keys, no PHI, no free text."""

    APPEND_ONLY = True

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    at = models.DateTimeField(db_default=Now())
    action = models.CharField(max_length=40)
    actor_kind = models.CharField(max_length=10)
    actor_id = models.CharField(max_length=64)
    clinic_id = models.UUIDField(null=True)
    patient_id = models.UUIDField(null=True)
    object_type = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    request_id = models.CharField(max_length=36)
    context = models.TextField(help_text="Canonical JSON: ids, counts and reason codes")

    class Meta:
        indexes = [
            models.Index(fields=["patient_id", "at"], name="event_by_patient"),
            models.Index(fields=["clinic_id", "at"], name="event_by_clinic"),
            models.Index(fields=["at"], name="event_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.id}"


class Unsealed(models.Model):
    """Events waiting for the seal, filled by a trigger on Event. A queue, never a cursor over ids."""

    event_id = models.UUIDField(primary_key=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return str(self.event_id)


class Leaf(models.Model):
    """An event's place in the sealed log. `seq` has no gaps."""

    APPEND_ONLY = True

    seq = models.BigIntegerField(primary_key=True)
    event_id = models.UUIDField(unique=True)
    leaf_hash = models.BinaryField()
    link_hash = models.BinaryField()
    sealed_at = models.DateTimeField(db_default=Now())

    class Meta:
        constraints = [models.CheckConstraint(name="leaf_sequence_starts_at_one", condition=models.Q(seq__gte=1))]

    def __str__(self) -> str:
        return str(self.seq)
