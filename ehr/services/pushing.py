"""Each field reaches the chart once, and is read back.

One patient's lane at a time, one request in flight in it. Before each send the consent is asked again and the
disclosure row is committed; no transaction is open while the network is used. A lost reply is `unknown`: the next
attempt searches by our identifier before it sends anything.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

import audit.services
import consents.services
from audit.actions import Action, Actor, Ref
from core import clock
from ehr.adapters.base import ConflictError, Gateway, GatewayError, PermanentError, TransientError, UnknownOutcome
from ehr.adapters.connect import gateway_for
from ehr.mapping import wire
from ehr.mapping.compare import differences
from ehr.mapping.notice import NOTICE_KEY, saying
from ehr.mapping.references import identified, resolve
from ehr.models import Attempt, ExportItem, Lane
from ehr.services.basis import discloser, sending
from ehr.services.finishing import file_if_complete

log = logging.getLogger(__name__)

CLERK = Actor.system("ehr")
LEASE = timedelta(seconds=120)
PATIENCE = timedelta(seconds=60)
PER_LANE = 200
Connect = Callable[..., Gateway]
State = ExportItem.State
WAITING = (State.PENDING, State.UNKNOWN, State.ACCEPTED)


@dataclass(frozen=True)
class Claim:
    """An item in flight under a lease. `attempt` is the fence, `came_from` decides whether to search first."""

    item: ExportItem
    attempt: int
    came_from: str


def push_due(limit: int = 5, *, connect: Connect = gateway_for) -> int:
    """Work through up to `limit` patients' lanes; returns how many items were verified."""
    verified = 0
    for until in clock.turns(limit):
        lane = _claim_lane()
        if lane is None:
            break
        gateway = connect(lane.connection, allow_loopback=settings.EHR_ALLOW_LOOPBACK)
        try:
            verified += _work(lane, gateway, until)
        finally:
            Lane.objects.filter(pk=lane.pk, lease_until=lane.lease_until).update(lease_until=clock.Now())
    return verified


def _due() -> Q:
    return Q(state__in=WAITING, due_at__lte=clock.Now()) | Q(state=State.INFLIGHT, lease_until__lte=clock.Now())


def _claim_lane() -> Lane | None:
    """A patient with something due, whom nobody else is working on."""
    with transaction.atomic():
        busy = ExportItem.objects.filter(_due(), connection__is_active=True)
        lane = (
            Lane.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("connection")
            .filter(lease_until__lte=clock.Now(), patient__in=busy.values("patient"))
            .first()
        )
        if lane:
            lane.lease_until = clock.now() + LEASE
            lane.save()
        return lane


def _work(lane: Lane, gateway: Gateway, until: float) -> int:
    verified = 0
    for _ in clock.turns(PER_LANE, until=until):
        claim = _claim_item(lane)
        if claim is None:
            _postpone(lane)
            break
        verified += _send(claim, gateway)
        lane.lease_until = clock.now() + LEASE
        Lane.objects.filter(pk=lane.pk).update(lease_until=lane.lease_until)
    return verified


def _postpone(lane: Lane) -> None:
    """What is due and can't go yet waits for something that isn't in the chart: other patients come first."""
    ExportItem.objects.filter(
        connection=lane.connection, patient=lane.patient_id, state__in=WAITING, due_at__lte=clock.Now()
    ).update(due_at=clock.now() + PATIENCE)


def _claim_item(lane: Lane) -> Claim | None:
    """The first due item whose references are already in the chart."""
    with transaction.atomic():
        items = ExportItem.objects.filter(connection=lane.connection, patient=lane.patient_id)
        for item in items.select_for_update(skip_locked=True).filter(_due()).order_by("packet_ref", "position"):
            if set(item.needs) <= _chart_ids(item).keys():
                came_from = item.state
                item.state, item.attempt = State.INFLIGHT, item.attempt + 1
                item.lease_until, item.due_at = clock.now() + LEASE, None
                item.save()
                return Claim(item, item.attempt, came_from)
    return None


def _chart_ids(item: ExportItem) -> dict[str, str]:
    """field_key → "Type/id" of what is verified in this packet, and of the patient, who is one in all packets."""
    rows = ExportItem.objects.filter(
        Q(packet_ref=item.packet_ref) | Q(patient=item.patient_id, resource_type="Patient"),
        connection=item.connection_id,
        state=State.VERIFIED,
    ).values_list("field_key", "resource_type", "ehr_id")
    return {key: f"{kind}/{ehr_id}" for key, kind, ehr_id in rows}


def _send(claim: Claim, gateway: Gateway) -> bool:
    """Ask the consent, send, read back. True when the chart was read back and says what we sent."""
    item = claim.item
    if claim.came_from == State.ACCEPTED:
        return _read_back(claim, gateway)
    allowed = consents.services.authorize_disclosure(
        patient_id=item.patient_id,
        discloser=discloser(item),
        protected=item.protected,
        sending=sending(item, claim.attempt),
        actor=CLERK,
    )
    if not allowed.permitted:
        _settle(claim, State.HELD, "consent", reason=allowed.reasons[0])
        consents.services.report_held(patient_id=item.patient_id, ref=item.packet_ref)
        return False
    assert allowed.disclosure_id is not None
    if item.field_key == NOTICE_KEY and allowed.statements:
        _complete_notice(claim, allowed.statements)
    disclosed, accepted = _exchange(claim, gateway)
    consents.services.settle_disclosure(disclosure_id=allowed.disclosure_id, state=disclosed, actor=CLERK)
    return accepted and _read_back(claim, gateway)


def _complete_notice(claim: Claim, statements: tuple[str, ...]) -> None:
    """The notice says what the consent relied upon covers (42 CFR 2.32(b)); what is sent is what is kept."""
    item = claim.item
    item.resource = wire.dumps(saying(wire.loads(item.resource), statements)).decode()
    ExportItem.objects.filter(pk=item.pk, attempt=claim.attempt).update(resource=item.resource)


def _exchange(claim: Claim, gateway: Gateway) -> tuple[str, bool]:
    """One create, settled whatever comes of it: what became of the disclosure, and whether the chart took it."""
    try:
        claim.item.ehr_id, claim.item.ehr_version = _create_or_adopt(claim, gateway)
    except UnknownOutcome as error:
        _settle(
            claim, State.UNKNOWN, "create", reason=error.reason, due_in=error.retry_after or _backoff(claim.attempt)
        )
        return "unknown", False
    except TransientError as error:
        _settle(
            claim, State.PENDING, "create", reason=error.reason, due_in=error.retry_after or _backoff(claim.attempt)
        )
        return "failed", False
    except ConflictError as error:
        _settle(claim, State.CONFLICT, "create", reason=error.reason)
        return "unknown", False
    except PermanentError as error:
        _settle(claim, State.REJECTED, "create", reason=error.reason)
        return "failed", False
    _settle(claim, State.ACCEPTED, "create", keep_lease=True)
    return "sent", True


def _create_or_adopt(claim: Claim, gateway: Gateway) -> tuple[str, str]:
    """After a lost reply: look before sending again, adopt what is there. A later revision replaces the one before."""
    item, identifier = claim.item, _identifier(claim.item)
    if item.revision > 1:
        replaced = gateway.put(_resource(item), _chart_ids(item)[item.field_key].rpartition("/")[2])
        return replaced.id, replaced.version
    if claim.came_from in (State.UNKNOWN, State.INFLIGHT):
        found = gateway.search(item.resource_type, identifier)
        if len(found) > 1:
            raise ConflictError("more-than-one-match")
        if found:
            return found[0].id, found[0].version
    accepted = gateway.create(_resource(item), identifier)
    return accepted.id, accepted.version


def _resource(item: ExportItem) -> dict[str, Any]:
    """What is sent: references point into the chart, our identifier marks it as ours."""
    return identified(resolve(wire.loads(item.resource), _chart_ids(item)), *_identifier(item))


def _identifier(item: ExportItem) -> tuple[str, str]:
    """Ours, for searching and against duplicates: the item's id (its first revision's); for the patient their own, the
    same in each packet."""
    own = item.patient_id if item.resource_type == "Patient" else item.id
    if item.revision > 1:
        same = {"connection": item.connection_id, "packet_ref": item.packet_ref, "field_key": item.field_key}
        own = ExportItem.objects.values_list("id", flat=True).get(**same, revision=1)
    return settings.EHR_IDENTIFIER_SYSTEM, str(own)


def _read_back(claim: Claim, gateway: Gateway) -> bool:
    """Accepted is not verified: what the chart holds must say what we sent."""
    item = claim.item
    try:
        stored = gateway.read(item.resource_type, item.ehr_id)
    except GatewayError as error:
        _settle(claim, State.ACCEPTED, "read", reason=error.reason, due_in=_backoff(claim.attempt))
        return False
    if differences(_resource(item), stored):
        _settle(claim, State.CONFLICT, "read", reason="read-back-differs")
        return False
    _settle(claim, State.VERIFIED, "read")
    file_if_complete(item.packet_ref)
    return True


def _backoff(attempt: int) -> float:
    """Seconds: 5, 10, 20 … at most 15 minutes."""
    return float(min(5 * 2 ** (attempt - 1), 900))


def _settle(
    claim: Claim, state: str, did: str, *, reason: str = "", due_in: float = 0, keep_lease: bool = False
) -> None:
    """Write what came of it, unless a later attempt has taken the item over (fence)."""
    with transaction.atomic():
        now = clock.now()
        mine = ExportItem.objects.select_for_update().filter(pk=claim.item.pk, attempt=claim.attempt)
        item = mine.filter(state__in=[State.INFLIGHT, State.ACCEPTED]).first()
        if item is None:
            log.warning("export item %s was taken over by a later attempt", claim.item.pk)
            return
        item.state, item.reason = state, reason[:80]
        item.ehr_id, item.ehr_version = claim.item.ehr_id, claim.item.ehr_version
        item.due_at = now + timedelta(seconds=due_in) if state in WAITING else None
        item.lease_until = item.lease_until if keep_lease else None
        item.verified_at = now if state == State.VERIFIED else None
        item.save()
        Attempt.objects.create(item=item, number=claim.attempt, did=did, outcome=state, reason=item.reason)
        _record(item, did)


EVENTS = {State.VERIFIED: Action.EXPORT_VERIFIED, State.REJECTED: Action.EXPORT_STOPPED,
          State.CONFLICT: Action.EXPORT_STOPPED, State.HELD: Action.EXPORT_STOPPED}  # fmt: skip


def _record(item: ExportItem, did: str) -> None:
    audit.services.record(
        EVENTS.get(State(item.state), Action.EXPORT_ATTEMPTED),
        actor=CLERK,
        obj=Ref("ehr.ExportItem", str(item.id)),
        clinic_id=item.connection.clinic_id,
        patient_id=item.patient_id,
        context={"did": did, "state": item.state, "attempt": item.attempt},
    )
