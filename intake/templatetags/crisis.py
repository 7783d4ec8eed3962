"""Whom to call: the clinic's country where the page belongs to a clinic, else the installation's."""

from typing import Any

from django import template
from django.conf import settings
from django.utils import translation

from intake.rules.crisis import CrisisLines, crisis_lines

register = template.Library()


@register.simple_tag(takes_context=True)
def the_lines(context: dict[str, Any]) -> CrisisLines:
    """The page's own lines; error pages and the way in belong to no clinic."""
    lines = context.get("lines")
    return lines if isinstance(lines, CrisisLines) else crisis_lines(settings.COUNTRY)


@register.filter
def name(lines: CrisisLines) -> str:
    """What the line is called, in the page's language."""
    return lines.name(translation.get_language() or settings.LANGUAGE_CODE)
