"""The plan of a packet's export: which resources, in which order. A draft comes after all that it refers to."""

from collections.abc import Iterator
from dataclasses import replace

from ehr.mapping import forms
from ehr.mapping.allergy import draft_allergies
from ehr.mapping.consent import draft_consent
from ehr.mapping.document import draft_document
from ehr.mapping.drafts import Context, Draft
from ehr.mapping.medication import draft_medicines, draft_treatment_medicines
from ehr.mapping.notice import NOTICE_KEY, draft_notice
from ehr.mapping.observation import draft_items, draft_score
from ehr.mapping.patient import draft_patient
from ehr.mapping.photo import draft_photo
from ehr.mapping.questionnaire_response import draft_response
from ehr.mapping.source import AnswerSet, FinishedPacket

__all__ = ["Draft", "is_gated", "plan"]


def plan(packet: FinishedPacket, *, identifier_system: str) -> tuple[Draft, ...]:
    """All drafts of a submitted packet. `identifier_system` is the URI of our business identifiers; with the packet's
    id it says in `meta.source` where each resource came from."""
    context = Context(packet.part2, f"{identifier_system}#{packet.id}", packet.clinic_name)
    drafts = _accompanied(tuple(_drafts(packet, context)), packet, context)
    keys = [draft.field_key for draft in drafts]
    if len(set(keys)) != len(keys):
        raise ValueError("two drafts of the packet share a field_key")
    return drafts


def is_gated(draft: Draft, *, part2: bool) -> bool:
    """Whether it passes the consent gate at the wire."""
    return part2 or draft.sensitivity == "sud" or draft.field_key == NOTICE_KEY


def _accompanied(drafts: tuple[Draft, ...], packet: FinishedPacket, context: Context) -> tuple[Draft, ...]:
    """With the notice behind the patient, and before all that it has to accompany (42 CFR 2.32)."""
    if not any(is_gated(draft, part2=packet.part2) for draft in drafts):
        return drafts
    patient, *rest = drafts
    after = [
        replace(draft, needs=(*draft.needs, NOTICE_KEY)) if is_gated(draft, part2=packet.part2) else draft
        for draft in rest
    ]
    return (patient, draft_notice(packet.submitted_at, context), *after)


def _drafts(packet: FinishedPacket, context: Context) -> Iterator[Draft]:
    demographics = next((one.items for one in packet.answer_sets if one.slug == forms.DEMOGRAPHICS), ())
    yield draft_patient(packet.patient, demographics, context)
    for signature in packet.signatures:
        document = draft_document(signature, context)
        if document:
            yield document
        yield draft_consent(signature, context)
    scored = frozenset(score.total_loinc for score in packet.scores if score.total_loinc)
    for answers in packet.answer_sets:
        yield draft_response(answers, context)
        yield from (draft_photo(photo, answers, context) for photo in answers.photos)
        yield from draft_items(answers, scored, context)
        yield from _lists(answers, context)
    for score in packet.scores:
        draft = draft_score(score, context)
        if draft:
            yield draft


def _lists(answers: AnswerSet, context: Context) -> Iterator[Draft]:
    """What belongs on the chart's own lists."""
    if answers.slug == forms.ALLERGIES:
        yield from draft_allergies(answers, context)
    if answers.slug == forms.MEDICATIONS:
        yield from draft_medicines(answers, context)
    if answers.slug == forms.SUBSTANCE_USE:
        yield from draft_treatment_medicines(answers, context)
