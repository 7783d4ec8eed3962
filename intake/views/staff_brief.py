"""The pre-session brief, to be saved or printed."""

from datetime import date
from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_safe

from consents.rendering import CannotRender, plain
from core.access import patients_for_clinician
from core.views import StaffRequest
from intake.rendering import brief_pdf
from intake.rules.brief import cut
from intake.services.briefing import read_brief

MOST_NAME, MOST_NUMBER = 70, 30  # units of a line


@require_safe
def brief(request: StaffRequest, patient_id: UUID) -> HttpResponse:
    """One page about one patient. Where no PDF can be made, a sentence on the patient's page says so."""
    person = get_object_or_404(patients_for_clinician(request.user), pk=patient_id)
    read = read_brief(patient=person, user=request.user)
    try:
        pdf = brief_pdf(
            page=read.page,
            patient=person,
            name=cut(plain(person.full_name), 1, MOST_NAME, "…"),
            mrn=cut(plain(person.mrn or ""), 1, MOST_NUMBER, "…"),
            born=date.fromisoformat(person.birth_date),
            at=read.at,
            hidden=read.hidden,
            sensitive=read.sensitive,
        )
    except CannotRender:
        messages.error(request, "The PDF could not be made. This page can be printed instead.")
        return redirect("intake:patient", person.id)
    headers = {"Content-Disposition": 'attachment; filename="brief.pdf"'}
    return HttpResponse(pdf, content_type="application/pdf", headers=headers)
