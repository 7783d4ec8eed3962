"""Rows for readers above: `publish` in the transaction of the change, `claim` in the transaction of the act."""

from collections.abc import Collection
from uuid import UUID

from core.clock import Now
from core.models import OutboxMessage


def publish(topic: str, subject_id: UUID) -> None:
    """Leave news once per topic and subject; a repeat is no news."""
    OutboxMessage.objects.get_or_create(topic=topic, subject_id=subject_id)


def claim(topic: str, *, but_not: Collection[UUID] = ()) -> OutboxMessage | None:
    """Lock the oldest waiting message, skipping those another worker holds, and the subjects whose time has not come.

    Call inside a transaction.
    """
    return (
        OutboxMessage.objects.select_for_update(skip_locked=True)
        .filter(topic=topic, consumed_at__isnull=True)
        .exclude(subject_id__in=but_not)
        .order_by("at")
        .first()
    )


def consume(message: OutboxMessage) -> None:
    """Mark it done; commits or rolls back with what was done."""
    OutboxMessage.objects.filter(pk=message.pk).update(consumed_at=Now())
