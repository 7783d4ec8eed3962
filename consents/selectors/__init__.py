"""What was decided, what was signed, and whether the Part 2 permission stands."""

import base64
import hashlib
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import (
    Exists,
    Func,
    Max,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    UUIDField,
    prefetch_related_objects,
)

from consents.models import ConsentRule, Document, DocumentVersion, Review, Revocation, SealedDocument, Signature
from consents.policy import Kind
from consents.rules import order
from consents.selectors.papers import PaperRow, TextRow, papers, texts_in_effect
from consents.selectors.part2 import (
    PURPOSE_WORDS,
    SharedRow,
    part2_consents,
    recipients_of,
    restrictions,
    scope_of,
    shared_under,
)
from consents.selectors.privacy import (
    TODAY,
    PermissionRow,
    emergencies,
    emergency,
    ended,
    has_ended,
    limits,
    notices,
    permissions,
    told_by_hand,
)
from consents.selectors.taking_back import (
    ENDED,
    NEVER_TAKEN_BACK,
    TAKEN_BACK_AT,
    TakenBack,
    no_longer,
    titles_of,
)
from consents.selectors.tasks import open_tasks
from core.clock import Now

__all__ = [
    "ENDED", "NEVER_TAKEN_BACK", "PURPOSE_WORDS", "SEAL_LEASE", "DecisionRow", "PaperRow", "PermissionRow", "Scope",
    "SharedRow", "SignedDocument", "StandingPart2", "TakenBack", "TextRow", "decisions", "document_for", "emergencies",
    "emergency", "ended", "ends", "has_ended", "is_screen_taken_back", "limits", "no_longer", "notices", "open_tasks",
    "papers", "part2_consents", "part2_signature", "permissions", "recipients_of", "restrictions", "revocable",
    "scope_of", "shared_under", "signed_before", "signed_documents", "signed_text", "texts_in_effect", "titles",
    "titles_of", "told_by_hand",
]  # fmt: skip

FALLBACK = "en"
SEAL_LEASE = timedelta(minutes=10)  # of whoever makes a PDF, and the wait before the next try
SEALS_WITHIN = timedelta(seconds=15)  # a little more than rendering may take
# Who has to sign, one after the other: "whoever" answers the packet, the "patient", or an "other" person for them.
# The minor comes before the parent, so that a parent's signature is never there without the minor's.
TURNS = {
    "self": ("whoever",),
    "minor_alone": ("patient",),
    "guardian": ("other",),
    "both": ("patient", "other"),
}


def turns(signer: str) -> tuple[str, ...]:
    """The roles that a `ConsentRule.Signer` stands for, in their order."""
    return TURNS[signer]


def role_of(capacity: str) -> str:
    return "patient" if capacity == "self" else "other"


@dataclass(frozen=True)
class DecisionRow:
    """`current`: that version is still effective. `revoked`: ended, past its last day, or suspected to be
    false.

    `capacity` is a `Signature.Capacity`: as whom it was decided. `taken_back_at`: when they ended it themselves.
    """

    slug: str
    kind: str
    decision: str
    language: str
    version: str
    signature_id: UUID
    signed_at: datetime
    current: bool
    revoked: bool
    capacity: str = "self"
    taken_back_at: datetime | None = None


@dataclass(frozen=True)
class Scope:
    """Who signed, as what, for whom and until when; what a chart needs beside the words."""

    signer_name: str
    capacity: str
    recipients: tuple[str, ...]
    purposes: tuple[str, ...]
    expires_on: date | None


@dataclass(frozen=True)
class SignedDocument:
    """One decided document. `pdf` is None until it is sealed, and for what was declined or refused."""

    signature_id: UUID
    clinic_id: UUID
    patient_id: UUID
    slug: str
    title: str
    kind: str
    decision: str
    version: str
    language: str
    signed_at: datetime
    revoked: bool
    sha256: str
    pdf: bytes | None
    scope: Scope


def titles(clinic_id: UUID, language: str) -> dict[str, str]:
    """Slug → title of each effective document, in English where `language` has none; one query."""
    rows = DocumentVersion.objects.filter(
        document__clinic_id=clinic_id, state=DocumentVersion.State.EFFECTIVE, language__in={language, FALLBACK}
    ).values_list("document__slug", "language", "title")
    return {slug: title for slug, _, title in sorted(rows, key=lambda row: row[1] == language)}


def decisions(source_ref: UUID) -> tuple[DecisionRow, ...]:
    """Every decision of one packet, the latest last; one query."""
    rows = (
        Signature.objects.filter(source_ref=source_ref)
        .annotate(ended=Q(ENDED) | Q(expires_on__lt=TODAY), current=Q(version__state=DocumentVersion.State.EFFECTIVE))
        .annotate(taken_back_at=TAKEN_BACK_AT)
        .order_by("signed_at")
        .values_list(
            "version__document__slug", "kind", "decision", "version__language", "version__version", "id", "signed_at",
            "current", "ended", "capacity", "taken_back_at",
        )
    )  # fmt: skip
    return tuple(DecisionRow(*row) for row in rows)


def ends(source_ref: UUID, slug: str, role: str) -> tuple[int, datetime | None]:
    """How often what this role signed here of this document has ended, and when that was done last; two queries.

    Each end opens another round: it can be decided anew.
    """
    by_patient = Q(capacity=Signature.Capacity.SELF)
    signed = Signature.objects.filter(by_patient if role == "patient" else ~by_patient, decision="signed")
    ours = signed.filter(source_ref=source_ref, version__document__slug=slug)
    ended = ours.filter(Q(ENDED) | Q(expires_on__lt=TODAY)).values("pk")
    last = Revocation.objects.filter(signature__in=ended, recipients=[]).aggregate(at=Max("at"))
    return ended.count(), last["at"]


def is_signed_by_all(source_ref: UUID, slug: str, signer: str) -> bool:
    """Whether everybody who must has signed this packet's document, in the same version, and it stands; one query."""
    made = [row for row in decisions(source_ref) if row.slug == slug]
    latest = {role: row for row in made for role in ("whoever", role_of(row.capacity))}
    needed = [latest.get(role) for role in turns(signer)]
    signed = [row.version for row in needed if row and row.decision == "signed" and not row.revoked]
    return len(signed) == len(needed) and len(set(signed)) == 1


def is_screen_taken_back(patient_id: UUID) -> bool:
    """Whether the agreement to sign on a screen that was made last has ended (15 USC 7001(c)(1)(B)); one query."""
    agreed = Signature.objects.filter(patient=patient_id, kind=Kind.ESIGN, decision=Signature.Decision.SIGNED)
    return agreed.order_by("-signed_at").annotate(ended=ENDED).values_list("ended", flat=True).first() or False


class StandingPart2(Func):
    """`consents_standing_part2(patient, packet)`: as `part2_signature`, inside a query of whoever asks."""

    function = "consents_standing_part2"
    output_field = UUIDField()


def part2_signature(patient_id: UUID, source_ref: UUID) -> UUID | None:
    """The Part 2 signature that stands now, this packet's first; a later "no" ends every earlier one. One query."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT consents_standing_part2(%s, %s)", [patient_id, source_ref])
        row: tuple[UUID | None] = cursor.fetchone()
    return row[0]


def signed_documents(source_ref: UUID) -> tuple[SignedDocument, ...]:
    """Every decided document of one packet with its PDF, in the order of signing; one query."""
    return _documents(Signature.objects.filter(source_ref=source_ref))


def is_being_sealed(source_ref: UUID) -> bool:
    """Whether a PDF of what was signed there is about to come: not tried yet, or claimed a moment ago.

    One that was tried and did not come (no Pango, no certificate) may take days: nobody waits for it.
    """
    waiting = SealedDocument.objects.filter(signature__source_ref=source_ref, sealed_at__isnull=True)
    return waiting.filter(Q(attempt=0) | Q(due_at__gt=Now() + SEAL_LEASE - SEALS_WITHIN)).exists()


def patient_of(signature_id: UUID) -> UUID:
    """Whose it is."""
    return Signature.objects.values_list("patient", flat=True).get(pk=signature_id)


def signed_in(signature_id: UUID) -> UUID:
    """The packet that it was signed in."""
    return Signature.objects.values_list("source_ref", flat=True).get(pk=signature_id)


@dataclass(frozen=True)
class SignedBefore:
    """How somebody signed for the patient, to be confirmed under the next document. PHI."""

    signer_name: str
    capacity: str
    authority: str


def signed_before(source_ref: UUID) -> SignedBefore | None:
    """Who signed for the patient last in this packet on a screen; one query."""
    signed = Signature.objects.filter(source_ref=source_ref, decision="signed").exclude(capacity="self")
    row = signed.only("signer_name", "capacity", "authority").order_by("-signed_at").first()
    return SignedBefore(row.signer_name, row.capacity, row.authority or "") if row else None


def signed_text(source_ref: UUID, slug: str) -> tuple[str, str] | None:
    """What was on the screen when this packet's document was signed last: language and HTML; one query."""
    signed = Signature.objects.filter(source_ref=source_ref, version__document__slug=slug, decision="signed")
    return signed.order_by("-signed_at").values_list("version__language", "shown_html").first()


def document_for(signature_id: UUID) -> SignedDocument | None:
    """One decided document with its PDF; one query."""
    return next(iter(_documents(Signature.objects.filter(pk=signature_id))), None)


def _documents(rows: "QuerySet[Signature]") -> tuple[SignedDocument, ...]:
    columns = (
        rows.annotate(ended=ENDED)
        .order_by("signed_at")
        .values_list(
            "id", "version__document__clinic_id", "patient_id", "version__document__slug", "version__title", "kind",
            "decision", "version__version", "version__language", "signed_at", "ended", "sealed__pdf_sha256",
            "sealed__pdf", "signer_name", "capacity", "fields", "expires_on",
        )
    )  # fmt: skip
    return tuple(_document(*row) for row in columns)


def _document(*columns: Any) -> SignedDocument:
    """A document that was declined has no sealed row: its last two columns are null."""
    *known, sha256, pdf, signer, capacity, fields, expires_on = columns
    coded = fields.get("scope", {})
    scope = Scope(signer, capacity, tuple(coded.get("recipients", ())), tuple(coded.get("purposes", ())), expires_on)
    return SignedDocument(*(*known, sha256 or "", base64.b64decode(pdf) if pdf else None, scope))


def revocable(patient_id: UUID) -> tuple[SignedDocument, ...]:
    """What the patient signed, may take back at will, and has not taken back; one query."""
    kinds = set(Kind) - NEVER_TAKEN_BACK
    rows = Signature.objects.filter(patient_id=patient_id, decision="signed", kind__in=kinds).exclude(ENDED)
    return _documents(rows)


def reviews_wanted(version: DocumentVersion) -> tuple[str, ...]:
    """Who still has to look at this text: counsel at each, a qualified translator at what isn't English."""
    wanted = [Review.Role.COUNSEL] if version.language == FALLBACK else [Review.Role.COUNSEL, Review.Role.TRANSLATOR]
    done = {review.role for review in version.reviews.all()}
    return tuple(str(role) for role in wanted if role not in done)


@dataclass(frozen=True)
class Edition:
    """One version of a document in all its languages, as compliance sees it. `wanted`: (language, role) to review."""

    version: str
    state: str
    texts: tuple[DocumentVersion, ...]
    wanted: tuple[tuple[str, str], ...]

    @property
    def first(self) -> DocumentVersion:
        """What is the same in every language stands in each."""
        return self.texts[0]

    @property
    def seen(self) -> str:
        """Names exactly these words: whoever edits or approves says with it what they had before them."""
        return hashlib.sha256("".join(row.sha256 for row in self.texts).encode()).hexdigest()


TEXTS = Prefetch(
    "versions",
    DocumentVersion.objects.select_related("author", "approver").prefetch_related("reviews").order_by("language"),
)


def editions(document: Document) -> tuple[Edition, ...]:
    """Newest first; two queries, and none for a document that was read with TEXTS."""
    prefetch_related_objects([document], TEXTS)
    found: dict[str, list[DocumentVersion]] = {}
    for row in document.versions.all():
        found.setdefault(row.version, []).append(row)
    return tuple(_edition(version, found[version]) for version in sorted(found, key=order, reverse=True))


def edition_of(document: Document, version: str) -> Edition | None:
    """One version as it is now, whatever was read before."""
    texts = list(document.versions.filter(version=version).order_by("language"))
    return _edition(version, texts) if texts else None


def _edition(version: str, texts: list[DocumentVersion]) -> Edition:
    """While its languages differ (files that were published one by one), the one furthest on speaks for it."""
    state = next(one for one in ("effective", "approved", "draft", "retired") if one in {row.state for row in texts})
    wanted = [(row.language, role) for row in texts for role in reviews_wanted(row)]
    return Edition(version, state, tuple(texts), tuple(wanted))


def affected_by_new_version(document: Document) -> QuerySet[Signature]:
    """Each patient's latest signature on this document, where it stands, is on a text that was replaced, and a rule
    asks again on a new version. A clinic without rules asks always."""
    rules = ConsentRule.objects.filter(document__clinic=document.clinic_id, is_active=True)
    ours = rules.filter(document=document)
    on_this = Signature.objects.filter(version__document=document)
    later = on_this.filter(patient=OuterRef("patient"), signed_at__gt=OuterRef("signed_at"))
    found = (
        on_this.filter(decision=Signature.Decision.SIGNED, version__state=DocumentVersion.State.RETIRED)
        .filter(Q(expires_on__isnull=True) | Q(expires_on__gte=TODAY))
        .exclude(ENDED)
        .exclude(Exists(later))
    )
    asks_again = ours.filter(on_new_version=True).exists() or not rules.exists()
    return found if asks_again else found.none()


def in_force_since(document: Document) -> datetime | None:
    """When the text in force took effect; None where there is none."""
    rows = document.versions.filter(state=DocumentVersion.State.EFFECTIVE)
    return rows.order_by("-effective_at").values_list("effective_at", flat=True).first()


def title_of(known: tuple[Edition, ...]) -> str:
    """What the front desk reads: the English title of the text in force, else of the newest."""
    shown = next((one for one in known if one.state == "effective"), known[0] if known else None)
    titles = {row.language: row.title for row in shown.texts} if shown else {}
    return titles.get(FALLBACK) or next(iter(titles.values()), "")
