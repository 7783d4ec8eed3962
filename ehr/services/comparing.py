"""What the chart holds of a patient's medicines and allergies, read by a job and kept with the time it was read."""

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q

import audit.services
import core.doorbell
from audit.actions import Action, Actor, Ref
from core import clock
from core.models import Patient
from ehr.adapters.base import ConflictError, Gateway, GatewayError, TransientError
from ehr.adapters.connect import gateway_for
from ehr.mapping import wire
from ehr.mapping.drafts import PATIENT
from ehr.mapping.lists import MEDICINE_TYPES
from ehr.models import ChartSnapshot, Connection, ExportItem

log = logging.getLogger(__name__)

CLERK = Actor.system("ehr")
LEASE = timedelta(seconds=120)
TRIES, PAUSE = 5, timedelta(minutes=1)
LISTS = (*MEDICINE_TYPES, "AllergyIntolerance")


@transaction.atomic
def ask_chart(*, patient: Patient) -> bool:
    """The chart's lists are to be read now; False at a clinic without a chart. What was read before stays."""
    connection = Connection.objects.filter(clinic_id=patient.clinic_id, is_active=True).first()
    if connection is None:
        return False
    ChartSnapshot.objects.update_or_create(
        connection=connection, patient=patient, defaults={"due_at": clock.now(), "attempt": 0, "fault": ""}
    )
    core.doorbell.ring("ehr.read_charts_due")
    return True


def read_charts_due(limit: int = 10, *, connect: Callable[..., Gateway] = gateway_for) -> int:
    """Read what is due; returns how many were. No transaction is open while the network is used."""
    read = 0
    for _ in clock.turns(limit):
        snapshot = _claim()
        if snapshot is None:
            break
        gateway = connect(snapshot.connection, allow_loopback=settings.EHR_ALLOW_LOOPBACK)
        try:
            if snapshot.attempt > TRIES:  # whoever read it was ended each time, and could say nothing
                raise TransientError("too-slow")
            _keep(snapshot, _lists(snapshot, gateway))
            read += 1
        except GatewayError as error:
            _put_off(snapshot, error)
    return read


def _claim() -> ChartSnapshot | None:
    """The one that has waited longest; its lease is the fence of whoever holds it."""
    now = clock.now()
    free = Q(lease_until__isnull=True) | Q(lease_until__lte=now)
    with transaction.atomic():
        rows = ChartSnapshot.objects.select_for_update(of=("self",), skip_locked=True)
        rows = rows.select_related("connection", "patient").filter(free, due_at__lte=now, connection__is_active=True)
        snapshot = rows.order_by("due_at").first()
        if snapshot:
            snapshot.lease_until, snapshot.attempt = now + LEASE, snapshot.attempt + 1
            snapshot.save(update_fields=["lease_until", "attempt"])
        return snapshot


def _lists(snapshot: ChartSnapshot, gateway: Gateway) -> list[dict[str, Any]]:
    """Every medicine and allergy of this patient in the chart but those we filed. Raises GatewayError, never a part of
    a list."""
    chart_id = _chart_id(snapshot, gateway)
    return [one for kind in LISTS for one in gateway.of_patient(kind, chart_id) if not _is_ours(one)]


def _is_ours(resource: dict[str, Any]) -> bool:
    return any(one.get("system") == settings.EHR_IDENTIFIER_SYSTEM for one in resource.get("identifier", ()))


def _chart_id(snapshot: ChartSnapshot, gateway: Gateway) -> str:
    """Who they are there: the Patient that we filed and read back, else the one that carries their MRN."""
    filed = ExportItem.objects.filter(
        connection=snapshot.connection, patient=snapshot.patient, field_key=PATIENT, state=ExportItem.State.VERIFIED
    )
    if known := filed.order_by("-verified_at").values_list("ehr_id", flat=True).first():
        return str(known)
    system, mrn = snapshot.connection.mrn_system, snapshot.patient.mrn
    found = gateway.search("Patient", (system, mrn)) if system and mrn else ()
    matching = [one for one in found if one.resource.get("birthDate") == snapshot.patient.birth_date]
    if len(matching) != 1:
        raise ConflictError("patient-not-found")
    return matching[0].id


@transaction.atomic
def _keep(snapshot: ChartSnapshot, lists: list[dict[str, Any]]) -> None:
    ours = ChartSnapshot.objects.filter(pk=snapshot.pk, lease_until=snapshot.lease_until)
    content = wire.dumps(lists).decode()
    if ours.update(due_at=None, lease_until=None, fault="", read_at=clock.now(), content=content):
        audit.services.record(
            Action.CHART_READ,
            actor=CLERK,
            obj=Ref("ehr.ChartSnapshot", str(snapshot.id)),
            clinic_id=snapshot.connection.clinic_id,
            patient_id=snapshot.patient_id,
            context={"entries": len(lists)},
        )


def _put_off(snapshot: ChartSnapshot, error: GatewayError) -> None:
    """Try a few times more, then leave it until somebody asks again; nobody's chart is the worse for it."""
    is_final = isinstance(error, ConflictError) or snapshot.attempt >= TRIES
    due_at = None if is_final else clock.now() + PAUSE * snapshot.attempt
    log.warning("chart lists of snapshot %s not read: %s", snapshot.id, error.reason)
    ChartSnapshot.objects.filter(pk=snapshot.pk, lease_until=snapshot.lease_until).update(
        due_at=due_at, lease_until=None, fault=error.reason[:80]
    )
