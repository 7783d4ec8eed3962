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
from core.access import may_anywhere
from core.middleware import STAFF_PATHS, used_second_factor
from core.models import User
from core.permissions import Permission
from escalation.selectors import watching
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
def paging(request: HttpRequest) -> HttpResponse:
    """Whether pages travel, by the canary alone: nothing that depends on a patient. An operator who has signed in gets
    how late they are and which alarms last, and `ok` counts those in."""
    user = request.user
    try:
        if isinstance(user, User) and used_second_factor(request) and may_anywhere(user, Permission.MANAGE_SETTINGS):
            health = watching.health()
            more = {"lateness_seconds": round(health.lateness_seconds), "alarms": health.alarms}
        else:
            health, more = watching.canary_health(), {}
    except DatabaseError:
        return JsonResponse({"ok": False}, status=503)
    seconds = None if health.canary_seconds is None else round(health.canary_seconds)
    told = {"ok": health.ok, "canary_seconds": seconds, **more}
    return JsonResponse(told, status=200 if health.ok else 503)


@require_safe
def demo(request: HttpRequest) -> HttpResponse:
    """Links and ready logins with each one's current second-factor code. Refused outside the demo."""
    file = Path(settings.DATA_DIR) / "demo" / "links.json"
    if not settings.DEMO or not file.exists():
        raise Http404
    links = json.loads(file.read_text())
    people = [{**person, "code": current_code(person["secret"])} for person in links["people"]]
    return render(request, "config/demo/index.html", {**links, "people": people})
