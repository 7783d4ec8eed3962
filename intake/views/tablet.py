"""The clinic's tablet in a patient's hands: a date of birth opens it, and it goes back to the desk empty."""

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from intake.access import NoPatientSession, handed_over, stop_helping
from intake.forms import OpeningForm
from intake.services.packets import open_on_tablet, speak
from intake.services.respondents import go_on_alone
from intake.views.patient_link import enter
from intake.views.patient_page import asked_language, other_language, patient_page

if TYPE_CHECKING:
    from intake.models import Packet


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def opening(request: HttpRequest) -> HttpResponse:
    """Ask for the patient's date of birth, under the link's limits; the page names nobody."""
    try:
        packet_id, helper_id = handed_over(request)
    except NoPatientSession:
        return redirect("intake:tablet-back")
    speaks = asked_language(request) or asked_language(request, "speaks")
    with translation.override(speaks or translation.get_language()):
        if request.method != "POST" or asked_language(request):
            return _page(request, OpeningForm(initial=request.POST.dict()), speaks)
        form = OpeningForm(request.POST)
        if not form.is_valid():
            return _page(request, form, speaks, status=422)
        born = form.cleaned_data["birth_date"]
        packet = open_on_tablet(packet_id=packet_id, birth_date=born, helper_id=helper_id)
        if packet is None:
            return _page(request, form, speaks, refused=True, status=422)
        if speaks:
            speak(packet=packet, language=speaks)
        return enter(request, packet, form, on_tablet=True, helper_id=helper_id)


def _page(
    request: HttpRequest, form: OpeningForm, speaks: str, *, refused: bool = False, status: int = 200
) -> HttpResponse:
    context = {"form": form, "refused": refused, "speaks": speaks, "other_language": other_language()}
    return render(request, "intake/patient/tablet.html", context, status=status)


@require_POST
@patient_page
def alone(request: HttpRequest, packet: "Packet", slug: str) -> HttpResponse:
    """The patient takes the tablet and goes on without whoever helped, at the part they were on."""
    stop_helping(request)
    go_on_alone(packet=packet)
    return redirect("intake:step", slug)


@require_safe
def back(request: HttpRequest) -> HttpResponse:
    """What a tablet shows between two patients: nothing of either, and no way on but the desk's own sign-in."""
    return render(request, "intake/patient/tablet_back.html", {"is_sent": "sent" in request.GET})
