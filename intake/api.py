"""Autosave: one answer, kept before it is confirmed. The reply says what could not be read and what to ask next."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any, cast
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ObjectDoesNotExist, RequestDataTooBig
from django.template.loader import render_to_string
from django.utils import translation
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_variables
from rest_framework import status
from rest_framework.authentication import SessionAuthentication
from rest_framework.exceptions import APIException, NotAuthenticated, NotFound, ParseError
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import SimpleRateThrottle
from rest_framework.views import APIView

import escalation.selectors
from core.crypto import blind_index
from intake import engine
from intake.access import NoPatientSession, help_in_session, packet_id_in_session, packet_in_session
from intake.forms import LONGEST_CLIENT, everything, understood
from intake.rules.helping import BegunAlone
from intake.selectors.languages import foreign
from intake.selectors.terms import search
from intake.services.submission import KeyReused, PacketClosed, Saved, StepLocked, save_answers

if TYPE_CHECKING:
    from intake.models import Packet

MOST_QUESTIONS = 500
SHOWN = "dangers_shown"


class Conflict(APIException):
    """Nothing was saved, and trying the same again would not help: the page itself says more."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "Please open this page again."
    default_code = "conflict"


class TooMuch(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too-much"


class PatientSession(SessionAuthentication):
    """The session that opened a packet is who the patient is; `request.auth` is the packet. CSRF is checked."""

    def authenticate(self, request: Request) -> tuple[None, "Packet | UUID"]:
        self.enforce_csrf(request)
        try:
            return None, self.opened(request)
        except NoPatientSession as ended:
            raise NotAuthenticated from ended

    def opened(self, request: Request) -> "Packet | UUID":
        return packet_in_session(request._request)


class SavingSession(PatientSession):
    """The same for an answer, whose packet is read under lock by whoever saves it: `request.auth` is its id."""

    def opened(self, request: Request) -> UUID:
        return packet_id_in_session(request._request)


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


class SearchPace(SimpleRateThrottle):
    """Far more than anybody types, for each packet."""

    scope = "terms"
    rate = "120/min"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return f"terms-{cast('Packet', request.auth).id}"


class FindTerms(APIView):
    """POST {"table": address of the value set, "typed": text}; replies {"terms": [names]}, the best one first.

    A POST, so that what somebody typed stands in no address and no log; nothing of it is kept. 403 without a session,
    429 when asked too often.
    """

    authentication_classes = (PatientSession,)
    permission_classes = (HasPacket,)
    parser_classes = (ShallowJSON,)
    throttle_classes = (SearchPace,)

    @method_decorator(sensitive_variables())
    def post(self, request: Request) -> Response:
        packet, body = cast("Packet", request.auth), cast("Any", request.data)
        try:
            table, typed = _text(body["table"]), _text(body["typed"])
        except (KeyError, TypeError, ValueError) as malformed:
            raise ParseError from malformed
        found = search(table=table, typed=typed, language=packet.language)
        return Response({"terms": [term.label for term in found]})


class SaveAnswer(APIView):
    """POST {"key": UUID, "changes": {field: [text]}, "have": [keys on the page], "client", "revision", "told"?}.

    `client` is the page's own id, `revision` the one it was drawn from, `told` {question: revision} what it was told
    of since. Replies {"revision", "problems": {question: words}, "risk", "told"?, "dangers"?, "conflicts"?, "read"?,
    "html"?}. `told`: an alert is open and somebody is on duty. `dangers`: a mark of each that the help was
    not open for in this session. `read` {question: words}: how what was typed was understood.
    `html` holds the questions that came because of the answer, and what is calculated; the others as empty places.

    409 with "conflicts" {question: {"words", "now": {field: [text]}}}: these answers were changed on another screen and
    not stored, everything else was. Any other refusal stored nothing and says why in "detail": 400 unreadable,
    403 no session, 404 no such form, 409 closed, locked, begun alone or key reused, 413 too much.
    """

    authentication_classes = (SavingSession,)
    permission_classes = (HasPacket,)
    parser_classes = (ShallowJSON,)

    @method_decorator(sensitive_variables())
    def post(self, request: Request, slug: str) -> Response:
        posted = _read(request.data)
        saved = save_answers(
            packet_id=cast("UUID", request.auth),
            slug=slug,
            key=posted.key,
            changes=posted.changes,
            screen=posted.screen,
            helped=help_in_session(request._request),
        )
        with translation.override(saved.packet.language):
            reply = _reply(saved, posted, request.query_params.get("section"))
        if saved.risk:
            reply["dangers"] = _not_shown(request._request.session, saved)
        return Response(reply, status.HTTP_409_CONFLICT if saved.conflicts else status.HTTP_200_OK)

    def handle_exception(self, exc: Exception) -> Response:
        """Every refusal in the patient's own words; a session that ended, or a packet that was closed, is a 403."""
        if isinstance(exc, (BegunAlone, KeyReused, PacketClosed, StepLocked)):
            exc = Conflict()
        elif isinstance(exc, ObjectDoesNotExist):
            exc = NotFound()
        elif isinstance(exc, RequestDataTooBig):
            exc = TooMuch()
        refused = super().handle_exception(exc)
        try:
            language = packet_in_session(self.request._request).language
        except NoPatientSession:
            refused.status_code, language = status.HTTP_403_FORBIDDEN, translation.get_language() or ""
        with translation.override(language):
            refused.data = {"detail": str(_WORDS.get(refused.status_code, _WORDS[400]))}
        return refused


# What each refusal means to whoever answers; the page shows it, and keeps what was typed.
_WORDS = {
    400: _("We could not read what was sent. Nothing was changed, and what you saved before is still there."),
    403: _("To keep your answers private, your forms were closed. Open your link again to go on."),
    404: _("This page is not part of your forms."),
    409: _("This page is out of date. Please open it again: what you saved before is still there."),
    413: _("This is too long to save. Please make it shorter. What you saved before is still there."),
}


def _reply(saved: Saved, posted: "Posted", section: str | None) -> dict[str, Any]:
    packet = saved.packet
    zone = ZoneInfo(packet.clinic.time_zone)
    fields = engine.fields(saved.definition, saved.items, language=packet.language, problems=saved.problems, zone=zone)
    nodes = list(everything(fields))
    reply: dict[str, Any] = {
        "revision": saved.revision,
        "problems": _strays(saved) | {node.key: node.error for node in nodes if node.error},
        "risk": saved.risk,
    }
    if saved.conflicts:
        reply["conflicts"] = {one.error.key: {"words": one.error.message, "now": one.now} for one in saved.conflicts}
    if saved.risk:
        reply["told"] = escalation.selectors.is_told(packet.id)
    changed = {engine.split_field(name)[0] for name in posted.changes}
    if read := {node.key: words for node in nodes if node.key in changed and (words := understood(node))}:
        reply["read"] = read
    shown = _shown(saved.definition, fields, section)
    asked = list(everything(shown))
    if asked and ({node.key for node in asked} != posted.have or any(node.item.calculated for node in asked)):
        own = foreign(saved.definition, packet.language)
        context = {"fields": shown, "have": posted.have, "foreign": own, "is_shared": packet.is_shared_device}
        reply["html"] = render_to_string("intake/patient/_sections.html", context)
    return reply


def _not_shown(session: SessionBase, saved: Saved) -> list[str]:
    """Marks of the dangers that open the help: not of those that opened it before, or each answer after one would.

    A mark is the same for the same danger of this packet; what was found is for the clinic's eyes. A repeat opens it
    once a page, as what the first reply told got lost.
    """
    shown = session.get(SHOWN, [])
    of = f"{saved.packet.pk}|"
    marks = [blind_index(settings.INDEX_KEY, of + one, context="intake.danger")[:16] for one in sorted(saved.dangers)]
    new = [mark for mark in marks if mark not in shown]
    if new and not saved.replayed:
        session[SHOWN] = [*shown, *new]
    return new


def _strays(saved: Saved) -> dict[str, str]:
    """What was sent for a question that this form doesn't have: not stored, so not passed over in silence."""
    return {problem.key: problem.message for problem in saved.problems if problem.code == "unknown-field"}


def _shown(
    definition: engine.Definition, fields: tuple[engine.FieldNode, ...], section: str | None
) -> tuple[engine.FieldNode, ...]:
    """The questions of the section whose page asks; without a section all; with "" none, for a page of one question."""
    if section is None:
        return fields
    return next((page.body for page in engine.pages(definition, fields) if page.section.id == section), ())


@dataclass(frozen=True)
class Posted:
    key: UUID
    changes: dict[str, list[str]]
    have: frozenset[str]
    screen: engine.Screen


def _read(body: Any) -> Posted:
    """The parts of the body, each of the type it must have. Raises ParseError."""
    try:
        key = UUID(body["key"])
        changes = {_text(name): [_text(value) for value in _list(values)] for name, values in body["changes"].items()}
        have = frozenset(_text(name) for name in _list(body["have"]))
        told = {_text(name): _number(revision) for name, revision in body.get("told", {}).items()}
        screen = engine.Screen(_text(body.get("client", ""))[:LONGEST_CLIENT], _number(body.get("revision", 0)), told)
    except (KeyError, TypeError, ValueError, AttributeError) as malformed:
        raise ParseError from malformed
    if not changes or max(len(changes), len(have), len(told)) > MOST_QUESTIONS:
        raise ParseError
    return Posted(key, changes, have, screen)


def _number(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**31:
        raise TypeError
    return value


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
