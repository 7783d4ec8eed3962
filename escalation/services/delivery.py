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

from audit.actions import Action, Ref
from audit.services import record
from core import clock
from core.channels.base import Channel, ChannelError, Message
from escalation import policy
from escalation.channels import channel_for
from escalation.models import Incident, Page
from escalation.rendering import PageFacts, page_message
from escalation.services import paging, transitions
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
SET state = 'claimed', attempt = page.attempt + 1, lease_until = clock_timestamp() + make_interval(secs => %s)
FROM next WHERE page.id = next.id
RETURNING page.id, page.attempt
"""


@dataclass(frozen=True)
class Claim:
    page_id: UUID
    attempt: int


def deliver_due(limit: int = 20, *, channels: Callable[[str], Channel] = channel_for) -> int:
    """Send up to `limit` waiting pages, and those whose sender's lease ran out; returns how many were delivered."""
    delivered = 0
    for _ in range(limit):
        claim = _claim()
        if claim is None:
            break
        delivered += _send(claim, channels)
    return delivered


def _claim() -> Claim | None:
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute(CLAIM, [settings.PAGE_LEASE_SECONDS])
        row = cursor.fetchone()
    return Claim(*row) if row else None


def _send(claim: Claim, channels: Callable[[str], Channel]) -> bool:
    page = (
        Page.objects.select_related("user", "incident__clinic", "incident__site")
        .defer("incident__snapshot")
        .get(pk=claim.page_id)
    )
    if page.incident.state != Incident.State.NOTIFYING:
        _settle(claim, state=Page.State.DEAD, last_error=ANSWERED)
        return False
    try:
        channels(page.channel).deliver(_message(page))
    except ChannelError as error:
        _failed(page, claim, error)
        return False
    _delivered(page, claim)
    return True


def _message(page: Page) -> Message:
    """Raises ChannelError (permanent) for somebody who has left or whose address can't be one."""
    incident = page.incident
    if not page.user.is_active:
        raise ChannelError("person inactive", permanent=True)
    try:
        validate_email(page.user.email)
    except ValidationError:
        raise ChannelError("no usable address", permanent=True) from None
    facts = PageFacts(
        code=incident.code,
        site_code=incident.site.code if incident.site else "",
        acknowledge_by=incident.due_at or clock.now(),
        time_zone=incident.clinic.time_zone,
    )
    return page_message(facts, to=page.user.email)


def _settle(claim: Claim, **changes: object) -> bool:
    """The fence: False when the lease ran out and a twin has claimed the page since."""
    mine = Page.objects.filter(pk=claim.page_id, state=Page.State.CLAIMED, attempt=claim.attempt)
    return bool(mine.update(lease_until=None, **changes))


@transaction.atomic(durable=True)
def _delivered(page: Page, claim: Claim) -> None:
    fenced = not _settle(claim, state=Page.State.DELIVERED, delivered_at=clock.Now(), last_error="")
    _evidence(Action.PAGE_DELIVERED, page, claim, fenced=fenced)


@transaction.atomic(durable=True)
def _failed(page: Page, claim: Claim, error: ChannelError) -> None:
    """For good: dead, and the ladder need not wait. For now: again soon, for as long as nobody has answered."""
    incident = transitions.locked(page.incident_id)
    reason = error.reason[:40]
    if error.permanent:
        settled = _settle(claim, state=Page.State.DEAD, last_error=reason)
    else:
        again = clock.now() + timedelta(seconds=policy.retry_in(claim.attempt))
        settled = _settle(claim, state=Page.State.RETRY, last_error=reason, due_at=again)
    _evidence(Action.PAGE_FAILED, page, claim, fenced=not settled, permanent=error.permanent)
    if settled and error.permanent:
        paging.skip_if_unreached(incident, page.round)


def _evidence(action: Action, page: Page, claim: Claim, **context: object) -> None:
    """One event per attempt. `fenced`: a twin had taken over, so the attempt counts as a repeat."""
    record(
        action,
        actor=SYSTEM,
        obj=Ref("escalation.Page", str(page.id)),
        clinic_id=page.incident.clinic_id,
        patient_id=page.incident.patient_id,
        context={
            "incident": page.incident.code,
            "person": str(page.user_id),
            "channel": page.channel,
            "attempt": claim.attempt,
            **context,
        },
    )
