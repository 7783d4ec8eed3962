"""A trend as the whole numbers that an inline SVG is drawn from, by `templates/screening/_chart.html`.

Time runs to the right in proportion, points upward. Units are those of the drawing, 340 wide and 190 high, so that on a
phone its letters keep their size.
"""

from dataclasses import dataclass
from datetime import datetime

from screening.selectors import Trend, TrendPoint

LEFT, RIGHT, TOP, BOTTOM = 30, 326, 12, 168  # of the shaded field
FIRST_X, LAST_X = 140, 312  # of the totals, to the right of the bands' names
LEAST_STRIPE = 13  # a band lower than this has no room for its name
LEAST_GAP = 22  # totals nearer to each other than this would cover each other's number


@dataclass(frozen=True)
class Stripe:
    """One band: its lowest total stands at `bottom`; darker for the worse. No name where it doesn't fit."""

    low: int
    top: int
    bottom: int
    opacity: str
    name: str

    @property
    def height(self) -> int:
        return self.bottom - self.top


@dataclass(frozen=True)
class Dot:
    """One total; no label where the next one would cover it. `is_marked`: a published definition is met."""

    x: int
    y: int
    label: str
    label_y: int
    is_marked: bool


@dataclass(frozen=True)
class Chart:
    stripes: tuple[Stripe, ...]
    dots: tuple[Dot, ...]
    response_y: int | None

    @property
    def line(self) -> str:
        """For `polyline`."""
        return " ".join(f"{dot.x},{dot.y}" for dot in self.dots)


def chart(trend: Trend) -> Chart | None:
    """None for fewer than two totals: a single one is no trend."""
    points = trend.totals
    if len(points) < 2:
        return None
    limit = trend.response_limit
    return Chart(
        stripes=_stripes(trend),
        dots=_dots(points, trend.highest),
        response_y=None if limit is None else _y(limit, trend.highest),
    )


def _y(total: float, highest: int) -> int:
    return round(BOTTOM - (BOTTOM - TOP) * total / highest)


def _stripes(trend: Trend) -> tuple[Stripe, ...]:
    """A band reaches up to where the next one begins."""
    edges = [_y(band.low, trend.highest) for band in trend.bands] + [TOP]
    found = []
    for place, band in enumerate(trend.bands):
        bottom, top = edges[place], edges[place + 1]
        name = band.label if bottom - top >= LEAST_STRIPE else ""
        found.append(Stripe(band.low, top, bottom, f"{0.05 + 0.08 * place:.2f}", name))
    return tuple(found)


def _dots(points: list[TrendPoint], highest: int) -> tuple[Dot, ...]:
    start, end = points[0].scored_at, points[-1].scored_at
    dots: list[Dot] = []
    taken = LAST_X + LEAST_GAP
    for point in reversed(points):  # the latest one always has its number
        x, y = _x(point.scored_at, start, end), _y(point.total or 0, highest)
        has_room = taken - x >= LEAST_GAP
        taken = x if has_room else taken
        label_y = y - 9 if y - 9 > TOP + 8 else y + 18
        is_marked = point.change is not None and bool(point.change.marks)
        dots.append(Dot(x, y, str(point.total) if has_room else "", label_y, is_marked))
    return tuple(reversed(dots))


def _x(moment: datetime, start: datetime, end: datetime) -> int:
    share = (moment - start) / (end - start) if end > start else 1
    return round(FIRST_X + (LAST_X - FIRST_X) * share)
