"""What the patient allowed: taking it back at once, for everybody or for some, and asking for limits.

By the same link, with the date of birth once more; the clinic's tablet has no such page, there a person helps.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods

import consents.selectors
import consents.services
from audit.actions import Actor
from consents.access import get_signature_for_patient
from consents.policy import Kind
from intake.access import end_patient_session, is_on_tablet
from intake.forms import OpeningForm, WishForm
from intake.views.patient_heard import told_in, with_help
from intake.views.patient_page import page, patient_page, switched, way_back

if TYPE_CHECKING:
    from intake.models import Packet

WRONG, MOST_TRIES = "take_back_tries", 5


@require_http_methods(["GET", "HEAD", "POST"])
@patient_page
def permissions(request: HttpRequest, packet: "Packet") -> HttpResponse:
    """What stands, each with the way to take it back; and a request for limits, which the clinic answers."""
    if is_on_tablet(request):
        raise Http404
    told = told_in(request, packet, "wish") if request.method == "POST" else ""
    if switched(request, packet):
        return with_help(request, packet, told, redirect("intake:permissions"))
    form = WishForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        consents.services.ask_restriction(
            patient=packet.patient,
            scope=form.cleaned_data["wish"],
            is_self_paid=form.cleaned_data["paid"],
            actor=Actor.patient(packet.patient_id),
        )
    context = {
        "standing": standing(packet),
        "ended": "ended" in request.GET,
        "on_paper": consents.selectors.is_screen_taken_back(packet.patient_id),
        "asked": form.is_valid(),
        "wish": form,
        "told": told,
        "copies": copies(packet),
        "no_longer": no_longer(packet),
        "wishes": consents.selectors.limits(packet.patient_id),
    }
    return page(request, packet, "permissions", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@patient_page
def take_back(request: HttpRequest, packet: "Packet", signature_id: UUID) -> HttpResponse:
    """Say what was shared before and can't be undone; with the right date of birth, end it now."""
    document = next((one for one in standing(packet) if one.signature_id == signature_id), None)
    if document is None or is_on_tablet(request):
        raise Http404
    shared, zone = consents.selectors.shared_under(signature_id), ZoneInfo(packet.clinic.time_zone)
    context = {
        "document": document,
        "shared": list(dict.fromkeys((one.recipient, one.at.astimezone(zone).date()) for one in shared)),
        "recipients": list(dict.fromkeys(one.recipient for one in shared)),
    }
    if switched(request, packet) or request.method != "POST":
        return page(request, packet, "take_back", {**context, "form": OpeningForm()})
    form = OpeningForm({"birth_date": request.POST.get("birth_date", "")})
    if not form.is_valid() or form.cleaned_data["birth_date"].isoformat() != packet.patient.birth_date:
        return _refused(request, packet, {**context, "form": form})
    request.session.pop(WRONG, None)
    if document.kind == Kind.ESIGN:
        return _on_paper(packet)
    only = [one.recipient for one in shared if one.recipient in request.POST.getlist("only")]
    if request.POST.get("whom") == "some" and not only:
        return page(request, packet, "take_back", {**context, "form": form, "nobody": True}, status=422)
    consents.services.revoke(
        signature=get_signature_for_patient(packet.patient_id, signature_id),
        why="revoked",
        how="link",
        note="",
        recipients=only if request.POST.get("whom") == "some" else (),
        actor=Actor.patient(packet.patient_id),
    )
    return redirect(f"{reverse('intake:permissions')}?ended")


def _on_paper(packet: "Packet") -> HttpResponse:
    """From now on paper: every agreement to sign on a screen that stands ends; what was signed on one stays signed."""
    for document in standing(packet):
        if document.kind == Kind.ESIGN:
            consents.services.revoke(
                signature=get_signature_for_patient(packet.patient_id, document.signature_id),
                why="revoked",
                how="link",
                note="",
                actor=Actor.patient(packet.patient_id),
            )
    return redirect("intake:permissions")


class Copy(NamedTuple):
    """What was signed in this packet; `pdf` says whether its copy can be saved already. `language` is the copy's."""

    signature_id: UUID
    title: str
    language: str
    pdf: bool
    ended_at: datetime | None


def copies(packet: "Packet") -> list[Copy]:
    """In the order of signing; a guardian is shown none of what the patient signed alone."""
    ended_at = {one.signature_id: one.taken_back_at for one in consents.selectors.decisions(packet.id)}
    signed = [one for one in consents.selectors.signed_documents(packet.id) if one.decision == "signed"]
    return [
        Copy(one.signature_id, one.title, one.language, one.pdf is not None, ended_at.get(one.signature_id))
        for one in _called(packet, signed)
    ]


def no_longer(packet: "Packet") -> list[consents.selectors.TakenBack]:
    """What had been signed and stands no more, in whatever packet."""
    found = consents.selectors.no_longer(packet.patient_id, packet.language)
    return [one for one in found if not packet.respondent or one.capacity != "self"]


def standing(packet: "Packet") -> list[consents.selectors.SignedDocument]:
    """Whoever answers for the patient sees what was signed for the patient, never what the patient signed alone."""
    return _called(packet, consents.selectors.revocable(packet.patient_id))


def _called(
    packet: "Packet", signed: Sequence[consents.selectors.SignedDocument]
) -> list[consents.selectors.SignedDocument]:
    """As the page's language calls them, in whatever language they were signed; what concerns who is reading."""
    own = [one for one in signed if not packet.respondent or one.scope.capacity != "self"]
    titles = consents.selectors.titles_of([one.signature_id for one in own], packet.language)
    return [replace(one, title=titles.get(one.signature_id, one.title)) for one in own]


def _refused(request: HttpRequest, packet: "Packet", context: dict[str, object]) -> HttpResponse:
    """Nothing ended; a blank is no try. After five wrong dates the session ends: the phone may be somebody else's."""
    if not request.POST.get("birth_date", "").strip():
        return page(request, packet, "take_back", {**context, "refused": True}, status=422)
    tries = request.session.get(WRONG, 0) + 1
    request.session[WRONG] = tries
    if tries >= MOST_TRIES:
        end_patient_session(request)
        return way_back(request)
    context = {**context, "refused": True, "tries_left": MOST_TRIES - tries}
    return page(request, packet, "take_back", context, status=422)
