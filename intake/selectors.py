"""Reads of a packet: what is done, what is missing, a form as it stands, the answers as a clinician reads them.

`desk_status` is all the front desk gets. It is built from the steps fixed at invitation and from pages the patient
went on from, never from an answer, a conditional question, a finding or an approval.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

import consents.selectors
import screening.selectors
from core.models import Patient
from intake import engine
from intake.models import FormVersion, Packet, Response, Sensitivity, Step

# What the desk may call by name; every other form is numbered, because a form's name can tell what care is sought.
NAMED_AT_THE_DESK = {"demographics": "About the patient", "insurance": "Insurance"}
DOCUMENTS_AT_THE_DESK = {
    "npp_ack": "Privacy notice",
    "treatment": "Agreement to care",
    "part2_tpo": "Sharing permission",
}


# How findings are ordered, the worst first; "" is none.
URGENCIES = ("critical", "high", "medium", "info", "")

YES_NO = {"true": gettext_lazy("Yes"), "false": gettext_lazy("No")}


@dataclass(frozen=True)
class StepView:
    slug: str
    what: str
    title: str
    state: str
    locked: bool
    sensitive: bool
    missing: int


@dataclass(frozen=True)
class Missing:
    """One thing that stands between the packet and its submission; `key` is a field key, empty for a document."""

    slug: str
    key: str
    label: str
    why: str


@dataclass(frozen=True)
class FormView:
    slug: str
    title: str
    definition: engine.Definition
    items: Sequence[Mapping[str, Any]]
    fields: tuple[engine.FieldNode, ...]
    revision: int


@dataclass(frozen=True)
class DeskStatus:
    state: str
    done: int
    total: int
    waiting: tuple[str, ...]
    declined: tuple[str, ...]


@dataclass(frozen=True)
class AnswerRow:
    link_id: str
    label: str
    values: tuple[str, ...]
    declined: bool
    level: int
    is_group: bool


@dataclass(frozen=True)
class AnsweredForm:
    slug: str
    title: str
    sensitivity: str
    response_id: UUID
    rows: tuple[AnswerRow, ...]


def steps(packet: Packet, language: str) -> tuple[StepView, ...]:
    """Every step in order, with what is still missing in it."""
    counts: dict[str, int] = {}
    for one in missing(packet, language):
        counts[one.slug] = counts.get(one.slug, 0) + 1
    unlocked = _unlocked(packet)
    titles = consents.selectors.titles(packet.clinic_id, language)
    return tuple(
        StepView(
            slug=step.slug,
            what=step.what,
            title=_title(step, titles, language),
            state=step.state,
            locked=step.sensitivity == Sensitivity.SUD and not unlocked,
            sensitive=step.sensitivity == Sensitivity.SUD,
            missing=counts.get(step.slug, 0),
        )
        for step in _steps(packet)
    )


def missing(packet: Packet, language: str) -> tuple[Missing, ...]:
    """Everything required that is unanswered, unreadable, undecided or signed on an outdated text, in order.

    Substance-use sections are not asked for when the Part 2 permission was declined; while it is undecided,
    the permission itself is what is missing.
    """
    rows = _steps(packet)
    titles = consents.selectors.titles(packet.clinic_id, language)
    decided = {row.slug: row for row in consents.selectors.decisions(packet.id)}
    drafts = dict(Response.objects.filter(packet=packet).values_list("step_id", "answers"))
    unlocked = _unlocked(packet)
    found: list[Missing] = []
    for step in rows:
        if step.what == Step.What.CONSENT:
            why = _undecided(step, decided.get(step.slug))
            if why:
                found.append(Missing(step.slug, "", _title(step, titles, language), why))
        elif step.sensitivity == Sensitivity.NONE or unlocked:
            found += _unanswered(step, drafts.get(step.id, []), language)
    return tuple(found)


def _undecided(step: Step, decision: "consents.selectors.DecisionRow | None") -> str:
    accepted = {"sign": ("signed",), "decide": ("signed", "declined"), "ack": ("signed", "refused")}[step.must]
    if decision is None or decision.revoked or decision.decision not in accepted:
        return "unsigned"
    return "" if decision.current else "outdated"


def _unanswered(step: Step, items: Sequence[Mapping[str, Any]], language: str) -> Iterator[Missing]:
    assert step.form_id is not None
    evaluation = engine.evaluate(definition_of(step.form_id), items, language=language)
    keys = [(key, "unanswered") for key in evaluation.missing]
    keys += [(error.key, "unreadable") for error in evaluation.errors]
    for key, why in keys:
        place = evaluation.places.get(key)
        yield Missing(step.slug, key, place.item.text_in(language) if place else key, why)


@lru_cache(maxsize=128)
def definition_of(form_id: UUID) -> engine.Definition:
    """A published form, parsed once: it never changes."""
    return engine.parse(FormVersion.objects.get(pk=form_id).definition)


def form_view(packet: Packet, slug: str, language: str) -> FormView:
    """A form as it stands. Raises Step.DoesNotExist."""
    step = Step.objects.get(packet=packet, slug=slug, what=Step.What.FORM)
    assert step.form_id is not None
    definition = definition_of(step.form_id)
    response = Response.objects.filter(step=step).first()
    items = response.answers if response else []
    return FormView(
        slug=slug,
        title=definition.title_in(language),
        definition=definition,
        items=items,
        fields=engine.fields(definition, items, language=language),
        revision=response.revision if response else 0,
    )


def desk_status(packet: Packet) -> DeskStatus:
    """Where the packet stands, for the front desk; one query."""
    rows = packet.steps.all()
    labels = {step.id: desk_label(step) for step in rows}
    return DeskStatus(
        # Filing is the chart's business: to the desk a filed packet is a submitted one.
        state="submitted" if packet.state == Packet.State.FILED else packet.get_state_display(),
        done=sum(step.state != Step.State.WAITING for step in rows),
        total=len(rows),
        waiting=tuple(labels[step.id] for step in rows if step.state == Step.State.WAITING),
        declined=tuple(labels[step.id] for step in rows if step.state in (Step.State.DECLINED, Step.State.SKIPPED)),
    )


def desk_label(step: Step) -> str:
    """A neutral name: it tells neither the kind of care nor the instrument (42 CFR 2.13(c))."""
    if step.what == Step.What.CONSENT:
        return DOCUMENTS_AT_THE_DESK[step.consent_kind]
    return NAMED_AT_THE_DESK.get(step.slug, f"Section {step.position}")


def answered_forms(packet: Packet, language: str = "en") -> tuple[AnsweredForm, ...]:
    """The enabled answers of each form in the patient's own words. PHI: reach it through `services.reading`."""
    responses = Response.objects.filter(packet=packet).select_related("step").order_by("step__position")
    return tuple(_answered(response, language) for response in responses)


def _answered(response: Response, language: str) -> AnsweredForm:
    step = response.step
    assert step.form_id is not None
    definition = definition_of(step.form_id)
    nodes = engine.fields(definition, response.answers, language=language)
    return AnsweredForm(
        slug=step.slug,
        title=definition.title_in(language),
        sensitivity=response.sensitivity,
        response_id=response.id,
        rows=tuple(_rows(nodes, 0)),
    )


def _rows(nodes: Sequence[engine.FieldNode], level: int) -> Iterator[AnswerRow]:
    for node in nodes:
        if node.item.type != "display":
            is_group = node.item.type == "group"
            yield AnswerRow(node.item.link_id, node.label, in_words(node), node.is_declined, level, is_group)
        yield from _rows(node.children, level + 1)


def in_words(node: engine.FieldNode) -> tuple[str, ...]:
    """An answer as a person reads it: the chosen options' labels, then what was typed; yes and no for a boolean."""
    if node.item.type == "boolean":
        return tuple(str(YES_NO[value]) for value in node.values)
    chosen = tuple(option.label for option in node.options if option.is_selected)
    known = {option.value for option in node.options}
    return chosen + (node.understood or tuple(value for value in node.values if value not in known))


def _steps(packet: Packet) -> list[Step]:
    return list(Step.objects.filter(packet=packet).order_by("position"))


def _unlocked(packet: Packet) -> bool:
    return consents.selectors.part2_signature(packet.patient_id, packet.id) is not None


def _title(step: Step, titles: Mapping[str, str], language: str) -> str:
    if step.form_id is None:
        return titles.get(step.slug, step.slug)
    return definition_of(step.form_id).title_in(language)


@dataclass(frozen=True)
class FinishedForm:
    slug: str
    url: str
    version: str
    title: str
    sensitivity: str
    response_id: UUID
    definition: Mapping[str, Any]
    items: Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Finished:
    """A submitted packet as it goes to the chart: enabled answers only."""

    packet: Packet
    forms: tuple[FinishedForm, ...]


def finished(packet_id: UUID) -> Finished:
    """Raises Packet.DoesNotExist unless the packet was submitted."""
    packet = Packet.objects.select_related("patient", "program", "clinic").get(
        pk=packet_id, state__in=[Packet.State.SUBMITTED, Packet.State.FILED]
    )
    responses = Response.objects.filter(packet=packet).select_related("step__form").order_by("step__position")
    return Finished(packet, tuple(_finished(response) for response in responses))


def _finished(response: Response) -> FinishedForm:
    form = response.step.form
    assert form is not None
    definition = definition_of(form.pk)
    return FinishedForm(
        slug=form.slug,
        url=definition.url,
        version=form.version,
        title=definition.title,
        sensitivity=response.sensitivity,
        response_id=response.id,
        definition=form.definition,
        items=engine.evaluate(definition, response.answers).record,
    )


LISTED = 100


@dataclass(frozen=True)
class PacketRow:
    """One packet in a clinician's list. `urgency` is its worst finding's, "" when nothing was found.

    Findings of substance-use sections don't count here: only the care team may know of them.
    """

    id: UUID
    patient: Patient
    state: str
    state_label: str
    program: str
    time_zone: str
    at: datetime
    urgency: str


def packet_rows(patients: QuerySet[Patient]) -> tuple[tuple[PacketRow, ...], tuple[PacketRow, ...]]:
    """What waits for a clinician's review, worst finding and then longest wait first; and the latest other packets.

    Six queries whatever their number.
    """
    ours = Packet.objects.filter(patient__in=patients).select_related("patient", "program", "clinic")
    review = list(ours.filter(state=Packet.State.SUBMITTED).order_by("submitted_at"))
    others = list(ours.exclude(state=Packet.State.SUBMITTED).order_by("-invited_at")[:LISTED])
    worst = _worst_findings([packet.id for packet in review + others])
    rows = [_packet_row(packet, worst.get(packet.id, "")) for packet in review]
    rows.sort(key=lambda row: URGENCIES.index(row.urgency))
    return tuple(rows), tuple(_packet_row(packet, worst.get(packet.id, "")) for packet in others)


def _packet_row(packet: Packet, urgency: str) -> PacketRow:
    return PacketRow(
        id=packet.id,
        patient=packet.patient,
        state=packet.state,
        state_label=packet.get_state_display(),
        program=packet.program.public_name,
        time_zone=packet.clinic.time_zone,
        at=packet.submitted_at or packet.invited_at,
        urgency=urgency,
    )


def _worst_findings(packet_ids: Sequence[UUID]) -> dict[UUID, str]:
    plain = Response.objects.filter(packet__in=packet_ids, sensitivity=Sensitivity.NONE)
    packet_of = dict(plain.values_list("id", "packet_id"))
    worst: dict[UUID, str] = {}
    for result in screening.selectors.results(packet_of):
        found = [finding.urgency for finding in result.findings] + [worst.get(packet_of[result.source_ref], "")]
        worst[packet_of[result.source_ref]] = min(found, key=URGENCIES.index)
    return worst
