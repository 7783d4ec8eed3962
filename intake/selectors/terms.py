"""The table of coded terms: what could be meant by what somebody typed. One query, or none."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from django.contrib.postgres.search import SearchQuery, SearchVector
from django.db.models import Q

from intake import engine
from intake.models import Concept
from intake.rules.terms import Term, is_named, nearest, searched

LANGUAGES: Final = ("en", "es")
KINDS: Final[Mapping[str, str]] = {  # by the address of the value set
    "https://candor.health/fhir/ValueSet/medications": Concept.Kind.MEDICATION,
    "https://candor.health/fhir/ValueSet/allergens": Concept.Kind.ALLERGY,
}
_POSTED_CODE: Final = re.compile(r"https?://[^\s|]+\|([A-Za-z0-9.-]{1,40})")
_MOST_FOUND: Final = 400  # rows that one search reads, whatever was typed


def search(*, table: str, typed: str, language: str) -> tuple[Term, ...]:
    """At most eight terms of the table (the address of its value set) for what was typed."""
    return nearest(typed, [_term(one) for one in candidates([table], [typed]) if one.language == _own(language)])


def with_near(nodes: Sequence[engine.FieldNode], language: str) -> tuple[engine.FieldNode, ...]:
    """The fields, those with the patient's own words where a term could have been picked with the terms they could
    mean (`near`)."""
    typed = [node for node in _everything(nodes) if _own_words(node)]
    if not typed:
        return tuple(nodes)
    known = candidates({node.item.table for node in typed}, [_own_words(node) for node in typed])
    known = [one for one in known if one.language == _own(language)]
    near = {node.key: _near(node, known) for node in typed}
    return tuple(_filled(node, near) for node in nodes)


def _own_words(node: engine.FieldNode) -> str:
    is_picked = any(option.is_selected for option in node.options)
    return node.values[0] if node.item.table in KINDS and node.values and not node.error and not is_picked else ""


def _near(node: engine.FieldNode, known: Sequence[Concept]) -> tuple[tuple[str, str], ...]:
    """Nothing for words that are the very name of a term, which has no verified code then."""
    text = _own_words(node)
    terms = nearest(text, [_term(one) for one in known if one.kind == KINDS[node.item.table]])
    return () if any(is_named(text, term.label) for term in terms) else tuple((one.value, one.label) for one in terms)


def _filled(node: engine.FieldNode, near: Mapping[str, tuple[tuple[str, str], ...]]) -> engine.FieldNode:
    children = tuple(_filled(child, near) for child in node.children)
    return replace(node, near=near.get(node.key, ()), children=children)


def _everything(nodes: Iterable[engine.FieldNode]) -> Iterator[engine.FieldNode]:
    for node in nodes:
        yield node
        yield from _everything(node.children)


def candidates(tables: Iterable[str], texts: Iterable[str]) -> list[Concept]:
    """Every row, in all languages, that one of the texts could mean, by its words or as system|code."""
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


def value_of(concept: Concept) -> str:
    return f"{concept.system}|{concept.code}"


def _term(concept: Concept) -> Term:
    return Term(value_of(concept), concept.display, concept.words, concept.rank)


def _own(language: str) -> str:
    family = language.lower().partition("-")[0]
    return family if family in LANGUAGES else "en"
