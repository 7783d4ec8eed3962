"""Two screens, one form: what the other one changed is shown and asked about, never overwritten in silence."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from intake import engine
from intake.models import Response
from intake.selectors import in_words
from intake.selectors.starting import starting_items
from screening import rules

FREE_TEXT = ("string", "text", "open-choice")
Changes = Mapping[str, Sequence[str]]
Merge = Callable[[Any, Changes], engine.Merged]


@dataclass(frozen=True)
class Conflict:
    """A change that was not stored, because the page had not seen another one.

    `error` says so and what the answer is now; `now` is that answer as the page's fields hold it. Both are PHI.
    `danger`: the question and both answers, for a clinician, where what was given here, and not stored, is an answer
    that a human must hear of; else "".
    """

    error: engine.AnswerError = field(repr=False)
    now: Mapping[str, Sequence[str]] = field(repr=False)
    danger: str = field(repr=False)


@dataclass(frozen=True)
class Settled:
    """`said`: the draft as that page would have left it, where something of it conflicts; else None."""

    merged: engine.Merged
    conflicts: tuple[Conflict, ...]
    said: Any = field(default=None, repr=False)


def settle(
    response: Response,
    definition: engine.Definition,
    changes: Changes,
    screen: engine.Screen | None,
    merge: Merge,
    language: str,
) -> Settled:
    """Merge the changes, but for those to answers that another screen changed and this one has not seen.

    A page that posts all its questions changed only those that differ from what it was drawn with.
    """
    merged = merge(response.answers, changes)
    overlooked = engine.overlooked(merged, response.marks, screen) if screen else frozenset()
    if screen is None or not overlooked:
        return Settled(merged, ())
    kept = {name: texts for name, texts in changes.items() if engine.split_field(name)[0] not in overlooked}
    touched = overlooked - _untouched(response, definition, screen, changes, merge) if screen.is_whole else overlooked
    said = _by_key(definition, merged.items, language)
    stands = _by_key(definition, response.answers, language)
    with translation.override(language):
        conflicts = tuple(_conflict(node, said.get(key), changes) for key, node in stands.items() if key in touched)
    return Settled(merge(response.answers, kept), conflicts, merged.items if conflicts else None)


def _untouched(
    response: Response, definition: engine.Definition, screen: engine.Screen, changes: Changes, merge: Merge
) -> frozenset[str]:
    """The questions that stand on the page as they were drawn."""
    drawn = response.history.filter(revision=screen.revision).order_by("history_date").last()
    if drawn is None and screen.revision:
        return frozenset()
    was = merge(drawn.answers if drawn else starting_items(response.packet, definition), changes)
    touched = was.changed | {problem.key for problem in was.problems}
    return frozenset(engine.split_field(name)[0] for name in changes) - touched


def _by_key(definition: engine.Definition, items: Any, language: str) -> dict[str, engine.FieldNode]:
    return {node.key: node for node in _all(engine.fields(definition, items, language=language))}


def _all(nodes: Sequence[engine.FieldNode]) -> Iterator[engine.FieldNode]:
    for node in nodes:
        yield node
        yield from _all(node.children)


def _conflict(node: engine.FieldNode, said: engine.FieldNode | None, changes: Changes) -> Conflict:
    says = ", ".join([_("I’d rather not answer")] if node.is_declined else in_words(node))
    words = _("This answer was changed on another screen.") + " "
    words += _("It now says: %(answer)s.") % {"answer": says} if says else _("It is empty there now.")
    words += " " + _("Your answer here is not saved yet. Keep the other one, or save yours.")
    typed = tuple(changes.get(node.key, ()))
    error = engine.AnswerError(node.item.link_id, "changed-elsewhere", words, node.key, typed=typed)
    chosen = [option.label if node.item.table else option.value for option in node.options if option.is_selected]
    offered = {option.value for option in node.options}
    now = {
        node.key: [*chosen, *(value for value in node.values if value not in offered)],
        node.key + engine.DECLINED_FIELD: ["declined"] if node.is_declined else [],
        node.key + engine.UNIT_FIELD: [node.unit],
    }
    return Conflict(error, now, _danger(node, said))


def _danger(stands: engine.FieldNode, said: engine.FieldNode | None) -> str:
    """In the form's own words, whatever language the patient reads."""
    if said is None or not (_is_risky(said) or _is_possibly_risky(said)):
        return ""
    told, kept = (", ".join(_in_form_words(node)) for node in (said, stands))
    kept = "prefers not to answer" if stands.is_declined else kept or "no answer"
    return (
        f'Two screens differ on "{stands.item.words.default}": one said "{told}", the other "{kept}", which was kept.'
    )


def _is_risky(said: engine.FieldNode) -> bool:
    return any(option.is_selected and option.option.risk for option in said.options)


def _is_possibly_risky(said: engine.FieldNode) -> bool:
    """By words alone. Words about somebody else count too: who answers isn't asked for the sake of a conflict."""
    if said.item.type not in FREE_TEXT:
        return False
    written = ((said.item.link_id, value) for value in said.values)
    return any(finding.pages for finding in rules.in_own_words(written, by_other=True).values())


def _in_form_words(node: engine.FieldNode) -> list[str]:
    chosen = [option.option.label for option in node.options if option.is_selected]
    return chosen or (list(node.values) if node.item.type in FREE_TEXT else [])
