"""The packet as a whole: what there is to do, what is missing, sending it, what was signed, and leaving."""

from collections.abc import Iterable
from contextlib import suppress
from itertools import groupby
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote
from uuid import UUID, uuid4

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

import consents.selectors
import escalation.selectors
from intake import engine, selectors
from intake.access import NoPatientSession, end_patient_session, is_on_tablet, packet_in_session
from intake.forms import posted_unconfirmed
from intake.selectors.standing import SETTLED
from intake.services.packets import remember_place
from intake.services.submission import Changed, KeyReused, NotComplete, Unconfirmed, submit
from intake.views.patient_heard import whereabouts_in
from intake.views.patient_page import FINISHED, hand_back, page, patient_page, switched

if TYPE_CHECKING:
    from intake.models import Packet


REVIEW = "review"
GREETED = "greeted"
SENT = "sent"


class Resume(NamedTuple):
    """`title` is the part's; empty for the review."""

    title: str
    address: str


def address(slug: str, key: str = "") -> str:
    """Where a section or a question is, in both presentations.

    A key is made of our own forms' linkIds: it tells nothing of anybody.
    """
    here = reverse("intake:step", args=[slug])
    return f"{here}?at={quote(key, safe='')}" if key else here


@require_http_methods(["GET", "HEAD", "POST"])
@patient_page
def packet(request: HttpRequest, packet: "Packet") -> HttpResponse:
    """Every part with its state, and the way to the next one."""
    if packet.state in FINISHED:
        return redirect("intake:done")
    if switched(request, packet):
        return redirect("intake:packet")
    steps = selectors.steps(packet, packet.language)
    asked = asked_parts(steps)
    context = {"parts": [(step, is_finished(step)) for step in steps], "all": len(asked), "next": next_step(steps)}
    context["done"] = sum(map(is_finished, asked))
    context["minutes"] = engine.minutes(sum(step.seconds_left for step in asked))
    context["resume"] = resume(packet, steps)
    context["is_back"] = not request.session.get(GREETED)  # the first page after the link was opened
    request.session[GREETED] = True
    return page(request, packet, "packet", context)


def resume(packet: "Packet", steps: tuple[selectors.StepView, ...]) -> Resume | None:
    """Where the patient was last, on whatever phone; None before there is such a place, or where it is locked now."""
    slug, _, key = packet.place.partition("#")
    if slug == REVIEW:
        return Resume("", reverse("intake:review"))
    here = next((step for step in steps if step.slug == slug and not step.locked and not step.begun_alone), None)
    if here is None or (here.what == "consent" and is_finished(here)):
        return None
    return Resume(here.title, address(slug, key))


def asked_parts(steps: tuple[selectors.StepView, ...]) -> tuple[selectors.StepView, ...]:
    """Without those that a declined permission skips: they are neither done nor to do."""
    return tuple(step for step in steps if step.state != "skipped")


def is_finished(step: selectors.StepView) -> bool:
    """Nothing more is asked here: answered or signed in full, declined, or not to be decided on here."""
    if step.closed in SETTLED:
        return True
    is_open = step.what == "form" and not step.locked  # autosave may have filled it before anybody pressed a button
    return not step.missing and (is_open or step.state != "waiting")


def next_step(steps: tuple[selectors.StepView, ...], after: str = "") -> selectors.StepView | None:
    """The first open part behind `after`, else the first open one; None when there is nothing but the review."""
    slugs = [step.slug for step in steps]
    start = slugs.index(after) + 1 if after in slugs else 0
    turn = [*steps[start:], *steps[:start]]
    open_here = [step for step in turn if not step.locked and not step.begun_alone and step.closed not in SETTLED]
    waiting = [step for step in open_here if step.state == "waiting" and step.slug != after]
    return waiting[0] if waiting else None


def next_address(packet: "Packet", after: str) -> str:
    """Where a finished part leads: to the next one, or to the review when every part was visited."""
    step = next_step(selectors.steps(packet, packet.language), after)
    return reverse("intake:step", args=[step.slug]) if step else reverse("intake:review")


@require_http_methods(["GET", "HEAD", "POST"])
@patient_page
def review(request: HttpRequest, packet: "Packet") -> HttpResponse:
    """What is missing, each with a link to its place; and the button that sends it all."""
    if packet.state in FINISHED and request.method != "POST":
        return redirect("intake:done")
    if switched(request, packet):
        return redirect("intake:review")
    if request.method != "POST":
        return _review(request, packet)
    try:
        submit(
            packet=packet,
            key=_key(request),
            reviewed=request.POST.get("reviewed", ""),
            unconfirmed=posted_unconfirmed(request.POST),
        )
    except NotComplete:
        return _review(request, packet, refused="missing", status=422)
    except (Changed, Unconfirmed) as refused:
        return _review(request, packet, refused=type(refused).__name__.lower(), status=409)
    except KeyReused:  # something else was sent, from another tab or another phone
        return page(request, packet, "sent_already", {}, status=409)
    request.session[SENT] = True
    return redirect("intake:done")


def _key(request: HttpRequest) -> UUID:
    """The key minted with the page: a double tap sends it twice, and the second is the first."""
    try:
        return UUID(request.POST.get("key", ""))
    except ValueError:
        return uuid4()


def _review(request: HttpRequest, packet: "Packet", *, refused: str = "", status: int = 200) -> HttpResponse:
    """`reviewed` is read before what is shown: what changes in between is found when it comes back."""
    reviewed = selectors.content(packet)
    steps = selectors.steps(packet, packet.language)
    missing = [one for step in steps for one in step.wants]
    parts = [(step.title, _by_section(step.wants)) for step in steps if step.wants]
    remember_place(packet=packet, slug=REVIEW)
    context = {"missing": missing, "parts": parts, "key": uuid4(), "reviewed": reviewed, "refused": refused}
    context["first"] = next((one for one in missing if one.why != "alone"), None)
    context["on_paper"] = [step for step in steps if step.what == "consent" and step.closed == "paper"]
    context["filled"] = [step for step in asked_parts(steps) if is_finished(step)]
    return page(request, packet, "review", context, status=status)


def _by_section(missing: Iterable[selectors.Missing]) -> list[tuple[str, list[selectors.Missing]]]:
    return [(section, list(things)) for section, things in groupby(missing, key=lambda one: one.section)]


@require_http_methods(["GET", "HEAD", "POST"])
@patient_page
def done(request: HttpRequest, packet: "Packet") -> HttpResponse:
    """What happens next and copies of what was signed. Answers are never shown again; a tablet shows nothing.

    Help comes first where an answer told of danger: on the screen that sent it, not for whoever opens the link later.
    """
    if packet.state not in FINISHED:
        return redirect("intake:packet")
    if is_on_tablet(request):
        return hand_back(request, is_sent=True)
    if switched(request, packet):
        return redirect("intake:done")
    documents = [one for one in consents.selectors.signed_documents(packet.id) if one.decision == "signed"]
    context = {"documents": documents, "preparing": any(one.pdf is None for one in documents)}
    steps = selectors.steps(packet, packet.language)
    context["on_paper"] = [step for step in steps if step.what == "consent" and step.closed == "paper"]
    context["told"] = SENT in request.session and escalation.selectors.is_open(packet.id)
    return page(request, packet, "done", context)


@require_safe
@patient_page
def document(request: HttpRequest, packet: "Packet", signature_id: UUID) -> HttpResponse:
    """The sealed PDF of one of this packet's signatures; never left on the clinic's tablet."""
    signed = {one.signature_id: one for one in consents.selectors.signed_documents(packet.id)}
    found = signed.get(signature_id)
    if found is None or found.pdf is None or is_on_tablet(request):
        raise Http404
    response = HttpResponse(found.pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{found.slug}.pdf"'
    return response


@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    """End the session at once; what the browser kept of it is asked to go too.

    Where the patient is may stand in the crisis help, not sent yet: that is kept first.
    """
    if any(request.POST.get(name, "").strip() for name in ("place", "number")):
        with suppress(NoPatientSession):
            whereabouts_in(request, packet_in_session(request))
    if is_on_tablet(request):
        return hand_back(request)
    end_patient_session(request)
    response = redirect("intake:away")
    if settings.SECURE:
        response["Clear-Site-Data"] = '"cache", "storage"'
    return response


@require_safe
def away(request: HttpRequest) -> HttpResponse:
    """A page that tells nothing: somebody may be looking over a shoulder."""
    return render(request, "intake/patient/away.html")
