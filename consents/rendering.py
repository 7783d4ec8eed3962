"""Words to HTML, and what was shown to a PDF that the patient keeps.

WeasyPrint loads Pango when it is imported. Where Pango is missing that import fails, so it is tried once, here:
everything else of Candor runs on without PDFs, and `CannotRender` says what to install.
"""

import html
import re
import unicodedata
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO, StringIO
from pathlib import Path
from typing import NoReturn

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.safestring import SafeString
from markdown_it import MarkdownIt

from consents.rules import FIELD, TAG

try:
    with redirect_stdout(StringIO()):  # its advice would end up in a command's JSON
        from weasyprint import CSS, HTML
        from weasyprint.urls import FatalURLFetchingError
except OSError:
    HTML = None

OUTSIDE = "the text asks for something from outside"
STYLE = Path("static/css/pdf.css")
MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable(
    ["link", "image", "autolink", "reference", "html_inline", "html_block"]
)
# Bidirectional overrides and isolates: they re-order the words around a name.
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
TAG_AND_SPACE = re.compile(rf" ?{TAG.pattern}")


class CannotRender(Exception):
    """No PDF came out; the text is one line without content of the document."""


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
    statements: tuple[tuple[str, bool], ...]
    signed_at: datetime
    evidence: Mapping[str, object]
    reference: str


def html_of(body: str) -> str:
    """CommonMark to HTML; raw HTML, links and images stay inert text, element tags go, fields stay open."""
    rendered: str = MARKDOWN.render(TAG_AND_SPACE.sub("", body))
    return rendered


def filled(opened: str, values: Mapping[str, str]) -> SafeString:
    """Put `values` into rendered HTML, escaped, in one pass: a value is never read as markup or as a field."""
    return SafeString(FIELD.sub(lambda match: html.escape(plain(values[match[1]])), opened))


def plain(value: str) -> str:
    """One line of ordinary characters: no control characters, nothing that turns the reading direction."""
    kept = (
        char for char in " ".join(value.split()) if char not in BIDI and unicodedata.category(char) not in ("Cc", "Cf")
    )
    return "".join(kept)


def pdf(sheet: Sheet) -> bytes:
    """The sealed PDF (PDF/UA-1, fonts embedded, nothing fetched). Raises CannotRender."""
    if HTML is None:
        raise CannotRender("Pango is not installed")
    with timezone.override(sheet.signed_at.tzinfo), translation.override(sheet.language):
        return printed(render_to_string("consents/sealed.html", {"sheet": sheet}))


def printed(page: str) -> bytes:
    """A page of ours as PDF. Raises CannotRender."""
    if HTML is None:
        raise CannotRender("Pango is not installed")
    asked: list[str] = []

    def refuse(url: str) -> NoReturn:
        asked.append(url)
        raise FatalURLFetchingError

    target = BytesIO()
    try:
        style = CSS(string=(settings.BASE_DIR / STYLE).read_text(encoding="utf-8"), url_fetcher=refuse)
        HTML(string=page, url_fetcher=refuse).write_pdf(target, stylesheets=[style], pdf_variant="pdf/ua-1")
    except OSError as error:
        raise CannotRender(f"Pango or its fonts: {type(error).__name__}") from error
    except FatalURLFetchingError as error:
        raise CannotRender(OUTSIDE) from error
    if asked:  # inside an SVG the refusal is swallowed, and a PDF with a hole comes out
        raise CannotRender(OUTSIDE)
    return target.getvalue()
