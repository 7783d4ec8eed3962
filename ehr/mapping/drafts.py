"""A resource on its way to becoming an export item, and what every mapper needs to make one."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from consents.policy import NOTICE_SHORT
from ehr.mapping.implied import tells_of_treatment
from ehr.mapping.labels import security_labels

PATIENT = "patient"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition"
LONGEST_KEY = 80

# Categories of information as a Part 2 consent names them (42 CFR 2.31(a)(3)); a consent must cover all of a draft's.
DEMOGRAPHICS = "demographics"  # name, contact and insurance
SUBSTANCE_USE = "substance_use"
MEDICATIONS = "medications"
INTAKE_ANSWERS = "intake_answers"  # and the scores made of them, and what was signed

# 42 CFR 2.32(a)(2): the written statement goes with each protected resource, wherever it is copied.
NARRATIVE = {"status": "additional", "div": f'<div xmlns="http://www.w3.org/1999/xhtml"><p>{NOTICE_SHORT}</p></div>'}

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Draft:
    """One resource without id and identifier.

    `field_key` is stable and unique in the packet, `needs` are the field_keys that must be in the chart before it:
    those it refers to (as "draft:<field_key>"), and the notice. `sensitivity` is "none" or "sud", `categories` are
    Part 2 information categories, `label` is for people. `is_implied`: tagged for what the patient wrote, not for the
    form that asked.
    """

    field_key: str
    resource_type: str
    resource: dict[str, Any]
    needs: tuple[str, ...]
    sensitivity: str
    label: str
    categories: tuple[str, ...]
    is_implied: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """What all drafts of a packet share: whose program it is and where the resources come from."""

    part2: bool
    source: str
    clinic_name: str

    def draft(
        self,
        field_key: str,
        label: str,
        resource: Mapping[str, Any],
        *,
        sensitivity: str = "none",
        protected: bool = False,
        categories: tuple[str, ...] = (),
        profile: str | None = None,
    ) -> Draft:
        """Label, tidy and wrap a resource. `protected` marks a Part 2 record that says nothing of substance use."""
        is_implied = sensitivity != "sud" and tells_of_treatment(resource)
        if is_implied:
            sensitivity, categories = "sud", tuple(dict.fromkeys((*categories, SUBSTANCE_USE)))
        is_protected = self.part2 or protected or sensitivity == "sud"
        meta = {
            "source": self.source,
            "profile": [f"{US_CORE}/{profile}"] if profile else [],
            "security": security_labels(sensitivity=sensitivity, part2=is_protected),
        }
        told = {"text": NARRATIVE} if is_protected else {}
        whole = tidied({"resourceType": resource["resourceType"], "meta": meta, **told, **resource})
        needs = tuple(dict.fromkeys(_draft_references(whole)))
        return Draft(field_key, whole["resourceType"], whole, needs, sensitivity, label, categories, is_implied)


def key(*parts: str) -> str:
    """A field_key of at most 80 characters: a long one (foreign linkIds) ends in its hash and stays unique."""
    whole = ":".join(parts)
    if len(whole) <= LONGEST_KEY:
        return whole
    return f"{whole[:60]}~{hashlib.sha256(whole.encode()).hexdigest()[:16]}"


def reference(field_key: str) -> dict[str, str]:
    """A reference to another draft, to be resolved once the chart has given that one an id."""
    return {"reference": f"draft:{field_key}"}


def instant(moment: datetime) -> str:
    """An aware datetime as a FHIR dateTime, to the second, in the zone it was given in."""
    if moment.tzinfo is None:
        raise ValueError("a FHIR dateTime with a clock needs a time zone")
    return moment.isoformat(timespec="seconds")


def tidied(value: Any) -> Any:
    """Without what FHIR forbids: control characters, lone surrogates, empty strings, lists and objects."""
    if isinstance(value, str):
        return _CONTROL.sub("", value)
    if isinstance(value, Mapping):
        return {name: kept for name, child in value.items() if _says_something(kept := tidied(child))}
    if isinstance(value, list | tuple):
        return [kept for child in value if _says_something(kept := tidied(child))]
    return value


def _says_something(value: Any) -> bool:
    return value is not None and value != {} and value != [] and not (isinstance(value, str) and not value.strip())


def _draft_references(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        target = value.get("reference")
        own = [target.removeprefix("draft:")] if isinstance(target, str) and target.startswith("draft:") else []
        return own + [found for child in value.values() for found in _draft_references(child)]
    if isinstance(value, list):
        return [found for child in value for found in _draft_references(child)]
    return []
