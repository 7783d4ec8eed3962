"""Finding a patient by name or number, and opening the page of one who is not in one's care.

What is typed travels in a body, so that no name stands in an address.
"""

from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

import core.services
from audit.actions import Actor
from core.access import clinics_where, patients_at, patients_open_to
from core.permissions import Permission
from core.selectors import patients_matching
from core.views import StaffRequest, needs
from escalation.access import get_incident_for_clinician
from intake.forms import GlassForm

if TYPE_CHECKING:
    from escalation.models import Incident


@require_POST
@needs(Permission.SEE_CLINICAL)
def find(request: StaffRequest) -> HttpResponse:
    """Whoever these words name exactly at the user's clinics, and whether the page is open to the user."""
    clinics = clinics_where(request.user, Permission.SEE_CLINICAL).values_list("pk", flat=True)
    matching = patients_matching(clinics, request.POST.get("words", "")[:100])
    found = list(patients_at(request.user).filter(pk__in=matching).order_by("-created_at"))
    is_open = set(patients_open_to(request.user).filter(pk__in=matching).values_list("pk", flat=True))
    core.services.record_listing(patients=found, page="find", actor=Actor.staff(request.user.id))
    return render(request, "intake/staff/found.html", {"rows": [(one, one.pk in is_open) for one in found]})


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.SEE_CLINICAL)
def open_glass(request: StaffRequest, patient_id: UUID) -> HttpResponse:
    """Ask why first; nothing of the record is on this page. Then an hour of reading, which compliance reviews.

    `?incident=` is the one that somebody answers: it is named in the reason, and its packet is shown then.
    """
    person = get_object_or_404(patients_at(request.user), pk=patient_id)
    incident = _incident(request, person.id)
    onward = reverse("intake:patient", args=[person.id]) + (f"?packet={incident.source_ref}" if incident else "")
    if patients_open_to(request.user).filter(pk=person.pk).exists():
        return redirect(onward)
    reason = {"why": "urgent", "words": f"I answer incident {incident.code}."} if incident else {}
    form = GlassForm(request.POST or None, initial=reason)
    if request.method == "POST" and form.is_valid():
        try:
            core.services.break_glass(patient=person, user=request.user, **form.cleaned_data)
        except core.services.TooFewWords:
            form.add_error("words", "Say in a sentence why. One word tells the compliance officer nothing.")
        else:
            messages.info(request, "You can read this page for an hour.")
            return redirect(onward)
    core.services.record_listing(patients=[person], page="open", actor=Actor.staff(request.user.id))
    status = 400 if form.is_bound else 200
    context = {"patient": person, "form": form, "incident": incident}
    return render(request, "intake/staff/open.html", context, status=status)


def _incident(request: StaffRequest, patient_id: UUID) -> "Incident | None":
    """The patient's incident that the address names. Raises Http404 for one that is not theirs or not the user's."""
    code = request.GET.get("incident")
    if not code:
        return None
    found = get_incident_for_clinician(request.user, code)
    if found.patient_id != patient_id:
        raise Http404
    return found
