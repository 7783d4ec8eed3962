"""Is paging alive? Plain reads of the rows themselves; nothing here is used by what sends pages."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, Q

from core import clock
from core.models import Clinic, ContactPoint, User
from escalation import policy
from escalation.models import Alarm, Drill, Incident, Ladder, Page, Round
from escalation.policy import watch
from escalation.policy.watch import Code
from escalation.selectors import LATENESS, coverage, may_answer, roster, triggers

AT_MOST = 500
DRILLS_SHOWN = 200
CANARY_LIMIT = watch.CANARY_EVERY + watch.CANARY_WITHIN
# What has to come to its end again and again: the paging loop, the sweep of answers, and the auditor itself.
ROUNDS = ("advance", "deliver", "assess", "audit")

# The canary's age counts from the first clinic until one has arrived: nothing proves yet that pages travel.
CANARY = """
SELECT extract(epoch FROM clock_timestamp() - coalesce(
  (SELECT accepted_at FROM escalation_page WHERE channel = 'sink' AND accepted_at IS NOT NULL
   ORDER BY accepted_at DESC LIMIT 1),
  (SELECT min(created_at) FROM core_clinic)))
"""
ALARMS = "SELECT array_agg(DISTINCT code ORDER BY code) FROM escalation_alarm WHERE ended_at IS NULL"
HEALTH = f"SELECT ({LATENESS}), ({CANARY}), ({ALARMS})"


@dataclass(frozen=True)
class Health:
    """`canary_seconds`: since a canary last arrived; None before there is a clinic. `alarms`: codes of those that last,
    warnings included."""

    lateness_seconds: float
    canary_seconds: float | None
    alarms: tuple[str, ...]

    @property
    def canary_ok(self) -> bool:
        return self.canary_seconds is None or self.canary_seconds <= CANARY_LIMIT

    @property
    def ok(self) -> bool:
        return self.arrives and not watch.GAPS.intersection(self.alarms)

    @property
    def arrives(self) -> bool:
        """Pages go out in time, if not always to whoever was meant."""
        wrong = set(self.alarms) - watch.WARNINGS - watch.GAPS
        return self.canary_ok and self.lateness_seconds <= watch.RED_SECONDS and not wrong


def health() -> Health:
    """One query over partial indexes, however many incidents there were."""
    with connection.cursor() as cursor:
        cursor.execute(HEALTH)
        late, canary, alarms = cursor.fetchone()
    return Health(max(0.0, float(late)), None if canary is None else float(canary), tuple(alarms or ()))


def canary_health() -> Health:
    """What the front desk may know: nothing in it depends on a patient."""
    with connection.cursor() as cursor:
        cursor.execute(CANARY)
        canary = cursor.fetchone()[0]
    return Health(0.0, None if canary is None else float(canary), ())


def has_canary_arrived() -> bool:
    return Page.objects.filter(channel="sink", accepted_at__isnull=False).exists()


def rounds_that_stopped() -> list[str]:
    """Those of `ROUNDS` that have not come to their end lately, by the database's clock."""
    since = clock.now() - watch.STOPPED
    running = Round.objects.filter(name__in=ROUNDS, ended_at__gte=since).values_list("name", flat=True)
    return sorted(set(ROUNDS) - set(running))


@dataclass(frozen=True)
class Wrong:
    """One thing that is not as it must be. `about`: the id of a row or a clinic."""

    code: Code
    about: str
    clinic_id: UUID | None = None


def wrong_incidents() -> list[Wrong]:
    """Every unresolved incident, whatever its age, the oldest due time first; at most 500 are looked at at once."""
    told = Count("pages", filter=Q(pages__accepted_at__isnull=False) & ~Q(pages__channel=ContactPoint.Kind.IN_APP))
    rows = Incident.objects.exclude(state=Incident.State.RESOLVED).order_by(F("due_at").asc(nulls_first=True))
    now, found = clock.now(), []
    shown = rows.annotate(told=told).values_list("id", "clinic_id", "state", "opened_at", "due_at", "ladder", "told")
    for pk, clinic_id, *facts in shown[:AT_MOST]:
        found += [Wrong(code, str(pk), clinic_id) for code in watch.wrong_with(watch.Seen(*facts), now)]
    return found


def stuck_pages() -> list[Wrong]:
    """Claimed, and the sender's lease ended more than a minute ago; or without a lease, which can't be right."""
    late = Q(lease_until__lt=clock.now() - watch.LATE) | Q(lease_until__isnull=True)
    stuck = Page.objects.filter(late, state=Page.State.CLAIMED).order_by("lease_until")
    rows = stuck.values_list("id", "incident__clinic_id")[:AT_MOST]
    return [Wrong(Code.STUCK_PAGE, str(pk), clinic_id) for pk, clinic_id in rows]


def canary_alarm() -> list[Wrong]:
    return [] if canary_health().canary_ok else [Wrong(Code.CANARY_LATE, "canary")]


def clinics_gaps() -> list[Wrong]:
    """Who would be told now, and in the next 72 hours, at each clinic."""
    found = []
    for clinic_id in Clinic.objects.order_by("id").values_list("pk", flat=True):
        ahead, now = coverage(clinic_id), clock.now()
        is_now = any(gap.starts_at <= now for gap in ahead.gaps)
        codes = {
            Code.NOBODY_MAY_ANSWER: ahead.nobody,
            Code.ON_CALL_GAP: is_now and not ahead.nobody,
            Code.GAP_AHEAD: bool(ahead.left) or any(gap.starts_at > now for gap in ahead.gaps),
            Code.UNREACHABLE_STEP: bool(unreachable(clinic_id)),
        }
        found += [Wrong(code, str(clinic_id), clinic_id) for code, is_so in codes.items() if is_so]
    return found


def held_triggers(source_ref: UUID) -> dict[tuple[str, str], datetime | None]:
    """(code, because) of everything that opened or joined an incident of this packet, and when the last of those that
    hold it was resolved: None while one is not. Raises UnreadableValue.
    """
    held: dict[tuple[str, str], datetime | None] = {}
    for incident in Incident.objects.filter(source_ref=source_ref).order_by("opened_at"):
        for one in (trigger.detail for trigger in triggers(incident)):
            held[str(one.get("code", "")), str(one.get("because", ""))] = incident.resolved_at
    return held


def proofs(clinic_id: UUID, people: Iterable[UUID]) -> dict[UUID, watch.Proof]:
    """What is known of the ways to each of these people at this clinic; two queries."""
    since = clock.now() - watch.PROVED_FOR
    waking = ContactPoint.objects.filter(clinic_id=clinic_id, user_id__in=list(people), is_active=True)
    waking = waking.filter(verified_at__isnull=False).exclude(kind=ContactPoint.Kind.IN_APP)
    verified = set(waking.values_list("user_id", flat=True))
    tested = set(waking.filter(last_test_delivered_at__gte=since).values_list("user_id", flat=True))
    names = User.objects.filter(pk__in=list(people))
    return {one.pk: watch.Proof(str(one), one.pk in verified, one.pk in tested) for one in names}


def unreachable(clinic_id: UUID, ladder: object = None) -> tuple[str, ...]:
    """Which steps reach nobody by a proved contact point now, in sentences. `ladder`: steps that a clinic is about to
    use, each of a level that somebody holds; without them those that it uses."""
    is_new = ladder is not None
    if not is_new:
        ladder = Ladder.objects.filter(clinic_id=clinic_id).values_list("steps", flat=True).first()
    now, able = clock.now(), may_answer(clinic_id)
    known, steps = roster(clinic_id, since=now), policy.parsed(ladder)
    held = known.held(able) if is_new else policy.DUTY_LEVELS  # a gap later alarms, and stops no form
    unplanned = watch.unplanned([(one.name, one.level) for one in steps], held)
    told = [(one.name, policy.resolve(known, one.level, now, able)) for one in steps]
    return unplanned or watch.unreachable(told, proofs(clinic_id, {one for _, people in told for one in people}))


def ladder_story(clinic_id: UUID) -> str:
    """What happens when nobody acknowledges, in words."""
    steps = Ladder.objects.filter(clinic_id=clinic_id).values_list("steps", flat=True).first()
    return policy.story(policy.parsed(steps))


def gaps_now(clinic_id: UUID) -> tuple[str, ...]:
    """A sentence for each level of the ladder that has nobody now; none where nobody may answer at all."""
    ahead, now = coverage(clinic_id, hours=1), clock.now()
    return () if ahead.nobody else tuple(watch.gap_now(gap.level) for gap in ahead.gaps if gap.starts_at <= now)


def has_gap(clinic_ids: Iterable[UUID]) -> bool:
    """Whether such an alarm lasts at one of these clinics."""
    return Alarm.objects.filter(code__in=watch.GAPS, clinic__in=list(clinic_ids), ended_at=None).exists()


def lasting_alarms(clinic_ids: Iterable[UUID]) -> list[Alarm]:
    """Alarms that last, of these clinics and of the whole installation; the newest first."""
    ours = Q(clinic__in=list(clinic_ids)) | Q(clinic=None)
    return list(Alarm.objects.filter(ours, ended_at=None).select_related("clinic").order_by("-raised_at")[:AT_MOST])


def ended_alarms(clinic_ids: Iterable[UUID], days: int = 30) -> list[Alarm]:
    ours = Q(clinic__in=list(clinic_ids)) | Q(clinic=None)
    over = Alarm.objects.filter(ours, ended_at__gte=clock.now() - timedelta(days=days))
    return list(over.select_related("clinic").order_by("-ended_at")[:AT_MOST])


def untold_alarms() -> list[Alarm]:
    """Those that are over already too, for a week: a short one is told as well."""
    since = clock.now() - timedelta(days=7)
    return list(Alarm.objects.filter(told_at=None, raised_at__gte=since).order_by("raised_at")[:AT_MOST])


def drills(clinic_ids: Iterable[UUID]) -> list[Drill]:
    """The latest test pages of these clinics, with `minutes` from handed on to Received."""
    rows = Drill.objects.filter(clinic__in=list(clinic_ids)).select_related("user", "clinic", "contact")
    return list(rows.defer("contact__address").order_by("-planned_at", "user__full_name")[:DRILLS_SHOWN])


def own_drills(user: User) -> list[Drill]:
    """Test pages that went out to this person in the last week and were not answered yet."""
    since = clock.now() - timedelta(days=7)
    rows = Drill.objects.filter(user=user, delivered_at__gte=since, received_at=None).select_related("clinic")
    return list(rows.order_by("-delivered_at"))
