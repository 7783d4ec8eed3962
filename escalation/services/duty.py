"""Who is paged after how long, and who is on call when."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from core.models import Clinic, User
from escalation.models import Ladder, Shift
from escalation.policy import faults


def set_ladder(*, clinic: Clinic, steps: Sequence[dict[str, Any]]) -> Ladder:
    """Replace the clinic's ladder; running incidents keep the one they froze. Raises ValueError with what is wrong."""
    if wrong := faults(steps):
        raise ValueError("; ".join(wrong))
    ladder, _ = Ladder.objects.update_or_create(clinic=clinic, defaults={"steps": list(steps)})
    return ladder


def put_on_call(
    *, clinic: Clinic, user: User, level: str, starts_at: datetime, ends_at: datetime | None = None
) -> Shift:
    """Put somebody on call; a second standing duty for the same person and level is the first one."""
    if ends_at is None:
        standing = Shift.objects.filter(clinic=clinic, user=user, level=level, ends_at__isnull=True).first()
        if standing:
            return standing
    return Shift.objects.create(clinic=clinic, user=user, level=level, starts_at=starts_at, ends_at=ends_at)
