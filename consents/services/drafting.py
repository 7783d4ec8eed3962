"""A clinic's own text, from the first draft to the day it takes effect: written by one person, approved by another."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction

from audit.actions import Action, Actor
from consents.models import Document, DocumentVersion, Review
from consents.rendering import html_of
from consents.rules import DocumentSource, InvalidDocument, faults, grade, parse, set_faults, tells, with_lines, written
from consents.selectors import edition_of, reviews_wanted
from consents.services.publishing import CannotPublish, languages, record, take_effect_due
from core import clock
from core.models import User

State = DocumentVersion.State
UNDER_WAY = (State.DRAFT, State.APPROVED)


class NotADraft(Exception):
    """It was approved meanwhile, or there is no such version."""


class DraftExists(Exception):
    """Another version of this document is under way; one at a time."""


class NameRefused(Exception):
    """Another document has this short name, or it tells what kind of care the document is about."""


class ChangedMeanwhile(Exception):
    """Somebody saved other words since they were shown: nobody approves or overwrites what they did not see."""


class SameAuthor(Exception):
    """Whoever wrote a text does not approve it."""


class NotReviewable(Exception):
    """A text that can still change is not reviewed, and each review is recorded once."""


@dataclass(frozen=True)
class Words:
    """One language of a draft as it is typed; `lines` are the buttons, statements, options and the scope."""

    title: str
    lines: str
    body: str


@transaction.atomic
def start_draft(*, document: Document, by: User) -> str:
    """A new version of the text in force (or of the last there was), in every language; returns its number."""
    document = _locked(document)
    if document.versions.filter(state__in=UNDER_WAY).exists():
        raise DraftExists
    return _draft(document, _latest_texts(document), by)


@transaction.atomic
def start_document(*, like: Document, slug: str, by: User) -> Document:
    """Another document of the same kind, say a permission for another recipient, with a first draft of its own.

    Raises NameRefused.
    """
    if tells(slug):
        raise NameRefused
    texts = _latest_texts(like)
    made, is_new = Document.objects.get_or_create(clinic=like.clinic, slug=slug, defaults={"kind": like.kind})
    if not is_new:
        raise NameRefused
    _draft(made, texts, by, "1.0")
    return made


def _latest_texts(document: Document) -> list[DocumentVersion]:
    """Each language's newest text: the effective one goes before a retired or a draft."""
    found: dict[str, DocumentVersion] = {}
    for row in document.versions.order_by("effective_at"):
        if row.language not in found or found[row.language].state != State.EFFECTIVE:
            found[row.language] = row
    return [row for language, row in sorted(found.items()) if language in languages()]


def _draft(document: Document, texts: Sequence[DocumentVersion], by: User, number: str = "") -> str:
    number = number or _next(document.versions.values_list("version", flat=True))
    for text in texts:
        body = with_lines(text.body, version=number)
        row = DocumentVersion(document=document, version=number, language=text.language, state=State.DRAFT)
        _set_words(row, parse(body, slug=document.slug))
        row.author = by
        row.save()
        record(Action.DOCUMENT_DRAFTED, row, Actor.staff(by.id))
    return number


def _next(taken: Iterable[str]) -> str:
    """1.0 → 1.1, whatever stands between."""
    numbers = [tuple(int(part) for part in version.split(".")) for version in taken]
    *front, last = max(numbers, default=(1, -1))
    return ".".join(str(part) for part in (*front, last + 1))


@transaction.atomic
def edit_draft(
    *,
    document: Document,
    version: str,
    texts: Mapping[str, Words],
    change_note: str,
    review_by: date | None,
    by: User,
    seen: str = "",
) -> None:
    """Keep what was typed, complete or not. Whoever edits is its author from now on.

    `seen`: `Edition.seen` of what the page was drawn with; "" where nobody else can have edited. Raises NotADraft,
    ChangedMeanwhile, and InvalidDocument naming the language when a line can't be read.
    """
    rows = _rows(_locked(document), version, State.DRAFT, seen)
    for row in rows:
        if row.language in texts:
            _set_words(row, _read(row, texts[row.language]))
        row.author, row.change_note, row.review_by = by, change_note, review_by
        row.save()
        record(Action.DOCUMENT_DRAFTED, row, Actor.staff(by.id))


def _read(row: DocumentVersion, words: Words) -> DocumentSource:
    before = parse(row.body, slug=row.document.slug)
    try:
        return parse(
            written(
                kind=row.document.kind,
                version=row.version,
                language=row.language,
                effective=before.effective,
                review_note=before.review_note,
                title=words.title,
                lines=_plain_lines(words.lines),
                body=_plain_lines(words.body),
            ),
            slug=row.document.slug,
        )
    except InvalidDocument as error:
        raise InvalidDocument(f"{language_name(row.language)}: {error}") from error


def _plain_lines(text: str) -> str:
    """As a browser sends it, with our line ends."""
    return text.replace("\r\n", "\n")


def _set_words(row: DocumentVersion, source: DocumentSource) -> None:
    row.title, row.body, row.html = source.title, source.text, html_of(source.body)
    row.sha256 = hashlib.sha256(source.text.encode()).hexdigest()
    row.review_note, row.reading_grade = source.review_note, grade(source.body, source.language)


def publication_faults(*, document: Document, version: str) -> tuple[str, ...]:
    """Why this version may not take effect, each line beginning with the language; empty when it may."""
    sources = [parse(row.body, slug=document.slug) for row in document.versions.filter(version=version)]
    absent = [code for code in languages() if code not in {one.language for one in sources}]
    found = [f"{language_name(one.language)}: {fault}." for one in sources for fault in faults(one)]
    if absent:
        return (*found, *(f"{language_name(code)}: there is no text." for code in absent))
    return (*found, *(f"Between the languages: {fault}." for fault in set_faults(tuple(sources), languages())))


@transaction.atomic
def approve(*, document: Document, version: str, at: datetime | None, by: User, seen: str = "") -> datetime:
    """Approve the draft, to take effect at that instant in every language; returns it. None or the past means now.

    `seen`: `Edition.seen` of what the approver read. Raises NotADraft, ChangedMeanwhile, SameAuthor, CannotPublish;
    then nothing changed.
    """
    document = _locked(document)
    rows = _rows(document, version, State.DRAFT, seen)
    if any(row.author_id == by.id for row in rows):
        raise SameAuthor
    if found := publication_faults(document=document, version=version):
        raise CannotPublish("\n".join(found))
    # Whoever is signing the text in force now is waited for: a text that takes effect at once begins after them.
    list(document.versions.select_for_update(no_key=True).filter(state=State.EFFECTIVE).order_by("language"))
    now = clock.now()
    at = max(at, now) if at else now
    day = at.astimezone(ZoneInfo(document.clinic.time_zone)).date()
    for row in rows:
        _set_words(row, parse(with_lines(row.body, effective=day.isoformat()), slug=document.slug))
        row.approver, row.effective_at, row.state = by, at, State.APPROVED
        row.save()
        record(Action.DOCUMENT_APPROVED, row, Actor.staff(by.id))
    take_effect_due(clinic_id=document.clinic_id, slug=document.slug)
    return at


@transaction.atomic
def send_back(*, document: Document, version: str, by: User) -> None:
    """Make an approved text that is not in force yet a draft again. Raises NotADraft."""
    take_effect_due(clinic_id=document.clinic_id, slug=document.slug)
    for row in _rows(_locked(document), version, State.APPROVED):
        row.state, row.approver, row.effective_at = State.DRAFT, None, None
        row.save()
        record(Action.DOCUMENT_DRAFTED, row, Actor.staff(by.id))


@transaction.atomic
def record_review(*, version: DocumentVersion, role: str, reviewer_name: str, note: str, by: User) -> Review:
    """Somebody qualified looked at this text. With the last review it needs, its note leaves new copies.

    Raises NotReviewable: a draft can still change, the role has no business with it, or it is recorded already.
    """
    version = DocumentVersion.objects.select_for_update(no_key=True).get(pk=version.pk)
    if version.state == State.DRAFT or role not in reviews_wanted(version):
        raise NotReviewable
    review = Review.objects.create(
        version=version, role=role, reviewer_name=" ".join(reviewer_name.split()), note=note, recorded_by=by
    )
    record(Action.DOCUMENT_REVIEWED, version, Actor.staff(by.id))
    if not reviews_wanted(version):
        version.review_note = ""
        version.save()
    return review


@transaction.atomic
def look_again(*, document: Document, version: str, review_by: date | None, by: User) -> None:
    """Somebody looked at the text and it may stay: it is looked at again by that day. Raises NotReviewable."""
    rows = list(_locked(document).versions.filter(version=version).exclude(state=State.DRAFT))
    if not rows:
        raise NotReviewable
    for row in rows:
        row.review_by = review_by
        row.save()
        record(Action.DOCUMENT_REVIEWED, row, Actor.staff(by.id))


def language_name(code: str) -> str:
    return str(dict(settings.LANGUAGES).get(code, code))


def _locked(document: Document) -> Document:
    return Document.objects.select_for_update(no_key=True).get(pk=document.pk)


def _rows(document: Document, version: str, state: str, seen: str = "") -> list[DocumentVersion]:
    edition = edition_of(document, version)
    if edition is None or any(row.state != state for row in edition.texts):
        raise NotADraft
    if seen and seen != edition.seen:
        raise ChangedMeanwhile
    return list(edition.texts)
