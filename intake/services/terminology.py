"""The terms that pickers offer: loaded from the files that ship, and looked up before anything is stored."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from intake import engine
from intake.models import Concept
from intake.rules.terms import is_named, words_of
from intake.selectors.terms import KINDS, LANGUAGES, candidates, value_of

FILES: Final = Path(__file__).resolve().parent.parent / "terminology"
TRANSLATION: Final = "http://hl7.org/fhir/StructureDefinition/translation"
_KEY: Final = ("kind", "system", "code", "language")
_CONTENT: Final = ("display", "words", "rank", "is_verified")


Terms = Mapping[tuple[str, str], Mapping[str, Any]]  # by table and text as posted


@dataclass(frozen=True)
class Resolved:
    """What was posted, with what was picked in place of one's own words; and the FHIR answer of each term in it."""

    changes: Mapping[str, Sequence[str]]
    terms: Terms


def load() -> int:
    """Bring the table up to the files in `intake/terminology`; returns how many rows are new or changed.

    Nothing is ever removed: a stored answer may name it.
    """
    wanted = [concept for file in sorted(FILES.glob("*.json")) for concept in _rows(json.loads(file.read_text()))]
    stored = {row[: len(_KEY)]: row[len(_KEY) :] for row in Concept.objects.values_list(*_KEY, *_CONTENT)}
    due = [one for one in wanted if stored.get(_values(one, _KEY)) != _values(one, _CONTENT)]
    Concept.objects.bulk_create(due, update_conflicts=True, unique_fields=_KEY, update_fields=_CONTENT)
    return len(due)


def _rows(file: Mapping[str, Any]) -> Iterable[Concept]:
    for one in file["concepts"]:
        names = {language: one.get(language, one["display"]) for language in LANGUAGES}
        words = words_of(" ".join([*names.values(), one.get("words", "")]))
        for language, name in names.items():
            yield Concept(
                kind=KINDS[file["valueSet"]],
                system=one.get("system") or file["system"],
                code=one["code"],
                display=name,
                language=language,
                words=" ".join(dict.fromkeys(words)),
                rank=one.get("rank", 100),
                is_verified=one.get("tier", "A") == "A",
            )


def _values(concept: Concept, names: Iterable[str]) -> tuple[Any, ...]:
    return tuple(getattr(concept, name) for name in names)


def resolve(definition: engine.Definition, changes: Mapping[str, Sequence[str]]) -> Resolved:
    """Look up what was picked or named, in one query or none, before the engine takes it.

    A text that is the very name of one term, in any of our languages, is that term; every other one stays as it is.
    A term picked beside one's own words ("did you mean") counts more than they do.
    """
    near = {name: texts for name, texts in changes.items() if name.endswith(engine.NEAR_FIELD)}
    kept = {name: texts for name, texts in changes.items() if name not in near}
    asked = {name: item.table for name in kept if (item := definition.find(_link_id(name))) and item.table}
    kept |= {name: picked for name in asked if any(picked := near.get(name + engine.NEAR_FIELD, ()))}
    posted = {(table, text.strip()) for name, table in asked.items() for text in kept[name] if text.strip()}
    known = candidates(set(asked.values()), [text for _, text in posted])
    answers = {
        (table, text): _answer(text, [one for one in known if one.kind == KINDS[table]]) for table, text in posted
    }
    return Resolved(kept, {asked_for: answer for asked_for, answer in answers.items() if answer is not None})


def _link_id(name: str) -> str:
    return name.rsplit("].", 1)[-1].partition("[")[0]


def _answer(text: str, known: Sequence[Concept]) -> Mapping[str, Any] | None:
    """The FHIR answer for the one term that the text names or is the code of: its English name, and its others."""
    meant = {value_of(one) for one in known if text == value_of(one) or is_named(text, one.display)}
    if len(meant) != 1:
        return None
    names = {one.language: one for one in known if value_of(one) in meant}
    concept = names["en"]
    if not concept.is_verified:
        return {"valueString": concept.display} if text in meant else None  # typed: it stays as it was typed
    translations = [
        {
            "url": TRANSLATION,
            "extension": [{"url": "lang", "valueCode": language}, {"url": "content", "valueString": one.display}],
        }
        for language, one in names.items()
        if one.display != concept.display
    ]
    coding = {"system": concept.system, "code": concept.code, "display": concept.display}
    return {"valueCoding": {**coding, **({"_display": {"extension": translations}} if translations else {})}}
