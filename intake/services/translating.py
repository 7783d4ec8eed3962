"""A clinic loads an official translation of a form: whole, from a named source, answered for by a named reviewer.

The file is JSON; every text a patient reads must be in it, and nothing else (`docs/forms.md` shows one):

    {"form": "gad-7", "version": "1.1.0", "language": "es", "title": "…", "items": {
        "gad7-items": {"text": "…", "why": "…"},
        "gad7-q1": {"text": "…", "options": {"LA6568-5": "…", "LA6569-3": "…"}}}}

`why` goes with an item that says why it asks, `options` with one that offers some, by their codes.
"""

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from django.conf import settings
from django.db import transaction

import audit.services
from audit.actions import Action, Actor, Ref
from core.models import Clinic
from intake import engine
from intake.models import FormVersion
from intake.services import choosing, library

TRANSLATION = "http://hl7.org/fhir/StructureDefinition/translation"


class TranslationRefused(Exception):
    """Why the translation was not loaded, in one line; nothing was stored."""


@transaction.atomic
def load_translation(*, clinic: Clinic, text: str, form: str, source: str, reviewer: str, actor: Actor) -> FormVersion:
    """Publish the clinic's own version of a form with these words. Packets invited from now on use it.

    A language that the form has already (our own draft) is replaced. Raises TranslationRefused.
    """
    if not source.strip() or not reviewer.strip():
        raise TranslationRefused("Name the source of the translation and the person who reviewed it.")
    given = _read(text, form)
    newest = choosing.newest_forms(clinic.id, [form]).get(form)
    if newest is None:
        raise TranslationRefused(f"The form {form} is not published.")
    base, _, own = newest.version.partition(choosing.OWN)
    if given["version"] != base:
        raise TranslationRefused(f"This translates {form} {given['version']}, but the one in use is {base}.")
    definition = _with(newest.definition, given)
    if definition == newest.definition:
        raise TranslationRefused(f"These words are in use already, as {form} {newest.version}.")
    definition["version"] = f"{base}{choosing.OWN}{int(own or 0) + 1}"
    try:
        library.check(definition, [given["language"]])
        library.require_reachable(definition, clinic)
    except library.FormRefused as error:
        raise TranslationRefused(str(error)) from error
    return _keep(clinic, form, definition, given["language"], source.strip(), reviewer.strip(), actor)


def _keep(
    clinic: Clinic, slug: str, definition: dict[str, Any], language: str, source: str, reviewer: str, actor: Actor
) -> FormVersion:
    version, sha256 = definition["version"], library.sha256_of(definition)
    form = FormVersion.objects.create(
        clinic=clinic,
        slug=slug,
        version=version,
        definition=definition,
        sha256=sha256,
        source=source,
        reviewer=reviewer,
    )
    audit.services.record(
        Action.FORM_PUBLISHED,
        actor=actor,
        obj=Ref("intake.FormVersion", str(form.id)),
        clinic_id=clinic.id,
        context={"slug": slug, "version": version, "language": language, "sha256": sha256},
    )
    return form


def _read(text: str, form: str) -> dict[str, Any]:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        raise TranslationRefused("The file is not JSON.") from None
    kinds = {"form": str, "version": str, "language": str, "title": str, "items": dict}
    if not isinstance(given, dict) or set(given) != set(kinds):
        raise TranslationRefused(f"The file must hold an object with exactly these members: {', '.join(kinds)}.")
    for name, kind in kinds.items():
        if not isinstance(given[name], kind) or not given[name]:
            raise TranslationRefused(f"{name} is empty or of the wrong kind.")
    if given["form"] != form:
        raise TranslationRefused(f"The file translates {ascii(given['form'])[:40]}, not {form}.")
    if given["language"] not in dict(settings.LANGUAGES):
        raise TranslationRefused(f"Candor speaks {', '.join(dict(settings.LANGUAGES))}; this language is not one.")
    return given


def _with(published: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The definition with every text translated. Raises TranslationRefused for one too few or one too many."""
    definition: dict[str, Any] = deepcopy(dict(published))
    language, left = given["language"], dict(given["items"])
    _say(definition, "title", language, given["title"])
    for item in _walk(definition["item"]):
        _translate(item, left.pop(item["linkId"], None), language)
    if left:
        raise TranslationRefused(f"The form has no item {ascii(next(iter(left)))[:60]}.")
    return definition


def _walk(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in items:
        yield item
        yield from _walk(item.get("item", []))


def _translate(item: dict[str, Any], words: Any, language: str) -> None:
    link_id = item["linkId"]
    why = next((one for one in item.get("extension", []) if one["url"] == f"{engine.CANDOR}why-asked"), None)
    options = {one["valueCoding"]["code"]: one["valueCoding"] for one in item.get("answerOption", [])}
    wanted = {"text"} | ({"why"} if why else set()) | ({"options"} if options else set())
    if not isinstance(words, dict) or set(words) != wanted:
        raise TranslationRefused(f"{link_id} needs exactly: {', '.join(sorted(wanted))}.")
    _say(item, "text", language, words["text"], link_id)
    if why:
        _say(why, "valueString", language, words["why"], link_id)
    said = words.get("options", {})
    if not isinstance(said, dict) or set(said) != set(options):
        raise TranslationRefused(f"{link_id} needs the words of exactly these answers: {', '.join(options)}.")
    for code, coding in options.items():
        _say(coding, "display", language, said[code], f"{link_id}, {code}")


def _say(element: dict[str, Any], name: str, language: str, words: Any, place: str = "title") -> None:
    if not isinstance(words, str) or not words.strip():
        raise TranslationRefused(f"{place} has no words.")
    shadow = element.setdefault(f"_{name}", {})
    others = [one for one in shadow.get("extension", []) if not _is_in(one, language)]
    parts = [{"url": "lang", "valueCode": language}, {"url": "content", "valueString": words.strip()}]
    shadow["extension"] = [*others, {"url": TRANSLATION, "extension": parts}]


def _is_in(extension: Mapping[str, Any], language: str) -> bool:
    parts = {part.get("url"): part for part in extension.get("extension", [])}
    said = parts.get("lang", {}).get("valueCode", "")
    return extension.get("url") == TRANSLATION and str(said).partition("-")[0] == language
