"""Words typed outside of the forms are read for danger before anything else is done with what was sent."""

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse

from intake.services.hearing import hear
from intake.views.patient_page import page

if TYPE_CHECKING:
    from intake.models import Packet

LONGEST_HEARD = 10_000  # characters of one field; no page of ours keeps as many


def told_in(request: HttpRequest, packet: "Packet", *fields: str) -> str:
    """Read these fields of what was posted; "self", the words of the crisis help, where a human is paged for them."""
    posted = {name: request.POST.get(name, "")[:LONGEST_HEARD] for name in fields}
    return "self" if hear(packet=packet, written=posted) else ""


def with_help(request: HttpRequest, packet: "Packet", told: str, reply: HttpResponse) -> HttpResponse:
    """The help comes before where the reply leads to; a page that is shown again has it at its top itself."""
    if not told or "Location" not in reply:
        return reply
    return page(request, packet, "help", {"told": told, "goes_to": reply["Location"]})
