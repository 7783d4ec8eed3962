"""What both presentations of a form share: keeping what was posted, entries, addresses, the way to the next part."""

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote
from uuid import uuid4

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

import escalation.selectors
from intake import engine, selectors
from intake.forms import danger, posted_screen
from intake.selectors.languages import foreign
from intake.services.entries import add_entry, remove_entry
from intake.services.packets import present, remember_place
from intake.services.submission import Saved, finish_step, save_answers
from intake.views.patient import address, next_address
from intake.views.patient_page import Place, page
from intake.views.patient_photo import take

if TYPE_CHECKING:
    from intake.models import Packet

PHOTO_BUTTONS = {"!photo", "!photo-remove"}
PRESENTATIONS = ("page", "guided")


class Sitting(NamedTuple):
    """One request at one form."""

    request: HttpRequest
    packet: "Packet"
    slug: str
    place: Place

    @property
    def at(self) -> str:
        """The key of the question or section that the request is about; "" for the start."""
        return self.request.POST.get("!at") or self.request.GET.get("at", "")


def question(slug: str, key: str) -> str:
    """The same, with the question in sight on a page that has many."""
    return f"{address(slug, key)}#q-{quote(key, safe='[].')}"


def photos_taken(sitting: Sitting) -> tuple[engine.AnswerError, ...]:
    """Keep or remove the photos of a page that was posted; what was wrong with them."""
    return take(sitting.request, sitting.packet, sitting.slug)


def keep(
    sitting: Sitting, changes: dict[str, list[str]], problems: tuple[engine.AnswerError, ...] = ()
) -> tuple[Saved, selectors.FormView]:
    """Save what was posted; and the form as it is now, with `problems` and what else could not be kept.

    Raises StepLocked, BegunAlone, PacketClosed.
    """
    packet, slug = sitting.packet, sitting.slug
    saved = save_answers(
        packet_id=packet.id,
        slug=slug,
        key=uuid4(),
        changes=changes,
        screen=posted_screen(sitting.request.POST),
        language=packet.language,
        helped=packet.helped,
    )
    view = selectors.drawn(
        packet, slug, saved.definition, saved.items, saved.revision, packet.language, (*saved.errors, *problems)
    )
    return saved, view


def other_button(sitting: Sitting, *, is_switched: bool, view: selectors.FormView) -> HttpResponse | None:
    """What a button does that keeps the patient on the form: language, presentation, entries, room for one more."""
    posted, slug = sitting.request.POST, sitting.slug
    asked = posted.get("!presentation", "")
    if asked in PRESENTATIONS:
        present(packet=sitting.packet, presentation=asked)
        return redirect(question(slug, _same_question(sitting, view)))
    if is_switched:
        return redirect(address(slug, sitting.at))
    if key := posted.get("!keep") or posted.get("!more") or _photo(sitting):
        return redirect(question(slug, key))
    if "!add" in posted or "!remove" in posted:
        return _one_more_or_less(sitting)
    return None


def _photo(sitting: Sitting) -> str:
    """The question whose photo was sent or removed by its button."""
    posted = sitting.request.POST
    return posted.get("!photo") or (posted.get("!photo-here", sitting.at) if "!photo-remove" in posted else "")


def _same_question(sitting: Sitting, view: selectors.FormView) -> str:
    """Where the other presentation goes on: at the question, or at the first one of the section that is still open."""
    shown = engine.page_at(view.definition, view.pages, sitting.at)
    if shown is None or sitting.at != shown.section.id:
        return sitting.at
    return first_open(shown) or sitting.at


def first_open(shown: engine.Page) -> str:
    """The key of the first question on the page that nobody answered; "" where there is none."""
    turns = engine.turns((shown,))
    return next((turn.key for turn in turns if turn.kind == "question" and not is_answered(turn.node)), "")


def is_answered(node: engine.FieldNode) -> bool:
    return bool(node.values) or node.is_declined


def _one_more_or_less(sitting: Sitting) -> HttpResponse:
    """Add or remove one entry of a group, and come back to it."""
    packet, slug, posted = sitting.packet, sitting.slug, sitting.request.POST
    try:
        if key := posted.get("!add"):
            add_entry(packet=packet, slug=slug, key=key, client=posted_screen(posted).client)
            entries = _entries(selectors.form_view(packet, slug, packet.language).fields, key)
            return redirect(question(slug, entries[-1].key if entries else key))
        key = posted.get("!remove", "")
        remove_entry(packet=packet, slug=slug, key=key, client=posted_screen(posted).client)
    except engine.UnknownPlace:  # removed already, by a second tap
        return redirect(address(slug, sitting.at))
    return redirect(question(slug, key.rpartition("[")[0]))


def _entries(nodes: tuple[engine.FieldNode, ...], key: str) -> tuple[engine.FieldNode, ...]:
    for node in nodes:
        if node.key == key:
            return node.children
        if found := _entries(node.children, key):
            return found
    return ()


def told_of(sitting: Sitting, saved: Saved | None, view: selectors.FormView) -> str:
    """Which words of the crisis help the reply opens with, "" for none of it.

    It opens where such an answer is stored and no script has opened it already.
    """
    opens = saved is not None and saved.risk and not sitting.request.POST.get("!help-seen")
    return danger(view.fields) if opens else ""


def go_on(sitting: Sitting, onward: str, *, told: str) -> HttpResponse:
    """To that address, or, where it is empty, past the end of the form; by way of the crisis help, if it is needed."""
    if not onward:
        finish_step(packet=sitting.packet, slug=sitting.slug)
        onward = next_address(sitting.packet, sitting.slug)
    if told:
        return page(sitting.request, sitting.packet, "help", {"goes_to": onward, "told": told})
    return redirect(onward)


def was_open(packet: "Packet") -> bool:
    return escalation.selectors.is_open(packet.id)


def sheet(sitting: Sitting, view: selectors.FormView, shown: engine.Page | None, at: str) -> dict[str, Any]:
    """What every page of a form says; and from now on this is where the patient is."""
    remember_place(packet=sitting.packet, slug=sitting.slug, key=at)
    return {
        "form_view": view,
        "place": sitting.place,
        "foreign": foreign(view.definition, sitting.packet.language),
        "sees": selectors.who_sees(sitting.packet, shown) if shown is not None else None,
        "at": at,
    }
