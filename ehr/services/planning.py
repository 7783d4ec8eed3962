"""A submitted packet becomes export items, one per resource, each held for a clinician's approval."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

import audit.services
import consents.selectors
import consents.services
import core.outbox
import intake.selectors
import screening.selectors
from audit.actions import Action, Actor, Ref
from core import clock
from core.models import Patient
from ehr.mapping import source, wire
from ehr.mapping.plan import Draft, is_gated, plan
from ehr.models import Connection, ExportItem, Lane
from ehr.services.comparing import ask_chart
from ehr.services.telling import relay_compared, relay_documented, relay_emergency, relay_ended
from screening import instruments

CLERK = Actor.system("ehr")
PATIENCE = timedelta(minutes=10)  # with a PDF that is being made; without Pango none ever is


def relay_finished(limit: int = 10) -> int:
    """Plan what packets submitted since, revocations, emergencies and notes about incidents put into the chart, each in
    its own transaction. Returns how many were planned.

    A packet waits a while for the PDFs of what was signed in it; one that comes later is added.
    """
    planned, waiting = 0, set[UUID]()
    for _ in clock.turns(limit):
        with transaction.atomic():
            message = core.outbox.claim("packet.submitted", but_not=waiting)
            if message is None:
                break
            if consents.selectors.is_being_sealed(message.subject_id) and clock.now() - message.at < PATIENCE:
                waiting.add(message.subject_id)
                continue
            plan_packet(message.subject_id)
            core.outbox.consume(message)
            planned += 1
    while relay_sealed():
        pass
    while relay_ended() or relay_emergency() or relay_documented():
        planned += 1
    while relay_compared():
        pass
    return planned


def relay_sealed() -> bool:
    """Add what was sealed after its packet had been planned. False when nothing is waiting."""
    with transaction.atomic():
        message = core.outbox.claim("document.sealed")
        if message is None:
            return False
        packet_id = consents.selectors.signed_in(message.subject_id)
        if ExportItem.objects.filter(packet_ref=packet_id).exists():
            plan_packet(packet_id)
        core.outbox.consume(message)
    return True


def plan_packet(packet_id: UUID) -> int:
    """Make those of the packet's export items that are not there yet, once per chart; a clinic without a chart has
    none. Returns how many."""
    finished = intake.selectors.finished(packet_id)
    connection = Connection.objects.filter(clinic_id=finished.packet.clinic_id, is_active=True).first()
    if connection is None:
        return 0
    packet = as_source(finished)
    items = ExportItem.objects.filter(connection=connection, packet_ref=packet_id)
    known = set(items.values_list("field_key", flat=True))
    drafts = [
        one for one in plan(packet, identifier_system=settings.EHR_IDENTIFIER_SYSTEM) if one.field_key not in known
    ]
    if not drafts:
        return 0
    ask_chart(patient=finished.packet.patient)
    Lane.objects.get_or_create(connection=connection, patient_id=finished.packet.patient_id)
    for position, draft in enumerate(drafts, start=len(known) + 1):
        item = _item(connection, finished.packet.patient_id, packet_id, position, draft)
        item.protected = is_gated(draft, part2=packet.part2)
        item.reason = _why_looked_at(draft, finished)
        item.save()
    audit.services.record(
        Action.EXPORT_PLANNED,
        actor=CLERK,
        obj=Ref("intake.Packet", str(packet_id)),
        clinic_id=finished.packet.clinic_id,
        patient_id=finished.packet.patient_id,
        context={"items": len(drafts)},
    )
    return len(drafts)


def _why_looked_at(draft: Draft, finished: intake.selectors.Finished) -> str:
    """What the patient wrote tells of care for alcohol or drug use, and no consent covers it: a person looks first."""
    if not draft.is_implied:
        return ""
    covered = consents.services.is_covered(
        patient_id=finished.packet.patient_id,
        discloser=finished.packet.program.legal_name,
        purpose="TREAT",
        categories=draft.categories,
    )
    return "" if covered else "tells-of-substance-use"


def _item(connection: Connection, patient_id: UUID, packet_id: UUID, position: int, draft: Draft) -> ExportItem:
    return ExportItem(
        connection=connection,
        patient_id=patient_id,
        packet_ref=packet_id,
        field_key=draft.field_key,
        position=position,
        resource_type=draft.resource_type,
        label=draft.label,
        resource=wire.dumps(draft.resource).decode(),
        needs=list(draft.needs),
        sensitivity=draft.sensitivity,
        categories=list(draft.categories),
    )


def as_source(finished: intake.selectors.Finished) -> source.FinishedPacket:
    """The packet as the pure mapping takes it."""
    packet = finished.packet
    assert packet.submitted_at is not None
    by_response = {form.response_id: form for form in finished.forms}
    results = screening.selectors.results(by_response)
    return source.FinishedPacket(
        id=str(packet.id),
        clinic_id=str(packet.clinic_id),
        clinic_name=packet.clinic.name,
        submitted_at=packet.submitted_at,
        part2=packet.program.protects_whole_intake,
        patient=_patient(packet.patient, finished.forms),
        answer_sets=tuple(
            source.AnswerSet(
                slug=form.slug,
                url=form.url,
                version=form.version,
                title=form.title,
                sensitivity=form.sensitivity,
                authored=packet.submitted_at,
                items=form.items,
                definition=form.definition,
                photos=[source.PhotoRecord(str(one.id), one.title, one.taken_at, one.jpeg) for one in form.photos],
                respondent=source.Respondent(**packet.respondent) if packet.respondent else None,
                helper=form.helper,
            )
            for form in finished.forms
        ),
        scores=tuple(
            _score(view, by_response[view.source_ref]) for view in results if view.total is not None or view.band
        ),
        signatures=tuple(_signature(one) for one in consents.selectors.signed_documents(packet.id)),
    )


def _patient(patient: Patient, forms: Sequence[intake.selectors.FinishedForm]) -> source.PatientRecord:
    """Who the clinic registered, with the address and the number that the patient gave now."""
    told = {key: value for form in forms if form.slug == "demographics" for key, value in _texts(form.items)}
    address = None
    if told.get("demo-address-line"):
        address = source.Address(
            told["demo-address-line"], told.get("demo-city", ""), told.get("demo-state", ""), told.get("demo-zip", "")
        )
    return source.PatientRecord(
        id=str(patient.id),
        mrn=patient.mrn or None,
        family=patient.family_name,
        given=patient.given_name,
        birth_date=date.fromisoformat(patient.birth_date),
        sex=patient.sex,
        phone=told.get("demo-phone") or patient.phone,
        email=told.get("demo-email") or patient.email,
        language=patient.language,
        address=address,
    )


def _texts(items: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, str]]:
    for item in items:
        for answer in item.get("answer", []):
            if "valueString" in answer:
                yield item["linkId"], answer["valueString"]
            elif "valueCoding" in answer:
                yield item["linkId"], answer["valueCoding"].get("code", "")
        yield from _texts(item.get("item", []))


def _score(view: screening.selectors.ResultView, form: intake.selectors.FinishedForm) -> source.ScoreRecord:
    instrument = instruments.get(view.instrument)
    return source.ScoreRecord(
        instrument=view.instrument,
        panel_loinc=instrument.panel_loinc,
        total_loinc=instrument.total_loinc,
        title=view.title,
        total=view.total,
        band=view.band or "",
        level_loinc=instrument.level_loinc,
        band_loinc=next((level.loinc for level in instrument.levels if level.code == view.band), None),
        sensitivity=form.sensitivity,
        authored=view.scored_at,
        answer_slug=form.slug,
    )


def _signature(document: consents.selectors.SignedDocument) -> source.SignatureRecord:
    return source.SignatureRecord(
        id=str(document.signature_id),
        kind=document.kind,
        title=document.title,
        decision=document.decision,
        signed_at=document.signed_at,
        language=document.language,
        version=document.version,
        pdf=document.pdf,
        sha256=document.sha256,
        signer=document.scope.signer_name if document.scope.capacity != "self" else "",
        capacity=document.scope.capacity,
        recipients=document.scope.recipients,
        purposes=document.scope.purposes,
        expires_on=document.scope.expires_on,
    )
