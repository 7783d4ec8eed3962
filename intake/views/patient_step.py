"""One part of the packet. Everything on a form's page is saved before anything is said about it."""

from typing import TYPE_CHECKING
from uuid import uuid4

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import translation
from django.views.decorators.http import require_http_methods

from consents.policy import Kind
from intake import engine, selectors
from intake.forms import everything, foreign, is_asked, posted_changes, who_sees
from intake.services.entries import add_entry, remove_entry
from intake.services.packets import DOCUMENTS
from intake.services.submission import Saved, StepLocked, finish_step, save_answers
from intake.views.patient import is_finished, next_address
from intake.views.patient_consent import consent
from intake.views.patient_page import FINISHED, Place, page, patient_page, switched

if TYPE_CHECKING:
    from intake.models import Packet

UNLOCKS = next(slug for slug, kind, _ in DOCUMENTS if kind == Kind.PART2_TPO)


@require_http_methods(["GET", "HEAD", "POST"])
@patient_page
def step(request: HttpRequest, packet: "Packet", slug: str) -> HttpResponse:
    """A document to decide on, or a form to answer. 404 for a part that this packet doesn't have."""
    if packet.state in FINISHED:
        return redirect("intake:done")
    steps = selectors.steps(packet, packet.language)
    current = next((one for one in steps if one.slug == slug), None)
    if current is None:
        raise Http404
    place = Place(steps.index(current) + 1, len(steps), sum(map(is_finished, steps)))
    if current.what == "consent":
        return consent(request, packet, current, place)
    if current.locked:
        return _locked(request, packet, current, place)
    try:
        return _saved(request, packet, slug, place) if request.method == "POST" else _form(request, packet, slug, place)
    except StepLocked:  # the permission ended while the page was open
        return _locked(request, packet, current, place)


def _locked(request: HttpRequest, packet: "Packet", current: selectors.StepView, place: Place) -> HttpResponse:
    """Not asked without the Part 2 permission. Undecided: the way to it. Declined: skipped, and what that means."""
    if switched(request, packet):
        return redirect("intake:step", current.slug)
    context = {"step": current, "place": place, "permission": UNLOCKS, "goes_to": next_address(packet, current.slug)}
    return page(request, packet, "locked", context)


def _saved(request: HttpRequest, packet: "Packet", slug: str, place: Place) -> HttpResponse:
    """Keep all that is on the page, then do what the pressed button says, unless something typed can't be read."""
    is_switched = switched(request, packet)
    changes = posted_changes(request.POST)
    saved = save_answers(packet=packet, slug=slug, key=uuid4(), changes=changes, language=packet.language)
    removed = request.POST.get("!remove", "")
    unread = [one for one in saved.problems if not (removed and one.key.startswith(f"{removed}."))]
    if not unread and is_switched:
        return redirect("intake:step", slug)
    if not unread and ("!add" in request.POST or removed):
        return _one_more_or_less(request, packet, slug)
    with translation.override(packet.language):
        return _form(request, packet, slug, place, saved)


def _form(request: HttpRequest, packet: "Packet", slug: str, place: Place, saved: Saved | None = None) -> HttpResponse:
    """The form as it stands; after a save, only if something on it needs another look."""
    view = selectors.form_view(packet, slug, packet.language)
    problems = saved.problems if saved else ()
    fields = engine.fields(view.definition, view.items, language=packet.language, problems=problems)
    asked = [node for node in everything(fields) if is_asked(node)]
    wrong = [node for node in asked if node.error]
    context = {"form_view": view, "fields": fields, "place": place, "wrong": wrong}
    context |= {"sees": who_sees(), "foreign": foreign(view.definition, packet.language)}
    if saved is None:
        return page(request, packet, "form", context)
    shown = {*request.POST.getlist("!shown"), *request.POST.getlist("!seen")}
    new = [node.key for node in asked if node.key not in shown]
    told = saved.risk and not request.POST.get("!help-seen")
    if wrong or new:
        context |= {"just_saved": True, "new": new, "told": told}
        return page(request, packet, "form", context, status=422 if wrong else 200)
    finish_step(packet=packet, slug=slug)
    goes_to = next_address(packet, slug)
    return page(request, packet, "help", {"goes_to": goes_to}) if told else redirect(goes_to)


def _one_more_or_less(request: HttpRequest, packet: "Packet", slug: str) -> HttpResponse:
    """Add or remove one entry of a group, and come back to it."""
    here = reverse("intake:step", args=[slug])
    try:
        if key := request.POST.get("!add"):
            add_entry(packet=packet, slug=slug, key=key)
            entries = _entries(selectors.form_view(packet, slug, packet.language).fields, key)
            return redirect(f"{here}#q-{entries[-1].key}" if entries else here)
        key = request.POST.get("!remove", "")
        remove_entry(packet=packet, slug=slug, key=key)
    except engine.UnknownPlace:  # removed already, by a second tap
        return redirect(here)
    return redirect(f"{here}#q-{key.rpartition('[')[0]}")


def _entries(nodes: tuple[engine.FieldNode, ...], key: str) -> tuple[engine.FieldNode, ...]:
    for node in nodes:
        if node.key == key:
            return node.children
        if found := _entries(node.children, key):
            return found
    return ()
