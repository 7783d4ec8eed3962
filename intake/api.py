"""Autosave: one answer, kept before it is confirmed. The reply says what could not be read and what to ask next."""

from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any, cast
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_variables
from rest_framework import status
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException, NotAuthenticated, NotFound, ParseError
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

import escalation.selectors
from intake import engine, selectors
from intake.access import NoPatientSession, packet_in_session
from intake.forms import everything, foreign, who_sees
from intake.services.submission import KeyReused, PacketClosed, Saved, StepLocked, save_answers

if TYPE_CHECKING:
    from intake.models import Packet

MOST_QUESTIONS = 500


class Conflict(APIException):
    """Nothing was saved, and trying the same again would not help: the page itself says more."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "Please open this page again."
    default_code = "conflict"


class PatientSession(SessionAuthentication):
    """The session that opened a packet is who the patient is; `request.auth` is the packet. CSRF is checked."""

    def authenticate(self, request: Request) -> tuple[None, "Packet"]:
        self.enforce_csrf(request)
        try:
            return None, packet_in_session(request._request)
        except NoPatientSession as ended:
            raise NotAuthenticated from ended


class HasPacket(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return request.auth is not None


class ShallowJSON(JSONParser):
    """JSON nested as deep as an answer can be; deeper is refused, not an error of ours (Django bounds the size)."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            return super().parse(stream, media_type, parser_context)
        except RecursionError as deep:
            raise ParseError from deep


class SaveAnswer(APIView):
    """POST {"key": UUID, "changes": {field: [text]}, "have": [keys on the page]}.

    Replies {"revision", "problems": {field: words}, "risk", "told", "html"?}; `told`: an alert is open and somebody
    is on duty. `html` holds the questions that came because of the answer, the others as empty places. 403 no session,
    409 closed, locked or key reused: nothing was saved.
    """

    authentication_classes = (PatientSession,)
    permission_classes = (HasPacket,)
    parser_classes = (ShallowJSON,)

    @method_decorator(sensitive_variables())
    def post(self, request: Request, slug: str) -> Response:
        packet = cast("Packet", request.auth)
        key, changes, have = _read(request.data)
        with translation.override(packet.language):
            try:
                saved = save_answers(packet=packet, slug=slug, key=key, changes=changes, language=packet.language)
            except (KeyReused, PacketClosed, StepLocked) as refused:
                raise Conflict from refused
            except ObjectDoesNotExist as missing:
                raise NotFound from missing
            return Response(_reply(packet, slug, saved, have))


def _reply(packet: "Packet", slug: str, saved: Saved, have: frozenset[str]) -> dict[str, Any]:
    view = selectors.form_view(packet, slug, packet.language)
    fields = engine.fields(view.definition, view.items, language=packet.language, problems=saved.problems)
    nodes = list(everything(fields))
    reply: dict[str, Any] = {
        "revision": saved.revision,
        "problems": {node.key: node.error for node in nodes if node.error},
        "risk": saved.risk,
        "told": saved.risk and escalation.selectors.is_told(packet.id),
    }
    if {node.key for node in nodes} != have:
        own = foreign(view.definition, packet.language)
        context = {"fields": fields, "have": have, "sees": who_sees(), "foreign": own}
        reply["html"] = render_to_string("intake/patient/_sections.html", context)
    return reply


def _read(body: Any) -> tuple[UUID, dict[str, list[str]], frozenset[str]]:
    """The three parts of the body, each of the type it must have. Raises ParseError."""
    try:
        key = UUID(body["key"])
        changes = {_text(name): [_text(value) for value in _list(values)] for name, values in body["changes"].items()}
        have = frozenset(_text(name) for name in _list(body["have"]))
    except (KeyError, TypeError, ValueError, AttributeError) as malformed:
        raise ParseError from malformed
    if not changes or max(len(changes), len(have)) > MOST_QUESTIONS:
        raise ParseError
    return key, changes, have


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError
    return value


def _text(value: Any) -> str:
    """A string that can be stored: half of a surrogate pair can't (UnicodeEncodeError is a ValueError)."""
    if not isinstance(value, str):
        raise TypeError
    value.encode()
    return value
