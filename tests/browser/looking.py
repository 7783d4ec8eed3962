"""Looking at a page: WCAG by axe, in dark colours too, room for narrow screens and large text, and its picture."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

Options = Mapping[str, object]  # of axe.run
AXE = Axe().axe_script
BRING = f"window.bringAxe = () => {{ {AXE}; return true }}"
VIOLATIONS = "async (options) => (await axe.run(options)).violations"
EVERYTHING = {"resultTypes": ["violations"]}
CONTRAST = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}
ALL_BUT_CONTRAST = {"resultTypes": ["violations"], "rules": {"color-contrast": {"enabled": False}}}
MEASURE = Path(__file__).with_suffix(".js").read_text()
COLOURED = Path(__file__).with_name("looking_coloured.js").read_text()
CLEAN: set[str] = set()  # the combinations of colours that were found good
NARROW = 320  # CSS pixels: WCAG 1.4.10
MOST_COVERED = 1 / 2  # of the screen, by the bar at its bottom
TEXT_SIZE = "(factor) => { document.documentElement.style.fontSize = factor }"
DOUBLE = "`${2 * parseFloat(getComputedStyle(document.documentElement).fontSize)}px`"


@dataclass
class Gallery:
    """What was wrong with the pages that were looked at, and where their pictures go."""

    shots: Path | None = None
    problems: list[str] = field(default_factory=list)

    def look(self, page: Page, name: str) -> None:
        self._coloured(page, name, EVERYTHING, ALL_BUT_CONTRAST)
        self._keep(page, name)
        page.emulate_media(color_scheme="dark")
        self._coloured(page, f"{name}, dark", CONTRAST)
        self._keep(page, f"{name}-dark")
        page.emulate_media(color_scheme="light")
        self._measure(page, name)
        self._narrow(page, name)
        self._large(page, name)
        self._mirrored(page, name)

    def _coloured(self, page: Page, name: str, new: Options, seen: Options | None = None) -> None:
        """By axe: with `new` where a combination of colours is new, with `seen` where none is."""
        before, colours = len(self.problems), page.evaluate(COLOURED)
        options = seen if CLEAN.issuperset(colours) else new
        if options:
            self._axe(page, name, options)
        if len(self.problems) == before:
            CLEAN.update(colours)

    def _axe(self, page: Page, name: str, options: Options) -> None:
        if not page.evaluate("'axe' in window || (window.bringAxe?.() ?? false)"):
            page.evaluate(AXE)
            page.add_init_script(BRING)  # handing it over takes long: once a phone is enough, to be read when used
        self._note(name, page.evaluate(VIOLATIONS, options))

    def _note(self, name: str, violations: Iterable[Mapping[str, Any]]) -> None:
        for found in violations:
            where = "; ".join(node["html"][:160] for node in found["nodes"][:3])
            self.problems.append(f"{name}: {found['id']}: {found['help']}: {where}")

    def _measure(self, page: Page, name: str, most_covered: float = 1.0) -> None:
        size = page.viewport_size
        assert size
        measured = page.evaluate(MEASURE, size["width"])
        self.problems += [f"{name}: too small for a finger: {one}" for one in measured["small"]]
        self.problems += [f"{name}: help is out of sight: {one}" for one in measured["unreachable"]]
        if measured["wide"] > size["width"]:
            self.problems.append(
                f"{name}: scrolls sideways ({measured['wide']} px): {'; '.join(measured['over'][-3:])}"
            )
        if measured["covered"] > most_covered:
            self.problems.append(f"{name}: the bar covers {measured['covered']:.0%} of the screen")

    def _narrow(self, page: Page, name: str) -> None:
        before = page.viewport_size
        assert before
        page.set_viewport_size({**before, "width": NARROW})
        self._measure(page, f"{name}, {NARROW} px")
        page.set_viewport_size(before)

    def _large(self, page: Page, name: str) -> None:
        """Letters of twice the size (WCAG 1.4.4)."""
        page.evaluate(TEXT_SIZE, page.evaluate(DOUBLE))
        self._measure(page, f"{name}, double text", MOST_COVERED)
        self._keep(page, f"{name}-double", full_page=False)
        page.evaluate(TEXT_SIZE, "")

    def _mirrored(self, page: Page, name: str) -> None:
        """As for a language that is written from right to left."""
        page.evaluate("document.documentElement.dir = 'rtl'")
        self._measure(page, f"{name}, from right to left")
        page.evaluate("document.documentElement.removeAttribute('dir')")

    def _keep(self, page: Page, name: str, *, full_page: bool = True) -> None:
        if self.shots:
            page.screenshot(path=self.shots / f"{name}.png", full_page=full_page)

    def last(self, pages: Iterable[Page]) -> None:
        """Where each phone was when its test ended, well or badly."""
        for number, page in enumerate(pages):
            self._keep(page, f"last-{number}", full_page=False)
