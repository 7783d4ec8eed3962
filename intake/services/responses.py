"""Keep what the patient said: merged into the draft, under the key the phone chose, behind the Part 2 gate."""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection
from django.db.models import Case, OuterRef, When

import consents.selectors
import screening.selectors
import screening.services
from core import clock
from core.crypto import UnreadableValue, blind_index
from intake import engine
from intake.models import Overruled, Packet, Response, SavedAnswer, Sensitivity, Step
from intake.rules.helping import BegunAlone, Help, is_closed
from intake.selectors import definition_of, form_sha256
from intake.selectors.starting import starting_items
from intake.services import terminology
from intake.services.screens import FREE_TEXT, Changes, Conflict, settle
from screening.scoring import AnswersError

OPEN = (Packet.State.INVITED, Packet.State.OPENED, Packet.State.IN_PROGRESS)
LOINC = "http://loinc.org"


class PacketClosed(Exception):
    """The packet is submitted, withdrawn or expired: nothing more can be answered or signed in it."""


class StepLocked(Exception):
    """A substance-use section without a valid Part 2 signature: not asked, not stored."""


class KeyReused(Exception):
    """The same key came with other content: something is out of step, and nothing was changed."""


class Unconfirmed(Exception):
    """The phone still waits for a reply to a save that is not stored: nothing is signed or sent before it."""


@dataclass(frozen=True)
class Kept:
    """The draft as it is now, in memory until `store`. `changed` are the questions with another answer than before.

    `is_scored`: an earlier state of it was worth a result. `clinic_rules`: the clinic's own, now in force.
    `overruled`: what the page said and another screen had changed meanwhile; not stored as an answer.
    """

    packet: Packet
    response: Response
    definition: engine.Definition
    problems: tuple[engine.AnswerError, ...]
    conflicts: tuple[Conflict, ...]
    changed: frozenset[str]
    is_scored: bool
    clinic_rules: screening.selectors.ClinicRules
    overruled: Overruled | None = None


def locked_packet(packet_id: UUID) -> Packet:
    """The packet's row under lock, open for answers. Raises PacketClosed. Call inside a transaction."""
    packet = Packet.objects.select_for_update(of=("self",)).select_related("clinic").get(pk=packet_id)
    if packet.state not in OPEN:
        raise PacketClosed
    return packet


# The lock and the key in one statement. What is read after it is fresh: whoever held the lock before has committed.
# `revision` is the one that the page had seen.
TAKE = """
WITH held AS (SELECT id FROM intake_packet WHERE id = %s AND state = ANY(%s) FOR UPDATE)
INSERT INTO intake_savedanswer (key, packet_id, body_sha256, revision) SELECT %s, id, %s, %s FROM held
ON CONFLICT (key) DO NOTHING
"""


def take(*, packet_id: UUID, slug: str, key: UUID, changes: Changes, screen: engine.Screen | None) -> bool:
    """Lock the packet's row and take the phone's key; False when it was taken before with the same body: a repeat.

    Raises PacketClosed, KeyReused. Call inside a transaction.
    """
    seen = [screen.client, screen.revision, sorted(screen.told.items())] if screen else []
    body = json.dumps([slug, seen, sorted((name, list(values)) for name, values in changes.items())])
    fingerprint = blind_index(settings.INDEX_KEY, body, context="saved_answer")
    revision = screen.revision if screen else 0
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [packet_id, list(OPEN), key, fingerprint, revision])
        if cursor.rowcount == 1:
            return True
    locked_packet(packet_id)
    known = SavedAnswer.objects.get(pk=key)
    if known.packet_id != packet_id or known.body_sha256 != fingerprint:
        raise KeyReused
    return False


def merged(
    *,
    packet_id: UUID,
    slug: str,
    changes: Changes,
    screen: engine.Screen | None,
    language: str = "",
    helped: Help | None = None,
) -> Kept:
    """The draft with raw form values merged in, not stored yet; the packet is locked by `take`.

    What can't be read is reported and leaves no answer. `language` is that of the words to the patient: the packet's
    own unless given. Raises StepLocked, BegunAlone, Step.DoesNotExist.
    """
    step = _opened(packet_id, slug, is_new=screen is None or not screen.revision)
    assert step.form_id is not None
    packet, definition = step.packet, definition_of(step.form_id)
    response: Response | None = getattr(step, "response", None)
    if response is None:
        response = Response(packet=packet, step=step, sensitivity=step.sensitivity, revision=0)
        response.answers = starting_items(packet, definition)
    given_in(response, helped)
    zone = ZoneInfo(packet.clinic.time_zone)
    language = language or packet.language
    resolved = terminology.resolve(definition, without_photos(definition, changes))
    today = step.now.astimezone(zone).date()
    merge = partial(engine.merge, definition, language=language, today=today, zone=zone, terms=resolved.terms)
    settled = settle(response, definition, resolved.changes, screen, merge, language)
    changed = settled.merged.changed
    if changed:
        client = screen.client if screen else engine.NOBODY
        response.answers, response.part2_signature_id = settled.merged.items, step.permission
        response.revision += 1
        response.marks = engine.marked(response.marks, changed, revision=response.revision, client=client)
    own = screening.selectors.ClinicRules.told(step.clinic_rules)
    told = [conflict.danger for conflict in settled.conflicts if conflict.danger]
    lost = Overruled(response=response, answers=settled.said, told=told) if settled.conflicts else None
    problems, conflicts = settled.merged.problems, settled.conflicts
    return Kept(packet, response, definition, problems, conflicts, changed, step.is_scored, own, lost)


def _opened(packet_id: UUID, slug: str, *, is_new: bool) -> Any:
    """The step with all that saving needs, in one statement: `packet`, `response`, the database's `now`, whether it
    `is_scored`, the `clinic_rules`, and the Part 2 `permission` that stands; the patient, whose details a new draft may
    start with."""
    permission = consents.selectors.StandingPart2("packet__patient", "packet")
    step = (
        Step.objects.select_related("packet__clinic", "response", *(["packet__patient"] if is_new else []))
        .annotate(now=clock.Now(), is_scored=screening.selectors.is_scored(OuterRef("response__id")))
        .annotate(clinic_rules=screening.selectors.rules_in_force(OuterRef("packet__clinic")))
        .annotate(permission=Case(When(sensitivity=Sensitivity.SUD, then=permission)))
        .get(packet=packet_id, slug=slug, what=Step.What.FORM)
    )
    if step.sensitivity == Sensitivity.SUD and step.permission is None:
        raise StepLocked
    return step


def given_in(response: Response, helped: Help | None) -> None:
    """Before anything of it is changed in this sitting: whose it is from now on. Raises BegunAlone."""
    if response.revision and is_closed(helped, response.sitting):
        raise BegunAlone
    response.sitting = helped.sittings[0] if helped else None
    if helped and helped.by:
        response.assisted_by_id = helped.by


def without_photos(definition: engine.Definition, changes: Changes) -> Changes:
    """A photo is an answer only by way of `services.photos`: what a page posts in its place names no file of ours."""
    photos = [item.link_id for item in definition.all_items if item.type == "attachment"]

    def is_photo(name: str) -> bool:
        key = engine.split_field(name)[0]
        return key in photos or (definition.find(key) is None and any(key.endswith(f".{one}") for one in photos))

    return {name: texts for name, texts in changes.items() if not is_photo(name)} if photos else changes


def store(kept: Kept) -> None:
    """One row for the draft and one for its history."""
    kept.response.saved_at = clock.Now()
    kept.response.save()
    if kept.packet.state != Packet.State.IN_PROGRESS:
        kept.packet.state = Packet.State.IN_PROGRESS
        kept.packet.save()


def confirm(packet: Packet, keys: Collection[UUID]) -> None:
    """All these saves are stored. Raises Unconfirmed. Call under the packet's lock."""
    if keys and SavedAnswer.objects.filter(packet=packet, key__in=keys).count() < len(set(keys)):
        raise Unconfirmed


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


def told(response: Response, packet: Packet) -> screening.services.Told | None:
    """What a response says to whoever assesses it. What was declined counts only while it is asked.

    None when there is nothing to assess: no question of the form is scored, and nothing was written in own words.
    """
    assert response.step.form_id is not None
    form = definition_of(response.step.form_id)
    written = tuple(_written(form, response.answers))
    by_other = packet.answered_by != Packet.AnsweredBy.PATIENT
    if not screening.services.asks(item.link_id for item in form.all_items):
        return screening.services.Told({}, written=written, by_other=by_other) if written else None
    seen = engine.evaluate(form, response.answers)
    items = [seen.places[key].item for key in seen.declined]
    return screening.services.Told(
        answers=coded_answers(response.answers),
        declined=frozenset(item.link_id for item in items),
        risk=frozenset(item.link_id for item in items if item.risk),
        written=written,
        by_other=by_other,
    )


def is_said_anew(response: Response, packet: Packet, clinic: screening.selectors.ClinicRules, key: str) -> bool:
    """Whether the answers one save earlier did not hold this finding. What can't be read counts as yes: telling twice
    is better than not telling."""
    earlier = response.history.filter(revision__lt=response.revision).order_by("-revision").first()
    if earlier is None:
        return True
    try:
        before = told(earlier.instance, packet)
        if before is None:
            return True
        weighed = screening.services.weigh(
            patient_id=packet.patient_id,
            source_ref=response.id,
            revision=earlier.revision,
            told=before,
            asked=asked(response, clinic),
        )
    except (UnreadableValue, AnswersError):
        return True
    return all(finding.key != key for finding in weighed.found)


def asked(response: Response, clinic: screening.selectors.ClinicRules) -> screening.services.Asked:
    """What is frozen into a result about where it comes from."""
    form_id = response.step.form_id
    assert form_id is not None
    return screening.services.Asked(
        packet_ref=response.packet_id,
        form_ref=form_id,
        form_sha256=form_sha256(form_id),
        is_sensitive=response.sensitivity == Sensitivity.SUD,
        rules=clinic,
    )


def coded_answers(items: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """linkId → LOINC answer code, at any depth; hidden answers count, because risk that was told is not dropped."""
    return dict(_walk(items))


def _written(form: engine.Definition, items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    """(linkId, text) of what was typed freely, at any depth, hidden answers too. What is picked from a list is not."""
    for item in items:
        asked = form.find(item["linkId"])
        for answer in item.get("answer", []):
            if asked and asked.type in FREE_TEXT and answer.get("valueString", "").strip():
                yield item["linkId"], answer["valueString"]
            yield from _written(form, answer.get("item", []))
        yield from _written(form, item.get("item", []))


def _walk(items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for item in items:
        for answer in item.get("answer", []):
            coding = answer.get("valueCoding", {})
            if coding.get("system") == LOINC and "code" in coding:
                yield item["linkId"], coding["code"]
            yield from _walk(answer.get("item", []))
        yield from _walk(item.get("item", []))
