"""How the staff's pages write ages, telephone links and clocks."""

from datetime import date, timedelta

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from escalation.rendering import at_clinic

register = template.Library()
register.filter(at_clinic)


@register.filter
def age(birth_date: str) -> int:
    """Whole years since an ISO date."""
    born, today = date.fromisoformat(birth_date), timezone.localdate()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


@register.filter
def born(birth_date: str) -> date:
    """An ISO date as a date, for the `date` filter."""
    return date.fromisoformat(birth_date)


@register.filter
def tel(phone: str) -> str:
    """What a `tel:` link takes: digits, with the plus of an international number."""
    return "".join(char for char in phone if char.isdigit() or char == "+")


@register.simple_tag
def clock(seconds: int | None) -> SafeString | str:
    """Time left until a deadline, by the database; `staff.js` lets it tick, and without it the words stand."""
    if seconds is None:
        return ""
    span = timedelta(seconds=abs(seconds))
    minutes = span // timedelta(minutes=1)
    words = f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
    return format_html(
        '<span class="clock{}" data-seconds-left="{}">{} {}</span>',
        " late" if seconds < 0 else "",
        seconds,
        words,
        "late" if seconds < 0 else "left",
    )
