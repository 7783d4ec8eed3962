"""What a published screening instrument consists of, as frozen data.

An instrument is a list of items with their published words, the points of each answer, and the published cut-offs.
Nothing here computes a result: `screening.scoring` does that, `screening.rules` says who must hear of it.
Points are whole numbers; codes are LOINC answer codes (LA…) unless an option names another system.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

LOINC = "http://loinc.org"
YES, NO = "LA33-6", "LA32-8"

# UNVERIFIED: no source at hand states at what ages an instrument was validated. Adults only is our policy; another age
# needs another instrument (PHQ-A for adolescents), not this one.
ADULTS = (18, None)

Priority = Literal["critical", "high", "medium", "info"]
Sex = Literal["male", "female", "other", "unknown"]


@dataclass(frozen=True, slots=True)
class Option:
    """One answer as printed; `points` is None where the answer adds nothing to a total."""

    code: str
    text: str
    points: int | None = None
    system: str = LOINC


@dataclass(frozen=True, eq=False)
class Item:
    """One question, equal only to itself. `text` is the published wording, pinned by hash in `wording.py`."""

    link_id: str
    text: str
    options: tuple[Option, ...]
    loinc: str | None = None
    reverse: bool = False
    needed: bool = True
    """False for an item whose blank never stands in the way of a result (PHQ-9 difficulty)."""
    asked_after_yes: str | None = None
    """A linkId: the item belongs to the path only after Yes to it."""
    same_as: str | None = None
    """A linkId: the same question of another instrument, whose answer counts where this one wasn't asked itself."""
    blank_counts_as: str | None = None
    """The answer a blank stands for when risk is judged; never used to fill in a total."""

    def option(self, code: str) -> Option | None:
        """The printed answer with this code, or None when the item does not offer it."""
        return self._by_code.get(code)

    def value(self, option: Option) -> int | None:
        """The points this answer adds, with a reversed item turned round: highest minus points."""
        if option.points is None or not self.reverse:
            return option.points
        return self.highest - option.points

    @property
    def highest(self) -> int:
        """The most points the item can give."""
        return max(option.points or 0 for option in self.options)

    @cached_property
    def _by_code(self) -> dict[str, Option]:
        return {option.code: option for option in self.options}


@dataclass(frozen=True, slots=True)
class Band:
    """A named stretch of totals, both ends included."""

    code: str
    label: str
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class Level:
    """A triage level: reached by a Yes to any of `any_yes`. The first level that matches wins."""

    code: str
    label: str
    loinc: str | None
    any_yes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cutoff:
    """The lowest total that counts as positive, which for some instruments depends on sex."""

    male: int
    female: int
    unknown: int
    source: str

    @classmethod
    def same(cls, total: int, source: str) -> Cutoff:
        """One cut-off for everyone."""
        return cls(total, total, total, source)

    def for_sex(self, sex: Sex) -> int:
        """The cut-off for this sex; other and unknown share the safer one."""
        return {"male": self.male, "female": self.female}.get(sex, self.unknown)


@dataclass(frozen=True, slots=True)
class Flag:
    """A condition a clinician must hear of. `priority` is proposed, not yet signed off by a clinician."""

    code: str
    priority: Priority
    kind: Literal["item_gte", "item_yes", "total_gte", "level", "only_first_item_positive"]
    source: str
    at_least: int = 0
    link_id: str = ""
    level: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """What is published on telling a change of the total from noise. Less is better.

    `reliable`: the least difference, in points, that is more than the instrument's own error. Response (half of the
    first total or less) and remission are defined only where the first total was at least `response_from`.
    """

    reliable: int
    reliable_source: str
    response_from: int | None = None
    remission_below: int | None = None
    response_source: str = ""
    unverified: tuple[str, ...] = ()


@dataclass(frozen=True)
class Instrument:
    """One instrument, whole. Either `positive` is given (a total is summed) or `levels` is (triage, no total).

    A question of our own has neither: it is answered, not scored.
    """

    key: str
    name: str
    title: str
    citation: str
    copyright: str
    items: tuple[Item, ...]
    bands: tuple[Band, ...] = ()
    bands_source: str = ""
    positive: Cutoff | None = None
    levels: tuple[Level, ...] = ()
    flags: tuple[Flag, ...] = ()
    progress: Progress | None = None
    """Published figures for change; None where none is used. Only these are measured again on a schedule."""
    panel_loinc: str | None = None
    total_loinc: str | None = None
    languages: tuple[str, ...] = ("en",)
    """Languages in which a published wording was found; no other may be shown."""
    level_loinc: str | None = None
    """What a triage level is an answer to, where it has a code."""
    ages: tuple[int, int | None] = ADULTS
    """Lowest and highest age in whole years at which it may be asked."""
    right: str = ""
    """What a clinic must confirm before it may ask this; empty where the owner sets no terms."""
    credit: str = ""
    """The line that the licence asks for wherever results are shown; empty where it asks for none."""
    unverified: tuple[str, ...] = ()
    """What could not be confirmed from a published source, to be shown wherever it is used."""

    def item(self, link_id: str) -> Item | None:
        """The item with this linkId, or None."""
        return self._by_link_id.get(link_id)

    def bands_for(self, sex: Sex) -> tuple[Band, ...]:
        """The bands that cover 0 to `highest`; without published ones, negative and positive around the cut-off."""
        if self.bands or self.positive is None:
            return self.bands
        cut = self.positive.for_sex(sex)
        return (Band("negative", "Negative", 0, cut - 1), Band("positive", "Positive", cut, self.highest))

    def label(self, band: str) -> str:
        """The printed name of a band or triage level code."""
        named: tuple[Band | Level, ...] = (*self.bands_for("unknown"), *self.levels)
        return next(each.label for each in named if each.code == band)

    @property
    def highest(self) -> int:
        """The highest possible total."""
        return sum(item.highest for item in self.items)

    @cached_property
    def _by_link_id(self) -> dict[str, Item]:
        return {item.link_id: item for item in self.items}


# LOINC LL358-3: how often over the last two weeks (PHQ and GAD families).
FREQUENCY = (
    Option("LA6568-5", "Not at all", 0),
    Option("LA6569-3", "Several days", 1),
    Option("LA6570-1", "More than half the days", 2),
    Option("LA6571-9", "Nearly every day", 3),
)
YES_NO_SCORED = (Option(YES, "Yes", 1), Option(NO, "No", 0))
YES_NO = (Option(YES, "Yes"), Option(NO, "No"))

PFIZER_NOTICE = (
    "Developed by Drs. Robert L. Spitzer, Janet B.W. Williams, Kurt Kroenke and colleagues, with an educational grant "
    "from Pfizer Inc. No permission required to reproduce, translate, display or distribute. "
    "Copyright (c) Pfizer Inc. All rights reserved."
)
MISSING_POLICY = (
    "No total while a scored item is blank: our conservative policy, not the manual's text (MN Community Measurement "
    "rejects pro-rated scores; the pro-rating rule often quoted could not be traced to a source)."
)
