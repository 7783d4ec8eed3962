"""From a versioned text to the one that may be signed: checked, frozen, the one before retired at the same instant.

Whoever changes which text is effective holds the document's row and then its texts, in the order of their languages;
a signature holds the text it is made on. So a text ends before a signature or after it, never in its middle.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from functools import cache, lru_cache
from itertools import groupby
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef
from simple_history.utils import bulk_create_with_history

import audit.services
from audit.actions import Action, Actor, Ref
from consents.models import Document, DocumentVersion, Review
from consents.rendering import html_of
from consents.rules import DocumentSource, document_files, faults, grade, order
from core import clock
from core.models import Clinic

State = DocumentVersion.State


class CannotPublish(Exception):
    """The text may not be published; the message says why, one reason per line."""


def languages() -> tuple[str, ...]:
    return tuple(code for code, _ in settings.LANGUAGES)


@transaction.atomic
def install_documents(*, clinic: Clinic, actor: Actor) -> int:
    """Give one clinic each text that ships and is newer than what it has; returns how many.

    A text with blanks is given as a draft to complete, the others take effect. What the clinic made its own (it wrote
    or reviewed a version, or has a draft under way) is left to it. All of them or none. Raises InvalidDocument.
    """
    shipped = _shipped(languages())
    Document.objects.bulk_create(
        [
            Document(clinic=clinic, slug=slug, kind=kind)
            for slug, kind in sorted({(one.slug, one.kind) for one in shipped})
        ],
        ignore_conflicts=True,
    )
    documents = Document.objects.select_for_update(no_key=True).filter(clinic=clinic).order_by("slug")
    by_slug = {document.slug: document for document in documents}
    latest, now = _latest(clinic), clock.now()
    new = []
    for source in shipped:
        known = latest.get((source.slug, source.language), "")
        if known is None or (known and order(known) >= order(source.version)):
            continue
        new.append(version_of(source))
        new[-1].document = by_slug[source.slug]
        if not source.is_template:
            new[-1].effective_at = _retire(by_slug[source.slug], [source.language]) if known else now
    bulk_create_with_history(new, DocumentVersion)
    for version in new:
        record(Action.DOCUMENT_PUBLISHED if version.effective_at else Action.DOCUMENT_DRAFTED, version, actor)
    return len(new)


@cache
def _shipped(spoken: tuple[str, ...]) -> tuple[DocumentSource, ...]:
    """The newest file of each text. Read once: a file never changes."""
    newest = {(source.slug, source.language): source for source in document_files(spoken)}
    return tuple(newest.values())


def _latest(clinic: Clinic) -> dict[tuple[str, str], str | None]:
    """(slug, language) → the newest version there is; None for what the clinic made its own."""
    rows = DocumentVersion.objects.filter(document__clinic=clinic)
    rows = rows.annotate(reviewed=Exists(Review.objects.filter(version=OuterRef("pk"))))
    found: dict[tuple[str, str], str | None] = {}
    columns = ("document__slug", "language", "version", "state", "author_id", "reviewed")
    for slug, language, version, state, author, reviewed in rows.values_list(*columns):
        before = found.get((slug, language), "")
        if author or reviewed or state in (State.DRAFT, State.APPROVED) or before is None:
            found[slug, language] = None
        elif not before or order(before) < order(version):
            found[slug, language] = version
    return found


def version_of(source: DocumentSource) -> DocumentVersion:
    """A row with the words of a file, not saved: effective, or a draft while it has blanks."""
    return DocumentVersion(
        version=source.version,
        language=source.language,
        title=source.title,
        body=source.text,
        html=_html(source.body),
        sha256=hashlib.sha256(source.text.encode()).hexdigest(),
        state=State.DRAFT if source.is_template else State.EFFECTIVE,
        review_note=source.review_note,
        reading_grade=_grade(source.body, source.language),
    )


# Many clinics get the same texts.
_html, _grade = lru_cache(64)(html_of), lru_cache(64)(grade)


@transaction.atomic
def publish(*, clinic: Clinic, source: DocumentSource, actor: Actor) -> DocumentVersion:
    """Make one language's text of a file the effective one, from now; the one before it is retired.

    The same text again changes nothing. Raises CannotPublish: a required element is missing, the version is not
    newer, it takes effect later, or its number already has other words.
    """
    if found := faults(source):
        raise CannotPublish("\n".join(found))
    document = _locked_document(clinic, source)
    version = version_of(source)
    same = document.versions.filter(version=source.version, language=source.language).first()
    if same is not None:
        if same.sha256 != version.sha256:
            raise CannotPublish(f"{source.slug} {source.version}: published text never changes. Give it a new version.")
        return same
    take_effect_due(clinic_id=clinic.id, slug=source.slug)
    if source.effective > clock.now().date():
        raise CannotPublish(f"{source.slug} {source.version} takes effect on {source.effective}, not before.")
    current = document.versions.filter(language=source.language, state=State.EFFECTIVE).first()
    if current is not None and order(current.version) >= order(source.version):
        raise CannotPublish(f"{source.slug} {source.version} is not newer than {current.version}.")
    version.document, version.effective_at = document, _retire(document, [source.language])
    version.save()
    record(Action.DOCUMENT_PUBLISHED, version, actor)
    return version


def take_effect_due(*, clinic_id: UUID | None = None, slug: str = "") -> int:
    """Let approved texts whose instant has come take effect, in every language at once; returns how many.

    Asked wherever a text is shown or signed, so that no instant waits for a worker. One query while nothing is due.
    """
    due = DocumentVersion.objects.filter(state=State.APPROVED, effective_at__lte=clock.Now())
    if clinic_id is not None:
        due = due.filter(document__clinic_id=clinic_id)
    if slug:
        due = due.filter(document__slug=slug)
    waiting = sorted(set(due.values_list("document_id", flat=True)))
    return sum(_take_effect(document_id) for document_id in waiting)


def is_superseded(version: DocumentVersion) -> bool:
    """Whether the instant of another text has come, though no one has acted on it yet. One query."""
    approved = DocumentVersion.objects.filter(document=version.document_id, state=State.APPROVED)
    return approved.filter(effective_at__lte=clock.Now()).exists()


@transaction.atomic
def _take_effect(document_id: UUID) -> int:
    document = Document.objects.select_for_update(no_key=True).get(pk=document_id)
    due = document.versions.filter(state=State.APPROVED, effective_at__lte=clock.Now()).order_by("effective_at")
    started = 0
    for at, rows in groupby(due, key=lambda version: version.effective_at):
        _retire(document, (), at)
        for version in rows:
            version.state = State.EFFECTIVE
            version.save()
            record(Action.DOCUMENT_PUBLISHED, version, Actor.system("schedule"))
            started += 1
    return started


def _retire(document: Document, spoken: Sequence[str], at: datetime | None = None) -> datetime:
    """Returns when. Whoever is signing is waited for; without an instant, the end comes after the last of them."""
    current = document.versions.select_for_update(no_key=True).filter(state=State.EFFECTIVE).order_by("language")
    rows = list(current.filter(language__in=spoken) if spoken else current)
    ends = at or clock.now()
    for version in rows:
        version.state, version.retired_at = State.RETIRED, ends
        version.save()
    return ends


def record(action: Action, version: DocumentVersion, actor: Actor) -> None:
    audit.services.record(
        action,
        actor=actor,
        obj=Ref("consents.DocumentVersion", str(version.id)),
        clinic_id=version.document.clinic_id,
        context={
            "document": version.document.slug,
            "version": version.version,
            "language": version.language,
            "sha256": version.sha256,
        },
    )


def _locked_document(clinic: Clinic, source: DocumentSource) -> Document:
    """One publisher at a time per document."""
    Document.objects.get_or_create(clinic=clinic, slug=source.slug, defaults={"kind": source.kind})
    document = Document.objects.select_for_update(no_key=True).get(clinic=clinic, slug=source.slug)
    if document.kind != source.kind:
        raise CannotPublish(f"{source.slug} is a {document.kind}: another kind needs a document of its own.")
    return document
