"""Where are you right now? Asked in the crisis help, of whoever wants to say; it needs no script."""

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from intake.services.whereabouts import tell_whereabouts
from intake.views.patient import address
from intake.views.patient_page import FINISHED, page, patient_page, switched

if TYPE_CHECKING:
    from intake.models import Packet


@require_http_methods(["GET", "HEAD", "POST"])
@patient_page
def here(request: HttpRequest, packet: "Packet") -> HttpResponse:
    """Keep what was told, and say so, with the help lines and the way back to where the patient was."""
    if switched(request, packet) or request.method != "POST":
        return redirect("intake:done" if packet.state in FINISHED else "intake:packet")
    told = tell_whereabouts(
        packet=packet,
        key=_key(request.POST.get("key", "")),
        place=_text(request.POST.get("place", "")),
        number=_text(request.POST.get("number", "")),
    )
    return page(request, packet, "help", {"goes_to": _back(packet), "told": "self", "is_kept": told})


def _key(sent: str) -> UUID:
    """Of the page that it was typed into; without one, nothing that was told is refused."""
    try:
        return UUID(sent)
    except ValueError:
        return uuid4()


def _text(sent: str) -> str:
    """What can be stored: no half of a surrogate pair, no NUL."""
    return sent.encode(errors="replace").decode().replace("\0", "")


def _back(packet: "Packet") -> str:
    if packet.state in FINISHED:
        return reverse("intake:done")
    slug, _, key = packet.place.partition("#")
    if not slug or slug == "review" or packet.helped:  # which question that was may be nothing for who helps
        return reverse("intake:packet")
    return address(slug, key)
