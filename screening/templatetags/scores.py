"""How a difference of points, and a clinic's own rule, are written."""

from django import template

from screening.rules.clinic import in_words

register = template.Library()
register.filter("rule_in_words", in_words)


@register.filter
def signed(points: int | None) -> str:
    """+3, −4 (with a true minus), 0; empty for None."""
    if points is None:
        return ""
    return f"{points:+d}".replace("-", "−") if points else "0"
