"""Score what a response holds, and keep what was found. The only write of this app."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

import audit.services
from audit.actions import Action, Actor, Ref
from core.models import Patient
from screening import instruments, rules, scoring
from screening.instruments.base import Sex
from screening.models import Finding, ScreeningResult


@dataclass(frozen=True)
class Found:
    """A finding for whoever has to act on it. `key` is the same while the same answers give the same finding."""

    key: str
    instrument: str
    code: str
    urgency: str
    because: str
    pages: bool


@transaction.atomic
def assess(
    *, patient: Patient, source_ref: UUID, revision: int, answers: Mapping[str, str], actor: Actor
) -> tuple[Found, ...]:
    """Score every instrument whose items occur in `answers` (linkId → answer code) and return what was found.

    Stores a result when it is complete or found something, once per set of answers. Raises AnswersError.
    """
    found: list[Found] = []
    for name, instrument in instruments.REGISTRY.items():
        own = {item.link_id: answers[item.link_id] for item in instrument.items if item.link_id in answers}
        if not own:
            continue
        sex: Sex = patient.sex if patient.sex in ("male", "female", "other") else "unknown"
        result = scoring.score(name, own, sex=sex)
        hits = rules.findings(name, result, own)
        if hits or isinstance(result, scoring.Score):
            _keep(patient, source_ref, revision, name, own, result, hits, actor)
        found += [
            Found(f"{name}:{hit.code}:{hit.because}", name, hit.code, hit.urgency, hit.because, hit.pages)
            for hit in hits
        ]
    return tuple(found)


def _keep(
    patient: Patient,
    source_ref: UUID,
    revision: int,
    name: str,
    answers: Mapping[str, str],
    result: scoring.Score | scoring.Incomplete,
    hits: tuple[rules.Finding, ...],
    actor: Actor,
) -> None:
    last = ScreeningResult.objects.filter(source_ref=source_ref, instrument=name).order_by("-source_revision").first()
    if last and (last.answers == dict(answers) or last.source_revision >= revision):
        return
    row = ScreeningResult.objects.create(
        patient=patient,
        instrument=name,
        source_ref=source_ref,
        source_revision=revision,
        answers=dict(answers),
        detail=scoring.detail(result),
    )
    Finding.objects.bulk_create(
        Finding(result=row, code=hit.code, because=hit.because, urgency=hit.urgency, pages=hit.pages) for hit in hits
    )
    audit.services.record(
        Action.SCREENING_SCORED,
        actor=actor,
        obj=Ref("screening.ScreeningResult", str(row.id)),
        clinic_id=patient.clinic_id,
        patient_id=patient.id,
        context={"revision": revision, "findings": len(hits)},
    )
