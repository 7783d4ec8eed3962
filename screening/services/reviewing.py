"""Findings that page nobody: each gets a named reviewer and a due time, and what is overdue goes to the supervisor."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Case, Count, IntegerField, Q, QuerySet, Value, When

import audit.services
from audit.actions import Action, Actor, Ref
from core import clock
from core.crypto import blind_index
from core.models import User
from core.permissions import Permission, Role
from core.selectors import care_team_of, staff_with
from screening.models import Finding, ReviewItem

# How soon somebody has looked. Our proposal, like the priorities themselves: no published source gives these times.
REVIEW_WITHIN = {"critical": timedelta(hours=24), "high": timedelta(hours=24), "medium": timedelta(days=7)}
CLOCK = Actor.system("review-clock")


class AlreadyReviewed(Exception):
    """Somebody else marked it meanwhile; the first one stands."""


def open_items(found: Sequence[Finding], *, clinic_id: UUID, is_sensitive: bool, actor: Actor) -> int:
    """A review item for each of these findings that pages nobody and is more than shown. Call inside a transaction.

    The same finding from the same answers again makes no second one. Nothing that has to be reviewed costs nothing.
    """
    due = {_key(one): one for one in found if not one.pages and one.urgency in REVIEW_WITHIN}
    if not due:
        return 0
    known = set(ReviewItem.objects.filter(key__in=due).values_list("key", flat=True))
    new = {key: one for key, one in due.items() if key not in known}
    if not new:
        return 0
    now, patient_id = clock.now(), found[0].result.patient_id
    reviewer = _reviewer(clinic_id, patient_id)
    for key, one in new.items():
        item = ReviewItem.objects.create(
            finding=one,
            clinic_id=clinic_id,
            patient_id=patient_id,
            key=key,
            is_sensitive=is_sensitive,
            reviewer=reviewer,
            opened_at=now,
            due_at=now + REVIEW_WITHIN[one.urgency],
        )
        _record(Action.REVIEW_OPENED, item, actor)
    return len(new)


@transaction.atomic
def review(*, item: ReviewItem, user: User, note: str = "") -> ReviewItem:
    """Somebody has looked, and perhaps says what they think of it. Raises AlreadyReviewed."""
    item = ReviewItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
    if item.state != ReviewItem.State.OPEN:
        raise AlreadyReviewed
    item.state, item.reviewed_at, item.reviewed_by = ReviewItem.State.REVIEWED, clock.now(), user
    item.note = note.strip()
    item.save()
    _record(Action.REVIEW_DONE, item, Actor.staff(user.id), in_time=item.reviewed_at <= item.due_at)
    return item


def raise_overdue(limit: int = 50) -> int:
    """Pass what nobody has looked at in time to the clinic's supervisor; returns how many. Each is passed on once."""
    with transaction.atomic():
        late = ReviewItem.objects.select_for_update(skip_locked=True, of=("self",)).filter(
            state=ReviewItem.State.OPEN, raised_at=None, due_at__lte=clock.Now()
        )
        items = list(late.order_by("due_at")[:limit])
        for item in items:
            item.raised_at, item.raised_to = clock.now(), _supervisor(item.clinic_id)
            item.save()
            _record(Action.REVIEW_RAISED, item, CLOCK, to_a_supervisor=item.raised_to_id is not None)
    return len(items)


def _key(finding: Finding) -> str:
    """What the finding says is part of it: its reason quotes the answers."""
    result = finding.result
    same = f"{result.source_ref}|{result.instrument}|{finding.code}|{finding.because}"
    return blind_index(settings.INDEX_KEY, same, context="review_item.key")


def _reviewer(clinic_id: UUID, patient_id: UUID) -> User | None:
    """Of the care team, else a clinician, else a supervisor; among equals whoever has least to review. One query."""
    everybody = staff_with(Permission.SEE_CLINICAL, clinic_id).annotate(
        distance=Case(
            When(pk__in=care_team_of(patient_id), then=Value(0)),
            When(memberships__role=Role.CLINICIAN, then=Value(1)),
            default=Value(2),
            output_field=IntegerField(),
        )
    )
    return _least_loaded(everybody, "distance")


def _supervisor(clinic_id: UUID) -> User | None:
    return _least_loaded(staff_with(Permission.SUPERVISE, clinic_id))


def _least_loaded(people: QuerySet[User], *first: str) -> User | None:
    waiting = Count("review_items", filter=Q(review_items__state=ReviewItem.State.OPEN), distinct=True)
    return people.annotate(waiting=waiting).order_by(*first, "waiting", "full_name", "id").first()


def _record(action: Action, item: ReviewItem, actor: Actor, **context: object) -> None:
    audit.services.record(
        action,
        actor=actor,
        obj=Ref("screening.ReviewItem", str(item.id)),
        clinic_id=item.clinic_id,
        patient_id=item.patient_id,
        context=context,
    )
