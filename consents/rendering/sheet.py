"""The sealed PDF's pages: what was shown, byte for byte, and after it everything that was kept at the signing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation

from consents.rendering.evidence import Line, filled_in, kept
from consents.rendering.press import CannotRender, press
from core.fields.typed import plain

STYLE = Path("static/css/pdf.css")
WIDTH, LEAST_HEIGHT, PRINTED_WIDTH = 1000, 120, 300


@dataclass(frozen=True)
class Statement:
    id: str
    text: str
    ticked: bool


@dataclass(frozen=True)
class Sheet:
    """What a sealed PDF says: the shown bytes, then the evidence. `signed_at` is in the clinic's time zone."""

    title: str
    version: str
    language: str
    clinic: str
    shown_html: str
    sha256: str
    review_note: str
    patient_name: str
    signer_name: str
    capacity: str
    statements: tuple[Statement, ...]
    signed_at: datetime
    evidence: Mapping[str, object]
    reference: str
    authority: str = ""
    mark: Sequence[Sequence[Sequence[float]]] | None = None
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def on_paper(self) -> bool:
        """Decided on paper: no screen was shown, and the time of day is not known."""
        return self.evidence.get("method") == "paper"

    @property
    def shown_since(self) -> datetime | None:
        """The evidence has it as ISO 8601, or as "unknown"."""
        try:
            return datetime.fromisoformat(str(self.evidence.get("shown_at", "")))
        except ValueError:
            return None

    @property
    def others(self) -> list[Line]:
        """Evidence without a line of its own on the page."""
        return kept(self.evidence, self.language)

    @property
    def filled_in(self) -> list[Line]:
        """What the text's fields said."""
        return filled_in(self.values, self.language)

    @property
    def path(self) -> str:
        """The drawn mark as SVG path data, of numbers alone."""
        try:
            return " ".join(_stroke(stroke) for stroke in self.mark or () if stroke)
        except (TypeError, ValueError, OverflowError) as error:
            raise CannotRender("the mark is not made of numbers") from error

    @property
    def height(self) -> int:
        """Of the drawing, in the same thousandths as its width; ask for `path` first."""
        lowest = max((_within(y) for stroke in self.mark or () for _, y in stroke), default=0)
        return max(lowest + 20, LEAST_HEIGHT)

    @property
    def printed_height(self) -> int:
        return self.height * PRINTED_WIDTH // WIDTH


def _within(number: float) -> int:
    return min(max(round(float(number)), 0), WIDTH)


def _stroke(points: Sequence[Sequence[float]]) -> str:
    """One line of the pen; a single touch is a dot."""
    spots = [f"{_within(x)} {_within(y)}" for x, y in points]
    return "M" + " L".join(spots if len(spots) > 1 else spots * 2)


def _plainly(said: Any) -> Any:
    """Without anything that turns the reading direction, wherever it stands."""
    if isinstance(said, str):
        return plain(said)
    if isinstance(said, Mapping):
        return {plain(str(name)): _plainly(value) for name, value in said.items()}
    if isinstance(said, Statement):
        return Statement(plain(said.id), plain(said.text), said.ticked)
    return tuple(map(_plainly, said)) if isinstance(said, list | tuple) else said


def page(sheet: Sheet) -> str:
    """The HTML that is printed: the shown bytes as they are, all other words plain."""
    said: dict[str, Any] = {
        one.name: getattr(sheet, one.name) for one in fields(sheet) if one.name not in ("shown_html", "mark")
    }
    sheet = replace(sheet, **{name: _plainly(value) for name, value in said.items()})
    with timezone.override(sheet.signed_at.tzinfo), translation.override(sheet.language):
        return render_to_string("consents/sealed.html", {"sheet": sheet})


def pdf(sheet: Sheet) -> bytes:
    """The PDF before it is signed (PDF/UA-1, fonts embedded, nothing fetched). Raises CannotRender."""
    return printed(page(sheet))


def printed(page: str, style: str = "") -> bytes:
    """A page of ours as PDF, in the documents' style unless another is given. Raises CannotRender."""
    return press().pdf(style=style or (settings.BASE_DIR / STYLE).read_text(encoding="utf-8"), page=page)
