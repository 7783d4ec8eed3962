"""What stands no more: how a query tells, and what the patient is shown of it."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, Subquery

from consents.models import DocumentVersion, Revocation, Signature
from consents.policy import Kind
from consents.selectors.privacy import TODAY

# A receipt and a notice are nothing to take back; a referral by a court ends at its time or event (42 CFR 2.35(c)).
NEVER_TAKEN_BACK = frozenset({Kind.NPP_ACK, Kind.PART2_NOTICE, Kind.PART2_CJ_REFERRAL})
# A revocation for some recipients leaves the rest of it standing.
WHOLLY = Revocation.objects.filter(signature=OuterRef("pk"), recipients=[])
ENDED = Exists(WHOLLY)
TAKEN_BACK_AT = Subquery(WHOLLY.filter(why=Revocation.Why.REVOKED).order_by("at").values("at")[:1])


@dataclass(frozen=True)
class TakenBack:
    """What the patient had signed and stands no more. `at`: when it was ended; None where its last day is over."""

    signature_id: UUID
    title: str
    capacity: str
    signed_at: datetime
    at: datetime | None
    last_day: date | None


def no_longer(patient_id: UUID, language: str) -> tuple[TakenBack, ...]:
    """Of all packets, the latest first, in the page's language; two queries."""
    kinds = set(Kind) - NEVER_TAKEN_BACK
    rows = Signature.objects.filter(patient_id=patient_id, decision="signed", kind__in=kinds)
    over = rows.filter(Q(ENDED) | Q(expires_on__lt=TODAY))
    ended_at = Subquery(WHOLLY.order_by("at").values("at")[:1])
    columns = ("id", "version__title", "capacity", "signed_at", "ended_at", "expires_on")
    found = [TakenBack(*row) for row in over.annotate(ended_at=ended_at).order_by("-signed_at").values_list(*columns)]
    called = titles_of([one.signature_id for one in found], language)
    return tuple(replace(one, title=called.get(one.signature_id, one.title)) for one in found)


def titles_of(signature_ids: Collection[UUID], language: str) -> dict[UUID, str]:
    """Signature → title of the same version in `language`, where it has one: a page names a document in its own words,
    in whatever language it was signed. One query."""
    same = DocumentVersion.objects.filter(
        document=OuterRef("version__document"), version=OuterRef("version__version"), language=language
    )
    rows = Signature.objects.filter(pk__in=signature_ids).annotate(called=Subquery(same.values("title")[:1]))
    return {key: title for key, title in rows.values_list("pk", "called") if title}
