"""What was scored, as a clinician reads it; how it went over time; what is to be measured again."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Exists, QuerySet

from core import clock
from core.models import Patient
from screening import instruments
from screening.instruments.base import Band
from screening.models import Finding, MeasurementPlan, ScreeningResult
from screening.rules.change import Change, changes, definitions, response_limit
from screening.selectors.deciding import (
    NO_RULES,
    ClinicRules,
    clinic_rules,
    clinic_rules_at,
    drafted_rules,
    fired,
    rules_in_force,
    rules_to_approve,
    sign_offs,
)
from screening.selectors.reviewing import (
    ReviewRow,
    Week,
    is_signed,
    overdue,
    signed_priorities,
    to_review,
    weekly,
)

__all__ = [
    "NO_RULES", "ClinicRules", "FindingView", "PlanRow", "ResultView", "ReviewRow", "Trend", "TrendPoint", "Week",
    "WorkingRow", "clinic_rules", "clinic_rules_at", "drafted_rules", "fired", "is_scored", "is_signed", "overdue",
    "plans", "result_of", "results", "rules_in_force", "rules_to_approve", "sign_offs", "signed_priorities",
    "to_review", "trends", "weekly",
]  # fmt: skip


@dataclass(frozen=True)
class FindingView:
    code: str
    urgency: str
    because: str
    pages: bool


@dataclass(frozen=True)
class WorkingRow:
    """One item of the working: its published words, the answer's words, the points, the rule applied."""

    link_id: str
    text: str
    answer: str
    value: int | None
    rule: str


@dataclass(frozen=True)
class ResultView:
    id: UUID
    instrument: str
    title: str
    source_ref: UUID
    total: int | None
    highest: int | None
    band: str | None
    band_label: str
    positive: bool | None
    missing: tuple[str, ...]
    working: tuple[WorkingRow, ...]
    findings: tuple[FindingView, ...]
    scored_at: datetime

    @property
    def is_counted(self) -> bool:
        """False for a question of our own: it says what was answered, and no more."""
        return self.instrument in instruments.REGISTRY


def results(source_refs: Iterable[UUID]) -> tuple[ResultView, ...]:
    """The latest result of each instrument in these responses; two queries whatever their number."""
    rows = (
        ScreeningResult.objects.filter(source_ref__in=list(source_refs))
        .order_by("source_ref", "instrument", "-source_revision")
        .distinct("source_ref", "instrument")
        .prefetch_related("findings")
    )
    return tuple(sorted((_view(row) for row in rows), key=lambda view: view.instrument))


def said_of(source_refs: Iterable[UUID]) -> frozenset[str]:
    """The words of every finding in these responses, earlier states of them included. PHI."""
    found = Finding.objects.filter(result__source_ref__in=list(source_refs)).only("because")
    return frozenset(one.because for one in found)


def is_scored(source_ref: Any) -> Exists:
    """Whether a response has a result, inside a query of whoever knows it: `source_ref` may be an OuterRef."""
    return Exists(ScreeningResult.objects.filter(source_ref=source_ref))


def result_of(finding_id: UUID) -> ResultView:
    """The result that a finding stands in, as it was then."""
    return _view(ScreeningResult.objects.prefetch_related("findings").get(findings=finding_id))


def _view(row: ScreeningResult) -> ResultView:
    instrument, detail = instruments.get(row.instrument), row.detail
    bands = {band.code: band.label for band in instrument.bands_for("unknown")} if not instrument.levels else {}
    return ResultView(
        id=row.id,
        instrument=row.instrument,
        title=instrument.name,
        source_ref=row.source_ref,
        total=detail["total"],
        highest=max((band.high for band in instrument.bands_for("unknown")), default=None)
        if not instrument.levels
        else None,
        band=detail["band"],
        band_label=bands.get(detail["band"] or "", detail["band"] or ""),
        positive=detail["positive"],
        missing=tuple(detail["missing"]),
        working=tuple(_working(instrument, line) for line in detail["working"]),
        findings=tuple(FindingView(one.code, one.urgency, one.because, one.pages) for one in row.findings.all()),
        scored_at=row.scored_at,
    )


def _working(instrument: Any, line: dict[str, Any]) -> WorkingRow:
    item = instrument.item(line["linkId"])
    option = item.option(line["answer"] or "")
    return WorkingRow(line["linkId"], item.text, option.text if option else "", line["value"], line["rule"])


@dataclass(frozen=True)
class TrendPoint:
    """One result of the instrument. `total` and `change` are None while something is unanswered."""

    source_ref: UUID
    scored_at: datetime
    total: int | None
    band_label: str
    change: Change | None


@dataclass(frozen=True)
class Trend:
    """Every result of one instrument, oldest first. `response_limit` is the highest total that is a response."""

    instrument: str
    title: str
    highest: int
    bands: tuple[Band, ...]
    points: tuple[TrendPoint, ...]
    response_limit: int | None
    definitions: tuple[str, ...]

    @property
    def totals(self) -> list[TrendPoint]:
        """The complete ones."""
        return [point for point in self.points if point.total is not None]


def trends(patient_id: UUID, *, hidden: Collection[UUID] = ()) -> dict[str, Trend]:
    """Each instrument with a total that this patient ever answered, by its name; one query.

    `hidden` are responses that the reader may not know of (substance use outside the care team).
    """
    rows = (
        ScreeningResult.objects.filter(patient_id=patient_id)
        .exclude(source_ref__in=list(hidden))
        .order_by("instrument", "source_ref", "-source_revision")
        .distinct("instrument", "source_ref")
    )
    found: dict[str, list[ScreeningResult]] = {}
    for row in sorted(rows, key=lambda row: (row.instrument, row.scored_at)):
        if instruments.get(row.instrument).positive is not None:
            found.setdefault(row.instrument, []).append(row)
    return {name: _trend(name, of_it) for name, of_it in found.items()}


def _trend(name: str, rows: list[ScreeningResult]) -> Trend:
    instrument = instruments.get(name)
    totals = [row.detail["total"] for row in rows if row.detail["total"] is not None]
    judged = iter(changes(name, totals))
    points = tuple(
        TrendPoint(
            source_ref=row.source_ref,
            scored_at=row.scored_at,
            total=row.detail["total"],
            band_label=instrument.label(row.detail["band"]) if row.detail["band"] else "",
            change=None if row.detail["total"] is None else next(judged),
        )
        for row in rows
    )
    return Trend(
        instrument=name,
        title=instrument.name,
        highest=instrument.highest,
        bands=instrument.bands_for("unknown"),
        points=points,
        response_limit=response_limit(name, totals[0]) if totals else None,
        definitions=definitions(name),
    )


# What can be measured on a schedule: instruments with published figures for change, which all ask about the last weeks.
# None of them is about substance use, so that a schedule tells nobody of that.
MEASURED = {name: one.name for name, one in instruments.REGISTRY.items() if one.progress is not None}


@dataclass(frozen=True)
class PlanRow:
    """One schedule. `next_due_on` is on the clinic's calendar: so many days after the last complete result, or the day
    the schedule was set where there is none.
    """

    patient: Patient
    instrument: str
    title: str
    every_days: int
    set_by: str
    last_at: datetime | None
    next_due_on: date
    is_due: bool


def plans(patients: QuerySet[Patient]) -> tuple[PlanRow, ...]:
    """Every active schedule of these patients, the longest due first; three queries whatever their number."""
    rows = list(
        MeasurementPlan.objects.filter(patient__in=patients, is_active=True).select_related("patient__clinic", "set_by")
    )
    if not rows:
        return ()
    results = ScreeningResult.objects.filter(
        patient__in={row.patient_id for row in rows}, instrument__in={row.instrument for row in rows}
    )
    last: dict[tuple[UUID, str], datetime] = {}
    for result in results.defer("answers").order_by("scored_at"):
        if result.detail["total"] is not None:
            last[(result.patient_id, result.instrument)] = result.scored_at
    now = clock.now()
    found = [_plan_row(row, last.get((row.patient_id, row.instrument)), now) for row in rows]
    return tuple(sorted(found, key=lambda row: (row.next_due_on, row.title)))


def _plan_row(row: MeasurementPlan, last_at: datetime | None, now: datetime) -> PlanRow:
    zone = ZoneInfo(row.patient.clinic.time_zone)
    if last_at is None:
        due = row.set_at.astimezone(zone).date()
    else:
        due = last_at.astimezone(zone).date() + timedelta(days=row.every_days)
    return PlanRow(
        patient=row.patient,
        instrument=row.instrument,
        title=instruments.get(row.instrument).name,
        every_days=row.every_days,
        set_by=row.set_by.full_name,
        last_at=last_at,
        next_due_on=due,
        is_due=due <= now.astimezone(zone).date(),
    )
