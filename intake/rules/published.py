"""What is published about a form's instrument, for the lint to hold the form to: its languages, words and codes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from screening import instruments


@dataclass(frozen=True, slots=True)
class Published:
    """Arguments of `engine.lint`. Without a known instrument: our own form, in English and Spanish."""

    languages: Sequence[str]
    wordings: Mapping[str, str]
    answers: Mapping[str, Mapping[str, str]]
    mapped: Collection[str]


def published(definition: Mapping[str, Any]) -> Published:
    """By the last part of the form's url for its languages, by linkId for the rest: no form may borrow a question."""
    instrument = instruments.REGISTRY.get(str(definition.get("url")).rsplit("/", 1)[-1])
    spanish = {f"{link_id}@es": hash_ for link_id, hash_ in instruments.wordings("es").items()}
    items = [item for each in instruments.REGISTRY.values() for item in each.items]
    return Published(
        languages=[one for one in ("es",) if instrument is None or one in instrument.languages],
        wordings={**instruments.wordings(), **spanish},
        answers=instruments.answer_wordings(),
        mapped=[item.link_id for item in items if item.loinc],
    )
