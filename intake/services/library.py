"""Publish the forms that ship with Candor. A definition that the lint faults is never published."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.db import transaction

import audit.services
import escalation.services.duty
import screening.services
from audit.actions import Action, Actor, Ref
from core.models import Clinic
from intake import engine
from intake.adapters.fhirpath import compile_expression
from intake.models import FormVersion
from intake.rules.published import published
from intake.services import terminology

DEFINITIONS = Path(__file__).resolve().parent.parent / "definitions"


class FormRefused(Exception):
    """The definition has lint errors, or another text was already published under this version."""


def publish_library(*, actor: Actor) -> int:
    """Publish the newest of each form in `intake/definitions`, with the terms that their pickers offer.

    Returns how many forms were new. Raises FormRefused.
    """
    terminology.load()
    newest: dict[str, dict[str, Any]] = {}
    for definition in sorted((json.loads(file.read_text()) for file in DEFINITIONS.glob("*.json")), key=_version):
        newest[definition["url"]] = definition
    return sum(publish(definition, actor=actor) for _, definition in sorted(newest.items()))


def titles() -> list[tuple[str, str]]:
    """Slug and English title of each form in the library, by title."""
    forms = FormVersion.objects.filter(clinic=None).order_by("published_at")
    return sorted(dict(forms.values_list("slug", "definition__title")).items(), key=lambda pair: pair[1])


def _version(definition: Mapping[str, Any]) -> tuple[int, ...]:
    """1.10.0 comes after 1.9.0."""
    return tuple(int(part) for part in str(definition["version"]).split("."))


@transaction.atomic
def publish(definition: dict[str, Any], *, actor: Actor) -> bool:
    """Publish one Questionnaire under its `url`'s last part and `version`. False if it already is."""
    slug, version = str(definition["url"]).rsplit("/", 1)[-1], str(definition["version"])
    sha256 = sha256_of(definition)
    known = FormVersion.objects.filter(clinic=None, slug=slug, version=version).first()
    if known:
        if known.sha256 != sha256:
            raise FormRefused(f"{slug} {version} was published with another text: give the new one a new version.")
        return False
    check(definition, published(definition).languages)
    _require_reachable_everywhere(definition)
    form = FormVersion.objects.create(slug=slug, version=version, definition=definition, sha256=sha256)
    audit.services.record(
        Action.FORM_PUBLISHED,
        actor=actor,
        obj=Ref("intake.FormVersion", str(form.id)),
        context={"slug": slug, "version": version, "sha256": sha256},
    )
    return True


def asks_about_risk(definition: Mapping[str, Any]) -> bool:
    """Whether an answer to this form can page somebody by a risk rule."""
    items = engine.parse(definition, compiler=compile_expression).all_items
    return any(item.risk for item in items) or screening.services.asks(item.link_id for item in items)


def _require_reachable_everywhere(definition: Mapping[str, Any]) -> None:
    """A form of the library goes live wherever patients are invited; at a first installation that is nowhere yet."""
    for clinic in Clinic.objects.order_by("name"):
        require_reachable(definition, clinic)


def require_reachable(definition: Mapping[str, Any], clinic: Clinic) -> None:
    """Before a form that can page somebody goes live or changes at a clinic: each step of its ladder reaches somebody.

    A clinic that has invited nobody yet is still being set up. Raises FormRefused.
    """
    if not asks_about_risk(definition) or not clinic.packets.exists():
        return
    try:
        escalation.services.duty.require_reachable(clinic)
    except escalation.services.duty.Unreachable as error:
        raise FormRefused(f"{clinic.name} can't be given this form yet. {error}") from error


def check(definition: Mapping[str, Any], languages: Sequence[str]) -> None:
    """Whether a form may be shown to a patient, in these languages besides its own. Raises FormRefused."""
    name = f"{str(definition['url']).rsplit('/', 1)[-1]} {definition['version']}"
    rules = asdict(published(definition)) | {"languages": languages}
    findings = engine.lint(definition, ours=True, compiler=compile_expression, **rules)
    faults = [one for one in findings if one.severity == "error"]
    if faults:
        raise FormRefused(f"{name}: {faults[0].path}: {faults[0].message} {faults[0].fix}")


def sha256_of(definition: Mapping[str, Any]) -> str:
    """Hex, of the definition as canonical JSON."""
    return hashlib.sha256(json.dumps(definition, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
