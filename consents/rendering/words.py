"""CommonMark to HTML, and values into it: whatever a name says, it is words."""

import html
import re
from collections.abc import Mapping

from django.utils.safestring import SafeString
from markdown_it import MarkdownIt

from consents.rules import FIELD, TAG
from core.fields.typed import plain

MARKDOWN = MarkdownIt("commonmark", {"html": False}).disable(
    ["link", "image", "autolink", "reference", "html_inline", "html_block"]
)
TAG_AND_SPACE = re.compile(rf" ?{TAG.pattern}")


def html_of(body: str) -> str:
    """CommonMark to HTML; raw HTML, links and images stay inert text, element tags go, fields stay open."""
    rendered: str = MARKDOWN.render(TAG_AND_SPACE.sub("", body))
    return rendered


def filled(opened: str, values: Mapping[str, str]) -> SafeString:
    """Put `values` into rendered HTML, escaped, in one pass: a value is never read as markup or as a field."""
    return SafeString(FIELD.sub(lambda match: html.escape(plain(values[match[1]])), opened))
