"""A form as a conversation: one question per screen, and choosing is answering. The order is the form's: no AI in it.

What may follow what is decided by `intake.engine.turns`; here it meets what was posted.
"""

from django.http import HttpRequest, HttpResponse
from django.utils import translation

from intake import engine, selectors
from intake.forms import posted_changes
from intake.services.submission import Saved
from intake.views.patient import address
from intake.views.patient_answers import (
    PHOTO_BUTTONS,
    Sitting,
    go_on,
    is_answered,
    keep,
    other_button,
    photos_taken,
    sheet,
    told_of,
    was_open,
)
from intake.views.patient_page import page, switched


def guided(sitting: Sitting) -> HttpResponse:
    """Show the question, or keep its answer and go on to the next one."""
    if sitting.request.method == "POST":
        return _answered(sitting)
    view = selectors.form_view(sitting.packet, sitting.slug, sitting.packet.language)
    turns = engine.turns(view.pages)
    return _show(sitting, view, turns, engine.turn_at(view.definition, turns, sitting.at))


def _answered(sitting: Sitting) -> HttpResponse:
    request, packet = sitting.request, sitting.packet
    is_switched = switched(request, packet)
    before = view = selectors.form_view(packet, sitting.slug, packet.language)
    known = {turn.key for turn in engine.turns(before.pages)}
    in_danger = was_open(packet)
    changes = {} if "!skip" in request.POST else _changes(request, sitting.at)
    problems = photos_taken(sitting)
    saved = None
    if changes or problems or PHOTO_BUTTONS & request.POST.keys():
        saved, view = keep(sitting, changes, problems)
    turns = engine.turns(view.pages)
    turn = engine.turn_at(view.definition, turns, sitting.at)
    with translation.override(packet.language):
        if saved is not None and (saved.errors or problems) and turn is not None:
            return _show(sitting, view, turns, turn, saved)
        told = "" if in_danger and turn is not None and not _is_dangerous(turn.node) else told_of(sitting, saved, view)
        reply = other_button(sitting, is_switched=is_switched, view=view)
        if reply is not None or turn is None:
            return go_on(sitting, reply["Location"] if reply is not None else "", told=told)
        if "!back" in request.POST:
            return go_on(sitting, address(sitting.slug, (engine.preceding(turns, turn.key) or turn).key), told=told)
        if saved is not None and (turn.node.error or _could_mean(turn.node, request) or _is_blank(turn.node, request)):
            return _show(sitting, view, turns, turn, saved)
        onward = engine.following(turns, turn.key, known=known)
        return go_on(sitting, address(sitting.slug, onward.key) if onward else "", told=told)


def _changes(request: HttpRequest, key: str) -> dict[str, list[str]]:
    """What was typed, or the one reply that was pressed; a question left without a reply keeps its answer."""
    if key in request.POST.getlist("!keep"):
        return {}
    names = [key, key + engine.DECLINED_FIELD, key + engine.UNIT_FIELD]
    replied = {name: request.POST.getlist(name) for name in names if name in request.POST}
    return replied | posted_changes(request.POST)


def _could_mean(node: engine.FieldNode, request: HttpRequest) -> bool:
    """Whether a term could be meant by what was typed, and that was not asked yet."""
    return bool(node.near) and node.key not in request.POST.getlist("!near")


def _is_blank(node: engine.FieldNode, request: HttpRequest) -> bool:
    """Whether an answer is needed, none was given, and that was not said yet."""
    return node.item.required and not is_answered(node) and "!blank" not in request.POST


def _is_dangerous(node: engine.FieldNode) -> bool:
    return any(option.is_selected and option.option.risk for option in node.options)


def _show(
    sitting: Sitting,
    view: selectors.FormView,
    turns: tuple[engine.Turn, ...],
    turn: engine.Turn | None,
    saved: Saved | None = None,
) -> HttpResponse:
    """One turn. With the one before it, as in a conversation: what was asked, what was said, and the way back."""
    if turn is None:
        return page(sitting.request, sitting.packet, "guided", sheet(sitting, view, None, "") | {"turn": None})
    asked = [one for one in turns if one.kind == "question" and one.page.section == turn.page.section]
    earlier = engine.preceding(turns, turn.key)
    context = sheet(sitting, view, turn.page, turn.key)
    context |= {
        "turn": turn,
        "node": turn.node,
        "earlier": earlier,
        "answered": sum(is_answered(one.node) for one in asked),
        "asked": len(asked),
        "is_answered": is_answered(turn.node),
    }
    if saved is None:
        return page(sitting.request, sitting.packet, "guided", context)
    context |= {
        "just_saved": True,
        "blank": not turn.node.error and _is_blank(turn.node, sitting.request),
        "told": told_of(sitting, saved, view),
    }
    context["elsewhere"] = {conflict.error.key for conflict in saved.conflicts}
    return page(sitting.request, sitting.packet, "guided", context, status=409 if saved.conflicts else 422)
