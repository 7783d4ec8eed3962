"""The terms that pickers offer: loaded from the files that ship, searched, and looked up before anything is stored."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Q

from intake import engine
from intake.models import Concept
from intake.rules.terms import Term, is_named, nearest, searched, words_of

FILES: Final = Path(__file__).resolve().parent.parent / "terminology"
LANGUAGES: Final = ("en", "es")
KINDS: Final[Mapping[str, str]] = {
    "https://candor.health/fhir/ValueSet/medications": Concept.Kind.MEDICATION,
    "https://candor.health/fhir/ValueSet/allergens": Concept.Kind.ALLERGY,
}
TRANSLATION: Final = "http://hl7.org/fhir/StructureDefinition/translation"
_POSTED_CODE: Final = re.compile(r"https?://[^\s|]+\|([A-Za-z0-9.-]{1,40})")
_MOST_FOUND: Final = 400  # rows that one search reads, whatever was typed
_KEY: Final = ("kind", "system", "code", "language")
_CONTENT: Final = ("display", "words", "rank", "is_verified")


@dataclass(frozen=True)
class Resolved:
    """What was posted, with each name or code of a term as system|code; and the FHIR answer for each of those."""

    changes: Mapping[str, Sequence[str]]
    terms: Mapping[str, Mapping[str, Any]]


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


def search(*, table: str, typed: str, language: str) -> tuple[Term, ...]:
    """At most eight terms of the table (the address of its value set) for what was typed; one query."""
    return nearest(typed, [_term(one) for one in _candidates([table], [typed]) if one.language == _own(language)])


def near(nodes: Iterable[engine.FieldNode], language: str) -> dict[str, tuple[Term, ...]]:
    """By field key the terms that the patient's own words could mean, where there are any; one query or none."""
    texts = {node.key: node.values[0] for node in nodes if node.item.table and node.values and not _is_picked(node)}
    tables = {node.item.table for node in nodes if node.key in texts}
    known = [one for one in _candidates(tables, texts.values()) if one.language == _own(language)]
    found: dict[str, tuple[Term, ...]] = {}
    for node in nodes:
        text = texts.get(node.key, "")
        terms = nearest(text, [_term(one) for one in known if one.kind == KINDS.get(node.item.table)])
        if terms and not is_named(text, terms[0].label):
            found[node.key] = terms
    return found


def _is_picked(node: engine.FieldNode) -> bool:
    return any(option.is_selected for option in node.options)


def resolve(definition: engine.Definition, changes: Mapping[str, Sequence[str]]) -> Resolved:
    """Look up what was picked or named, in one query or none, before the engine takes it.

    A name counts as picked where it is the very name of one term in any of our languages; everything else that was
    typed stays as it is. Of several texts for one answer the last counts: what was picked below one's own words.
    """
    asked = {name: item for name in changes if (item := definition.find(_link_id(name))) and item.table}
    given = {name: [text.strip() for text in changes[name] if text.strip()] for name in asked}
    if not any(given.values()):
        return Resolved(changes, {})
    known = _candidates({item.table for item in asked.values()}, [text for texts in given.values() for text in texts])
    terms: dict[str, Mapping[str, Any]] = {}
    changed: dict[str, Sequence[str]] = {}
    for name, item in asked.items():
        of_kind = [one for one in known if one.kind == KINDS[item.table]]
        texts = given[name] if item.repeats else given[name][-1:]
        meant = [_meant(text, of_kind) for text in texts]
        terms |= {value: _answer(value, of_kind) for value in meant if value in {_value(one) for one in of_kind}}
        changed[name] = meant
    return Resolved({**changes, **changed}, terms)


def _link_id(name: str) -> str:
    return name.rsplit("].", 1)[-1].partition("[")[0]


def _meant(text: str, known: Sequence[Concept]) -> str:
    """system|code where the text names one verified term; else the text."""
    values = {_value(one) for one in known if one.is_verified and is_named(text, one.display)}
    return values.pop() if len(values) == 1 else text


def _answer(value: str, known: Sequence[Concept]) -> Mapping[str, Any]:
    """The term as FHIR stores it: its English name, and what it is called in other languages."""
    names = {one.language: one.display for one in known if _value(one) == value}
    concept = next(one for one in known if _value(one) == value)
    if not concept.is_verified:
        return {"valueString": names["en"]}
    translations = [
        {
            "url": TRANSLATION,
            "extension": [{"url": "lang", "valueCode": language}, {"url": "content", "valueString": name}],
        }
        for language, name in names.items()
        if name != names["en"]
    ]
    coding = {"system": concept.system, "code": concept.code, "display": names["en"]}
    return {"valueCoding": {**coding, **({"_display": {"extension": translations}} if translations else {})}}


def _candidates(tables: Iterable[str], texts: Iterable[str]) -> list[Concept]:
    """Every row, in all languages, that one of the texts could mean, by its words or by system|code."""
    texts = list(texts)
    kinds = [KINDS[table] for table in tables if table in KINDS]
    codes = [found[1] for text in texts if (found := _POSTED_CODE.fullmatch(text))]
    query = searched(texts)
    if not kinds or not (codes or query):
        return []
    wanted = Q(code__in=codes) if codes else Q()
    concepts = Concept.objects.filter(kind__in=kinds)
    if query:
        concepts = concepts.annotate(found=SearchVector("words", config="simple"))
        wanted |= Q(found=SearchQuery(query, config="simple", search_type="raw"))
    return list(concepts.filter(wanted).order_by("rank", "display")[:_MOST_FOUND])


def _term(concept: Concept) -> Term:
    return Term(_value(concept), concept.display, concept.words, concept.rank)


def _value(concept: Concept) -> str:
    return f"{concept.system}|{concept.code}"


def _own(language: str) -> str:
    family = language.lower().partition("-")[0]
    return family if family in LANGUAGES else "en"
