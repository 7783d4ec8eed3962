"""What every patient page shares: the session that opened the packet, its language, and the words when either ended."""

from collections.abc import Callable, Mapping
from functools import cache, partial, wraps
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone, translation
from django.views.decorators.debug import sensitive_post_parameters

import consents.selectors
import escalation.selectors
from intake.access import (
    NoPatientSession,
    end_patient_session,
    idle_seconds,
    is_helped,
    is_on_tablet,
    packet_in_session,
)
from intake.rules.crisis import crisis_lines
from intake.rules.helping import BegunAlone
from intake.services.packets import speak
from intake.services.responses import PacketClosed

if TYPE_CHECKING:
    from intake.models import Packet

View = Callable[..., HttpResponse]
FINISHED = ("submitted", "filed")
JUST_SIGNED = "just_signed"


class Language(NamedTuple):
    code: str
    name: str


class Place(NamedTuple):
    """The n-th of `all` parts that are asked (0: not asked), of which `done` are. `minutes`: about what is left."""

    n: int
    all: int
    done: int
    minutes: int = 0


class Phone(NamedTuple):
    """`dial` goes into a tel: link, `shown` is what people read."""

    dial: str
    shown: str


def patient_page(view: View) -> View:
    """Hand the view the packet this session opened, in the packet's language. Strangers are shown the way back in."""

    @sensitive_post_parameters()
    @wraps(view)
    def guarded(request: HttpRequest, **where: Any) -> HttpResponse:
        try:
            packet = packet_in_session(request)
        except NoPatientSession:
            return way_back(request)
        with translation.override(packet.language):
            try:
                return view(request, packet, **where)
            except PacketClosed:
                return closed(request, packet)
            except BegunAlone:  # elsewhere, while the page was open here: it says so when it is opened again
                return redirect("intake:step", where["slug"])

    return guarded


def way_back(request: HttpRequest) -> HttpResponse:
    """Where to go without a session: the clinic's tablet goes back to the desk, a phone to the link."""
    if is_on_tablet(request):
        return hand_back(request)
    return redirect(f"{reverse('intake:link')}?closed#main")  # or the old page's fragment would come along


def hand_back(request: HttpRequest, *, is_sent: bool = False) -> HttpResponse:
    """End the session on the server; what the tablet's browser kept of it is asked to go too."""
    end_patient_session(request)
    response = redirect(reverse("intake:tablet-back") + ("?sent" if is_sent else "") + "#main")
    if settings.SECURE:
        response["Clear-Site-Data"] = '"cache", "storage"'
    return response


def closed(request: HttpRequest, packet: "Packet") -> HttpResponse:
    """A finished packet has its last page; one that the clinic closed says whom to ask."""
    packet.refresh_from_db()
    if packet.state in FINISHED:
        return redirect("intake:done")
    return page(request, packet, "closed", {}, status=410)


def page(
    request: HttpRequest, packet: "Packet", name: str, context: Mapping[str, Any], *, status: int = 200
) -> HttpResponse:
    """Render `templates/intake/patient/<name>.html`, with the crisis line, the language switch and the idle limit."""
    with timezone.override(ZoneInfo(packet.clinic.time_zone)):  # a day is the clinic's, as on what was signed
        response = render(request, f"intake/patient/{name}.html", {**frame(request, packet), **context}, status=status)
    response["Content-Language"] = translation.get_language() or settings.LANGUAGE_CODE
    return response


def frame(request: HttpRequest, packet: "Packet") -> dict[str, Any]:
    """`alert`: what is true of an open incident now. Asked of the database once, as each page has the crisis help."""
    clinic, on_tablet = packet.clinic, is_on_tablet(request)
    return {
        "lines": crisis_lines(clinic.country, text=clinic.crisis_text, chat=clinic.crisis_chat),
        "crisis_phone": phone(clinic.crisis_phone),
        "clinic_phone": phone(clinic.phone),
        "alert": cache(partial(escalation.selectors.alert, packet.id)),
        "here_key": uuid4(),
        "other_language": other_language(),
        "idle_seconds": idle_seconds(packet, on_tablet=on_tablet),
        "is_shared": on_tablet or packet.is_shared_device,
        "on_tablet": on_tablet,
        "helped": is_helped(request),
        "just_signed": partial(_just_signed, request, packet),
        "answers_for": partial(_answers_for, packet),
    }


def _answers_for(packet: "Packet") -> str:
    """The patient's name, where somebody else answers: the questions say "you" and mean the patient."""
    patient = packet.patient
    return f"{patient.given_name} {patient.family_name}" if packet.respondent else ""


def _just_signed(request: HttpRequest, packet: "Packet") -> str:
    """The title of what was signed on the page before this one; said once."""
    slug = request.session.pop(JUST_SIGNED, "")
    return consents.selectors.titles(packet.clinic_id, packet.language).get(slug, "") if slug else ""


def phone(number: str) -> Phone | None:
    dial = "".join(char for char in number if char.isdigit() or char == "+")
    return Phone(dial, number) if dial else None


def other_language() -> Language:
    """The one to switch to, named in itself."""
    current = translation.get_language() or settings.LANGUAGE_CODE
    return next(Language(code, name) for code, name in settings.LANGUAGES if not current.startswith(code))


def asked_language(request: HttpRequest, name: str = "!language") -> str:
    """The language whose button was pressed, if any (one of ours)."""
    asked = request.POST.get(name, "")
    return asked if asked in dict(settings.LANGUAGES) else ""


def switched(request: HttpRequest, packet: "Packet") -> bool:
    """Whether the language button was pressed; then the packet speaks that language from now on."""
    asked = asked_language(request)
    if asked:
        speak(packet=packet, language=asked)
        packet.language = asked
        translation.activate(asked)  # until `patient_page` is left
    return bool(asked)
