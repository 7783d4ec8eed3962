"""One patient's documents, for whoever has to answer for them: what was signed, what still holds, what is untouched."""

from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from audit.actions import Actor
from consents import services
from consents.access import get_patient_for_folder, get_signature_for_folder
from core.crypto import UnreadableValue
from core.views import StaffRequest


@require_safe
def folder(request: StaffRequest, patient_id: UUID) -> HttpResponse:
    """Each document with its version, decision and state, and whether the stored bytes still are those of then."""
    patient = get_patient_for_folder(request.user, patient_id)
    found = services.read_folder(patient=patient, actor=Actor.staff(request.user.id))
    return render(
        request, "consents/folder.html", {"patient": patient, "folder": found, "zone": patient.clinic.time_zone}
    )


@require_safe
def copy(request: StaffRequest, patient_id: UUID, signature_id: UUID) -> HttpResponse:
    """The sealed PDF, with its timestamp where there is one. What doesn't open any more is not found."""
    known = get_signature_for_folder(request.user, patient_id, signature_id)
    try:
        document = services.read_document(signature_id=known, actor=Actor.staff(request.user.id))
    except UnreadableValue as error:
        raise Http404 from error
    if document is None or document.pdf is None:
        raise Http404
    response = HttpResponse(document.pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{signature_id}.pdf"'
    return response
