"""A document on a screen of its own, and one decision on exactly the text that was shown."""

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _

import consents.selectors
import consents.services
from audit.actions import Actor
from consents.services import AlreadyDecided, CannotSign, NotPublished, OutdatedText
from intake import selectors
from intake.access import is_on_tablet
from intake.forms import SignatureForm, posted_unconfirmed
from intake.services.submission import Unconfirmed, sign
from intake.views.patient import next_address
from intake.views.patient_page import Place, page, switched

if TYPE_CHECKING:
    from intake.models import Packet

LONGEST_AGENT = 300


def consent(request: HttpRequest, packet: "Packet", step: selectors.StepView, place: Place) -> HttpResponse:
    """Show the text, or record what was decided. Asked again when the text has changed, and after a no if wanted."""
    form = SignatureForm(request.POST if request.method == "POST" else None)
    if switched(request, packet):
        return _show(request, packet, step, place, form)
    if step.state == "declined":
        is_decided = request.method != "POST" and "again" not in request.GET
    else:
        is_decided = step.state != "waiting" and not step.missing
    if is_decided:
        context = {"step": step, "place": place, "goes_to": next_address(packet, step.slug)}
        context["signed"] = consents.selectors.signed_text(packet.id, step.slug)
        return page(request, packet, "decided", context)
    if request.method != "POST":
        return _show(request, packet, step, place, form)
    return _decide(request, packet, step, place, form)


def _decide(
    request: HttpRequest, packet: "Packet", step: selectors.StepView, place: Place, form: SignatureForm
) -> HttpResponse:
    if not form.is_valid():
        return _show(request, packet, step, place, form, problem=next(iter(form.errors)), status=422)
    try:
        sign(
            packet=packet,
            slug=step.slug,
            statements=request.POST.getlist("statement"),
            evidence=_evidence(request, packet),
            language=packet.language,
            unconfirmed=posted_unconfirmed(request.POST),
            **form.cleaned_data,
        )
    except Unconfirmed:
        return _show(request, packet, step, place, form, problem="unconfirmed", status=409)
    except OutdatedText:
        return _show(request, packet, step, place, form, problem="outdated", status=409)
    except CannotSign as refused:
        return _show(request, packet, step, place, form, problem=refused.code, status=422)
    except AlreadyDecided:
        return redirect("intake:step", step.slug)
    return redirect(next_address(packet, step.slug))


def _evidence(request: HttpRequest, packet: "Packet") -> dict[str, object]:
    """Who it was, as far as a web page can tell (UETA section 9): what opened the session, from where, with what.

    Who answers is recorded, as they said it; whether they may sign is not decided here.
    """
    return {
        "identity_check": "tablet_and_birth_date" if is_on_tablet(request) else "link_and_birth_date",
        "answered_by": packet.answered_by,
        "respondent": packet.respondent,
        "assisted_by": str(packet.assisted_by_id or ""),
        "ip": request.META.get("REMOTE_ADDR", ""),
        "user_agent": request.headers.get("User-Agent", "")[:LONGEST_AGENT],
    }


def _show(
    request: HttpRequest,
    packet: "Packet",
    step: selectors.StepView,
    place: Place,
    form: SignatureForm,
    *,
    problem: str = "",
    status: int = 200,
) -> HttpResponse:
    try:
        shown = consents.services.show(
            patient=packet.patient,
            program=packet.program,
            source_ref=packet.id,
            slug=step.slug,
            language=packet.language,
            actor=Actor.patient(packet.patient_id),
        )
    except NotPublished:
        return page(request, packet, "not_ready", {"step": step, "place": place}, status=503)
    ticked = request.POST.getlist("statement")
    context: dict[str, Any] = {
        "place": place,
        "shown": shown,
        "decisions": dict(shown.decisions),
        "form": form,
        "ticked": ticked,
        "problem": problem,
        "problems": _problems(problem, form, unticked=any(name not in ticked for name, _words in shown.statements)),
    }
    return page(request, packet, "consent", context, status=status)


def _problems(problem: str, form: SignatureForm, *, unticked: bool) -> dict[str, str]:
    """Everything that kept the decision from being recorded, by the field it belongs to; "" for the page as a whole."""
    name = _("Please type your full name to sign.")
    ticks = _("Please tick each line that you agree with, so that you can sign.")
    if problem in ("name", "statements"):
        blank = not form.cleaned_data["signer_name"].strip()
        return ({"statements": ticks} if unticked else {}) | ({"signer_name": name} if blank else {}) or {problem: name}
    return {
        "": {},
        "unconfirmed": {
            "": _(
                "Some of your answers are not saved yet. Go back to their page, wait until it says “Saved”, then sign."
            )
        },
        "outdated": {"": _("The text of this page has changed. Please read the new text and decide again.")},
        "signer_name": {"signer_name": _("This name is too long. Please type it shorter.")},
        "reason": {"reason": _("Please tell us in a few words why you do not want to sign.")},
    }.get(problem, {"": _("Please choose one of the buttons below.")})
