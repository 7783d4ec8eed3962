"""From a versioned file to the one text that may be signed: checked, frozen, the old one retired with it."""

import hashlib

from django.conf import settings
from django.db import transaction

import audit.services
from audit.actions import Action, Actor, Ref
from consents.models import Document, DocumentVersion
from consents.rendering import html_of
from consents.rules import DocumentSource, document_files, faults, order
from core import clock
from core.models import Clinic


class CannotPublish(Exception):
    """The text may not be published; the message says why, one reason per line."""


def languages() -> tuple[str, ...]:
    return tuple(code for code, _ in settings.LANGUAGES)


@transaction.atomic
def install_documents(*, clinic: Clinic, actor: Actor) -> int:
    """Publish, for one clinic, each language's newest file that is newer than what is effective; returns how many.

    All of them or none. Raises InvalidDocument or CannotPublish.
    """
    newest = {(source.slug, source.language): source for source in document_files(languages())}
    published = 0
    for source in newest.values():
        current = DocumentVersion.objects.filter(
            document__clinic=clinic, document__slug=source.slug, language=source.language, state="effective"
        ).first()
        if current is None or order(current.version) < order(source.version):
            publish(clinic=clinic, source=source, actor=actor)
            published += 1
    return published


@transaction.atomic
def publish(*, clinic: Clinic, source: DocumentSource, actor: Actor) -> DocumentVersion:
    """Make this the effective text of its document and language, from now; the one before it is retired.

    The same text again changes nothing. Raises CannotPublish: a required element is missing, the version is not
    newer, it takes effect later, or its number already has other words.
    """
    if found := faults(source):
        raise CannotPublish("\n".join(found))
    document = _locked_document(clinic, source)
    digest = hashlib.sha256(source.text.encode()).hexdigest()
    same = document.versions.filter(version=source.version, language=source.language).first()
    if same is not None:
        if same.sha256 != digest:
            raise CannotPublish(f"{source.slug} {source.version}: published text never changes. Give it a new version.")
        return same
    at = clock.now()
    if source.effective > at.date():
        raise CannotPublish(f"{source.slug} {source.version} takes effect on {source.effective}, not before.")
    current = document.versions.filter(language=source.language, state=DocumentVersion.State.EFFECTIVE).first()
    if current is not None:
        if order(current.version) >= order(source.version):
            raise CannotPublish(f"{source.slug} {source.version} is not newer than {current.version}.")
        current.state, current.retired_at = DocumentVersion.State.RETIRED, at
        current.save()
    version = DocumentVersion.objects.create(
        document=document,
        version=source.version,
        language=source.language,
        title=source.title,
        body=source.text,
        html=html_of(source.body),
        sha256=digest,
        state=DocumentVersion.State.EFFECTIVE,
        review_note=source.review_note,
        effective_at=at,
    )
    audit.services.record(
        Action.DOCUMENT_PUBLISHED,
        actor=actor,
        obj=Ref("consents.DocumentVersion", str(version.id)),
        clinic_id=clinic.id,
        context={
            "document": source.slug,
            "version": source.version,
            "language": source.language,
            "sha256": digest,
            "retires": str(current.id) if current else None,
        },
    )
    return version


def _locked_document(clinic: Clinic, source: DocumentSource) -> Document:
    """One publisher at a time per document."""
    Document.objects.get_or_create(clinic=clinic, slug=source.slug, defaults={"kind": source.kind})
    document = Document.objects.select_for_update(no_key=True).get(clinic=clinic, slug=source.slug)
    if document.kind != source.kind:
        raise CannotPublish(f"{source.slug} is a {document.kind}: another kind needs a document of its own.")
    return document
