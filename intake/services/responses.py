"""Keep what the patient said: merged into the draft, under the key the phone chose, behind the Part 2 gate."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings

import consents.selectors
from core import clock
from core.crypto import blind_index
from intake import engine
from intake.models import Packet, Response, SavedAnswer, Sensitivity, Step
from intake.selectors import definition_of

OPEN = (Packet.State.INVITED, Packet.State.OPENED, Packet.State.IN_PROGRESS)
LOINC = "http://loinc.org"


class PacketClosed(Exception):
    """The packet is submitted, withdrawn or expired: nothing more can be answered or signed in it."""


class StepLocked(Exception):
    """A substance-use section without a valid Part 2 signature: not asked, not stored."""


class KeyReused(Exception):
    """The same key came with other content: something is out of step, and nothing was changed."""


@dataclass(frozen=True)
class Kept:
    response: Response
    problems: tuple[engine.AnswerError, ...]
    replayed: bool


def locked_packet(packet_id: UUID) -> Packet:
    """The packet's row under lock, open for answers. Raises PacketClosed. Call inside a transaction."""
    packet = Packet.objects.select_for_update(of=("self",)).select_related("clinic").get(pk=packet_id)
    if packet.state not in OPEN:
        raise PacketClosed
    return packet


def save(*, packet: Packet, slug: str, key: UUID, changes: Mapping[str, Sequence[str]], language: str) -> Kept:
    """Merge raw form values into the draft. What can't be read is reported and leaves the stored answer as it was.

    `packet` comes from `locked_packet`. Raises StepLocked, KeyReused, Step.DoesNotExist.
    """
    step = Step.objects.get(packet=packet, slug=slug, what=Step.What.FORM)
    signature = unlocking_signature(packet, step)
    body = json.dumps([slug, sorted((name, list(values)) for name, values in changes.items())], ensure_ascii=False)
    fingerprint = blind_index(settings.INDEX_KEY, body, context="saved_answer")
    response = Response.objects.filter(step=step).first()
    known = SavedAnswer.objects.filter(pk=key).first()
    if known and (known.packet_id != packet.id or known.body_sha256 != fingerprint or response is None):
        raise KeyReused
    assert step.form_id is not None
    definition = definition_of(step.form_id)
    before = response.answers if response else []
    zone = ZoneInfo(packet.clinic.time_zone)
    today = clock.now().astimezone(zone).date()
    merged = engine.merge(definition, before, changes, language=language, today=today, zone=zone)
    if known and response:
        return Kept(response, merged.problems, replayed=True)
    if response is None:
        response = Response(packet=packet, step=step, sensitivity=step.sensitivity, revision=0)
    response.answers, response.part2_signature_id = merged.items, signature
    response.revision += 1
    response.saved_at = clock.Now()
    response.save()
    SavedAnswer.objects.create(packet=packet, key=key, body_sha256=fingerprint, revision=response.revision)
    if packet.state != Packet.State.IN_PROGRESS:
        packet.state = Packet.State.IN_PROGRESS
        packet.save()
    return Kept(response, merged.problems, replayed=False)


def unlocking_signature(packet: Packet, step: Step) -> UUID | None:
    """The Part 2 signature that a substance-use step needs; None for other steps. Raises StepLocked."""
    if step.sensitivity != Sensitivity.SUD:
        return None
    signature = consents.selectors.part2_signature(packet.patient_id, packet.id)
    if signature is None:
        raise StepLocked
    return signature


def mark_assessed(response: Response) -> None:
    """Scored as of this revision; a later save makes it due again."""
    Response.objects.filter(pk=response.pk).update(assessed_revision=response.revision, assess_failures=0)


def coded_answers(items: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """linkId → LOINC answer code, at any depth; hidden answers count, because risk that was told is not dropped."""
    return dict(_walk(items))


def _walk(items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for item in items:
        for answer in item.get("answer", []):
            coding = answer.get("valueCoding", {})
            if coding.get("system") == LOINC and "code" in coding:
                yield item["linkId"], coding["code"]
            yield from _walk(answer.get("item", []))
        yield from _walk(item.get("item", []))
