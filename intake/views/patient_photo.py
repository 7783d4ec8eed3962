"""Photos on a patient's page: sent by photo.js at once, or with the page where there is no JavaScript."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ObjectDoesNotExist
from django.core.files.uploadedfile import UploadedFile
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.adapters.pictures import NotAPhoto, developed
from intake import engine, selectors
from intake.access import get_photo_for_patient
from intake.forms import everything
from intake.rules.helping import BegunAlone
from intake.rules.photos import as_id
from intake.services import photos
from intake.services.submission import StepLocked
from intake.views.patient_page import patient_page

if TYPE_CHECKING:
    from uuid import UUID

    from intake.models import Packet

FIELD = "!photo"  # behind a question's key: the field of its file; alone: the button that sends it
REMOVE = "!photo-remove"
HERE = "!photo-here"  # the questions on the posted page that take a photo


@require_POST
@patient_page
def save(request: HttpRequest, packet: "Packet", slug: str) -> HttpResponse:
    """One photo, from photo.js. The reply is the question's piece of page, with the photo or with what is wrong."""
    try:
        problems = take(request, packet, slug)
        view = selectors.form_view(packet, slug, packet.language)
    except (ObjectDoesNotExist, StepLocked, BegunAlone) as stranger:
        raise Http404 from stranger
    fields = engine.fields(view.definition, view.items, language=packet.language, problems=problems)
    asked = {key.removesuffix(FIELD) for key in [*request.FILES, *request.POST.getlist(HERE)]}
    node = next((one for one in everything(fields) if one.key in asked and one.item.type == "attachment"), None)
    if node is None:
        raise Http404
    return render(request, "intake/patient/_photo.html", {"node": node}, status=422 if problems else 200)


def take(request: HttpRequest, packet: "Packet", slug: str) -> tuple[engine.AnswerError, ...]:
    """Keep the photos that were posted, or remove the one whose button was pressed; what was wrong, in words.

    Raises PacketClosed, StepLocked, Step.DoesNotExist.
    """
    if removed := request.POST.get(REMOVE):
        _remove(packet, slug, removed)
    problems = [_keep(packet, slug, key, request.FILES.getlist(key)) for key in request.FILES if key.endswith(FIELD)]
    if not request.FILES:
        problems.append(_missing(request))
    found = [problem for problem in problems if problem]
    return _beside_what_stands(packet, slug, found) if found else ()


def _remove(packet: "Packet", slug: str, photo: str) -> None:
    try:
        photos.remove(packet_id=packet.id, slug=slug, photo_id=as_id(photo), helped=packet.helped)
    except (ValueError, engine.UnknownPlace):  # removed already, by a second tap
        return


def _keep(packet: "Packet", slug: str, field: str, files: "Sequence[UploadedFile[Any]]") -> engine.AnswerError | None:
    key = field.removesuffix(FIELD)
    try:
        for file in files:
            picture = developed(file.read())
            photos.keep(packet_id=packet.id, slug=slug, key=key, picture=picture, helped=packet.helped)
    except NotAPhoto as refused:
        return _problem(key, refused.code)
    except engine.UnknownPlace:
        return _problem(key, "not-here")
    return None


def _missing(request: HttpRequest) -> engine.AnswerError | None:
    """No file: it was too large to be held, or the button was pressed without one."""
    asked = request.POST.get(FIELD) or next(iter(request.POST.getlist(HERE)), "")
    if asked and int(request.META.get("CONTENT_LENGTH") or 0) > settings.FILE_UPLOAD_MAX_MEMORY_SIZE:
        return _problem(asked, "too-large")
    return _problem(asked, "empty") if request.POST.get(FIELD) else None


def _beside_what_stands(
    packet: "Packet", slug: str, problems: Sequence[engine.AnswerError]
) -> tuple[engine.AnswerError, ...]:
    """A photo that is refused takes none away: the question goes on showing what was sent before."""
    shown = {node.key: node.values for node in everything(selectors.form_view(packet, slug, packet.language).fields)}
    return tuple(replace(problem, typed=shown.get(problem.key, ())) for problem in problems)


def _problem(key: str, code: str) -> engine.AnswerError:
    words = {
        "empty": _("There is no photo yet. Please take one first."),
        "too-large": _("This photo is too large to send. Please take it again, or choose a smaller one."),
        "too-many-pixels": _("This photo is too large to send. Please take it again, or choose a smaller one."),
        "not-a-picture": _("We can’t read this file as a photo. Please take a photo with the camera."),
        "too-many": _("There is no room for one more photo. You can remove one first."),
    }
    return engine.AnswerError(
        "", code, words.get(code, _("The photo did not arrive whole. Please take it again.")), key
    )


@require_safe
@patient_page
def photo(request: HttpRequest, packet: "Packet", photo_id: "UUID") -> HttpResponse:
    """What was sent, small, until the packet is sent. 404 for anybody else's."""
    return as_jpeg(photos.thumbnail(get_photo_for_patient(packet, photo_id)))


def as_jpeg(jpeg: bytes) -> HttpResponse:
    """Nothing but a picture, whatever a browser might make of its bytes; never kept (core.middleware)."""
    response = HttpResponse(jpeg, content_type=photos.JPEG)
    response["Content-Disposition"] = 'inline; filename="photo.jpg"'
    response["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'; sandbox"
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response
