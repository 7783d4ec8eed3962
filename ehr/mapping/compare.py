"""Did the chart keep what we sent? Every leaf we sent must be there and say the same; what it added is its own affair.

Left out of the comparison: what a server owns (id, version, time of update, source), the narrative, and profiles and
tags, which servers drop and which say nothing about the patient. Security labels must all have stayed.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

IGNORED = frozenset({"id", "text"})
IGNORED_META = frozenset({"versionId", "lastUpdated", "source", "profile", "tag"})
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
_REFERENCE = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64})(?:/_history/[A-Za-z0-9.-]{1,64})?")


def differences(sent: Mapping[str, Any], read_back: Mapping[str, Any]) -> tuple[str, ...]:
    """The paths that are missing or differ, never their values; empty when the chart holds what we sent."""
    kind = str(sent["resourceType"])
    if read_back.get("resourceType") != kind:
        return (kind,)
    ours = {name: value for name, value in sent.items() if name not in IGNORED}
    if "meta" in ours:
        ours["meta"] = {name: value for name, value in ours["meta"].items() if name not in IGNORED_META}
    return tuple(_differing(kind, "", ours, read_back))


def _differing(path: str, name: str, sent: Any, found: Any) -> Iterator[str]:
    if isinstance(sent, Mapping):
        if not isinstance(found, Mapping):
            yield path
            return
        for child, value in sent.items():
            yield from _differing(f"{path}.{child}", child, value, found.get(child))
    elif isinstance(sent, list):
        yield from _differing_list(path, name, sent, found)
    elif not _same(name, sent, found):
        yield path


def _differing_list(path: str, name: str, sent: list[Any], found: Any) -> Iterator[str]:
    """Servers reorder lists: each element pairs with one that holds it, the most specific first."""
    left = dict(enumerate(found)) if isinstance(found, list) else {}
    for place in sorted(range(len(sent)), key=lambda place: -_leaves(sent[place])):
        candidates = sorted(left, key=lambda other: (other != place, other))
        match = next((other for other in candidates if _holds(name, sent[place], left[other])), None)
        if match is None:
            yield f"{path}[{place}]"
        else:
            del left[match]


def _holds(name: str, sent: Any, found: Any) -> bool:
    return next(_differing("", name, sent, found), None) is None


def _leaves(value: Any) -> int:
    if isinstance(value, Mapping):
        return sum(map(_leaves, value.values()))
    return sum(map(_leaves, value)) if isinstance(value, list) else 1


def _same(name: str, sent: Any, found: Any) -> bool:
    if isinstance(sent, bool) or isinstance(found, bool):
        return sent is found
    if isinstance(sent, int | float | Decimal) and isinstance(found, int | float | Decimal):
        return Decimal(str(sent)) == Decimal(str(found))
    if isinstance(sent, str) and isinstance(found, str):
        return sent == found or _same_reference(name, sent, found) or _same_instant(sent, found)
    return sent is None and found is None


def _same_reference(name: str, sent: str, found: str) -> bool:
    """ "Patient/1", "https://chart.example/fhir/Patient/1" and "Patient/1/_history/2" name the same resource."""
    if name != "reference":
        return False
    ours, theirs = _REFERENCE.fullmatch(sent), _REFERENCE.fullmatch(found)
    return bool(ours and theirs and ours[1] == theirs[1])


def _same_instant(sent: str, found: str) -> bool:
    if not (_INSTANT.fullmatch(sent) and _INSTANT.fullmatch(found)):
        return False
    try:
        return datetime.fromisoformat(sent) == datetime.fromisoformat(found)
    except ValueError:
        return False
