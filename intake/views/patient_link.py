"""The way in: a link or code, and a date of birth. Whatever is wrong, the answer is the same; a GET uses nothing up."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from intake.access import end_patient_session, start_patient_session
from intake.forms import LinkForm, OpeningForm
from intake.services.packets import open_packet, speak
from intake.services.respondents import SomebodyElseBegan, answer_as
from intake.views.patient_page import FINISHED, asked_language, other_language, phone

if TYPE_CHECKING:
    from intake.models import Packet


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest) -> HttpResponse:
    """Ask for the date of birth (and the code, where the link's fragment did not arrive); open the packet."""
    speaks = asked_language(request) or asked_language(request, "speaks") or closed_in(request)
    with translation.override(speaks or translation.get_language()):
        if request.method != "POST":
            return _page(request, LinkForm(), speaks, closed="closed" in request.GET)
        return _open(request, LinkForm(request.POST), speaks)


def closed_in(request: HttpRequest) -> str:
    """The language of the page that closed itself: whoever comes back goes on reading it."""
    asked = request.GET.get("speaks", "")
    return asked if asked in dict(settings.LANGUAGES) else ""


def _open(request: HttpRequest, form: LinkForm, speaks: str) -> HttpResponse:
    if asked_language(request):
        return _page(request, LinkForm(initial=form.typed()), speaks)
    if not form.is_valid():
        return _page(request, form, speaks, refused="token" in form.errors, status=422)
    packet = open_packet(secret=form.cleaned_data["secret"], birth_date=form.cleaned_data["birth_date"])
    if packet is None:
        return _page(request, form, speaks, refused=True, status=422)
    if speaks and packet.state not in FINISHED:
        speak(packet=packet, language=speaks)
    return enter(request, packet, form)


def enter(
    request: HttpRequest,
    packet: "Packet",
    form: OpeningForm,
    *,
    on_tablet: bool = False,
    helper_id: UUID | None = None,
) -> HttpResponse:
    """Record who answers and begin the session, unless somebody else has begun: then not a word of it is shown."""
    try:
        packet = answer_as(packet=packet, helper_id=helper_id, **form.respondent())
    except SomebodyElseBegan:
        end_patient_session(request)
        context = {"clinic_phone": phone(packet.clinic.phone), "on_tablet": on_tablet}
        return render(request, "intake/patient/theirs.html", context, status=409)
    start_patient_session(request, packet, on_tablet=on_tablet, helper_id=helper_id)
    return redirect("intake:done" if packet.state in FINISHED else "intake:packet")


def _page(
    request: HttpRequest,
    form: LinkForm,
    speaks: str,
    *,
    refused: bool = False,
    closed: bool = False,
    status: int = 200,
) -> HttpResponse:
    context = {"form": form, "refused": refused, "closed": closed, "speaks": speaks, "other_language": other_language()}
    response = render(request, "intake/patient/link.html", context, status=status)
    response["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
    return response
