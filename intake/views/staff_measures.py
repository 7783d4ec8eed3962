"""How a patient's scores went, and how often they are asked again."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_POST

import screening.services
from core.access import patients_for_clinician
from core.views import StaffRequest
from intake.forms import MeasureForm
from intake.services.choosing import FormsMissing
from intake.services.measuring import NeverInvited, Unfinished, ask_again
from intake.services.packets import NothingToAsk
from intake.services.reading import Course
from screening.rendering import chart
from screening.selectors import MEASURED

if TYPE_CHECKING:
    from core.models import Patient


def course_shown(course: Course, *, may_plan: bool) -> dict[str, object]:
    """What the patient's page shows of it: trends with their charts, and schedules with the form that changes them."""
    return {
        "trends": [(trend, chart(trend)) for trend in course.trends.values() if len(trend.points) > 1],
        "measures": [
            (name, title, plan, _form(name, plan.every_days if plan else 0) if may_plan else None)
            for name, title in MEASURED.items()
            for plan in [course.plans.get(name)]
        ],
    }


def _form(instrument: str, every_days: int) -> MeasureForm:
    return MeasureForm(initial={"instrument": instrument, "every_days": every_days}, auto_id=f"{instrument}-%s")


@require_POST
def measure(request: StaffRequest, patient_id: UUID) -> HttpResponse:
    """Set, change or stop a schedule: the care team's decision."""
    person = _in_care(request, patient_id)
    form = MeasureForm(request.POST)
    if form.is_valid():
        screening.services.plan_measurement(patient=person, user=request.user, **form.cleaned_data)
        messages.info(
            request, "The schedule is set." if form.cleaned_data["every_days"] else "The schedule is stopped."
        )
    else:
        messages.error(request, "Choose an interval from the list.")
    return redirect("intake:patient", person.id)


@require_POST
def ask(request: StaffRequest, patient_id: UUID) -> HttpResponse:
    """Make a packet with one instrument alone; the front desk gives its link out and learns a number of parts."""
    person = _in_care(request, patient_id)
    instrument = request.POST.get("instrument", "")
    if instrument not in MEASURED:
        raise Http404
    try:
        ask_again(patient=person, instrument=instrument, user=request.user)
    except Unfinished:
        messages.error(request, "This patient has a packet that is not finished. Ask again once it is sent.")
    except NeverInvited:
        messages.error(request, "The front desk makes a patient's first packet.")
    except (NothingToAsk, FormsMissing):
        messages.error(
            request,
            f"{MEASURED[instrument]} can't be asked of this patient: the age, the language or a missing right forbids "
            f"it.",
        )
    else:
        messages.info(request, "The packet is made. The front desk finds it under Packets and gives the link out.")
    return redirect("intake:patient", person.id)


def _in_care(request: StaffRequest, patient_id: UUID) -> "Patient":
    """A patient whose care team the user is on. Raises Http404 for everybody else, supervisors too."""
    person: Patient = get_object_or_404(patients_for_clinician(request.user), pk=patient_id)
    if not request.user.has_perm("core.care_for", person):
        raise Http404
    return person
