"""Who is told next: pages are written one step at a time, in the transaction that moves the incident's clock."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import DatabaseError, transaction
from django.db.models import Max, Q

from audit.actions import Action, Actor
from core import clock, doorbell
from core.models import ContactPoint
from core.selectors import Way, ways_to_reach
from escalation import policy, selectors
from escalation.models import Incident, Page
from escalation.services import rounds
from escalation.services.transitions import evidence, keep, move

log = logging.getLogger(__name__)

SYSTEM = Actor.system("escalation")
SET_ASIDE = timedelta(minutes=1)
# Why a page was not sent although nothing was wrong with it.
ANSWERED, SUPERSEDED = "answered", "superseded"
UNSENT = (Page.State.PENDING, Page.State.RETRY)
GONE_OUT = (Page.State.DELIVERED, Page.State.UNKNOWN)
IN_APP = ContactPoint.Kind.IN_APP
CANARYS_WAY = (Way(None, None, "sink"),)


def advance_due(limit: int = 50) -> int:
    """Take the next step of each incident whose time has come, at most `limit`; returns how many were taken.

    One transaction per incident; one that the database refuses is set aside for a minute and doesn't stop the others.
    """
    due = (
        Incident.every.exclude(state=Incident.State.RESOLVED)
        .filter(due_at__lte=clock.now())
        .order_by("due_at")
        .values_list("id", flat=True)[:limit]
    )
    taken = 0
    for incident_id in list(due):
        try:
            taken += _advance(incident_id)
        except DatabaseError as error:
            _set_aside(incident_id, error)
    rounds.end("advance")
    return taken


def _advance(incident_id: UUID) -> bool:
    """False when it is no longer due, or another worker holds it."""
    with transaction.atomic():
        incident = Incident.every.select_for_update(skip_locked=True).defer("snapshot").filter(pk=incident_id).first()
        if incident is None:
            return False
        action = policy.next_action(
            policy.parsed(incident.ladder),
            state=incident.state,
            step=incident.step,
            loop=incident.loop,
            due_at=incident.due_at,
            now=clock.now(),
        )
        if not isinstance(action, policy.Notify):
            return False
        if action.reopened:
            evidence(Action.INCIDENT_REOPENED, incident, SYSTEM)
        take_step(incident, action, actor=SYSTEM, why="reopened" if action.reopened else "unanswered")
    return True


def _set_aside(incident_id: UUID, error: DatabaseError) -> None:
    """By plain UPDATE: what was refused may have been the history row."""
    log.error("incident %s could not be advanced (%s); again in a minute", incident_id, type(error).__name__)
    Incident.every.exclude(state=Incident.State.RESOLVED).filter(pk=incident_id).update(due_at=clock.now() + SET_ASIDE)


def take_step(incident: Incident, step: policy.Notify, *, actor: Actor, why: str) -> None:
    """Write the pages of one step and set the next due time. The caller holds the incident's lock."""
    now = clock.now()
    wanted = min(now, incident.due_at or now)  # earlier than now where nothing ran for a while
    levels = policy.widened(policy.parsed(incident.ladder)[step.step].level, step.loop)
    pages = Page.objects.filter(incident=incident)
    latest = _latest(incident, Page.Kind.ALERT)
    if step.loop and _unreached(incident, latest):
        levels = (policy.EVERYONE,)  # the last step alone would repeat to nobody
    ways = _ways(incident, levels, now)
    people = {way.user_id for way in ways if way.user_id}
    # One page per way to a person is enough: a new one stands in for one that still waits, or whose sender has died.
    waits = Q(state__in=UNSENT) | Q(state=Page.State.CLAIMED, lease_until__lt=now)
    waiting = pages.filter(waits, user_id__in=people)
    waiting.update(state=Page.State.DEAD, lease_until=None, last_error=SUPERSEDED)
    Page.objects.bulk_create(
        Page(
            incident=incident,
            round=latest + 1,
            user_id=way.user_id,
            contact_id=way.contact_id,
            channel=way.kind,
            wanted_at=wanted,
            due_at=now + timedelta(microseconds=order),  # all at once; what is sent first is who and what comes first
        )
        for order, way in enumerate(ways)
    )
    move(
        incident,
        Incident.State.NOTIFYING,
        step=step.step,
        loop=step.loop,
        due_at=now + timedelta(seconds=step.due_in_seconds),
    )
    evidence(
        Action.INCIDENT_STEP,
        incident,
        actor,
        step=step.step,
        loop=step.loop,
        round=latest + 1,
        people=len(people),
        pages=len(ways),
        why=why,
    )
    doorbell.ring("escalation.deliver_due")


def _ways(incident: Incident, levels: Sequence[str], at: datetime) -> Sequence[Way]:
    """A canary goes to nobody, by a way that ends here."""
    if incident.clinic_id is None:
        return CANARYS_WAY
    return ways_to_reach(incident.clinic_id, _people(incident.clinic_id, levels, at))


def tell_taken(incident: Incident) -> None:
    """Whoever an alert of this incident reached, and did not take it, is told once per round that somebody has.

    By each way that may have brought an alert; whoever none reached hears nothing. The caller holds the lock.
    """
    taken = incident.acknowledgements.order_by("-at").values_list("user_id", flat=True)[:1]
    alerts = Page.objects.filter(incident=incident, kind=Page.Kind.ALERT).exclude(channel=IN_APP)
    latest = _latest(incident, Page.Kind.ALERT)
    reached = alerts.filter(state__in=GONE_OUT).exclude(user_id__in=taken)
    ways = reached.order_by().values_list("user_id", "contact_id", "channel").distinct()
    now = clock.now()
    Page.objects.bulk_create(
        [
            Page(
                incident=incident,
                kind=Page.Kind.TAKEN,
                round=latest,
                user_id=user_id,
                contact_id=contact_id,
                channel=channel,
                wanted_at=now,
                due_at=now,
            )
            for user_id, contact_id, channel in ways
        ],
        ignore_conflicts=True,
    )
    doorbell.ring("escalation.deliver_due")


def tell_added(incident: Incident) -> None:
    """Whoever took it is paged again: the patient told of something more, and the ladder rests until the outcome's
    deadline. One that still waits says it for both. Nobody to page: the ladder goes on. The caller holds the lock."""
    who = incident.acknowledgements.order_by("-at").values_list("user_id", flat=True).first()
    ways = ways_to_reach(incident.clinic_id, (who,)) if incident.clinic_id and who else ()
    if who is None or not ways:
        go_on(incident)
        return
    added = Page.objects.filter(incident=incident, kind=Page.Kind.ADDED)
    if not added.filter(state__in=UNSENT, user_id=who).exists():
        now, round_ = clock.now(), _latest(incident, Page.Kind.ADDED) + 1
        Page.objects.bulk_create(
            Page(
                incident=incident,
                kind=Page.Kind.ADDED,
                round=round_,
                user_id=way.user_id,
                contact_id=way.contact_id,
                channel=way.kind,
                wanted_at=now,
                due_at=now + timedelta(microseconds=order),
            )
            for order, way in enumerate(ways)
        )
    doorbell.ring("escalation.deliver_due")


def go_on(incident: Incident) -> None:
    """The ladder's next step is due now. The caller holds the lock."""
    keep(incident, due_at=clock.now())
    doorbell.ring("escalation.advance_due")


def _latest(incident: Incident, kind: Page.Kind) -> int:
    latest: int | None = Page.objects.filter(incident=incident, kind=kind).aggregate(latest=Max("round"))["latest"]
    return latest or 0


def _people(clinic_id: UUID, levels: Sequence[str], at: datetime) -> tuple[UUID, ...]:
    """Resolved when the pages are written; only staff who may still answer count. Four queries."""
    able = selectors.may_answer(clinic_id)
    people = policy.people_of(selectors.roster(clinic_id, since=at), levels, at, able)
    if not people:
        log.error("clinic %s has nobody who may answer pages", clinic_id)
    return people


def _unreached(incident: Incident, round_: int) -> bool:
    """Every page of the round failed for good: nobody was told. What is only in the inbox tells nobody."""
    pages = Page.objects.filter(incident=incident, kind=Page.Kind.ALERT, round=round_).exclude(channel=IN_APP)
    ends = list(pages.values_list("state", "last_error"))
    return bool(ends) and all(state == Page.State.DEAD and why not in (ANSWERED, SUPERSEDED) for state, why in ends)


def skip_if_unreached(incident: Incident, round_: int) -> None:
    """When the current step reached nobody, the next one is due at once, as long as somebody else is left to tell.

    The caller holds the incident's lock. On the last step with everyone tried, the interval stands: no hot loop.
    """
    pages = Page.objects.filter(incident=incident, kind=Page.Kind.ALERT)
    if incident.state != Incident.State.NOTIFYING or pages.filter(round__gt=round_).exists():
        return
    if not _unreached(incident, round_):
        return
    log.error("incident %s: nobody of round %d can be reached", incident.code, round_)
    tried = set(pages.filter(round=round_).values_list("user_id", flat=True))
    higher = incident.step < len(policy.parsed(incident.ladder)) - 1
    able = selectors.may_answer(incident.clinic_id) if incident.clinic_id else []
    if higher or set(able) - tried:
        go_on(incident)
