"""What will be filed where: a part of the patient page, and a page of its own without htmx. Nothing goes unapproved."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

import audit.services
from audit.actions import Action, Actor, Ref
from core.views import StaffRequest, fingerprint, not_modified, page_or_part
from ehr import selectors, services
from ehr.access import get_export_for_clinician, get_item_for_clinician, sees_sensitive
from ehr.forms import ByHandForm, EditForm, RejectForm
from ehr.mapping.editing import CannotEdit
from intake.access import get_packet_for_clinician

CARE_TEAM = "Entries about substance use refer to it: only the care team can decide about this one."
MOVING = ("pending", "inflight", "accepted", "unknown")


@require_safe
def packet_status(request: StaffRequest, packet_id: UUID) -> HttpResponse:
    """Each proposed entry with its state; asked again every few seconds while something is on its way."""
    return _shown(request, get_export_for_clinician(request.user, packet_id))


@require_POST
def packet_approve(request: StaffRequest, packet_id: UUID) -> HttpResponse:
    """Release what is held. A second press finds nothing held and changes nothing."""
    packet_id = get_export_for_clinician(request.user, packet_id)
    released = services.approve(packet_id=packet_id, user=request.user)
    return _answered(request, packet_id, f"{released} entries approved." if released else "Nothing was waiting.")


@require_POST
def item_reject(request: StaffRequest, item_id: UUID) -> HttpResponse:
    """Keep one entry out of the chart, with a reason."""
    item = get_item_for_clinician(request.user, item_id)
    packet_id, form = selectors.packet_of(item), RejectForm(request.POST)
    if not form.is_valid():
        return _answered(request, packet_id, str(form.errors["reason"][0]))
    try:
        kept_out = services.reject(item_id=item.id, user=request.user, reason=form.cleaned_data["reason"])
    except services.NotYours:
        return _answered(request, packet_id, CARE_TEAM)
    also = f" So is what refers to it: {kept_out - 1} more." if kept_out > 1 else ""
    return _answered(request, packet_id, f"Kept out of the chart.{also}" if kept_out else "It is already on its way.")


@require_POST
def item_by_hand(request: StaffRequest, item_id: UUID) -> HttpResponse:
    """Somebody has seen to an entry that did not reach the chart, and says how."""
    item = get_item_for_clinician(request.user, item_id)
    packet_id, form = selectors.packet_of(item), ByHandForm(request.POST)
    if not form.is_valid():
        return _answered(request, packet_id, str(form.errors["reason"][0]))
    try:
        is_settled = services.enter_by_hand(item_id=item.id, user=request.user, note=form.cleaned_data["reason"])
    except services.NotYours:
        return _answered(request, packet_id, CARE_TEAM)
    return _answered(request, packet_id, "Settled." if is_settled else "There is nothing to see to.")


@require_POST
def item_edit(request: StaffRequest, item_id: UUID) -> HttpResponse:
    """Correct one entry, with a reason; it waits for approval as before."""
    item = get_item_for_clinician(request.user, item_id)
    form = EditForm(request.POST)
    if not form.is_valid():
        return _answered(request, item.packet_ref, str(form.errors["reason"][0]))
    try:
        is_changed = services.edit(
            item_id=item.id, user=request.user, changes=form.changes(), reason=form.cleaned_data["reason"]
        )
    except CannotEdit as refusal:
        return _answered(request, item.packet_ref, str(refusal))
    words = "Corrected. It waits for approval." if is_changed else "Nothing was changed."
    return _answered(request, item.packet_ref, words)


def _answered(request: StaffRequest, packet_id: UUID, words: str) -> HttpResponse:
    """The part with its new state for htmx; for a plain form, the page (so that a reload sends nothing twice)."""
    if request.headers.get("HX-Request") == "true":
        return _shown(request, packet_id, words)
    messages.info(request, words)
    return redirect("ehr:packet-status", packet_id)


def _shown(request: StaffRequest, packet_id: UUID, words: str = "") -> HttpResponse:
    packet = get_packet_for_clinician(request.user, packet_id)
    status = selectors.packet_status(packet_id, sensitive=sees_sensitive(request.user, packet.patient))
    tag = fingerprint(status)
    if same := not_modified(request, tag):
        return same
    audit.services.record(
        Action.EXPORT_READ,
        actor=Actor.staff(request.user.id),
        obj=Ref("intake.Packet", str(packet_id)),
        clinic_id=packet.clinic_id,
        patient_id=packet.patient_id,
        context={"items": status.total},
    )
    context = {
        "packet": packet,
        "status": status,
        "moving": any(item.state in MOVING for item in status.items),
        "words": words,
    }
    return page_or_part(request, "ehr/packet_status.html", tag, context)


@require_safe
def chart_lists(request: StaffRequest, packet_id: UUID) -> HttpResponse:
    """Medicines and allergies as told, beside what the chart held when it was last read."""
    packet = get_packet_for_clinician(request.user, get_export_for_clinician(request.user, packet_id))
    sensitive = sees_sensitive(request.user, packet.patient)
    compared = selectors.chart_lists(packet.id, packet.patient_id, sensitive=sensitive)
    tag = fingerprint(compared)
    if same := not_modified(request, tag):
        return same
    audit.services.record(
        Action.CHART_READ,
        actor=Actor.staff(request.user.id),
        obj=Ref("intake.Packet", str(packet.id)),
        clinic_id=packet.clinic_id,
        patient_id=packet.patient_id,
    )
    context: dict[str, object] = {"packet": packet, "lists": compared}
    if compared:
        context["parts"] = (("Medicines", compared.medicines), ("Allergies", compared.allergies))
    return page_or_part(request, "ehr/chart_lists.html", tag, context)


@require_POST
def chart_ask(request: StaffRequest, packet_id: UUID) -> HttpResponse:
    """Have the chart read again; a job does it, so that this page never waits for the chart."""
    packet = get_packet_for_clinician(request.user, get_export_for_clinician(request.user, packet_id))
    if not services.ask_chart(patient=packet.patient):
        messages.error(request, "This clinic is connected to no chart.")
    return redirect("ehr:chart-lists", packet.id)
