"""How the staff's pages write ages, telephone links and clocks, and that paging is in trouble."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.access import clinics_where, may_anywhere
from core.clock import at_clinic
from core.models import User
from core.permissions import Permission
from escalation import selectors
from escalation.selectors import watching

register = template.Library()

LOOKERS = (Permission.SUPERVISE, Permission.SEE_AUDIT)  # who may open the page about paging, beside the operator
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
def way(channel: str) -> str:
    """A kind of contact point in words."""
    return str(selectors.WAYS.get(channel, channel)).capitalize()


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


def _own_clinics(user: User) -> set[UUID]:
    asked = (Permission.SEE_CLINICAL, Permission.MANAGE_SETTINGS)
    return {pk for one in asked for pk in clinics_where(user, one).values_list("pk", flat=True)}


@register.inclusion_tag("escalation/_paging_bar.html", takes_context=True)
def paging_bar(context: dict[str, Any]) -> dict[str, Any]:
    """The red bar, from the database, once a request. Clinicians and operators learn of late pages and alarms;
    everybody else only of the canary, which depends on no patient."""
    request = context.get("request")
    user = getattr(request, "user", None)
    if request is None or not isinstance(user, User):
        return {}
    known = vars(request)
    if "paging_bar" not in known:
        runs_it = may_anywhere(user, Permission.MANAGE_SETTINGS)
        sees_all = runs_it or may_anywhere(user, Permission.SEE_CLINICAL)
        health = watching.health() if sees_all else watching.canary_health()
        # A gap is of one clinic, and pages go out all the same: its own people alone are told, in other words.
        is_gap = not health.ok and health.arrives and watching.has_gap(_own_clinics(user))
        is_shown = is_gap or not health.arrives
        may_look = is_shown and (runs_it or any(may_anywhere(user, one) for one in LOOKERS))
        known["paging_bar"] = {"is_red": is_shown, "is_gap": is_gap, "sees_all": sees_all, "may_look": may_look}
    bar: dict[str, Any] = known["paging_bar"]
    return bar
