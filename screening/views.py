"""A finding and whoever has to look at it; the week's report; the priorities that a clinician signs."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

import audit.services
import core.services
from audit.actions import Action, Actor, Ref
from core import clock
from core.access import clinics_where, patients_for_clinician
from core.permissions import Permission
from core.views import StaffRequest, needs
from screening import selectors, services
from screening.access import (
    get_clinic_for_supervisor,
    get_review_item,
    review_items_for,
)
from screening.forms import NoteForm, SignForm
from screening.rules.priorities import PROPOSALS


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.SEE_CLINICAL)
def review(request: StaffRequest, item_id: UUID) -> HttpResponse:
    """One finding, for whoever was named or cares for the patient; a POST says that it was looked at."""
    item = get_review_item(request.user, item_id)
    form = NoteForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            services.review(item=item, user=request.user, note=form.cleaned_data["note"])
        except services.AlreadyReviewed:
            messages.info(request, "Somebody had marked it already. Your words were not kept.")
        else:
            messages.success(request, "Marked as reviewed.")
        return redirect("screening:review", item.id)
    audit.services.record(
        Action.SCREENING_READ,
        actor=Actor.staff(request.user.id),
        obj=Ref("screening.ReviewItem", str(item.id)),
        clinic_id=item.clinic_id,
        patient_id=item.patient_id,
    )
    result = selectors.result_of(item.finding_id)
    signed = selectors.signed_priorities(item.clinic_id)
    code, urgency = item.finding.code, item.finding.urgency
    context = {
        "item": item,
        "result": result,
        "is_signed": selectors.is_signed(signed, item.clinic_id, result.instrument, code, urgency),
        "seconds": int((item.due_at - clock.now()).total_seconds()),
        "zone": item.clinic.time_zone,
        "is_in_care": patients_for_clinician(request.user).filter(pk=item.patient_id).exists(),
        "form": form,
    }
    return render(request, "screening/review.html", context)


@require_safe
def week(request: StaffRequest) -> HttpResponse:
    """Seven days of each clinic that the person supervises or audits; patients' names for supervisors alone."""
    supervised = clinics_where(request.user, Permission.SUPERVISE)
    seen = supervised | clinics_where(request.user, Permission.SEE_AUDIT)
    clinics = list(seen.order_by("name"))
    if not clinics:
        raise Http404
    items = review_items_for(request.user).filter(clinic__in=supervised)
    late = [row for row in selectors.to_review(items, request.user) if row.is_late]
    core.services.record_listing(
        patients=[row.patient for row in late], page="weekly-report", actor=Actor.staff(request.user.id)
    )
    reports = [(clinic, selectors.weekly(clinic.id)) for clinic in clinics]
    return render(request, "screening/week.html", {"reports": reports, "late": late})


@require_safe
@needs(Permission.SUPERVISE)
def priorities(request: StaffRequest) -> HttpResponse:
    """What Candor proposes, what a clinician has signed, and the clinic's own rules that wait for approval."""
    clinics = []
    for clinic in clinics_where(request.user, Permission.SUPERVISE).order_by("name"):
        signed = selectors.sign_offs(clinic.id)
        rows = [(one, signed.get((one.instrument, one.code, one.urgency))) for one in PROPOSALS]
        drafts = [(draft, selectors.fired(clinic.id, draft.rules)) for draft in selectors.drafted_rules(clinic.id)]
        clinics.append((clinic, rows, drafts, selectors.clinic_rules(clinic.id)))
    return render(request, "screening/priorities.html", {"clinics": clinics})


@require_POST
@needs(Permission.SUPERVISE)
def sign(request: StaffRequest) -> HttpResponse:
    """A clinician agrees to one priority, with name and credentials."""
    form = SignForm(request.POST)
    if not form.is_valid():
        raise Http404
    typed = form.cleaned_data
    clinic = get_clinic_for_supervisor(request.user, typed.pop("clinic"))
    try:
        services.sign_priority(clinic=clinic, by=request.user, **typed)
    except services.NoCredentials:
        messages.error(request, "Your account names no credentials. Ask whoever looks after accounts to add them.")
    except services.NotAPriority:
        messages.error(request, "This priority has changed. Read it again before you sign.")
    else:
        messages.success(request, "Signed.")
    return redirect("screening:priorities")
