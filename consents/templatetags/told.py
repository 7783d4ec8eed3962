"""What was disclosed, in the page's language."""

from django import template
from django.utils.translation import get_language, gettext, ngettext

from consents.rules.told import What

register = template.Library()


@register.filter
def told(what: What, count: int) -> str:
    """“3 single answers from “PHQ-9””."""
    one, several = what.words
    words = ngettext(one, several, count)
    return words % {"about": what.title(get_language() or "en"), "count": count}


@register.filter
def said(words: str) -> str:
    """A purpose or a reason, which a table keeps in English; whatever has no translation stays."""
    return gettext(words) if words else ""
