"""Score what a response holds, and keep what was found; plan what is measured again. The only writes of this app."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

import audit.services
from audit.actions import Action, Actor, Ref
from core.clock import Now
from core.models import Patient, User
from screening import instruments, rules, scoring
from screening.instruments.base import Instrument, Sex
from screening.models import Finding, MeasurementPlan, ScreeningResult

_ASSESSED_ITEMS = frozenset(item.link_id for one in instruments.ASSESSED.values() for item in one.items)


@dataclass(frozen=True)
class Found:
    """A finding for whoever has to act on it. `key` is the same while the same answers give the same finding."""

    key: str
    instrument: str
    code: str
    urgency: str
    because: str
    pages: bool


@dataclass(frozen=True)
class Told:
    """What a response says: `answers` (linkId → answer code), and what the patient would rather not answer.

    `declined` are linkIds; `risk` are those of them that ask about danger.
    """

    answers: Mapping[str, str]
    declined: frozenset[str] = frozenset()
    risk: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Weighed:
    """What was found, and the results that are new: not stored until `keep` is called."""

    found: tuple[Found, ...]
    results: tuple[tuple[ScreeningResult, tuple[rules.Finding, ...]], ...]


def asks(link_ids: Iterable[str]) -> bool:
    """Whether any of these questions is part of what is assessed."""
    return not _ASSESSED_ITEMS.isdisjoint(link_ids)


def weigh(*, patient_id: UUID, source_ref: UUID, revision: int, told: Told, is_first: bool = False) -> Weighed:
    """Score every instrument of which something was answered or declined, and say what was found. Stores nothing.

    A result is new when it is complete, found something, was declined in part or replaces an earlier one; once per
    state of the answers. `is_first`: the response has no earlier one, which needn't be looked up then.
    Raises AnswersError.
    """
    found: list[Found] = []
    new: list[tuple[ScreeningResult, tuple[rules.Finding, ...]]] = []
    last = {} if is_first else _latest(source_ref)
    for name, instrument in instruments.ASSESSED.items():
        own = scoring.answers_to(instrument, told.answers)
        declined = sorted(item.link_id for item in instrument.items if item.link_id in told.declined)
        if not own and not declined and name not in last:
            continue
        result = scoring.score(name, own, sex=_sex(instrument, patient_id))
        hits = (*rules.findings(name, result, own), *rules.declined(name, told.risk.intersection(declined)))
        row = ScreeningResult(
            patient_id=patient_id,
            instrument=name,
            source_ref=source_ref,
            source_revision=revision,
            answers=own,
            detail={**scoring.detail(result), "declined": declined},
        )
        is_worth_keeping = hits or declined or isinstance(result, scoring.Score)
        if _says_more(row, last[name]) if name in last else is_worth_keeping:
            new.append((row, hits))
        found += [
            Found(f"{name}:{hit.code}:{hit.because}", name, hit.code, hit.urgency, hit.because, hit.pages)
            for hit in hits
        ]
    return Weighed(tuple(found), tuple(new))


def keep(weighed: Weighed, *, clinic_id: UUID, actor: Actor) -> None:
    """Store what was weighed, with its evidence. Call inside a transaction."""
    for row, hits in weighed.results:
        _keep(row, hits, clinic_id, actor)


def _sex(instrument: Instrument, patient_id: UUID) -> Sex:
    """Read only for an instrument whose cut-off depends on it."""
    cut = instrument.positive
    if cut is None or cut.male == cut.female == cut.unknown:
        return "unknown"
    sex = Patient.objects.only("sex").get(pk=patient_id).sex
    return sex if sex in ("male", "female", "other") else "unknown"


def _latest(source_ref: UUID) -> dict[str, ScreeningResult]:
    """The newest result of each instrument in this response; one query."""
    rows = ScreeningResult.objects.filter(source_ref=source_ref).order_by("instrument", "-source_revision")
    return {row.instrument: row for row in rows.distinct("instrument")}


def _says_more(row: ScreeningResult, last: ScreeningResult) -> bool:
    told = (row.answers, row.detail["declined"])
    return row.source_revision > last.source_revision and told != (last.answers, last.detail.get("declined", []))


def _keep(row: ScreeningResult, hits: tuple[rules.Finding, ...], clinic_id: UUID, actor: Actor) -> None:
    row.save()
    if hits:
        Finding.objects.bulk_create(
            Finding(result=row, code=hit.code, because=hit.because, urgency=hit.urgency, pages=hit.pages)
            for hit in hits
        )
    audit.services.record(
        Action.SCREENING_SCORED,
        actor=actor,
        obj=Ref("screening.ScreeningResult", str(row.id)),
        clinic_id=clinic_id,
        patient_id=row.patient_id,
        context={"revision": row.source_revision, "findings": len(hits)},
    )


@transaction.atomic
def plan_measurement(*, patient: Patient, instrument: str, every_days: int, user: User) -> None:
    """Have it answered again every so many days, 1 to 365; 0 stops the schedule. The last word counts."""
    plan = MeasurementPlan.objects.select_for_update().filter(patient=patient, instrument=instrument).first()
    if plan is None and not every_days:
        return
    plan = plan or MeasurementPlan(patient=patient, instrument=instrument)
    plan.is_active = bool(every_days)
    plan.every_days = every_days or plan.every_days
    plan.set_by, plan.set_at = user, Now()
    plan.save()
    audit.services.record(
        Action.MEASUREMENT_PLANNED if every_days else Action.MEASUREMENT_STOPPED,
        actor=Actor.staff(user.id),
        obj=Ref("screening.MeasurementPlan", str(plan.id)),
        clinic_id=patient.clinic_id,
        patient_id=patient.id,
    )
