"""The story: what the patient says is kept, scored, and, if it is dangerous, on its way to a human before the reply.

Read it top to bottom. One transaction holds the answer, its score, its findings, the incident and its first pages;
the doorbell rings after commit, and `manage.py dispatch` finds the rows if nobody hears it.
"""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import F

import audit.services
import consents.selectors
import consents.services
import core.doorbell
import core.outbox
import escalation.selectors
import escalation.services
import screening.selectors
import screening.services
from audit.actions import Action, Actor, Ref
from consents.policy import Kind
from core import clock
from core.models import Patient
from intake import engine, selectors
from intake.models import Packet, Response, Sensitivity, Step, Submission
from intake.rules.helping import Help
from intake.services import responses
from intake.services.responses import KeyReused, PacketClosed, StepLocked, Unconfirmed
from intake.services.screens import Conflict

log = logging.getLogger(__name__)

__all__ = [
    "Changed", "KeyReused", "NotComplete", "NotTheirs", "PacketClosed", "Saved", "ScreenFirst", "StepLocked",
    "Unconfirmed", "decided", "go_on_from", "save_answers", "sign", "submit",
]  # fmt: skip

ASSESSOR = Actor.system("assessment")
GIVE_UP_AFTER = 3
REPEATED = "repeated"
TWO_SCREENS = "answers-differ"
JPEG = "image/jpeg"


class NotComplete(Exception):
    """Something required is unanswered, unsigned or signed on an outdated text."""

    def __init__(self, missing: tuple[selectors.Missing, ...]) -> None:
        super().__init__(f"{len(missing)} missing")
        self.missing = missing


class ScreenFirst(Exception):
    """Nobody has agreed yet to sign on a screen, or paper was chosen, first or later: nothing is signed here (15 USC
    7001(c))."""


class NotTheirs(Exception):
    """Somebody else has to decide on this document: the patient, or a parent, guardian or representative."""


class Changed(Exception):
    """The packet says something else now than what the patient looked at before sending it."""


@dataclass(frozen=True)
class Saved:
    """What the phone is told, and the draft as it is now.

    `problems` name what could not be read, `conflicts` what another screen changed (neither was stored), `risk` opens
    the crisis help. `dangers` are keys of what pages, one of them for all that a repeat may not have told.
    """

    packet: Packet
    definition: engine.Definition
    items: Sequence[Mapping[str, Any]] = field(repr=False)
    revision: int
    problems: tuple[engine.AnswerError, ...]
    conflicts: tuple[Conflict, ...]
    replayed: bool
    risk: bool
    dangers: frozenset[str] = frozenset()

    @property
    def errors(self) -> tuple[engine.AnswerError, ...]:
        return (*self.problems, *(conflict.error for conflict in self.conflicts))


def save_answers(
    *,
    packet_id: UUID,
    slug: str,
    key: UUID,
    changes: Mapping[str, Sequence[str]],
    screen: engine.Screen | None = None,
    language: str = "",
    helped: Help | None = None,
) -> Saved:
    """Keep what the patient said, and decide who must hear of it.

    `screen` is the page that it comes from: what another one changed since is left alone and told (without a screen,
    nothing is). `helped` is the session's (`access.help_in_session`). Raises PacketClosed, StepLocked, BegunAlone,
    KeyReused, Step.DoesNotExist; then nothing was stored.
    """
    with transaction.atomic():
        is_new = responses.take(packet_id=packet_id, slug=slug, key=key, changes=changes, screen=screen)
        kept = responses.merged(
            packet_id=packet_id, slug=slug, changes=changes, screen=screen, language=language, helped=helped
        )
        response, packet = kept.response, kept.packet
        dangers = {REPEATED} if not is_new and escalation.selectors.is_open(packet.id) else set()
        if is_new and kept.changed:
            try:
                dangers = assess(response, packet, clinic=kept.clinic_rules, is_first=not kept.is_scored)
                response.assessed_revision, response.assess_failures = response.revision, 0
            except Exception:  # the answer is kept; assessed_revision stays behind, the sweep retries, then pages
                log.exception("assessment failed for response %s", response.pk)
            responses.store(kept)
            actor = Actor.patient(packet.patient_id)
            beside = {"helped_by": str(helped.by)} if helped and helped.by else {}
            _record(Action.STEP_SAVED, packet, actor, Ref("intake.Response", str(response.id)), slug=slug, **beside)
        if is_new and kept.overruled:
            kept.overruled.save()  # no answer, and still a row: the auditor derives anew what it told
            for because in kept.overruled.told:
                dangers.add(f"two-screens:{response.id}:{because}")
                page_a_human(packet, f"two-screens:{response.id}:{because}", "high", TWO_SCREENS, because)
    return Saved(
        packet=packet,
        definition=kept.definition,
        items=response.answers,
        revision=response.revision,
        problems=kept.problems,
        conflicts=kept.conflicts,
        replayed=not is_new,
        risk=bool(dangers),
        dangers=frozenset(dangers),
    )


def assess(
    response: Response, packet: Packet, *, clinic: screening.selectors.ClinicRules, is_first: bool = False
) -> set[str]:
    """Score what the response holds now and open or join an incident for what pages; the keys of what does.

    `clinic`: its own rules beside the built-in ones. `is_first`: no earlier state of it was worth a result. What is
    written here is written whole or not at all.
    """
    told = responses.told(response, packet)
    if told is None:
        return set()
    weighed = screening.services.weigh(
        patient_id=packet.patient_id,
        source_ref=response.id,
        revision=response.revision,
        told=told,
        asked=responses.asked(response, clinic),
        is_first=is_first,
    )
    dangers = [finding for finding in weighed.found if finding.pages]
    if weighed.results or dangers:
        with transaction.atomic():
            screening.services.keep(weighed, clinic_id=packet.clinic_id, actor=ASSESSOR)
            for finding in dangers:
                anew = partial(responses.is_said_anew, response, packet, clinic, finding.key)
                page_a_human(packet, finding.key, finding.urgency, finding.code, finding.because, said_anew=anew)
    return {finding.key for finding in dangers}


def page_a_human(
    packet: Packet, key: str, urgency: str, code: str, because: str, said_anew: Callable[[], bool] = lambda: False
) -> None:
    """Open the packet's incident, or join it; the same finding from the same answers is one trigger. One that was taken
    back, and is said again after its incident was closed, is another.

    Reads no encrypted column of the patient: an unreadable name must not stop a page.
    """
    escalation.services.open(
        patient=Patient.objects.only("id", "clinic_id").get(pk=packet.patient_id),
        clinic_id=packet.clinic_id,
        site_id=packet.site_id,
        source_ref=packet.id,
        urgency=urgency,
        trigger_key=key,
        trigger={"code": code, "because": because},
        actor=ASSESSOR,
        said_anew=said_anew,
    )


def assess_unassessed(limit: int = 20) -> int:
    """The sweep: score what was kept but not scored. After three failures a human is paged to read it instead.

    Those that never failed come first, so that what always fails can't hold up the rest.
    """
    unscored = Response.objects.filter(assessed_revision__lt=F("revision")).order_by("assess_failures", "saved_at")
    scored = sum(_assess_again(pk) for pk in list(unscored.values_list("pk", flat=True)[:limit]))
    escalation.services.end_round("assess")
    return scored


def _assess_again(pk: UUID) -> bool:
    with transaction.atomic():
        # The answers are read inside the try: ones that can't be opened must page too.
        response = Response.objects.select_for_update(skip_locked=True).defer("answers").filter(pk=pk).first()
        if response is None:
            return False
        packet = Packet.objects.get(pk=response.packet_id)
        try:
            with transaction.atomic():
                assess(response, packet, clinic=screening.selectors.clinic_rules(packet.clinic_id))
                responses.mark_assessed(response)
        except Exception:  # same rule as above: the row stays due, and is never silently dropped
            log.exception("assessment failed again for response %s", pk)
            Response.objects.filter(pk=pk).update(assess_failures=response.assess_failures + 1)
            if response.assess_failures + 1 >= GIVE_UP_AFTER:
                because = "These answers could not be scored. Please read them."
                page_a_human(packet, f"unscored:{pk}", "high", "could-not-be-scored", because)
            return False
    return True


def finish_step(*, packet: Packet, slug: str) -> None:
    """The patient went on from this page. Says nothing about what was answered: the front desk sees it."""
    with transaction.atomic():
        packet = responses.locked_packet(packet.id)
        step = Step.objects.get(packet=packet, slug=slug)
        responses.unlocking_signature(packet, step)
        _set_state(step, Step.State.DONE)


def sign(
    *,
    packet: Packet,
    slug: str,
    shown_sha256: str,
    decision: str,
    signer_name: str,
    reason: str,
    statements: Sequence[str],
    evidence: Mapping[str, object],
    language: str,
    unconfirmed: Collection[UUID] = (),
    capacity: str = "self",
    authority: str = "",
    mark: str = "",
    word: str = "",
    proof: bytes = b"",
) -> bool:
    """Record one person's decision on one document; True when nobody else has to sign it.

    A Part 2 decision unlocks or skips the substance-use sections. `unconfirmed`: keys of saves that the phone has had
    no reply to. `proof`: the JPEG of a paper that shows the right to sign for the patient. Raises PacketClosed,
    Unconfirmed, ScreenFirst, NotTheirs and what `consents.services.decide` raises: then nothing is signed.
    """
    with transaction.atomic():
        packet = responses.locked_packet(packet.id)
        responses.confirm(packet, unconfirmed)
        step = Step.objects.get(packet=packet, slug=slug, what=Step.What.CONSENT)
        _may_decide(packet, step, capacity)
        signature = consents.services.decide(
            patient=packet.patient,
            program=packet.program,
            source_ref=packet.id,
            slug=slug,
            language=language,
            shown_sha256=shown_sha256,
            decision=decision,
            signer_name=signer_name,
            reason=reason,
            statements=statements,
            evidence=evidence,
            actor=Actor.patient(packet.patient_id),
            capacity=capacity,
            authority=authority,
            jointly=len(consents.selectors.turns(step.signer)) > 1,
            mark=mark,
            word=word,
            proof=consents.services.Scan(proof, JPEG) if proof else None,
        )
        return decided(packet, step, signature.decision)


def _may_decide(packet: Packet, step: Step, capacity: str) -> None:
    """Raises ScreenFirst, NotTheirs. Whoever has decided already is let through: the same again changes nothing."""
    role = consents.selectors.role_of(capacity)
    is_guardians = packet.answered_by == Packet.AnsweredBy.GUARDIAN
    turns = consents.selectors.turns(step.signer)
    if turns == ("whoever",):
        turns = ("other",) if is_guardians else ("patient",)
    if role not in turns or (is_guardians and turns == ("patient",)):
        raise NotTheirs
    esign = Step.objects.filter(packet=packet, consent_kind=Kind.ESIGN).exclude(pk=step.pk)
    if esign.exclude(state=Step.State.DONE).exists() or _is_on_paper(packet, step):
        raise ScreenFirst
    if role != turns[0]:
        made = [one for one in consents.selectors.decisions(packet.id) if one.slug == step.slug]
        patients = [one for one in made if one.capacity == "self" and one.decision == "signed" and not one.revoked]
        if not any(one.current for one in patients):
            raise NotTheirs  # the patient comes first


def _is_on_paper(packet: Packet, step: Step) -> bool:
    """Signing on a screen was agreed to and taken back; it may be agreed to again."""
    return step.consent_kind != Kind.ESIGN and consents.selectors.is_screen_taken_back(packet.patient_id)


def decided(packet: Packet, step: Step, decision: str, *, is_open: bool = True) -> bool:
    """The step's new state, and what hangs on it; True when nobody else has to sign it. `is_open`: not sent yet."""
    waits = decision == "signed" and not consents.selectors.is_signed_by_all(packet.id, step.slug, step.signer)
    if not waits:
        _set_state(step, Step.State.DECLINED if decision == "declined" else Step.State.DONE)
        if step.consent_kind == Kind.PART2_TPO and is_open:
            _lock_or_unlock(packet, signed=decision == "signed")
        if step.consent_kind == Kind.ESIGN:
            _on_screen_or_paper(packet, on_screen=decision == "signed")
    if is_open and packet.state != Packet.State.IN_PROGRESS:
        packet.state = Packet.State.IN_PROGRESS
        packet.save()
    return not waits


def _on_screen_or_paper(packet: Packet, *, on_screen: bool) -> None:
    """On paper the permission can't come in time, unless an earlier one stands: its sections are skipped."""
    undecided = Step.objects.filter(packet=packet, consent_kind=Kind.PART2_TPO, state=Step.State.WAITING).exists()
    if undecided and not consents.selectors.part2_signature(packet.patient_id, packet.id):
        _lock_or_unlock(packet, signed=on_screen)


def go_on_from(*, packet: Packet, slug: str, shown_sha256: str, language: str) -> None:
    """A document that only has to be shown was shown, and the patient went on. Raises PacketClosed, OutdatedText."""
    with transaction.atomic():
        packet = responses.locked_packet(packet.id)
        step = Step.objects.get(packet=packet, slug=slug, what=Step.What.CONSENT, must="shown")
        consents.services.confirm_shown(
            patient=packet.patient,
            program=packet.program,
            source_ref=packet.id,
            slug=slug,
            language=language,
            shown_sha256=shown_sha256,
            actor=Actor.patient(packet.patient_id),
        )
        _set_state(step, Step.State.DONE)


def _lock_or_unlock(packet: Packet, *, signed: bool) -> None:
    state, instead = (Step.State.SKIPPED, Step.State.WAITING) if signed else (Step.State.WAITING, Step.State.SKIPPED)
    for step in Step.objects.filter(packet=packet, sensitivity=Sensitivity.SUD, state=state):
        _set_state(step, instead)


def submit(*, packet: Packet, key: UUID, reviewed: str | None = None, unconfirmed: Collection[UUID] = ()) -> Packet:
    """Finish the packet, once. The same key again gets the same answer; nothing missing is let through.

    `reviewed` is the digest of what the patient looked at (`selectors.content`); None only where nobody did.
    Raises NotComplete, PacketClosed (withdrawn or expired), Unconfirmed, Changed (something else stands there now),
    KeyReused (something else was sent, or by somebody who did not say what).
    """
    with transaction.atomic():
        packet = Packet.objects.select_for_update().get(pk=packet.pk)
        earlier = Submission.objects.filter(packet=packet).first()
        if earlier:
            if reviewed != earlier.content_sha256 and (reviewed is not None or earlier.key != key):
                raise KeyReused
            return packet
        if packet.state not in responses.OPEN:
            raise PacketClosed
        responses.confirm(packet, unconfirmed)
        content = selectors.content(packet)
        if reviewed is not None and reviewed != content:
            raise Changed
        missing = selectors.missing(packet, packet.language)
        if missing:
            raise NotComplete(missing)
        Submission.objects.create(packet=packet, key=key, content_sha256=content)
        packet.state, packet.submitted_at = Packet.State.SUBMITTED, clock.now()
        packet.save()
        core.outbox.publish("packet.submitted", packet.id)
        _record(Action.PACKET_SUBMITTED, packet, Actor.patient(packet.patient_id), Ref("intake.Packet", str(packet.id)))
        core.doorbell.ring("ehr.relay_finished")
    return packet


def _set_state(step: Step, state: str) -> None:
    if step.state != state:
        step.state = state
        step.save()


def _record(action: Action, packet: Packet, actor: Actor, obj: Ref, **context: object) -> None:
    audit.services.record(
        action, actor=actor, obj=obj, clinic_id=packet.clinic_id, patient_id=packet.patient_id, context=context
    )
