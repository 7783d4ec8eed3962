"""How a difference of points is written."""

from django import template

register = template.Library()


@register.filter
def signed(points: int | None) -> str:
    """+3, −4 (with a true minus), 0; empty for None."""
    if points is None:
        return ""
    return f"{points:+d}".replace("-", "−") if points else "0"
