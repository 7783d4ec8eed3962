"""The weekly drill: everybody who would be paged now gets a test page by each of their ways, and presses Received."""

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.urls import reverse

import core.services
from audit.actions import Action, Actor, Ref
from audit.services import record
from core import clock
from core.channels.base import Channel, ChannelError, Message
from core.channels.registry import channel_for
from core.crypto import UnreadableValue
from core.models import Clinic, ContactPoint
from core.selectors import ways_to_reach
from escalation import policy, selectors
from escalation.models import Drill, Ladder, Round
from escalation.policy import watch
from escalation.services import rounds

DRILLER = Actor.system("drill")
MOST_ATTEMPTS = 5

# The next attempt's time is the lease: whoever dies while sending costs a minute.
CLAIM = """
UPDATE escalation_drill SET attempt = attempt + 1, due_at = clock_timestamp() + interval '60 seconds'
WHERE id = (SELECT id FROM escalation_drill WHERE due_at <= (SELECT clock_timestamp())
            ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, attempt
"""


def plan_drills() -> int:
    """Write the test pages of each clinic whose Wednesday at ten has come; returns how many."""
    if not rounds.claim("drills", 60):
        return 0
    return sum(_plan(clinic) for clinic in Clinic.objects.order_by("id"))


@transaction.atomic
def _plan(clinic: Clinic) -> int:
    """What a downtime missed is made up for once. A clinic's first drill waits for the next Wednesday."""
    now = clock.now()
    following = watch.next_drill(now, policy.zone(clinic.time_zone))
    name = f"drill:{clinic.pk}"
    Round.objects.get_or_create(name=name, defaults={"due_at": following})
    this = Round.objects.select_for_update().get(name=name)
    if this.due_at > now:
        return 0
    this.due_at, this.ended_at = following, now
    this.save()
    ways = [way for way in ways_to_reach(clinic.pk, _on_call(clinic.pk)) if way.kind != ContactPoint.Kind.IN_APP]
    Drill.objects.bulk_create(
        Drill(clinic=clinic, user_id=way.user_id, contact_id=way.contact_id, channel=way.kind, due_at=now)
        for way in ways
        if way.user_id
    )
    return len(ways)


def _on_call(clinic_id: UUID) -> tuple[UUID, ...]:
    """Whom the steps of the ladder would page now; not everybody who may answer."""
    steps = Ladder.objects.filter(clinic_id=clinic_id).values_list("steps", flat=True).first()
    levels = [one.level for one in policy.parsed(steps) if one.level != policy.EVERYONE]
    now = clock.now()
    return policy.people_of(selectors.roster(clinic_id, since=now), levels, now, selectors.may_answer(clinic_id))


def send_drills(*, channels: Callable[[str], Channel] = channel_for) -> bool:
    """Send one test page that is due: pages wait behind it. False when there is none, or it was not taken."""
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(CLAIM)
        claimed = cursor.fetchone()
    if claimed is None:
        return False
    drill = Drill.objects.select_related("user", "contact").defer("contact__address").get(pk=claimed[0])
    try:
        channels(drill.channel).deliver(_message(drill))
    except ChannelError as error:
        again = None if error.permanent or drill.attempt >= MOST_ATTEMPTS else clock.now() + timedelta(minutes=1)
        _settle(drill, due_at=again, last_error=error.reason[:40])
        return False
    return _settle(drill, due_at=None, last_error="", delivered_at=clock.now())


def _message(drill: Drill) -> Message:
    """Raises ChannelError (permanent) for somebody who has left and for what can't be an address."""
    try:
        address = drill.contact.address if drill.contact else drill.user.email
        if drill.channel == ContactPoint.Kind.EMAIL:
            validate_email(address)
    except (UnreadableValue, ValidationError):
        raise ChannelError("no usable address", permanent=True) from None
    if not drill.user.is_active or (drill.contact and not drill.contact.is_active):
        raise ChannelError("no longer in use", permanent=True)
    words = {"link": settings.BASE_URL + reverse("escalation:drills")}
    name = "drill_voice" if drill.channel == ContactPoint.Kind.VOICE else "drill"
    return Message(
        to=address,
        subject=render_to_string("escalation/notify/drill_subject.txt", words).strip(),
        body=render_to_string(f"escalation/notify/{name}.txt", words).strip() + "\n",
        reference=str(drill.id),
        facts={"test": "true", **words},
    )


@transaction.atomic(durable=True)
def _settle(drill: Drill, **changes: object) -> bool:
    """The fence: False when a twin has claimed it since."""
    if not Drill.objects.filter(pk=drill.pk, attempt=drill.attempt).update(**changes):
        return False
    is_taken = "delivered_at" in changes
    if is_taken and drill.contact_id:
        core.services.note_test_delivered(point_id=drill.contact_id, actor=DRILLER)
    _evidence(Action.DRILL_SENT, drill, DRILLER, channel=drill.channel, taken=is_taken)
    return True


@transaction.atomic
def note_received(*, drill: Drill, actor: Actor) -> None:
    """The person says that the test arrived; the first time counts."""
    first = Drill.objects.filter(pk=drill.pk, received_at=None, delivered_at__isnull=False)
    if first.update(received_at=clock.Now()):
        _evidence(Action.DRILL_RECEIVED, drill, actor, channel=drill.channel)


def _evidence(action: Action, drill: Drill, actor: Actor, **context: object) -> None:
    record(
        action,
        actor=actor,
        obj=Ref("escalation.Drill", str(drill.pk)),
        clinic_id=drill.clinic_id,
        context={"person": str(drill.user_id), **context},
    )
