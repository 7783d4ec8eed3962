"""The clinician's inbox: what is dangerous first, narrowed by what an address may say: nobody's name."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Q
from django.http import HttpResponse, QueryDict
from django.views.decorators.http import require_safe

import core.services
import escalation.selectors
import screening.access
import screening.selectors
from audit.actions import Actor
from core import clock
from core.access import clinics_where, may_anywhere, own_patients, patients_for_clinician
from core.permissions import Permission
from core.views import StaffRequest, fingerprint, needs, not_modified, page_or_part
from intake import selectors

if TYPE_CHECKING:
    from core.models import User


class InboxFilter(forms.Form):
    """What of the inbox is shown; empty is everything. Open incidents are never filtered away."""

    whose = forms.ChoiceField(
        choices=[("", "Everybody I may see"), ("own", "My patients")], required=False, label="Whose"
    )
    state = forms.ChoiceField(
        choices=[
            ("", "Any state"),
            ("submitted", "Submitted"),
            ("in_progress", "Being answered"),
            ("opened", "Opened"),
            ("invited", "Invited"),
            ("filed", "Filed"),
        ],
        required=False,
    )
    site = forms.ChoiceField(required=False)
    program = forms.ChoiceField(required=False)
    due = forms.BooleanField(required=False, label="Only findings to review within a day")
    page = forms.IntegerField(min_value=1, max_value=10_000, required=False, widget=forms.HiddenInput)

    def __init__(self, data: QueryDict, places: tuple[list[tuple[str, str]], list[tuple[str, str]]]) -> None:
        super().__init__(data)
        for name, title, choices in (("site", "Any site", places[0]), ("program", "Any program", places[1])):
            field = self.fields[name]
            assert isinstance(field, forms.ChoiceField)
            field.choices = [("", title), *choices]

    def chosen(self) -> dict[str, Any]:
        """What is asked for; nothing where the address makes no sense."""
        return {name: value for name, value in self.cleaned_data.items() if value} if self.is_valid() else {}

    def only(self) -> Q:
        """As a condition on packets."""
        return Q(**{name: value for name, value in self.chosen().items() if name in ("state", "site", "program")})


@require_safe
@needs(Permission.SEE_CLINICAL)
def inbox(request: StaffRequest) -> HttpResponse:
    """Open incidents with their clocks, then packets to review, then the rest; polled, 304 while nothing changes."""
    incidents = escalation.selectors.inbox(
        clinics_where(request.user, Permission.ANSWER_PAGES).values_list("pk", flat=True)
    )
    clinics = clinics_where(request.user, Permission.SEE_CLINICAL).values_list("pk", flat=True)
    narrow = InboxFilter(request.GET, selectors.places(clinics))
    rows, found, due = _listed(request.user, narrow)
    is_open = [row for row in incidents if row.due_in_seconds is not None]
    late = [(row.incident.id, row.due_in_seconds < 0) for row in incidents if row.due_in_seconds is not None]
    looked_at = [(row.id, row.reviewer, row.is_late, row.is_signed) for row in found]
    tag = fingerprint([late, incidents_shown(incidents), looked_at, rows, due])
    if same := not_modified(request, tag):
        return same
    seen = [row.incident.patient for row in incidents if row.incident.patient] + [row.patient for row in found]
    seen += [row.patient for row in (*rows.review, *rows.others)] + [row.patient for row in due]
    core.services.record_listing(patients=seen, page="inbox", actor=Actor.staff(request.user.id))
    context: dict[str, object] = {
        "open": is_open,
        "closed": [row for row in incidents if row.due_in_seconds is None],
        "found": found,
        "supervises": may_anywhere(request.user, Permission.SUPERVISE),
        "drafts": screening.selectors.rules_to_approve(
            clinics_where(request.user, Permission.SUPERVISE), request.user
        ),  # asked for by the whole page of a supervisor alone
        "rows": rows,
        "due": due,
        "narrow": narrow,
        "is_narrowed": bool(narrow.chosen().keys() - {"page"}),
        "page": narrow.chosen().get("page", 1),
    }
    return page_or_part(request, "intake/staff/inbox.html", tag, context)


def _listed(
    user: "User", narrow: InboxFilter
) -> tuple[selectors.PacketLists, Sequence[screening.selectors.ReviewRow], list[screening.selectors.PlanRow]]:
    """Packets, findings to review and what is due to be measured again, as far as they are asked for."""
    chosen, only = narrow.chosen(), narrow.only()
    patients = own_patients(user) if chosen.get("whose") else patients_for_clinician(user)
    patients = patients_for_clinician(user).filter(pk__in=patients.values("pk"))
    items = screening.access.review_items_for(user)
    if only:
        patients = patients.filter(pk__in=selectors.patients_with(only))
        items = items.filter(patient__in=selectors.patients_with(only))
    if chosen.get("whose"):
        items = items.filter(Q(reviewer=user) | Q(patient__in=patients))
    if chosen.get("due"):
        items, patients = items.filter(due_at__lte=clock.now() + timedelta(days=1)), patients.none()
    plans = [row for row in screening.selectors.plans(patients) if row.is_due]
    rows = selectors.packet_rows(patients, only=only, page=chosen.get("page", 1))
    return rows, screening.selectors.to_review(items, user), plans


def incidents_shown(rows: list[escalation.selectors.InboxRow]) -> list[object]:
    """What of an incident is visible in the list, without the seconds, which change by themselves."""
    return [
        (
            row.incident.id,
            row.incident.state,
            row.incident.due_at,
            row.incident.urgency,
            row.taken_by,
            row.new_since_taken,
        )
        for row in rows
    ]
