"""What changed from one total to the next, and which changes a published definition calls more than noise.

The figures stand with each instrument (`Instrument.progress`) beside their sources. An instrument without one gets the
plain difference and no mark. "First" is the earliest complete result known here, which need not be the start of care.
Less is better in every instrument that has a published figure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from screening import instruments
from screening.instruments.base import Progress

NONE_PUBLISHED = (
    "No published figure for reliable change is used for this instrument: differences are shown, not judged."
)


@dataclass(frozen=True, slots=True)
class Mark:
    """A change that meets a published definition; `is_good` when it is for the better."""

    label: str
    is_good: bool


@dataclass(frozen=True, slots=True)
class Change:
    """Points since the last and since the first total, negative when it went down; None for the first one."""

    since_last: int | None
    since_first: int | None
    marks: tuple[Mark, ...]


RESPONSE, REMISSION = Mark("response", True), Mark("remission", True)


def changes(instrument: str, totals: Sequence[int]) -> tuple[Change, ...]:
    """One for each of these complete totals, oldest first. Raises UnknownInstrument."""
    progress = instruments.get(instrument).progress
    return tuple(_change(progress, totals, place) for place in range(len(totals)))


def definitions(instrument: str) -> tuple[str, ...]:
    """What the marks mean and who says so, for whoever reads them. Raises UnknownInstrument."""
    progress = instruments.get(instrument).progress
    if progress is None:
        return (NONE_PUBLISHED,)
    said = [f"Reliable change: {progress.reliable} points or more ({progress.reliable_source})."]
    if progress.response_from is not None:
        said.append(
            f"Response: half of the first total or less; remission: below {progress.remission_below}; both only where "
            f"the first total was {progress.response_from} or more ({progress.response_source})."
        )
    return (*said, *progress.unverified)


def response_limit(instrument: str, first: int) -> int | None:
    """The highest total that is a response to this first one; None where none is defined. Raises UnknownInstrument."""
    progress = instruments.get(instrument).progress
    if progress is None or progress.response_from is None or first < progress.response_from:
        return None
    return first // 2


def _change(progress: Progress | None, totals: Sequence[int], place: int) -> Change:
    if place == 0:
        return Change(None, None, ())
    now, first, last = totals[place], totals[0], totals[place - 1]
    return Change(now - last, now - first, _marks(progress, now, first, last, is_second=place == 1))


def _marks(progress: Progress | None, now: int, first: int, last: int, *, is_second: bool) -> tuple[Mark, ...]:
    if progress is None:
        return ()
    marks = [] if is_second else _reliable(progress, now - last, "than last time")
    marks += _reliable(progress, now - first, "than at first")
    if progress.response_from is not None and first >= progress.response_from:
        marks += [RESPONSE] if 2 * now <= first else []
        marks += [REMISSION] if progress.remission_below is not None and now < progress.remission_below else []
    return tuple(marks)


def _reliable(progress: Progress, points: int, than: str) -> list[Mark]:
    if abs(points) < progress.reliable:
        return []
    return [Mark(f"reliably {'lower' if points < 0 else 'higher'} {than}", points < 0)]
