"""Pages go out: claim with a lease, send outside any transaction, complete with a fence.

A worker that dies while sending leaves a lease that runs out; the page is sent again with the same incident code.
Telling twice is harmless, not telling is not.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.urls import reverse

from audit.actions import Action, Ref
from audit.services import record
from core import clock, doorbell
from core.channels.base import Channel, ChannelError, Message, Receipt, Report
from core.channels.registry import channel_for
from core.crypto import UnreadableValue
from core.models import User
from escalation import policy
from escalation.models import Incident, Page
from escalation.rendering import PageFacts, added_message, page_message, taken_message
from escalation.services import paging, rounds, transitions
from escalation.services.paging import ANSWERED, SYSTEM

# One at a time: a lease that covers one send can't run out while others of a batch are being sent.
CLAIM = """
WITH next AS MATERIALIZED (
  SELECT id FROM escalation_page
  WHERE (state IN ('pending', 'retry') AND due_at <= (SELECT clock_timestamp()))
     OR (state = 'claimed' AND lease_until < (SELECT clock_timestamp()))
  ORDER BY due_at LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE escalation_page AS page
SET state = 'claimed', attempt = page.attempt + 1, provider_id = '', provider_seq = 0,
  lease_until = clock_timestamp() + make_interval(secs => %s)
FROM next WHERE page.id = next.id
RETURNING page.id, page.attempt
"""


WORDS = {Page.Kind.ALERT: page_message, Page.Kind.TAKEN: taken_message, Page.Kind.ADDED: added_message}
ENDED_BADLY = (Page.State.DEAD, Page.State.UNKNOWN)


@dataclass(frozen=True)
class Claim:
    page_id: UUID
    attempt: int


def deliver_due(limit: int = 20, *, channels: Callable[[str], Channel] = channel_for) -> int:
    """Send up to `limit` waiting pages, and those whose sender's lease ran out; returns how many were delivered."""
    delivered = 0
    for _ in clock.turns(limit):
        claim = _claim()
        if claim is None:
            break
        delivered += _send(claim, channels)
    rounds.end("deliver")
    return delivered


def _claim() -> Claim | None:
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(CLAIM, [settings.PAGE_LEASE_SECONDS])
        row = cursor.fetchone()
    return Claim(*row) if row else None


def _send(claim: Claim, channels: Callable[[str], Channel]) -> bool:
    page = (
        Page.objects.select_related("user", "contact", "incident__clinic", "incident__site")
        .defer("incident__snapshot", "contact__address")
        .get(pk=claim.page_id)
    )
    if not _is_wanted(page):
        _settle(claim, state=Page.State.DEAD, last_error=ANSWERED)
        return False
    try:
        receipt = channels(page.channel).deliver(_message(page))
    except ChannelError as error:
        _failed(page, claim, error)
        return False
    _delivered(page, claim, receipt)
    return True


def _is_wanted(page: Page) -> bool:
    """An alert while nobody has taken it, the word that it is taken only afterwards, what was added while it is."""
    if page.kind == Page.Kind.ADDED:
        return bool(page.incident.state == Incident.State.ACKNOWLEDGED)
    return bool((page.incident.state == Incident.State.NOTIFYING) == (page.kind == Page.Kind.ALERT))


def _message(page: Page) -> Message:
    incident = page.incident
    facts = PageFacts(
        code=incident.code,
        site_code=incident.site.code if incident.site else "",
        acknowledge_by=incident.due_at or clock.now(),
        time_zone=incident.clinic.time_zone if incident.clinic else "UTC",
        late_minutes=(clock.now() - page.wanted_at) // timedelta(minutes=1),
    )
    callback = settings.BASE_URL + reverse("escalation:page-report", args=[page.id])
    return WORDS[Page.Kind(page.kind)](facts, to=_address(page), channel=page.channel, callback=callback)


def _address(page: Page) -> str:
    """Raises ChannelError (permanent) for somebody who has left, and for what can't be an address.

    A canary has none.
    """
    if page.user is None:
        return ""
    if not page.user.is_active:
        raise ChannelError("person inactive", permanent=True)
    if page.contact and not page.contact.is_active:
        raise ChannelError("contact point switched off", permanent=True)
    try:
        address = page.contact.address if page.contact else page.user.email
        if page.channel == "email":
            validate_email(address)
    except (UnreadableValue, ValidationError):
        raise ChannelError("no usable address", permanent=True) from None
    return address


def _settle(claim: Claim, **changes: object) -> bool:
    """The fence: False when the lease ran out and a twin has claimed the page since."""
    mine = Page.objects.filter(pk=claim.page_id, state=Page.State.CLAIMED, attempt=claim.attempt)
    return bool(mine.update(lease_until=None, **changes))


@transaction.atomic(durable=True)
def _delivered(page: Page, claim: Claim, receipt: Receipt) -> None:
    """An alert that was on its way while somebody took the incident is followed by the word that it is taken."""
    incident = transitions.locked(page.incident_id)
    accepted = {"accepted_at": clock.Now(), "provider_id": receipt.provider_id, "last_error": ""}
    fenced = not _settle(claim, state=Page.State.DELIVERED, **accepted)
    _evidence(Action.PAGE_DELIVERED, page, attempt=claim.attempt, fenced=fenced)
    if page.kind == Page.Kind.ALERT and incident.state != Incident.State.NOTIFYING:
        paging.tell_taken(incident)


@transaction.atomic(durable=True)
def _failed(page: Page, claim: Claim, error: ChannelError) -> None:
    """For good: dead, and the ladder need not wait. Maybe taken: the person's other ways count. Else again soon, for
    as long as nobody has answered."""
    incident = transitions.locked(page.incident_id)
    reason = error.reason[:40]
    if error.permanent:
        settled = _settle(claim, state=Page.State.DEAD, last_error=reason)
    elif error.unknown and _others(page).exclude(state__in=ENDED_BADLY).exists():
        settled = _settle(claim, state=Page.State.UNKNOWN)
    else:
        again = clock.now() + timedelta(seconds=policy.retry_in(claim.attempt))
        settled = _settle(claim, state=Page.State.RETRY, last_error=reason, due_at=again)
    _evidence(Action.PAGE_FAILED, page, attempt=claim.attempt, fenced=not settled, permanent=error.permanent)
    if settled and error.permanent and page.kind != Page.Kind.TAKEN:
        _given_up(incident, page)


def _given_up(incident: Incident, page: Page) -> None:
    """This way leads nowhere. Was it the person's last, then those that may have gone out are tried again."""
    others = _others(page)
    if not others.exclude(state__in=ENDED_BADLY).exists():
        unsure = others.filter(state=Page.State.UNKNOWN)
        if unsure.update(state=Page.State.RETRY, due_at=clock.now()):
            doorbell.ring("escalation.deliver_due")
            return
        if page.kind == Page.Kind.ADDED and incident.state == Incident.State.ACKNOWLEDGED:
            paging.go_on(incident)  # who took it hears nothing of it: somebody else must
            return
    paging.skip_if_unreached(incident, page.round)


def _others(page: Page) -> QuerySet[Page]:
    """The same person's pages of the same step that could wake somebody."""
    ours = Page.objects.filter(incident=page.incident_id, kind=page.kind, round=page.round, user=page.user)
    return ours.exclude(pk=page.pk).exclude(channel=paging.IN_APP)


@transaction.atomic
def note_report(*, page_id: UUID, report: Report) -> bool:
    """Keep what a provider tells of a page; False when it is of another page or attempt, or older than what we know.

    A failure stops this way at once. One that comes before we have noted the hand-over is not kept: the ladder's
    clock goes on all the same.
    """
    page = Page.objects.select_related("incident").defer("incident__snapshot").filter(pk=page_id).first()
    if page is None:
        return False
    incident = transitions.locked(page.incident_id)
    page = Page.objects.select_for_update().get(pk=page_id)
    ours = page.attempt > 0 and page.provider_id in ("", report.provider_id)
    if not ours or report.sequence <= page.provider_seq or (report.failed and page.state == Page.State.CLAIMED):
        return False
    page.provider_id, page.provider_seq = report.provider_id, report.sequence
    if report.on_device:
        page.device_at = page.device_at or clock.now()
    sent = page.state in (Page.State.DELIVERED, Page.State.UNKNOWN)
    dead = report.failed and sent and not page.device_at
    if dead:
        page.state, page.last_error = Page.State.DEAD, "the provider could not deliver"
    elif not report.failed and page.state in (Page.State.UNKNOWN, Page.State.RETRY):
        page.state, page.last_error = Page.State.DELIVERED, ""
        page.accepted_at = page.accepted_at or clock.now()
    page.save()
    page.incident = incident
    told = {"sequence": report.sequence, "on_device": report.on_device, "failed": report.failed}
    _evidence(Action.PAGE_REPORTED, page, attempt=page.attempt, **told)
    if dead and page.kind != Page.Kind.TAKEN:
        _given_up(incident, page)
    return True


def note_opened(*, incident_id: UUID, user: User) -> None:
    """The person has opened the incident that these pages led to."""
    gone_out = Q(accepted_at__isnull=False) | Q(state=Page.State.UNKNOWN)
    Page.objects.filter(gone_out, incident_id=incident_id, user=user, opened_at__isnull=True).update(
        opened_at=clock.Now()
    )


def _evidence(action: Action, page: Page, **context: object) -> None:
    """One event per attempt, and per word of a provider. `fenced`: a twin had taken over; the attempt is a repeat."""
    record(
        action,
        actor=SYSTEM,
        obj=Ref("escalation.Page", str(page.id)),
        clinic_id=page.incident.clinic_id,
        patient_id=page.incident.patient_id,
        context={
            "incident": page.incident.code,
            "person": str(page.user_id or ""),
            "channel": page.channel,
            "kind": page.kind,
            **context,
        },
    )
