"""Who is paged after how long, and who is on duty when. Every change leaves evidence and a history row."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any
from uuid import UUID
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction

import core.outbox
from audit.actions import Action, Actor, Ref
from audit.services import record
from core import clock, doorbell
from core.models import Clinic, User
from escalation import policy
from escalation.models import Ladder, LadderChange, Override, Rotation, RotationMember, Shift
from escalation.selectors import watching
from escalation.services.telling import CHANGED


class NotAnOverride(ValueError):
    """Nobody may stand in then; the message says why."""


class AlreadyOverridden(ValueError):
    """Somebody else stands in at that level in part of that time."""


class Unreachable(ValueError):
    """A step would reach nobody by a proved contact point. The message names each step and says what to do."""


def require_reachable(clinic: Clinic, steps: Sequence[dict[str, Any]] | None = None) -> None:
    """Before a ladder or a form with risk rules goes live or changes. `steps`: without them those now in use.

    Asked only then: what lapses later alarms, and stops no intake, no shift and no page. Raises Unreachable.
    """
    if wrong := watching.unreachable(clinic.pk, steps):
        raise Unreachable(" ".join(wrong))


@transaction.atomic
def set_ladder(*, clinic: Clinic, steps: Sequence[dict[str, Any]], actor: Actor) -> Ladder:
    """Replace the clinic's ladder; running incidents keep the one they froze. Said twice: no change. The clinic's
    supervisors are told of what a member of staff changed.

    Raises ValueError with what is wrong, Unreachable among them.
    """
    if wrong := policy.faults(list(steps)):
        raise ValueError(" ".join(wrong))
    known = Ladder.objects.filter(clinic=clinic, steps=list(steps)).first()
    if known:
        return known
    require_reachable(clinic, list(steps))
    ladder, _ = Ladder.objects.update_or_create(clinic=clinic, defaults={"steps": list(steps)})
    _evidence(Action.LADDER_SET, ladder, actor, steps=len(steps))
    if actor.kind == "staff":
        change = LadderChange.objects.create(clinic=clinic, user_id=UUID(actor.id))
        core.outbox.publish(CHANGED, change.id)
        doorbell.ring("escalation.tell_supervisors")
    return ladder


@transaction.atomic
def put_on_call(
    *, clinic: Clinic, user: User, level: str, starts_at: datetime, ends_at: datetime | None = None, actor: Actor
) -> Shift:
    """Put somebody on call; a second standing duty for the same person and level is the first one."""
    if ends_at is None:
        standing = Shift.objects.filter(clinic=clinic, user=user, level=level, ends_at__isnull=True).first()
        if standing:
            return standing
    shift = Shift.objects.create(clinic=clinic, user=user, level=level, starts_at=starts_at, ends_at=ends_at)
    _evidence(Action.DUTY_SET, shift, actor, level=level, person=str(user.pk))
    return shift


@transaction.atomic
def set_rotation(
    *,
    clinic: Clinic,
    level: str,
    time_zone: str,
    starts_on: date,
    handover: time,
    days: int,
    members: Sequence[User],
    actor: Actor,
) -> Rotation:
    """Let members take turns at a level, instead of the rotation that the clinic has there. Said twice: no change.

    Pages that are written from now on follow it. Raises ValueError for a time zone that nobody knows.
    """
    if time_zone not in available_timezones():
        raise ValueError("This is not the name of a time zone. For example: America/New_York.")
    said = {"time_zone": time_zone, "starts_on": starts_on, "handover": handover, "days": days}
    known = Rotation.objects.filter(clinic=clinic, level=level, **said).first()
    if known and [one.user_id for one in known.members.order_by("position")] == [one.pk for one in members]:
        return known
    rotation, _ = Rotation.objects.update_or_create(clinic=clinic, level=level, defaults=said)
    for member in rotation.members.all():
        member.delete()
    for position, user in enumerate(members, 1):
        RotationMember.objects.create(rotation=rotation, user=user, position=position)
    _evidence(Action.DUTY_SET, rotation, actor, level=level, turns=[str(one.pk) for one in members])
    return rotation


@transaction.atomic
def stand_in(
    *, clinic: Clinic, level: str, user: User, starts_at: datetime, ends_at: datetime, reason: str, actor: Actor
) -> Override:
    """In [starts_at, ends_at) this person instead of whoever it would be.

    Raises NotAnOverride, and AlreadyOverridden where somebody stands in already (the exclusion constraint decides).
    """
    if fault := policy.override_fault(starts_at, ends_at, clock.now()):
        raise NotAnOverride(fault)
    try:
        with transaction.atomic():
            override = Override.objects.create(
                clinic=clinic, level=level, user=user, starts_at=starts_at, ends_at=ends_at, reason=reason
            )
    except IntegrityError as error:
        if "one_override_per_level_at_a_time" not in str(error):
            raise
        raise AlreadyOverridden("Somebody stands in at this level in part of that time already.") from error
    _evidence(Action.DUTY_SET, override, actor, level=level, person=str(user.pk))
    return override


@transaction.atomic
def cancel_stand_in(*, override: Override, actor: Actor) -> None:
    """Whoever it would be is on duty again. The history keeps what was cancelled."""
    _evidence(Action.DUTY_SET, override, actor, level=override.level, cancelled=True)
    override.delete()


def _evidence(action: Action, row: Ladder | Shift | Rotation | Override, actor: Actor, **context: object) -> None:
    record(action, actor=actor, obj=Ref(row._meta.label, str(row.pk)), clinic_id=row.clinic_id, context=context)
