"""What people do: take an incident, hand it on, try in vain, and say what was done. Only the last one closes it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction

import core.outbox
from audit.actions import Action, Actor
from core import clock, doorbell
from core.access import may
from core.crypto import UnreadableValue
from core.fields.typed import says_something
from core.models import User
from core.permissions import Permission
from escalation import policy
from escalation.models import Acknowledgement, ContactAttempt, HandOver, Incident, Outcome, Page
from escalation.services import paging
from escalation.services.transitions import IllegalMove, evidence, locked, move

PRESSED_TWICE = timedelta(minutes=1)
UNTAKEN = (Incident.State.OPEN, Incident.State.NOTIFYING)


class UnseenTrigger(Exception):
    """The patient told of something more, and whoever signs has not had it before them."""


class NeedsNote(ValueError):
    """An outcome must say in words what was done, and one word says nothing."""


class MovedOn(Exception):
    """The next people were paged since whoever hands over read the page."""


class UnknownOutcome(ValueError):
    """Not one of `Outcome.Kind`."""


class BadNextAttempt(ValueError):
    """The next attempt must come, and no later than an outcome would be due."""


class AlreadyResolved(IllegalMove):
    """Somebody has documented the outcome."""


@dataclass(frozen=True)
class Acknowledged:
    """`first`: it was this call. Else who took it before, and when."""

    first: bool
    by: User
    at: datetime


@transaction.atomic
def acknowledge(*, incident_id: UUID, user: User, actor: Actor) -> Acknowledged:
    """Stop the ladder until the outcome's deadline (OUTCOME_DEADLINE_MINUTES by the database's clock).

    The first one wins; everybody later is told who it was. Being off shift is no obstacle.
    Raises Incident.DoesNotExist, and PermissionDenied for whoever may not answer this clinic's pages.
    """
    incident = _locked_for(user, incident_id)
    if incident.state in UNTAKEN:
        return _take(incident, user, actor)
    last = incident.acknowledgements.select_related("user").latest("at")
    return Acknowledged(False, last.user, last.at)


@transaction.atomic
def hand_over(*, incident_id: UUID, user: User, actor: Actor, seen: str | None = None) -> HandOver:
    """ "Not me": the next step is taken at once, whether or not somebody had taken the incident.

    `seen`: `Incident.place` as whoever hands over read it; once the ladder has gone on nothing is done, so that a
    form that is sent twice pages once (None: not asked).
    Raises MovedOn, AlreadyResolved, Incident.DoesNotExist, PermissionDenied.
    """
    incident = _locked_for(user, incident_id)
    _refuse_resolved(incident)
    if seen is not None and seen != incident.place:
        raise MovedOn("the ladder has gone on")
    step = policy.step_after(policy.parsed(incident.ladder), incident.step, incident.loop)
    handed = HandOver.objects.create(incident=incident, user=user, step=step.step, at=clock.now())
    paging.take_step(incident, step, actor=actor, why="handed_over")
    return handed


@transaction.atomic
def resolve(*, incident_id: UUID, user: User, kind: str, note: str, actor: Actor, seen: int | None = None) -> Outcome:
    """Document what was done, signed with the clinician's name and credentials. Nothing else closes an incident.

    Whoever documents an incident that nobody has taken takes it by doing so. A colleague of the one who took it
    may document it too: the outcome names who did. `seen`: how many triggers whoever signs had before them; with
    another number of them now nothing is closed, because nobody has answered for those (None: not asked). The same
    words of the same person once more (a button pressed twice) are the outcome that stands.
    Raises UnseenTrigger, NeedsNote, UnknownOutcome, AlreadyResolved, Incident.DoesNotExist, PermissionDenied.
    """
    if kind not in Outcome.Kind.values:
        raise UnknownOutcome("not a kind of outcome")
    if not says_something(note):  # of every kind: nothing else closes an incident, and others go by these words
        raise NeedsNote("an outcome needs at least two words")
    incident = _locked_for(user, incident_id)
    stands = Outcome.objects.filter(incident=incident, user=user, kind=kind).first()
    if stands and _says(stands, note):
        return stands
    _take_to_document(incident, user, actor)
    if seen is not None and _triggers_of(incident) != seen:
        raise UnseenTrigger("something was answered since")
    at = clock.now()
    outcome = Outcome.objects.create(
        incident=incident,
        user=user,
        kind=kind,
        note=note.strip(),
        signed_as=_signature(user),
        at=at,
    )
    move(incident, Incident.State.RESOLVED, due_at=None, resolved_at=at)
    evidence(Action.INCIDENT_RESOLVED, incident, actor)
    _tell_chart(outcome.id)
    return outcome


@transaction.atomic
def not_reached(*, incident_id: UUID, user: User, note: str, next_attempt_at: datetime, actor: Actor) -> ContactAttempt:
    """The patient could not be reached; signed like an outcome, and closes nothing. It takes what nobody has taken.

    One word is enough ("Voicemail"), for paging goes on: at `next_attempt_at`, which is at most
    OUTCOME_DEADLINE_MINUTES ahead, unless something is documented before. The same words of the same person within a
    minute (a button pressed twice) are one attempt.
    Raises NeedsNote, BadNextAttempt, AlreadyResolved, Incident.DoesNotExist, PermissionDenied.
    """
    if not any(char.isalnum() for char in note):
        raise NeedsNote("an attempt needs a note")
    incident = _locked_for(user, incident_id)
    _refuse_resolved(incident)
    at = clock.now()
    last = incident.contact_attempts.filter(user=user, at__gt=at - PRESSED_TWICE).order_by("at").last()
    if last and _says(last, note):
        return last
    _take_to_document(incident, user, actor)
    if not at < next_attempt_at <= at + timedelta(minutes=settings.OUTCOME_DEADLINE_MINUTES):
        raise BadNextAttempt("the next attempt is too late, or has passed")
    attempt = ContactAttempt.objects.create(
        incident=incident,
        user=user,
        note=note.strip(),
        signed_as=_signature(user),
        at=at,
        next_attempt_at=next_attempt_at,
    )
    move(incident, Incident.State.ACKNOWLEDGED, due_at=next_attempt_at)
    evidence(Action.INCIDENT_NOT_REACHED, incident, actor)
    _tell_chart(attempt.id)
    return attempt


def _says(signed: Outcome | ContactAttempt, note: str) -> bool:
    """What does not open says nothing."""
    try:
        return str(signed.note) == note.strip()
    except UnreadableValue:
        return False


def _triggers_of(incident: Incident) -> int:
    """None can have been seen of a snapshot that does not open."""
    try:
        return len(incident.snapshot["triggers"])
    except UnreadableValue:
        return 0


def _signature(user: User) -> str:
    return ", ".join(part for part in (user.full_name, user.credentials) if part)


def _tell_chart(signed_id: UUID) -> None:
    """What was signed becomes a note in the chart, if the clinic has one (`selectors.documented`)."""
    core.outbox.publish("incident.documented", signed_id)
    doorbell.ring("ehr.relay_finished")


def _take(incident: Incident, user: User, actor: Actor) -> Acknowledged:
    at = clock.now()
    deadline = at + timedelta(minutes=settings.OUTCOME_DEADLINE_MINUTES)
    Acknowledgement.objects.create(incident=incident, user=user, at=at, outcome_due_at=deadline)
    move(incident, Incident.State.ACKNOWLEDGED, due_at=deadline)
    paged = Page.objects.filter(incident=incident, user=user).exists()
    evidence(Action.INCIDENT_ACKNOWLEDGED, incident, actor, paged=paged)
    paging.tell_taken(incident)
    return Acknowledged(True, user, at)


def _locked_for(user: User, incident_id: UUID) -> Incident:
    incident = locked(incident_id)
    if incident.clinic_id is None or not may(user, Permission.ANSWER_PAGES, incident.clinic_id):
        raise PermissionDenied
    return incident


def _take_to_document(incident: Incident, user: User, actor: Actor) -> None:
    """Whoever documents what nobody has taken takes it. Raises AlreadyResolved."""
    _refuse_resolved(incident)
    if incident.state in UNTAKEN:
        _take(incident, user, actor)


def _refuse_resolved(incident: Incident) -> None:
    if incident.state == Incident.State.RESOLVED:
        raise AlreadyResolved(f"{incident.code} is resolved")
