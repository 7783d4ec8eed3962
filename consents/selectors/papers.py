"""Which texts a paper may be of, and the papers that are kept with what was entered from them."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import Prefetch

from consents.models import DocumentVersion, Paper, Signature
from consents.policy import PART2_KINDS, Kind
from consents.rules import parse

SHOWN_OPTIONS = frozenset(Kind) - PART2_KINDS - {Kind.PART2_NOTICE}


@dataclass(frozen=True)
class TextRow:
    """A text that was or is in effect. `decisions` are its codes; `options` are (id, words), none for a permission
    whose words would tell of the kind of care: whoever enters a paper may be the front desk (42 CFR 2.13(c))."""

    version_id: UUID
    version: str
    language: str
    since: datetime
    until: datetime | None
    decisions: tuple[str, ...]
    options: tuple[tuple[str, str], ...]


def texts_in_effect(clinic_id: UUID, slug: str) -> tuple[TextRow, ...]:
    """Every text of a document that ever was in effect, the latest first; one query."""
    ever = (DocumentVersion.State.EFFECTIVE, DocumentVersion.State.RETIRED)
    rows = DocumentVersion.objects.filter(
        document__clinic_id=clinic_id, document__slug=slug, state__in=ever, effective_at__isnull=False
    )
    return tuple(_text(row, slug) for row in rows.order_by("-effective_at", "language"))


def _text(row: DocumentVersion, slug: str) -> TextRow:
    source = parse(row.body, slug=slug)
    assert row.effective_at is not None
    decisions = tuple(decision for decision, _ in source.decisions)
    options = source.options if source.kind in SHOWN_OPTIONS else ()
    return TextRow(row.id, row.version, row.language, row.effective_at, row.retired_at, decisions, options)


@dataclass(frozen=True)
class PaperRow:
    """A paper beside what was entered from it. `compared`: by whom; None while nobody has. `must`: until then nothing
    leaves because of it. `may_say` and `may_tick`: the decisions and options of its text, with their words."""

    paper_id: UUID
    signature_id: UUID
    what: str
    title: str
    version: str
    language: str
    decision: str
    decided_on: date
    signer_name: str
    capacity: str
    authority: str
    options: tuple[str, ...]
    may_say: tuple[tuple[str, str], ...]
    may_tick: tuple[tuple[str, str], ...]
    entered_by: str
    entered_by_id: UUID | None
    entered_at: datetime
    compared_by: str | None
    must: bool


def papers(patient_id: UUID) -> tuple[PaperRow, ...]:
    """Every paper of one patient without its bytes, the latest first; two queries."""
    kept = Paper.objects.defer("content").select_related("entered_by", "comparison__compared_by")
    found = Signature.objects.filter(patient_id=patient_id, papers__isnull=False).distinct()
    rows = found.select_related("version__document").prefetch_related(Prefetch("papers", kept)).order_by("-signed_at")
    return tuple(_paper(signature, paper) for signature in rows for paper in signature.papers.all())


def _paper(signature: Signature, paper: Paper) -> PaperRow:
    comparison = getattr(paper, "comparison", None)
    source = parse(signature.version.body, slug=signature.version.document.slug)
    codes = [decision for decision, _ in source.decisions]
    is_signed_sheet = paper.what == Paper.What.SIGNED
    said = signature.evidence.get("decided_on", "")
    return PaperRow(
        paper_id=paper.id,
        signature_id=signature.id,
        what=paper.get_what_display(),
        title=signature.version.title,
        version=signature.version.version,
        language=signature.version.language,
        decision=signature.get_decision_display(),
        decided_on=date.fromisoformat(said) if said else signature.signed_at.date(),
        signer_name=signature.signer_name,
        capacity=signature.get_capacity_display(),
        authority=signature.authority or "",
        options=tuple(one["text"] for one in signature.statements if one["ticked"] and not one["required"]),
        may_say=tuple((value, words) for value, words in Signature.Decision.choices if value in codes),
        may_tick=source.options,
        entered_by=paper.entered_by.full_name if paper.entered_by else "",
        entered_by_id=paper.entered_by_id,
        entered_at=paper.entered_at,
        compared_by=comparison.compared_by.full_name if comparison else None,
        must=is_signed_sheet and signature.kind in PART2_KINDS and signature.decision == Signature.Decision.SIGNED,
    )
