"""A decision that was made on paper: written down by staff, with the scan, on the text that was in effect that day."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction

import core.doorbell
from audit.actions import Actor
from consents.models import DocumentVersion, Paper, SealedDocument, Signature
from consents.rendering import filled
from consents.rules import DocumentSource, parse
from consents.selectors import ends, role_of
from consents.services.papers import EVIDENCE, Scan, keep_paper
from consents.services.signing import AlreadyDecided, CannotSign
from consents.services.texts import (
    JOINTLY,
    LONGEST_AUTHORITY,
    LONGEST_NAME,
    coded_scope,
    digest,
    is_said,
    record_decision,
    values_of,
)
from core import clock
from core.fields.typed import plain
from core.models import Patient, Program, User


@dataclass(frozen=True)
class OnPaper:
    """What the paper says, as staff read it. `decided_on` is its date, `options` are ids of the ticked options.

    Every line that has to be ticked is ticked on it, or it was not signed. `why`: "chosen" (in the packet), "counter"
    or "no-screen".
    """

    version_id: UUID
    decided_on: date
    decision: str
    signer_name: str
    capacity: str
    authority: str
    reason: str
    options: Sequence[str]
    why: str
    scan: Scan = field(repr=False)


@transaction.atomic
def decide_on_paper(
    *, patient: Patient, program: Program, source_ref: UUID, slug: str, paper: OnPaper, jointly: bool, user: User
) -> Signature:
    """A signature like any other, whose evidence says that no screen was shown.

    A day has no hour: a "yes" of an earlier day counts from its beginning and a "no" until its end, so that where the
    order of the two isn't known, the "no" stands. Raises AlreadyDecided, and CannotSign: also `day` (it has not come)
    and `text` (not in effect on that day); then nothing is stored.
    """
    patient = Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    version = DocumentVersion.objects.filter(
        pk=paper.version_id, document__clinic_id=program.clinic_id, document__slug=slug
    ).first()
    if version is None:
        raise CannotSign("text")
    source = parse(version.body, slug=slug)
    decided_at = _instant(version, paper, ZoneInfo(program.clinic.time_zone))
    _check(source, paper)
    ended = _check_new(version, source_ref, paper, decided_at)
    is_signed = paper.decision == Signature.Decision.SIGNED
    by_patient = paper.capacity == Signature.Capacity.SELF
    values = values_of(patient, program, version, source)
    html = filled(version.html, values)
    actor = Actor.staff(user.id)
    signature = Signature.objects.create(
        patient=patient,
        version=version,
        kind=source.kind,
        source_ref=source_ref,
        round=ended,
        decision=paper.decision,
        reason=plain(paper.reason),
        signer_name=plain(paper.signer_name),
        capacity=paper.capacity,
        authority=(JOINTLY if jointly else None) if by_patient else plain(paper.authority),
        shown_html=html,
        shown_sha256=digest(html),
        fields={"values": values, "scope": coded_scope(source), "program": str(program.pk)},
        statements=_lines(source, paper.options) if is_signed else [],
        evidence=_evidence(paper, user),
        expires_on=source.expires_on(paper.decided_on),
        signed_at=decided_at,
    )
    record_decision(signature, program, actor)
    keep_paper(signature=signature, what=Paper.What.SIGNED, scan=paper.scan, actor=actor, entered_by=user)
    if is_signed:
        SealedDocument.objects.create(signature=signature)
        core.doorbell.ring("consents.seal_due")
    return signature


def _instant(version: DocumentVersion, paper: OnPaper, zone: ZoneInfo) -> datetime:
    """When it counts from. Raises CannotSign where the text was not in effect at any time of that day."""
    now, day = clock.now(), paper.decided_on
    if day > now.astimezone(zone).date():
        raise CannotSign("day")
    begins = datetime.combine(day, time.min, zone)
    ends = datetime.combine(day + timedelta(days=1), time.min, zone)
    since, until = version.effective_at, version.retired_at
    was_in_effect = version.state in (DocumentVersion.State.EFFECTIVE, DocumentVersion.State.RETIRED)
    if not was_in_effect or since is None or since >= ends or (until is not None and until <= begins):
        raise CannotSign("text")
    if ends > now:
        return now
    return max(begins, since) if paper.decision == Signature.Decision.SIGNED else ends - timedelta(seconds=1)


def _check(source: DocumentSource, paper: OnPaper) -> None:
    if paper.decision not in {offered for offered, _ in source.decisions}:
        raise CannotSign("decision")
    if paper.capacity not in Signature.Capacity.values:
        raise CannotSign("capacity")
    if not {*paper.options} <= {name for name, _ in source.options}:
        raise CannotSign("statements")
    if paper.decision == "refused" and not any(char.isalnum() for char in paper.reason):
        raise CannotSign("reason")
    if paper.decision == "signed" and not is_said(paper.signer_name, LONGEST_NAME):
        raise CannotSign("name")
    if paper.decision == "signed" and paper.capacity != "self" and not is_said(paper.authority, LONGEST_AUTHORITY):
        raise CannotSign("authority")


def _check_new(version: DocumentVersion, source_ref: UUID, paper: OnPaper, decided_at: datetime) -> int:
    """The round that it belongs to. After a "no" may come a "yes", and anything after what was taken back, unless the
    paper is older than that; everything else is there already."""
    role = role_of(paper.capacity)
    ended, last = ends(source_ref, version.document.slug, role)
    if last is not None and decided_at < last:
        raise AlreadyDecided
    same = Signature.objects.filter(
        source_ref=source_ref, version__document=version.document_id, version__version=version.version, round=ended
    )
    for decision, capacity in same.values_list("decision", "capacity"):
        if role_of(capacity) == role and (decision == "signed" or decision == paper.decision):
            raise AlreadyDecided
    return ended


def _lines(source: DocumentSource, options: Sequence[str]) -> list[dict[str, object]]:
    required = [{"id": name, "text": text, "ticked": True, "required": True} for name, text in source.statements]
    chosen = [{"id": name, "text": text, "ticked": name in options, "required": False} for name, text in source.options]
    return [*required, *chosen]


def _evidence(paper: OnPaper, user: User) -> dict[str, object]:
    return {
        "method": "paper",
        "screen": "none was shown",
        "why_on_paper": paper.why,
        "decided_on": paper.decided_on.isoformat(),
        "entered_by": str(user.id),
        "entered_by_name": user.full_name,
        "mark": "on paper",
        EVIDENCE[Paper.What.SIGNED]: paper.scan.sha256,
    }
