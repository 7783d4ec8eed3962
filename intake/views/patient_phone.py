"""Whose phone this is, asked once after the link was opened: a shared one closes sooner and remembers nothing."""

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from intake.services.device import say_whose_phone
from intake.views.patient_page import patient_page

if TYPE_CHECKING:
    from intake.models import Packet


@require_POST
@patient_page
def whose(request: HttpRequest, packet: "Packet") -> HttpResponse:
    """Keep the answer; anything but a clear "mine" is taken as shared."""
    say_whose_phone(packet=packet, is_shared=request.POST.get("whose") != "mine")
    return redirect("intake:packet")
