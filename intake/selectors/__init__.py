"""Reads of a packet: what is done, what is missing, a form as it stands, the answers as a clinician reads them.

`desk_status` is all the front desk gets. It is built from the steps fixed at invitation and from pages the patient
went on from, never from an answer, a conditional question, a finding or an approval.
"""

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Q
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy

import consents.selectors
from consents.policy import Kind
from intake import engine
from intake.models import Packet, Photo, Response, Sensitivity, Step
from intake.rules.photos import ids_in, titles_of
from intake.selectors.listing import URGENCIES, PacketLists, PacketRow, packet_rows, patients_with, places
from intake.selectors.standing import (
    FormView,
    Missing,
    StepView,
    content,
    definition_of,
    drawn,
    form_sha256,
    form_titles,
    form_view,
    missing,
    program_name,
    protection,
    steps,
    who_sees,
)

__all__ = [
    "AnswerRow", "AnsweredForm", "DeskDocument", "DeskStatus", "Finished", "FinishedForm", "FormView", "Missing",
    "URGENCIES", "PacketLists", "PacketRow", "StepView", "answered_forms", "content", "definition_of", "desk_declined",
    "desk_documents", "desk_label", "desk_papers", "desk_status", "drawn", "finished", "form_sha256", "form_titles",
    "form_view",
    "in_words", "latest_forms", "missing", "packet_rows", "patients_with", "places", "program_name", "protection",
    "sections",
    "sensitive_responses", "steps", "unfinished_steps", "who_sees",
]  # fmt: skip

# What the desk may call by name; every other form is numbered, because a form's name can tell what care is sought.
NAMED_AT_THE_DESK = {"demographics": "About the patient", "insurance": "Insurance"}
DOCUMENTS_AT_THE_DESK = {
    Kind.ESIGN: "Signing on a screen",
    Kind.NPP_ACK: "Privacy notice",
    Kind.PART2_NOTICE: "Records notice",
    Kind.TREATMENT: "Agreement to care",
    Kind.TELEHEALTH: "Video visits",
    Kind.PART2_TPO: "Sharing permission",
    Kind.COMMS: "Messages",
    Kind.AI_USE: "Writing tools",
}
ANOTHER_PERMISSION = "Another sharing permission"
WANTS_PAPER = "Wants paper to sign, not the screen"


YES_NO = {"true": gettext_lazy("Yes"), "false": gettext_lazy("No")}


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
    photos: tuple[str, ...] = ()


@dataclass(frozen=True)
class AnsweredForm:
    slug: str
    title: str
    sensitivity: str
    packet_id: UUID
    response_id: UUID
    rows: tuple[AnswerRow, ...]
    saved_at: datetime
    helper: str  # who helped with it, or with some of it; "" if nobody did


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
        declined=tuple(
            WANTS_PAPER if step.consent_kind == Kind.ESIGN else labels[step.id]
            for step in rows
            if step.state in (Step.State.DECLINED, Step.State.SKIPPED)
        ),
    )


def desk_declined(packet: Packet) -> tuple[str, ...]:
    """What is declined or skipped, and that paper is wanted after all; two queries."""
    declined = desk_status(packet).declined
    on_paper = WANTS_PAPER not in declined and consents.selectors.is_screen_taken_back(packet.patient_id)
    return (WANTS_PAPER, *declined) if on_paper else declined


@dataclass(frozen=True)
class DeskDocument:
    """`state` is "signed", "declined", "missing", "shown on" a day, "no longer in force" (it ended, never why) or "to
    sign again" (the text has changed since). `wants_paper`: a paper may still be written down."""

    label: str
    state: str
    step_id: UUID
    fits_on_paper: bool
    wants_paper: bool = False


def desk_documents(packet: Packet) -> tuple[DeskDocument, ...]:
    """Each document of the packet as the desk may know it; two queries, five where something was only shown."""
    states = {row.slug: _desk_state(row) for row in consents.selectors.decisions(packet.id)}
    asked = [step for step in packet.steps.all() if step.what == Step.What.CONSENT]
    if any(step.must == "shown" for step in asked):
        zone = ZoneInfo(packet.clinic.time_zone)
        states |= {
            row.slug: f"shown on {date_format(row.at.astimezone(zone), 'M j, Y')}"
            for row in consents.selectors.notices(packet.patient_id)
            if row.packet == packet.id
        }
    return tuple(
        DeskDocument(desk_label(step), states.get(step.slug, "missing"), step.id, _fits_on_paper(step))
        for step in asked
    )


def desk_papers(packet: Packet) -> tuple[DeskDocument, ...]:
    """Those that can be signed on paper. Nothing is left to write down of what is signed, nor of a receipt that was
    refused."""
    refused = {row.slug for row in consents.selectors.decisions(packet.id) if row.decision == "refused"}
    settled = {step.id for step in packet.steps.all() if step.slug in refused}
    return tuple(
        replace(one, wants_paper=one.state != "signed" and one.step_id not in settled)
        for one in desk_documents(packet)
        if one.fits_on_paper
    )


def _fits_on_paper(step: Step) -> bool:
    """Not the agreement to sign on a screen, nor what is only shown."""
    return step.consent_kind != Kind.ESIGN and step.must != "shown"


def _desk_state(decision: "consents.selectors.DecisionRow") -> str:
    if decision.decision != "signed":
        return "declined"
    if decision.revoked:
        return "no longer in force"
    return "signed" if decision.current else "to sign again"


def desk_label(step: Step) -> str:
    """A neutral name: it tells neither the kind of care nor the instrument (42 CFR 2.13(c))."""
    if step.what == Step.What.CONSENT:
        return DOCUMENTS_AT_THE_DESK.get(Kind(step.consent_kind), ANOTHER_PERMISSION)
    return NAMED_AT_THE_DESK.get(step.slug, f"Section {step.position}")


def answered_forms(packet: Packet, language: str = "en") -> tuple[AnsweredForm, ...]:
    """The enabled answers of each form in the patient's own words. PHI: reach it through `services.reading`."""
    responses = Response.objects.filter(packet=packet).select_related("step", "assisted_by").order_by("step__position")
    return tuple(_answered(response, language) for response in responses)


def latest_forms(patient_id: UUID) -> dict[str, AnsweredForm]:
    """By slug, the response saved last, whichever packet it came in. PHI: reach it through `services.briefing`."""
    rows = Response.objects.filter(packet__patient_id=patient_id).select_related("step", "assisted_by")
    latest = rows.order_by("step__slug", "-saved_at").distinct("step__slug")
    return {response.step.slug: _answered(response, "en") for response in latest}


def unfinished_steps(patient_id: UUID) -> list[tuple[Packet, int]]:
    """Packets that can still be answered, the latest first, with how many of their parts wait."""
    unsent = (Packet.State.INVITED, Packet.State.OPENED, Packet.State.IN_PROGRESS)
    packets = Packet.objects.filter(patient_id=patient_id, state__in=unsent).order_by("-invited_at")
    waiting = Count("steps", filter=Q(steps__state=Step.State.WAITING))
    return [(packet, packet.waiting) for packet in packets.annotate(waiting=waiting)]


def sections(rows: tuple[AnswerRow, ...]) -> list[tuple[str, list[AnswerRow]]]:
    """What was answered, under the heading of its group; what was left out isn't shown."""
    found: list[tuple[str, list[AnswerRow]]] = [("", [])]
    for row in rows:
        if row.is_group:
            found.append((row.label, []))
        elif row.values or row.declined:
            found[-1][1].append(row)
    return [(heading, answered) for heading, answered in found if answered]


def sensitive_responses(patient_id: UUID) -> tuple[UUID, ...]:
    """The patient's substance-use responses, of which only the care team may know."""
    rows = Response.objects.filter(packet__patient_id=patient_id, sensitivity=Sensitivity.SUD)
    return tuple(rows.values_list("id", flat=True))


def _answered(response: Response, language: str) -> AnsweredForm:
    step = response.step
    assert step.form_id is not None
    definition = definition_of(step.form_id)
    nodes = engine.fields(definition, response.answers, language=language)
    return AnsweredForm(
        slug=step.slug,
        title=definition.title_in(language),
        sensitivity=response.sensitivity,
        packet_id=response.packet_id,
        response_id=response.id,
        rows=tuple(_rows(nodes, 0)),
        saved_at=response.saved_at,
        helper=_helper(response),
    )


def _helper(response: Response) -> str:
    return response.assisted_by.full_name if response.assisted_by else ""


def _rows(nodes: Sequence[engine.FieldNode], level: int) -> Iterator[AnswerRow]:
    for node in nodes:
        if node.item.type != "display":
            is_group = node.item.type == "group"
            photos = tuple(ids_in(node.values)) if node.item.type == "attachment" else ()
            yield AnswerRow(node.item.link_id, node.label, in_words(node), node.is_declined, level, is_group, photos)
        yield from _rows(node.children, level + 1)


def in_words(node: engine.FieldNode) -> tuple[str, ...]:
    """An answer as a person reads it: the chosen options' labels, then what was typed; yes and no for a boolean."""
    if node.item.type == "boolean":
        return tuple(str(YES_NO[value]) for value in node.values)
    if node.item.type == "attachment":
        return tuple(value.rpartition("|")[2] for value in node.values)
    chosen = tuple(option.label for option in node.options if option.is_selected)
    known = {option.value for option in node.options}
    return chosen + (node.understood or tuple(value for value in node.values if value not in known))


@dataclass(frozen=True)
class FinishedPhoto:
    id: UUID
    title: str
    taken_at: datetime
    jpeg: bytes


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
    photos: tuple[FinishedPhoto, ...] = ()
    helper: str = ""


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
    responses = Response.objects.filter(packet=packet).select_related("step__form", "assisted_by")
    responses = responses.order_by("step__position")
    return Finished(packet, tuple(_finished(response) for response in responses))


def _finished(response: Response) -> FinishedForm:
    form = response.step.form
    assert form is not None
    definition = definition_of(form.pk)
    items = engine.evaluate(definition, response.answers).record
    return FinishedForm(
        slug=form.slug,
        url=definition.url,
        version=form.version,
        title=definition.title,
        sensitivity=response.sensitivity,
        response_id=response.id,
        definition=form.definition,
        items=items,
        photos=_photos(items),
        helper=_helper(response),
    )


def _photos(items: Sequence[Mapping[str, Any]]) -> tuple[FinishedPhoto, ...]:
    """The photos that the record shows, with the titles that it gives them."""
    titles = dict(titles_of(items))
    rows = Photo.objects.filter(pk__in=titles).order_by("taken_at") if titles else ()
    return tuple(FinishedPhoto(row.id, titles[row.id], row.taken_at, base64.b64decode(row.content)) for row in rows)
