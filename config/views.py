"""The front door, health, and the demo's page of links."""

import json
from pathlib import Path

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.db import DatabaseError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import translation
from django.views.decorators.http import require_safe
from django.views.defaults import page_not_found

from config.demo.seed import current_code
from core.middleware import STAFF_PATHS
from intake.access import NoPatientSession, packet_in_session


@require_safe
def front_door(request: HttpRequest) -> HttpResponse:
    """Patients come by their link; whoever types the address is shown where to put the code."""
    return redirect("demo" if settings.DEMO else "intake:link")


def not_here(request: HttpRequest, rest: str = "") -> HttpResponse:
    """A page of a library that is closed here."""
    raise Http404


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """To staff in their own words: the same bytes for what is not there and what is not theirs, whoever asks."""
    if request.path.startswith((*STAFF_PATHS, "/accounts/")):
        return HttpResponse(render_to_string("staff_404.html"), status=404)
    return page_not_found(request, exception)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """What could not be read or was too much, in the language of the patient whose session it is."""
    status = 413 if isinstance(exception, RequestDataTooBig | TooManyFieldsSent) else 400
    with translation.override(_language(request)):
        return render(request, "400.html", status=status)


def not_from_here(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without our token."""
    with translation.override(_language(request)):
        return render(request, "403_csrf.html", status=403)


def _language(request: HttpRequest) -> str:
    try:
        return packet_in_session(request).language
    except NoPatientSession:
        return translation.get_language() or settings.LANGUAGE_CODE


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"live": True})


@require_safe
def ready(request: HttpRequest) -> HttpResponse:
    """The process reaches its database."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return JsonResponse({"ready": False}, status=503)
    return JsonResponse({"ready": True})


@require_safe
def demo(request: HttpRequest) -> HttpResponse:
    """Links and ready logins with each one's current second-factor code. Refused outside the demo."""
    file = Path(settings.DATA_DIR) / "demo" / "links.json"
    if not settings.DEMO or not file.exists():
        raise Http404
    links = json.loads(file.read_text())
    people = [{**person, "code": current_code(person["secret"])} for person in links["people"]]
    return render(request, "config/demo/index.html", {**links, "people": people})
