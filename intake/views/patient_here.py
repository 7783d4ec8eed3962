"""Where are you right now? Asked in the crisis help, of whoever wants to say; it needs no script."""

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

import escalation.selectors
from intake.services.whereabouts import looks_like_a_number
from intake.views.patient import address
from intake.views.patient_heard import whereabouts_in
from intake.views.patient_page import FINISHED, page, patient_page, switched

if TYPE_CHECKING:
    from intake.models import Packet


@require_http_methods(["GET", "HEAD", "POST"])
@patient_page
def here(request: HttpRequest, packet: "Packet") -> HttpResponse:
    """Keep what was told and show it, with the help lines and the way back to where the patient was.

    Looking shows nothing of what was told before: it asks again, while an incident is open.
    """
    is_switched = switched(request, packet)
    if is_switched or request.method != "POST":
        if is_switched or not escalation.selectors.is_open(packet.id):
            return redirect("intake:done" if packet.state in FINISHED else "intake:packet")
        return page(request, packet, "help", {"goes_to": _back(packet), "told": "self"})
    told = whereabouts_in(request, packet)
    place, number = (request.POST.get(name, "").strip() for name in ("place", "number"))
    context = {"goes_to": _back(packet), "told": "self", "is_kept": told, "kept_place": place, "kept_number": number}
    context["is_doubtful"] = bool(number) and not looks_like_a_number(number)
    return page(request, packet, "help", context)


def _back(packet: "Packet") -> str:
    if packet.state in FINISHED:
        return reverse("intake:done")
    slug, _, key = packet.place.partition("#")
    if not slug or slug == "review" or packet.helped:  # which question that was may be nothing for who helps
        return reverse("intake:packet")
    return address(slug, key)
