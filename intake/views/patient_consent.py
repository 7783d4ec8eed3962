"""A document on a screen of its own, and one person's decision on exactly the text that was shown."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _

import consents.selectors
import consents.services
from audit.actions import Actor
from consents.policy import Kind
from consents.services import AlreadyDecided, CannotSign, NotPublished, OutdatedText
from core import clock
from core.crypto import blind_index
from intake import selectors
from intake.access import is_on_tablet
from intake.forms import CAPACITIES, CAPACITY_OF, SignatureForm, posted_unconfirmed
from intake.services.submission import NotTheirs, ScreenFirst, Unconfirmed, go_on_from, sign
from intake.tokens import stamp, stamped_at
from intake.views.patient import next_address
from intake.views.patient_heard import told_in, with_help
from intake.views.patient_page import JUST_SIGNED, Place, page, switched
from intake.views.patient_permissions import copies, standing

if TYPE_CHECKING:
    from intake.models import Packet

LONGEST_AGENT = 300
WRITTEN = ("reason", "authority", "signer_name", "word")  # what can be typed freely here; all of it is heard
NOES = ("declined", "refused")


@dataclass(frozen=True)
class Turn:
    """What lies before the patient: the document's step, and who has to decide on it now.

    `told`: which words of the crisis help the reply begins with. `hands_over`: it is somebody else than who answers the
    packet, so the phone changes hands for this page.
    """

    request: HttpRequest
    packet: "Packet"
    step: selectors.StepView
    place: Place
    told: str

    @property
    def holder(self) -> str:
        return "other" if self.packet.answered_by == "guardian" else "patient"

    @property
    def role(self) -> str:
        return self.holder if self.step.turn in ("", "whoever") else self.step.turn

    @property
    def hands_over(self) -> bool:
        return self.role != self.holder

    @property
    def is_screen_taken_back(self) -> bool:
        """Signing on a screen was agreed to here and taken back; it may be agreed to again."""
        return self.step.kind == Kind.ESIGN and self.step.closed == "paper"

    @property
    def is_stale(self) -> bool:
        """The page was made before what was signed on it was taken back: sending it again is no new decision."""
        posted, ended = self.request.POST, self.step.taken_back_at
        shown_at = stamped_at(posted.get("shown", ""), self.packet.id, self.step.slug, posted.get("shown_sha256", ""))
        return ended is not None and shown_at is not None and shown_at < ended.replace(microsecond=0)

    @property
    def was_handed_over(self) -> bool:
        """Somebody else has just signed, and gives the phone back."""
        return "back" in self.request.GET

    @property
    def onward(self) -> str:
        return next_address(self.packet, self.step.slug)


def consent(request: HttpRequest, packet: "Packet", step: selectors.StepView, place: Place) -> HttpResponse:
    """Show the text, or record what was decided. Asked again when the text has changed, and after a no if wanted."""
    told = told_in(request, packet, *WRITTEN) if request.method == "POST" else ""
    turn = Turn(request, packet, step, place, told)
    return with_help(request, packet, told, _answered(turn))


def _answered(turn: Turn) -> HttpResponse:
    request, step = turn.request, turn.step
    form = SignatureForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if step.closed and step.state != "done":
        return _closed(turn)
    if switched(request, turn.packet):
        return _show(turn, form, is_switched=True)
    if _is_settled(turn):
        says_no = request.POST.get("decision") in NOES and step.signed_id is not None
        return _decided(turn, status=409 if says_no else 200)
    if request.method != "POST":
        return _show(turn, form)
    return _decide(turn, form)


def _is_settled(turn: Turn) -> bool:
    """Nothing more is asked here. A no, a receipt that stays unsigned and a choice of paper can be thought over."""
    step, request = turn.step, turn.request
    if step.state == "declined" or step.is_refused or turn.is_screen_taken_back:
        return request.method != "POST" and "again" not in request.GET
    return step.state != "waiting" and not step.missing


def _decided(turn: Turn, *, status: int = 200) -> HttpResponse:
    """What was decided; with 409, that a no came too late to be one, and how to end what was signed instead."""
    request, packet, step = turn.request, turn.packet, turn.step
    made = consents.selectors.decisions(packet.id) if status == 409 else ()
    stands = {one.signature_id for one in made if one.slug == step.slug and one.decision == "signed"}
    own = standing(packet) if stands and not is_on_tablet(request) else []
    kept = [] if is_on_tablet(request) else copies(packet)
    context = {
        "step": step,
        "place": turn.place,
        "goes_to": turn.onward,
        "handed_over": turn.was_handed_over,
        "told": turn.told,
        "too_late": status == 409,
        "ends": next((one.signature_id for one in own if one.signature_id in stands), None),
        "signed": consents.selectors.signed_text(packet.id, step.slug),
        "copies": [one for one in kept if one.signature_id == step.signed_id],
    }
    return page(request, packet, "decided", context, status=status)


def _closed(turn: Turn) -> HttpResponse:
    """Signing on a screen comes first, paper was chosen, or only the patient may sign this: what to do instead."""
    request, packet = turn.request, turn.packet
    if switched(request, packet):
        return redirect("intake:step", turn.step.slug)
    steps = selectors.steps(packet, packet.language)
    esign = next((one.slug for one in steps if one.kind == Kind.ESIGN), "")
    context = {"step": turn.step, "place": turn.place, "esign": esign, "goes_to": turn.onward}
    return page(request, packet, "consent_closed", context, status=409 if request.method == "POST" else 200)


def _decide(turn: Turn, form: SignatureForm) -> HttpResponse:
    if not form.is_valid():
        return _show(turn, form, problem=next(iter(form.errors)), status=422)
    if turn.is_stale:
        return _show(turn, form, problem="taken_back", status=409)
    try:
        return redirect(_kept(turn, form))
    except Unconfirmed:
        return _show(turn, form, problem="unconfirmed", status=409)
    except OutdatedText:
        is_same = form.cleaned_data["shown_language"] in ("", turn.packet.language)
        return _show(turn, form, problem="outdated" if is_same else "language", status=409)
    except CannotSign as refused:
        return _show(turn, form, problem=refused.code, status=422)
    except (ScreenFirst, NotTheirs):  # another page of the same packet went on in the meantime
        return _show(turn, form, problem="decision", status=409)
    except AlreadyDecided:  # signed in another window
        return _decided(turn, status=409)


def _kept(turn: Turn, form: SignatureForm) -> str:
    """Record the decision; where to go from here: to who signs next, to who gets the phone back, or onward."""
    packet, given = turn.packet, form.cleaned_data
    here = reverse("intake:step", args=[turn.step.slug])
    if turn.step.must == "shown":
        go_on_from(
            packet=packet, slug=turn.step.slug, shown_sha256=given["shown_sha256"], language=packet.language
        )  # fmt: skip
        return turn.onward
    role = given["role"] or turn.role  # of the page that was sent: the turn may be somebody else's by now
    handed_over = role != turn.holder
    signed_by_all = sign(
        packet=packet,
        slug=turn.step.slug,
        statements=turn.request.POST.getlist("statement"),
        evidence=_evidence(turn, form, handed_over=handed_over),
        language=packet.language,
        unconfirmed=posted_unconfirmed(turn.request.POST),
        capacity="self" if role == "patient" else given["capacity"] or "unknown",
        **{name: given[name] for name in ("shown_sha256", "decision", "signer_name", "reason", "authority", "mark")},
        word=given["word"],
        proof=given["proof"] if role == "other" else b"",
    )
    if handed_over:
        return f"{here}?back"
    if given["decision"] == "signed":
        turn.request.session[JUST_SIGNED] = turn.step.slug
    elif turn.step.must == "sign":
        return here  # what follows from a no that keeps the forms from being sent
    return turn.onward if signed_by_all else here


def _evidence(turn: Turn, form: SignatureForm, *, handed_over: bool) -> dict[str, object]:
    """Who it was, as far as a web page can tell (UETA section 9): what opened the session, from where, with what.

    The times are the server's, with the clinic's zone. The session is told by a keyed hash, never by its key.
    """
    request, packet, given = turn.request, turn.packet, form.cleaned_data
    zone, now = ZoneInfo(packet.clinic.time_zone), clock.now()
    helper = packet.helped.by if packet.helped else None
    shown_at = stamped_at(given["shown"], packet.id, turn.step.slug, given["shown_sha256"])
    return {
        "identity_check": "tablet_and_birth_date" if is_on_tablet(request) else "link_and_birth_date",
        "answered_by": packet.answered_by if packet.respondent else ("staff" if helper else "patient"),
        "respondent": {} if handed_over else packet.respondent,  # else they are not who signs
        "assisted_by": str(helper or ""),
        "handed_over": handed_over,
        "ip": request.META.get("REMOTE_ADDR", ""),
        "user_agent": request.headers.get("User-Agent", "")[:LONGEST_AGENT],
        "session": blind_index(settings.INDEX_KEY, request.session.session_key or "", context="signature.session"),
        "time_zone": packet.clinic.time_zone,
        "server_time": now.astimezone(zone).isoformat(timespec="seconds"),
        "shown_at": shown_at.astimezone(zone).isoformat(timespec="seconds") if shown_at else "unknown",
        "seconds_on_page": max(0, int((now - shown_at).total_seconds())) if shown_at else None,
        "font_scale": given["font_scale"],
    }


def _show(
    turn: Turn, form: SignatureForm, *, problem: str = "", status: int = 200, is_switched: bool = False
) -> HttpResponse:
    """`is_switched`: to the other language, in which nothing was agreed to yet."""
    request, packet, step = turn.request, turn.packet, turn.step
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
        return page(request, packet, "not_ready", {"step": step, "place": turn.place}, status=503)
    # What was agreed to line by line, and drawn under, was another text.
    is_new = is_switched or problem in ("outdated", "language", "taken_back")
    ticked = [] if is_new else request.POST.getlist("statement")
    own = turn.role == "other" and not turn.hands_over
    before = consents.selectors.signed_before(packet.id) if own and request.method != "POST" else None
    if before is not None:
        form = SignatureForm(initial={"signer_name": before.signer_name, "authority": before.authority})
    capacity = CAPACITY_OF.get(packet.respondent.get("relationship", ""), "") if not turn.hands_over else ""
    context: dict[str, Any] = {
        "place": turn.place,
        "turn": turn,
        "shown": shown,
        "stamp": stamp(packet.id, step.slug, shown.sha256),
        "decisions": dict(shown.decisions),
        "form": form,
        "capacities": CAPACITIES,
        "capacity": request.POST.get("capacity", before.capacity if before else capacity),
        "mark": "" if is_new or problem == "mark" else request.POST.get("mark", ""),
        "ticked": ticked,
        "problem": problem,
        "told": turn.told,
        "spoken": packet.language,
        "problems": _problems(problem, form, _blanks(turn, shown, form, ticked)),
    }
    return page(request, packet, "consent", context, status=status)


def _blanks(turn: Turn, shown: consents.services.Shown, form: SignatureForm, ticked: list[str]) -> dict[str, str]:
    """What is still to fill in before this can be signed, in the order of the page; a no needs nothing of it."""
    if form["decision"].value() != "signed":
        return {}
    typed = {name: str(form[name].value() or "").strip() for name in ("word", "capacity", "authority", "signer_name")}
    for_another = turn.role == "other"
    asked = {
        "word": shown.kind == "esign" and not typed["word"],
        "statements": any(name not in ticked for name, _words in shown.statements),
        "capacity": for_another and not typed["capacity"],
        "authority": for_another and not typed["authority"],
        "signer_name": not typed["signer_name"],
    }
    words = _words()
    return {field: words[field] for field, is_blank in asked.items() if is_blank}


def _words() -> dict[str, str]:
    return {
        "word": _("Please open the sample PDF and type the word that you see in it."),
        "statements": _("Please tick each line that you agree with, so that you can sign."),
        "capacity": _("Please say who you are to the patient."),
        "authority": _("Please say in a few words what gives you the right to sign for the patient."),
        "signer_name": _("Please type your full name to sign."),
    }


def _problems(problem: str, form: SignatureForm, blanks: dict[str, str]) -> dict[str, str]:
    """Everything that kept the decision from being recorded, by the field it belongs to; "" for the page as a whole."""
    field = "signer_name" if problem == "name" else problem
    if problem in ("name", "statements", "capacity", "authority", "word") and not form.errors:
        wrong = {
            "word": {"word": _("That is not the word in the sample. If you cannot open it, choose paper below.")},
            "name": {
                "signer_name": _("Please type your name with at least two letters. If you have one name, it is enough.")
            },
        }
        return blanks if field in blanks else {**wrong.get(problem, {field: _words()[field]}), **blanks}
    return {
        "": {},
        "unconfirmed": {
            "": _(
                "Some of your answers are not saved yet. Go back to their page, wait until it says “Saved”, then sign."
            )
        },
        "language": {
            "": _(
                "The language of your forms was changed in another window. This is the same page in that language. "
                "Please read it and decide again."
            )
        },
        "taken_back": {
            "": _("You took this back after this page was opened. Please read it again if you want to decide anew.")
        },
        "outdated": {"": _("The text of this page has changed. Please read the new text and decide again.")},
        "signer_name": {"signer_name": _("This name is too long. Please type it shorter.")},
        "authority": {"authority": _("This is too long. Please type it shorter.")},
        "mark": {
            "pad": _("We couldn’t read your drawing. Please draw it again, or leave it out: your name is enough.")
        },
        "proof": {"proof": _("We can’t read this file as a photo. Please take a photo with the camera.")},
        "reason": {"reason": _("Please tell us in a few words why you do not want to sign.")},
    }.get(problem, {"": _("Please choose one of the buttons below.")})
