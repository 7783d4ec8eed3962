"""What was scored, as a clinician reads it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists

from screening import instruments
from screening.models import ScreeningResult
from screening.selectors.deciding import (
    NO_RULES,
    ClinicRules,
    clinic_rules,
    drafted_rules,
    fired,
    rules_in_force,
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
    "ClinicRules", "FindingView", "NO_RULES", "ResultView", "ReviewRow", "Week", "WorkingRow", "clinic_rules",
    "drafted_rules", "fired", "is_scored", "is_signed", "overdue", "result_of", "results", "rules_in_force",
    "sign_offs", "signed_priorities", "to_review", "weekly",
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


def results(source_refs: Iterable[UUID]) -> tuple[ResultView, ...]:
    """The latest result of each instrument in these responses; two queries whatever their number."""
    rows = (
        ScreeningResult.objects.filter(source_ref__in=list(source_refs))
        .order_by("source_ref", "instrument", "-source_revision")
        .distinct("source_ref", "instrument")
        .prefetch_related("findings")
    )
    return tuple(sorted((_view(row) for row in rows), key=lambda view: view.instrument))


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
