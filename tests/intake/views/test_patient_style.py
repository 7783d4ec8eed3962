"""The one style sheet: directions that turn with the language, motion only for those who want it, paper never dark."""

import re
from pathlib import Path

from django.conf import settings

CSS = (Path(settings.BASE_DIR) / "static" / "css" / "patient.css").read_text()


def test_directions_turn_with_the_language():
    """Logical properties only: nothing that names the left or the right, and no corner by its number."""
    rules = re.sub(r"/\*.*?\*/", "", CSS, flags=re.DOTALL)
    assert not re.findall(r"\b(?:left|right)\b|\bfloat\s*:", rules)
    sided = re.findall(r"(?:margin|padding|inset|border-radius)\s*:([^;}]+)", rules)
    four = [one.split() for one in sided if len(one.split()) == 4]
    assert all(values[1] == values[3] for values in four)


def test_nothing_moves_unless_motion_is_welcome():
    for block in re.findall(r"[^{}]+\{[^{}]*\}", CSS):
        assert "animation" not in block
        assert "transition" not in block
    assert CSS.index("prefers-reduced-motion: no-preference") < CSS.index("scroll-behavior: smooth")


def test_letters_grow_with_the_readers_own_size():
    """18 pixels where the reader left the browser's 16 alone, and no size in pixels anywhere."""
    assert "html { font-size: 112.5%" in CSS
    assert not re.findall(r"font-size:\s*[\d.]+px", CSS)


def test_dark_high_contrast_and_paper_are_thought_of():
    for medium in ("prefers-color-scheme: dark", "prefers-contrast: more", "forced-colors: active", "@media print"):
        assert medium in CSS
