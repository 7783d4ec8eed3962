"""The pre-session brief as a PDF of one page."""

from pathlib import Path

from django.conf import settings
from django.template.loader import render_to_string

from consents.rendering import printed
from intake.rules.brief import Fitted

STYLE = Path("static/css/brief.css")


def brief_pdf(*, page: Fitted, **said: object) -> bytes:
    """One page, letter size, printed by the limited process. Raises consents.rendering.CannotRender."""
    style = (settings.BASE_DIR / STYLE).read_text(encoding="utf-8")
    return printed(render_to_string("intake/staff/brief_pdf.html", {"page": page, **said}), style)
