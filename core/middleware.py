"""What holds for every response and every staff request, whatever the view forgets."""

import time
import uuid
from collections.abc import Callable
from http import HTTPStatus

from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib.auth import logout
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

import audit.services

Handler = Callable[[HttpRequest], HttpResponse]

STAFF_PATHS = ("/staff/", "/incidents/", "/admin/", "/audit/", "/chart/", "/api/v1/staff/")
LAST_SEEN = "staff_last_seen"


def used_second_factor(request: HttpRequest) -> bool:
    """In this session, as allauth notes it."""
    methods = request.session.get("account_authentication_methods", [])
    return any(method.get("method") == "mfa" for method in methods)


class PrivateResponses:
    """Nothing but static files may be kept by a browser or a proxy; each request gets an id for the evidence."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = audit.services.request_id.set(str(uuid.uuid4()))
        try:
            response = self.get_response(request)
        finally:
            audit.services.request_id.reset(token)
        if not request.path.startswith(settings.STATIC_URL):
            response["Cache-Control"] = "no-store"
            response["Permissions-Policy"] = "geolocation=(), microphone=(), interest-cohort=()"
            response["X-Robots-Tag"] = "noindex, nofollow"
        return response


class SecondFactor:
    """Staff pages need a password and a second factor of this session, and end after 15 idle minutes.

    Covers the admin too, whose own login page would ask for a password alone.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if not request.path.startswith(STAFF_PATHS):
            return self.get_response(request)
        if not request.user.is_authenticated:
            return redirect(f"{reverse('account_login')}?next={request.path}")
        if self._idle(request):
            logout(request)
            return redirect(f"{reverse('account_login')}?next={request.path}")
        if not is_mfa_enabled(request.user):
            return redirect("mfa_activate_totp")
        if not used_second_factor(request):
            logout(request)
            return redirect(f"{reverse('account_login')}?next={request.path}")
        response = self.get_response(request)
        if response.status_code == HTTPStatus.METHOD_NOT_ALLOWED and request.method in ("GET", "HEAD"):
            raise Http404  # what is only posted to is no page: to nobody, whatever their rights
        return response

    @staticmethod
    def _idle(request: HttpRequest) -> bool:
        now, seen = int(time.time()), request.session.get(LAST_SEEN)
        if seen is not None and now - seen > settings.STAFF_IDLE_SECONDS:
            return True
        if not request.headers.get("HX-Polling"):
            request.session[LAST_SEEN] = now
        return False
