"""The packets in a clinician's inbox: what waits for review, and the rest, page by page."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet
from django.utils.text import capfirst

import screening.selectors
from core.models import Patient, Program, Site
from intake.models import Packet, Response, Sensitivity

# How findings are ordered, the worst first; "" is none.
URGENCIES = ("critical", "high", "medium", "info", "")
LISTED = 50


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


@dataclass(frozen=True)
class PacketLists:
    """`review`: the worst finding and then the longest wait first, and `unlisted` more wait. `others`: one page of the
    rest, the latest first; `has_more`: there is another."""

    review: tuple[PacketRow, ...]
    unlisted: int
    others: tuple[PacketRow, ...]
    has_more: bool


def packet_rows(patients: QuerySet[Patient], *, only: Q | None = None, page: int = 1) -> PacketLists:
    """`only` narrows the packets. Six queries whatever their number."""
    ours = Packet.objects.filter(only or Q(), patient__in=patients).select_related("patient", "program", "clinic")
    review = list(ours.filter(state=Packet.State.SUBMITTED).order_by("submitted_at"))
    start = (page - 1) * LISTED
    others = list(ours.exclude(state=Packet.State.SUBMITTED).order_by("-invited_at", "id")[start : start + LISTED + 1])
    worst = _worst_findings([packet.id for packet in review + others])
    rows = [_packet_row(packet, worst.get(packet.id, "")) for packet in review]
    rows.sort(key=lambda row: URGENCIES.index(row.urgency))
    return PacketLists(
        review=tuple(rows[:LISTED]),
        unlisted=max(0, len(rows) - LISTED),
        others=tuple(_packet_row(packet, worst.get(packet.id, "")) for packet in others[:LISTED]),
        has_more=len(others) > LISTED,
    )


def patients_with(only: Q) -> QuerySet[Packet, UUID]:
    """Ids of the patients who have such a packet, for use inside another query."""
    return Packet.objects.filter(only).values_list("patient_id", flat=True)


def places(clinic_ids: Iterable[UUID]) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """(id, name) of the sites and of the programs of these clinics; two queries."""
    ours = list(clinic_ids)
    sites = Site.objects.filter(clinic__in=ours).order_by("name").values_list("id", "name")
    programs = Program.objects.filter(clinic__in=ours).order_by("public_name").values_list("id", "public_name")
    return [(str(pk), name) for pk, name in sites], [(str(pk), name) for pk, name in programs]


def _packet_row(packet: Packet, urgency: str) -> PacketRow:
    return PacketRow(
        id=packet.id,
        patient=packet.patient,
        state=packet.state,
        state_label=capfirst(packet.get_state_display()),
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
