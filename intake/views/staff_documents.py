"""Documents as compliance needs them: a text exactly as the patient's screen shows it, and who is asked again.

Nothing clinical and nobody's name: counts.
"""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.http import require_http_methods

import consents.selectors
import consents.services
from consents.access import get_document_for_compliance, get_version_for_compliance
from core.permissions import Permission
from core.views import StaffRequest, needs
from intake.forms import SignatureForm
from intake.rules.crisis import crisis_lines
from intake.services import campaigns
from intake.views.patient_page import Place, phone


@require_http_methods(["GET", "POST"])
@needs(Permission.MANAGE_CONSENTS)
def preview(request: StaffRequest, version_id: UUID) -> HttpResponse:
    """The patient's own page around the text. Its buttons come here too, and nothing is stored."""
    version = get_version_for_compliance(request.user, version_id)
    clinic, shown = version.document.clinic, consents.services.preview(version)
    context = {
        "version": version,
        "shown": shown,
        "decisions": dict(shown.decisions),
        "form": SignatureForm(),
        "ticked": [],
        "problem": "",
        "problems": {},
        "place": Place(1, 1, 0),
        "lines": crisis_lines(clinic.country, text=clinic.crisis_text, chat=clinic.crisis_chat),
        "crisis_phone": phone(clinic.crisis_phone),
        "clinic_phone": phone(clinic.phone),
        "pressed": request.method == "POST",
    }
    with translation.override(version.language):
        response = render(request, "intake/staff/document_preview.html", context)
    response["Content-Language"] = version.language
    return response


@require_http_methods(["GET", "POST"])
@needs(Permission.MANAGE_CONSENTS)
def campaign(request: StaffRequest, document_id: UUID) -> HttpResponse:
    """How many have to sign again, were invited, opened and are done; and the button that invites the rest."""
    document = get_document_for_compliance(request.user, document_id)
    consents.services.take_effect_due(clinic_id=document.clinic_id, slug=document.slug)
    if request.method == "POST":
        count = campaigns.invite_affected(document=document, by=request.user)
        messages.success(request, f"Packets made: {count}. The front desk gives out the links.")
        return redirect("intake:campaign", document.pk)
    known = consents.selectors.editions(document)
    context = {
        "document": document,
        "name": consents.selectors.title_of(known),
        "current": next((one for one in known if one.state == "effective"), None),
        "progress": campaigns.progress(document),
    }
    return render(request, "intake/staff/campaign.html", context)
