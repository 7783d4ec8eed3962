"""Who watches the watcher: canaries, alarms that are told without the engine, and the heartbeat to the outside."""

import logging
from collections.abc import Callable, Iterable
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

from audit.actions import Action, Actor, Ref
from audit.services import record
from core import clock
from core.channels import heartbeat
from core.channels.base import Channel, ChannelError, Message
from core.channels.registry import channel_for
from escalation.models import Alarm, Incident, Page
from escalation.policy import watch
from escalation.selectors import watching
from escalation.selectors.watching import Wrong
from escalation.services import opening, rounds, transitions

log = logging.getLogger(__name__)

AUDITOR = Actor.system("auditor")
State = Incident.State


def send_canary() -> bool:
    """Every five minutes a canary leaves, unless one is still under way; True if one did. Those that arrived end."""
    under_way = Incident.every.filter(is_canary=True).exclude(state=State.RESOLVED)
    arrived = under_way.filter(pages__state=Page.State.DELIVERED)
    for incident_id in list(arrived.values_list("id", flat=True).distinct()):
        _end(incident_id)
    if not rounds.claim("canary", watch.CANARY_EVERY) or under_way.exists():
        return False
    opening.open_canary()
    return True


@transaction.atomic
def _end(incident_id: UUID) -> None:
    """Along the same moves as any other incident; nobody acknowledged it, so there is no row that says so."""
    canary = Incident.every.select_for_update(skip_locked=True).defer("snapshot").filter(pk=incident_id).first()
    if canary is None or canary.state != State.NOTIFYING:
        return
    transitions.move(canary, State.ACKNOWLEDGED, due_at=clock.now())
    transitions.move(canary, State.RESOLVED, due_at=None, resolved_at=clock.now())


@transaction.atomic
def keep_alarms(found: Iterable[Wrong]) -> int:
    """Raise what is new, end what is gone, leave what lasts; returns how many are new."""
    now = {(one.code.value, one.about): one for one in found}
    lasting = {(one.code, one.about): one for one in Alarm.objects.select_for_update().filter(ended_at=None)}
    for key in lasting.keys() - now.keys():
        lasting[key].ended_at = clock.now()
        lasting[key].save(update_fields=["ended_at"])
        _evidence(Action.ALARM_ENDED, lasting[key])
    new = [now[key] for key in now.keys() - lasting.keys()]
    for one in sorted(new, key=lambda one: (one.code, one.about)):
        raised = Alarm.objects.create(code=one.code, about=one.about, clinic_id=one.clinic_id, raised_at=clock.now())
        _evidence(Action.ALARM_RAISED, raised)
        log.error("alarm %s: %s %s", raised.id, one.code, one.about)
    return len(new)


def tell_alarms(*, channels: Callable[[str], Channel] = channel_for) -> int:
    """Mail OPERATOR_EMAIL and post to ALARM_WEBHOOK what nobody was told of yet; not by way of a page.

    Codes and a link, nothing else. What no one took is told again at the next round. Returns how many were told.
    """
    alarms = watching.untold_alarms()
    ways = (("email", settings.OPERATOR_EMAIL), ("webhook", settings.ALARM_WEBHOOK))
    if not alarms or not any(to for _, to in ways):
        return 0
    taken = [_tell(alarms, to, channels(name)) for name, to in ways if to]
    if not any(taken):
        return 0
    with transaction.atomic():
        for alarm in alarms:
            alarm.told_at = clock.now()
            alarm.save(update_fields=["told_at"])
    return len(alarms)


def _tell(alarms: list[Alarm], to: str, channel: Channel) -> bool:
    codes = sorted({alarm.code for alarm in alarms})
    words = {"codes": ", ".join(codes), "link": settings.BASE_URL + reverse("escalation:paging")}
    message = Message(
        to=to,
        subject=render_to_string("escalation/notify/alarm_subject.txt", words).strip(),
        body=render_to_string("escalation/notify/alarm.txt", {**words, "lines": codes}).strip() + "\n",
        reference=str(alarms[0].id),
        facts={"alarm": "true", **words},
    )
    try:
        channel.deliver(message)
    except ChannelError as error:
        log.error("an alarm could not be told (%s)", error.reason)
        return False
    return True


def beat(*, send: Callable[[str], bool] = heartbeat.beat) -> bool:
    """Each minute, and only if all of it holds: no alarm, every round came to its end, a canary arrived.

    Whatever fails keeps the heart still, and the monitor outside raises its own alarm. True if it beat.
    """
    if not settings.HEARTBEAT_URL or not rounds.claim("heartbeat", watch.BEAT_EVERY):
        return False
    health, stopped = watching.health(), watching.rounds_that_stopped()
    if not health.ok or not watching.has_canary_arrived() or stopped:
        log.error("no heartbeat: alarms %s, stopped %s", list(health.alarms), stopped)
        return False
    return send(settings.HEARTBEAT_URL)


def _evidence(action: Action, alarm: Alarm) -> None:
    record(
        action,
        actor=AUDITOR,
        obj=Ref("escalation.Alarm", str(alarm.id)),
        clinic_id=alarm.clinic_id,
        context={"code": alarm.code, "about": alarm.about},
    )
