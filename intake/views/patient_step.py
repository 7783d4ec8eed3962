"""One part of the packet. A form is shown a section per screen here, and a question per screen in `patient_guided`.

Everything on the page is saved before anything is said about it.
"""

from typing import TYPE_CHECKING, NamedTuple

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import translation
from django.views.decorators.http import require_http_methods

from intake import engine, selectors
from intake.forms import everything, posted_section
from intake.services.packets import remember_place
from intake.services.submission import Saved, StepLocked
from intake.views.patient import address, asked_parts, is_finished, next_address
from intake.views.patient_answers import (
    Sitting,
    go_on,
    is_answered,
    keep,
    other_button,
    photos_taken,
    question,
    sheet,
    told_of,
)
from intake.views.patient_consent import consent
from intake.views.patient_guided import guided
from intake.views.patient_page import FINISHED, Place, page, patient_page, switched

if TYPE_CHECKING:
    from intake.models import Packet


class Nth(NamedTuple):
    n: int
    all: int


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
    place = _place(steps, current)
    if current.what == "consent":
        remember_place(packet=packet, slug=slug)
        return consent(request, packet, current, place)
    if current.begun_alone:
        return _begun_alone(request, packet, current, place)
    if current.locked:
        return _locked(request, packet, current, place, steps)
    sitting = Sitting(request, packet, slug, place)
    try:
        if packet.presentation == "guided":
            return guided(sitting)
        return _kept(sitting) if request.method == "POST" else _opened(sitting)
    except StepLocked:  # the permission ended while the page was open
        return _locked(request, packet, current, place, steps)


def _place(steps: tuple[selectors.StepView, ...], current: selectors.StepView) -> Place:
    """Among the parts that are asked: one that is skipped has no place there."""
    parts = asked_parts(steps)
    n = parts.index(current) + 1 if current in parts else 0
    return Place(n, len(parts), sum(map(is_finished, parts)), engine.minutes(sum(one.seconds_left for one in parts)))


def _begun_alone(request: HttpRequest, packet: "Packet", current: selectors.StepView, place: Place) -> HttpResponse:
    """Begun without whoever helps here: not a word of it, and the way on."""
    if switched(request, packet):
        return redirect("intake:step", current.slug)
    context = {"step": current, "place": place, "goes_to": next_address(packet, current.slug)}
    return page(request, packet, "begun_alone", context)


def _locked(
    request: HttpRequest,
    packet: "Packet",
    current: selectors.StepView,
    place: Place,
    steps: tuple[selectors.StepView, ...],
) -> HttpResponse:
    """Not asked without the Part 2 permission. Undecided: the way to it. Declined: skipped, and what that means.

    An earlier packet's permission is not asked for again; where that has ended since, this packet has none.
    """
    if switched(request, packet):
        return redirect("intake:step", current.slug)
    permission = next((one.slug for one in steps if one.kind == "part2_tpo"), "")
    context = {"step": current, "place": place, "permission": permission}
    context["goes_to"] = next_address(packet, current.slug)
    return page(request, packet, "locked", context)


def _opened(sitting: Sitting) -> HttpResponse:
    view = selectors.form_view(sitting.packet, sitting.slug, sitting.packet.language)
    return _show(sitting, view, engine.page_at(view.definition, view.pages, sitting.at))


def _kept(sitting: Sitting) -> HttpResponse:
    """Keep all that is on the page, then do what the pressed button says, unless something typed can't be kept."""
    request, packet = sitting.request, sitting.packet
    is_switched = switched(request, packet)
    before = selectors.form_view(packet, sitting.slug, packet.language)
    problems = photos_taken(sitting)
    saved, view = keep(sitting, posted_section(request.POST), problems)
    shown = engine.page_at(view.definition, view.pages, sitting.at)
    removed = request.POST.get("!remove", "")
    unread = [one for one in saved.errors if not (removed and one.key.startswith(f"{removed}."))]
    with translation.override(packet.language):
        if unread or problems:
            return _show(sitting, view, shown, saved)
        reply = other_button(sitting, is_switched=is_switched, view=view) or _back(sitting, view, shown)
        if reply is not None:
            return go_on(sitting, reply["Location"], told=told_of(sitting, saved, view))
        return _onward(sitting, before, view, shown, saved)


def _back(sitting: Sitting, view: selectors.FormView, shown: engine.Page | None) -> HttpResponse | None:
    if "!back" not in sitting.request.POST:
        return None
    return redirect(address(sitting.slug, view.pages[max(_number(view, shown) - 1, 0)].section.id))


def _number(view: selectors.FormView, shown: engine.Page | None) -> int:
    """The page's place among the form's; the last one's where it is gone."""
    return view.pages.index(shown) if shown in view.pages else len(view.pages) - 1


def _onward(
    sitting: Sitting,
    before: selectors.FormView,
    view: selectors.FormView,
    shown: engine.Page | None,
    saved: Saved,
) -> HttpResponse:
    """To the page behind this one, unless this one, or one before it, asks for another look first."""
    number = _number(view, shown)
    if _new(sitting, shown) or any(node.error for node in _asked(shown)) or _blank(sitting, shown):
        return _show(sitting, view, shown, saved)
    known = {node.key for node in everything(before.fields)}
    earlier = (node for one in view.pages[:number] for node in _asked(one) if node.key not in known)
    brought_up = next(earlier, None)
    if brought_up is not None:
        return go_on(sitting, question(sitting.slug, brought_up.key), told=told_of(sitting, saved, view))
    behind = view.pages[number + 1 :]
    onward = address(sitting.slug, behind[0].section.id) if behind else ""
    return go_on(sitting, onward, told=told_of(sitting, saved, view))


def _asked(shown: engine.Page | None) -> list[engine.FieldNode]:
    return [node for node in everything(shown.body) if node.is_asked] if shown is not None else []


def _new(sitting: Sitting, shown: engine.Page | None) -> list[str]:
    """What is asked on the page now and was not when it was posted; or could mean a term, which was not asked yet."""
    posted = {*sitting.request.POST.getlist("!shown"), *sitting.request.POST.getlist("!seen")}
    unmeant = {node.key for node in _asked(shown) if node.near} - {*sitting.request.POST.getlist("!near")}
    return [node.key for node in _asked(shown) if node.key not in posted or node.key in unmeant]


def _blank(sitting: Sitting, shown: engine.Page | None) -> int:
    """How many answers are needed on a page where nothing was filled in; 0 where that was said, as it is only once."""
    asked = _asked(shown)
    if "!blank" in sitting.request.POST or any(map(is_answered, asked)):
        return 0
    return sum(node.item.required for node in asked)


def _show(
    sitting: Sitting, view: selectors.FormView, shown: engine.Page | None, saved: Saved | None = None
) -> HttpResponse:
    """The section as it stands; after a save, with what needs another look."""
    wrong = [node for node in _asked(shown) if node.error]
    at = shown.section.id if shown is not None else ""
    number = view.pages.index(shown) + 1 if shown is not None else 1
    context = sheet(sitting, view, shown, at)
    context |= {"shown": shown, "section": Nth(number, len(view.pages)), "wrong": wrong}
    if saved is None:
        return page(sitting.request, sitting.packet, "form", context)
    context |= {
        "just_saved": True,
        "new": _new(sitting, shown),
        "blank": _blank(sitting, shown),
        "told": told_of(sitting, saved, view),
    }
    context["elsewhere"] = {conflict.error.key for conflict in saved.conflicts}
    context["strays"] = any(problem.code == "unknown-field" for problem in saved.problems)
    status = 409 if saved.conflicts else 422 if wrong or context["strays"] else 200
    return page(sitting.request, sitting.packet, "form", context, status=status)
