"""Reading a patient's answers, with the evidence that they were read."""

from dataclasses import dataclass
from uuid import UUID

from django.db import transaction

import audit.services
import consents.selectors
import screening.selectors
from audit.actions import Action, Actor, Ref
from core.access import glass_behind
from core.models import Patient, User
from intake import selectors
from intake.models import Packet
from intake.rules.remarks import Remark, remarks
from screening.rules.change import Change


@dataclass(frozen=True)
class ClinicalPacket:
    packet: Packet
    forms: tuple[selectors.AnsweredForm, ...]
    results: tuple[screening.selectors.ResultView, ...]
    decisions: tuple[consents.selectors.DecisionRow, ...]
    remarks: tuple[Remark, ...]


@transaction.atomic
def read_packet(*, packet: Packet, user: User) -> ClinicalPacket:
    """What a clinician reads of one packet; PACKET_READ and SCREENING_READ are recorded or nothing is returned.

    `packet` comes from `access.get_packet_to_read`; evidence of a read under a break-glass names it.
    """
    glass = glass_behind(user, packet.patient)
    forms = selectors.answered_forms(packet)
    results = screening.selectors.results([form.response_id for form in forms])
    for action in (Action.PACKET_READ, Action.SCREENING_READ):
        audit.services.record(
            action,
            actor=Actor.staff(user.id),
            obj=Ref("intake.Packet", str(packet.id)),
            clinic_id=packet.clinic_id,
            patient_id=packet.patient_id,
            context={"forms": len(forms), "results": len(results), **glass},
        )
    told = remarks(packet.patient_id, sensitive=user.has_perm("core.care_for", packet.patient))
    ours = tuple(one for one in told if one.packet_id == packet.id)
    return ClinicalPacket(packet, forms, results, consents.selectors.decisions(packet.id), ours)


@dataclass(frozen=True)
class Course:
    """How the scores went, by instrument, and what is to be measured again."""

    trends: dict[str, screening.selectors.Trend]
    plans: dict[str, screening.selectors.PlanRow]

    def change(self, instrument: str, response_id: UUID) -> Change | None:
        """What this response's total changed; None for the first one or without a total."""
        trend = self.trends.get(instrument)
        points = trend.points if trend else ()
        return next((point.change for point in points if point.source_ref == response_id), None)


@transaction.atomic
def read_course(*, patient: Patient, user: User) -> Course:
    """Every result of this patient that the user may know of; SCREENING_READ is recorded or nothing is returned.

    Substance use is for the care team alone. `patient` comes from `core.access.patients_open_to`.
    """
    on_care_team = user.has_perm("core.care_for", patient)
    hidden = () if on_care_team else selectors.sensitive_responses(patient.id)
    trends = screening.selectors.trends(patient.id, hidden=hidden)
    audit.services.record(
        Action.SCREENING_READ,
        actor=Actor.staff(user.id),
        obj=Ref("core.Patient", str(patient.id)),
        clinic_id=patient.clinic_id,
        patient_id=patient.id,
        context={"results": sum(len(trend.points) for trend in trends.values()), **glass_behind(user, patient)},
    )
    plans = screening.selectors.plans(Patient.objects.filter(pk=patient.pk))
    return Course(trends, {plan.instrument: plan for plan in plans})
