"""How an answer names a photo: FHIR Attachment.url is `urn:uuid:` and the photo's id."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

URN = "urn:uuid:"


def as_id(text: str) -> UUID:
    """The photo's id in an id, in an Attachment's url, or in what a form's field holds. Raises ValueError."""
    return UUID(text.partition("|")[0].removeprefix(URN))


def titles_of(items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[UUID, str]]:
    """The photos that these response items show, at any depth, with their titles."""
    for item in items:
        for answer in item.get("answer", []):
            attachment = answer.get("valueAttachment", {})
            if attachment.get("url", "").startswith(URN):
                yield as_id(attachment["url"]), attachment.get("title", "")
            yield from titles_of(answer.get("item", []))
        yield from titles_of(item.get("item", []))


def ids_in(values: Sequence[str]) -> list[str]:
    """The ids of the photos that a field holds; an attachment of another kind has none."""
    return [str(as_id(value)) for value in values if value.startswith(URN)]
