"""The auditor: is every danger that is stored in answers on its way to a human, and does paging keep its times?

It derives what is dangerous from the stored answers anew, by the pure rules of screening, and shares no step with what
opens incidents or sends pages. What it finds is an alarm, told to the operator directly. What one of two
screens said and was not stored as an answer (`services.screens`) is a row too, and is derived anew in the same way.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, QuerySet

import escalation.services
import screening.selectors
from audit.actions import Actor
from core import clock
from core.channels.base import Channel
from core.channels.registry import channel_for
from core.crypto import UnreadableValue
from core.models import Patient
from escalation.policy.watch import AUDIT_EVERY, Code
from escalation.selectors import watching
from escalation.selectors.watching import Wrong
from intake.models import Overruled, Packet, Response
from intake.selectors import definition_of
from screening import instruments, rules, scoring
from screening.rules import Finding
from screening.rules import clinic as clinic_rules

AUDITOR = Actor.system("auditor")
# What was saved just now may still be on its way through the sweep.
GRACE = timedelta(seconds=90)
AT_MOST = 200
LOINC = "http://loinc.org"
TYPED = frozenset({"string", "text", "open-choice"})
UNSCORED = "could-not-be-scored"


@dataclass(frozen=True)
class Untold:
    """Something dangerous in a response that no incident of its packet holds. `because` is PHI."""

    response_id: UUID
    packet: Packet
    code: str
    urgency: str
    because: str

    @property
    def alarm(self) -> Wrong:
        code = Code.UNREAD_ANSWERS if self.code == UNSCORED else Code.RISK_WITHOUT_INCIDENT
        return Wrong(code, str(self.response_id), self.packet.clinic_id)


def audit_paging(*, channels: Callable[[str], Channel] = channel_for) -> int:
    """Once a minute, whoever calls first: raise and end alarms, tell them, then bring what was missing to a human.

    Returns how many alarms are new. What fails keeps the round from ending, and with it the heartbeat.
    """
    if not escalation.services.claim_round("audit", AUDIT_EVERY):
        return 0
    untold = find_untold()
    new = escalation.services.keep_alarms(
        [
            *(one.alarm for one in untold),
            *watching.wrong_incidents(),
            *watching.stuck_pages(),
            *watching.canary_alarm(),
            *watching.clinics_gaps(),
        ]
    )
    escalation.services.tell_alarms(channels=channels)
    for one in untold:
        _tell_a_human(one)
    escalation.services.end_round("audit")
    return new


def find_untold() -> list[Untold]:
    """Derive anew what is dangerous in up to 200 responses that changed since they were last looked at; no response is
    too old. One is looked at again until an incident holds all that is in it."""
    found: list[Untold] = []
    for response in _unaudited():
        theirs = _untold_in(response)
        found += theirs
        if not theirs:
            Response.objects.filter(pk=response.pk).update(audited_revision=response.revision)
    for row in _unaudited_conflicts():
        theirs = _untold_on_a_screen(row)
        found += theirs
        if not theirs:
            Overruled.objects.filter(pk=row.pk).update(audited_at=clock.now())
    return found


def _unaudited() -> QuerySet[Response]:
    waiting = Response.objects.filter(audited_revision__lt=F("revision"), saved_at__lt=clock.now() - GRACE)
    waiting = waiting.select_related("packet", "step").defer("answers", "marks", "packet__respondent")
    return waiting.order_by("saved_at")[:AT_MOST]


def _unaudited_conflicts() -> QuerySet[Overruled]:
    waiting = Overruled.objects.filter(audited_at=None, at__lt=clock.now() - GRACE).defer("answers", "told")
    waiting = waiting.select_related("response__packet", "response__step")
    return waiting.defer("response__answers", "response__marks", "response__packet__respondent").order_by("at")[
        :AT_MOST
    ]


def _untold_on_a_screen(row: Overruled) -> list[Untold]:
    """Dangers of the answer that gave way, unless a human was told that the two differ, in the words kept with it."""
    missing = _untold(row.response, lambda: row.answers, row.at)
    try:
        held = {because for _, because in watching.held_triggers(row.response.packet_id)}
        is_told = bool(row.told) and held.issuperset(row.told)
    except UnreadableValue:
        is_told = False
    return [] if is_told else missing


def _untold_in(response: Response) -> list[Untold]:
    return _untold(response, lambda: response.answers, response.saved_at)


def _untold(response: Response, read: Callable[[], Any], at: datetime) -> list[Untold]:
    packet = response.packet
    try:
        dangers = [(one.code, one.urgency, one.because) for one in _dangers(response, read(), at)]
    except (UnreadableValue, scoring.AnswersError):
        dangers = [(UNSCORED, "high", "These answers could not be scored. Please read them.")]
    if not dangers:
        return []
    try:
        held = watching.held_triggers(packet.id)
    except UnreadableValue:  # it opened and pages; what it holds can't be compared
        return []
    return [
        Untold(response.id, packet, code, urgency, because)
        for code, urgency, because in dangers
        if (code, because) not in held or _is_said_anew(response, (code, because), held[code, because])
    ]


def _is_said_anew(response: Response, danger: tuple[str, str], resolved_at: datetime | None) -> bool:
    """Whether the answers did without this danger at the moment when its incident was resolved, or later."""
    if resolved_at is None:
        return False
    states = response.history.filter(revision__lt=response.revision).order_by("revision")
    standing = states.filter(saved_at__lte=resolved_at).order_by("-revision")[:1]
    try:
        return any(
            danger not in {(one.code, one.because) for one in _dangers(state.instance, state.answers, state.saved_at)}
            for state in (*standing, *states.filter(saved_at__gt=resolved_at))
        )
    except (UnreadableValue, scoring.AnswersError):
        return False  # what stands now was told once, and can be read


def _dangers(response: Response, items: Sequence[Mapping[str, Any]], at: datetime) -> Iterator[Finding]:
    """Every finding that pages in these answers of `at`. Raises UnreadableValue, AnswersError."""
    packet = response.packet
    assert response.step.form_id is not None
    form = definition_of(response.step.form_id)
    types = {item.link_id: item.type for item in form.all_items}
    coded: dict[str, str] = {}
    typed: list[tuple[str, str]] = []
    for link_id, answer in _each(items):
        coding, words = answer.get("valueCoding", {}), answer.get("valueString", "")
        if coding.get("system") == LOINC and "code" in coding:
            coded[link_id] = coding["code"]
        if words.strip() and types.get(link_id) in TYPED:
            typed.append((link_id, words))
    own = screening.selectors.clinic_rules_at(packet.clinic_id, at)
    for name, instrument in instruments.ASSESSED.items():
        answers = scoring.answers_to(instrument, coded)
        if answers:
            result = scoring.score(name, answers, sex=_sex(packet.patient_id))
            hits = (
                *rules.findings(name, result, answers),
                *clinic_rules.findings(own.rules, own.version, name, result, answers),
            )
            yield from (hit for hit in hits if hit.pages)
    by_other = packet.answered_by != Packet.AnsweredBy.PATIENT
    yield from (hit for hit in rules.in_own_words(typed, by_other=by_other).values() if hit.pages)


def _each(items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(linkId, answer) at any depth, in order."""
    waiting = list(reversed(items))
    while waiting:
        item = waiting.pop()
        inner = list(item.get("item", []))
        for answer in item.get("answer", []):
            yield item["linkId"], answer
            inner += answer.get("item", [])
        waiting += reversed(inner)


def _sex(patient_id: UUID) -> Any:
    sex = Patient.objects.only("sex").get(pk=patient_id).sex
    return sex if sex in ("male", "female", "other") else "unknown"


def _tell_a_human(one: Untold) -> None:
    """The alarm tells an operator; the answer needs a clinician."""
    escalation.services.open(
        patient=Patient.objects.only("id", "clinic_id").get(pk=one.packet.patient_id),
        clinic_id=one.packet.clinic_id,
        site_id=one.packet.site_id,
        source_ref=one.packet.id,
        urgency=one.urgency,
        trigger_key=f"audit:{one.response_id}:{one.code}:{one.because}",
        trigger={"code": one.code, "because": one.because},
        actor=AUDITOR,
        said_anew=lambda: True,  # or it would not be untold
    )
