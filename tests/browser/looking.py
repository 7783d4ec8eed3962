"""Looking at a page: WCAG by axe, dark colours too, room for large text, and its picture."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Page

AXE = Axe()
EVERYTHING = {"resultTypes": ["violations"]}
CONTRAST = {"resultTypes": ["violations"], "runOnly": ["color-contrast"]}
NARROW = 320  # CSS pixels: WCAG 1.4.10
MOST_COVERED = 1 / 3
README_WIDTH = 780  # pixels

DOUBLE = """() => {
  const root = document.documentElement;
  root.style.fontSize = `${2 * parseFloat(getComputedStyle(root).fontSize)}px`;
}"""
# What reaches over the right edge and is not inside something that scrolls by itself.
OVER = """(width) => [...document.body.querySelectorAll("*")]
  .filter((one) => one.getBoundingClientRect().right + scrollX > width && !one.closest(".scroll"))
  .map((one) => one.outerHTML.slice(0, 120))"""
# WCAG 2.5.8, which axe can't tell under a sticky bar. A link in a sentence is exempt; a label is its input's target.
SMALL = """() => [...document.querySelectorAll("a[href], button, summary, select, textarea, input:not([type=hidden])")]
  .map((one) => one.closest("label") ?? one)
  .filter((one) => one.checkVisibility() && !one.matches(".away, .skip, p a"))
  .filter((one) => { const { width, height } = one.getBoundingClientRect(); return width < 24 || height < 24; })
  .map((one) => one.outerHTML.slice(0, 120))"""
COVERED = """() => (document.querySelector(".bar")?.getBoundingClientRect().height ?? 0) / innerHeight"""


@dataclass
class Gallery:
    """What was wrong with the pages that were looked at, and where their pictures go."""

    shots: Path | None = None
    readme: Path | None = None
    problems: list[str] = field(default_factory=list)

    def look(self, page: Page, name: str) -> None:
        self._axe(page, name, EVERYTHING)
        self.problems += [f"{name}: too small for a finger: {one}" for one in page.evaluate(SMALL)]
        if self.shots:
            page.screenshot(path=self.shots / f"{name}.png", full_page=True)
        page.emulate_media(color_scheme="dark")
        self._axe(page, f"{name}, dark", CONTRAST)
        if self.shots:
            page.screenshot(path=self.shots / f"{name}-dark.png", full_page=True)
        page.emulate_media(color_scheme="light")
        self._room(page, name)

    def _axe(self, page: Page, name: str, options: dict[str, object]) -> None:
        for found in AXE.run(page, options=options).response["violations"]:
            where = "; ".join(node["html"][:160] for node in found["nodes"][:3])
            self.problems.append(f"{name}: {found['id']}: {found['help']}: {where}")

    def _room(self, page: Page, name: str) -> None:
        """Nothing scrolls sideways at 320 pixels or with letters of twice the size, and the bar leaves room to read."""
        before = page.viewport_size
        assert before
        page.set_viewport_size({**before, "width": NARROW})
        self._over(page, f"{name}, {NARROW} px", NARROW)
        page.set_viewport_size(before)
        size = page.evaluate("document.documentElement.style.fontSize")
        page.evaluate(DOUBLE)
        self._over(page, f"{name}, double text", before["width"])
        covered = page.evaluate(COVERED)
        if covered > MOST_COVERED:
            self.problems.append(f"{name}, double text: the bar covers {covered:.0%} of the screen")
        if self.shots:
            page.screenshot(path=self.shots / f"{name}-double.png")
        page.evaluate("(size) => { document.documentElement.style.fontSize = size }", size)

    def _over(self, page: Page, name: str, width: int) -> None:
        if page.evaluate("document.documentElement.scrollWidth") > width:
            print(
                name,
                page.evaluate(
                    """() => [[document.documentElement.scrollWidth, document.documentElement.clientWidth, innerWidth, scrollX], ...[...document.body.querySelectorAll("*")].map((one) => [one.getBoundingClientRect().right, one.outerHTML.slice(0, 80)]).sort((a,b) => b[0]-a[0]).slice(0,6)]"""
                ),
            )
            self.problems.append(f"{name}: scrolls sideways: {'; '.join(page.evaluate(OVER, width)[-3:])}")

    def for_the_readme(self, page: Page, name: str) -> None:
        """A small picture of what is on the screen, in 64 colours; only when they are asked for."""
        if not self.readme:
            return
        with Image.open(BytesIO(page.screenshot())) as picture:
            height = round(picture.height * README_WIDTH / picture.width)
            small = picture.convert("RGB").resize((README_WIDTH, height), Image.Resampling.LANCZOS)
        small.quantize(64).save(self.readme / f"{re.sub('[^a-z0-9]+', '-', name.lower())}.png", optimize=True)

    def last(self, pages: Iterable[Page]) -> None:
        """Where each phone was when its test ended, well or badly."""
        for number, page in enumerate(pages if self.shots else ()):
            page.screenshot(path=f"{self.shots}/last-{number}.png")
