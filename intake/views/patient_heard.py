"""Words typed outside of the forms are read for danger before anything else is done with what was sent."""

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.http import HttpRequest, HttpResponse

from intake.services.hearing import hear
from intake.services.whereabouts import tell_whereabouts
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


def whereabouts_in(request: HttpRequest, packet: "Packet") -> bool:
    """Keep what was typed into the crisis help; True if something was."""
    return tell_whereabouts(
        packet=packet,
        key=_key(request.POST.get("key", "")),
        place=_text(request.POST.get("place", "")),
        number=_text(request.POST.get("number", "")),
    )


def _key(sent: str) -> UUID:
    """Of the page that it was typed into; without one, nothing that was told is refused."""
    try:
        return UUID(sent)
    except ValueError:
        return uuid4()


def _text(sent: str) -> str:
    """What can be stored: no half of a surrogate pair, no NUL."""
    return sent.encode(errors="replace").decode().replace("\0", "")
