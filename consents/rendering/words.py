"""CommonMark to HTML, and values into it: whatever a name says, it is words."""

import html
import re
import unicodedata
from collections.abc import Mapping

from django.utils.safestring import SafeString
from markdown_it import MarkdownIt

from consents.rules import FIELD, TAG

MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable(
    ["link", "image", "autolink", "reference", "html_inline", "html_block"]
)
# Bidirectional overrides and isolates: they re-order the words around a name.
BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
TAG_AND_SPACE = re.compile(rf" ?{TAG.pattern}")


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
