"""Who changed which answer last: a page that has not seen a change is told of it instead of overwriting it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from intake.engine.answers import read_answers
from intake.engine.definition import Definition
from intake.engine.draft import Merged

Marks = Mapping[str, Any]  # question key → [revision, client] of its last change
NOBODY: Final = ""  # the client of a change that no open page may take for its own


@dataclass(frozen=True, slots=True)
class Screen:
    """The page that answers come from: its own id, the revision it was drawn from, later ones it was told of, by key.

    `is_whole`: it posts every question that it shows, not just those that the patient touched.
    """

    client: str = NOBODY
    revision: int = 0
    told: Mapping[str, int] = field(default_factory=dict)
    is_whole: bool = False

    def overlooks(self, marks: Marks, key: str) -> bool:
        """Whether another page changed this answer after what this one has seen."""
        revision, client = marks.get(key, (0, NOBODY))
        is_own = client == self.client and client != NOBODY
        return not is_own and revision > self.told.get(key, self.revision)


def overlooked(merged: Merged, marks: Marks, screen: Screen) -> frozenset[str]:
    """The changes that must not be stored before the patient has seen what stands there now."""
    return frozenset(key for key in merged.changed if screen.overlooks(marks, key))


def keys_below(definition: Definition, items: Any, group: str) -> frozenset[str]:
    """The questions in all instances of the repeating group with that key."""
    places = read_answers(definition, items).occurrences
    return frozenset(place.key for place in places if place.item.is_question and place.key.startswith(f"{group}["))


def marked(marks: Marks, keys: Collection[str], *, revision: int, client: str) -> dict[str, Any]:
    """The marks after these answers were changed."""
    return {**marks, **{key: [revision, client] for key in keys}}
