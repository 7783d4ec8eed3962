"""What the tests of a document's life share: two compliance officers, and a draft of the agreement to get care."""

from personas import World, staff

import consents.services
from consents.models import Document, DocumentVersion
from consents.rules import own_lines, parse
from consents.services import Words
from core.permissions import Role

WHY = "Says where to park."


def second_officer(world: World):
    return staff(world.clinic, Role.COMPLIANCE, "second@clinic.test", "Sora Second")


def document(world: World, slug: str = "treatment") -> Document:
    return Document.objects.get(clinic=world.clinic, slug=slug)


def words(row: DocumentVersion, *, drop: str = "", add: str = "") -> Words:
    source = parse(row.body, slug="x")
    return Words(row.title, own_lines(row.body), source.body.replace(drop, "") + add)


def edited(world: World, slug: str = "treatment", *, only: str = "", drop: str = "", add: str = "\n\nYou can park."):
    """A draft of the next version, written by the clinic's compliance officer; its number."""
    subject = document(world, slug)
    version = consents.services.start_draft(document=subject, by=world.compliance)
    rows = subject.versions.filter(version=version)
    consents.services.edit_draft(
        document=subject,
        version=version,
        texts={row.language: words(row, drop=drop if row.language.startswith(only) else "", add=add) for row in rows},
        change_note=WHY,
        review_by=None,
        by=world.compliance,
    )
    return version


def states(world: World, slug: str = "treatment") -> dict[str, str]:
    rows = document(world, slug).versions.order_by("language")
    return {f"{row.version} {row.language}": row.state for row in rows}
