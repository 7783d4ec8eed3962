"""One incident on a phone at two in the morning: who, what was answered, the clock, and what can be done about it.

Looking only notes on the person's own pages that they looked: a link scanner that opens every address acknowledges
nothing. Only a POST does.
"""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

import audit.services
from audit.actions import Action, Actor, Ref
from core import clock
from core.access import clinics_where
from core.crypto import UnreadableValue
from core.permissions import Permission
from core.views import StaffRequest, fingerprint, needs, not_modified, page_or_part
from escalation import selectors, services
from escalation.access import get_incident_for_clinician, get_own_drill
from escalation.forms import NOT_REACHED, OutcomeForm
from escalation.policy.watch import GAPS, MEANS
from escalation.selectors import watching

if TYPE_CHECKING:
    from escalation.models import Incident


@require_safe
def incident(request: StaffRequest, code: str) -> HttpResponse:
    """The page a page leads to; asked for by htmx, the parts of it that change."""
    found = get_incident_for_clinician(request.user, code)
    if request.method == "GET" and not request.headers.get("HX-Polling"):
        services.note_opened(incident_id=found.id, user=request.user)
    return _shown(request, found, OutcomeForm())


@require_POST
def acknowledge(request: StaffRequest, code: str) -> HttpResponse:
    """Take it. The first one wins; whoever comes later learns who that was."""
    found = get_incident_for_clinician(request.user, code)
    taken = services.acknowledge(incident_id=found.id, user=request.user, actor=Actor.staff(request.user.id))
    if found.state == found.State.RESOLVED:
        messages.info(request, "The outcome is documented; nobody has to take it.")
    elif taken.by != request.user:
        messages.info(request, f"{taken.by} had already taken it. You can still document the outcome.")
    return redirect("escalation:incident", found.code)


@require_POST
def hand_over(request: StaffRequest, code: str) -> HttpResponse:
    """Not me: the next people are paged at once. What was typed for the outcome stands in the form again."""
    found = get_incident_for_clinician(request.user, code)
    typed = {name: request.POST.get(name, "") for name in OutcomeForm.base_fields}
    try:
        services.hand_over(
            incident_id=found.id,
            user=request.user,
            actor=Actor.staff(request.user.id),
            seen=request.POST.get("place"),
        )
    except services.AlreadyResolved:
        messages.info(request, "The outcome is documented; nobody has to be paged.")
    except services.MovedOn:
        messages.info(request, "The next people have been paged already. To page the ones after them, press it again.")
    else:
        messages.info(request, "Handed over. The next people are being paged now.")
    if not typed["note"].strip():
        return redirect("escalation:incident", found.code)
    messages.warning(request, "What you had typed is not signed. It stands below, for you alone.")
    return _shown(request, get_incident_for_clinician(request.user, code), OutcomeForm(initial=typed))


@require_POST
def outcome(request: StaffRequest, code: str) -> HttpResponse:
    """What was done, or tried in vain, signed with name and credentials. Words that can't be kept are shown again."""
    found = get_incident_for_clinician(request.user, code)
    form = OutcomeForm(request.POST)
    if not form.is_valid():
        return _shown(request, found, form)
    try:
        done = _document(request, found, form)
    except services.NeedsNote:
        form.add_error("note", "One word closes nothing. Say in a few words what was done, or why it is not a risk.")
        return _shown(request, found, form)
    except services.AlreadyResolved:
        form.add_error(None, "A colleague documented the outcome while you were writing. Your words are not signed.")
        return _shown(request, get_incident_for_clinician(request.user, code), form)
    except services.UnseenTrigger:
        form.add_error(None, "Something was answered since you read this page. Read it above, then sign again.")
        return _shown(request, get_incident_for_clinician(request.user, code), form)
    messages.success(request, done)
    return redirect("escalation:incident", found.code)


def _document(request: StaffRequest, found: "Incident", form: OutcomeForm) -> str:
    """What there is to say of it."""
    said = form.cleaned_data
    signed = {"user": request.user, "actor": Actor.staff(request.user.id), "note": said["note"]}
    if said["kind"] == NOT_REACHED:
        again = clock.now() + timedelta(minutes=said["again"])
        services.not_reached(incident_id=found.id, next_attempt_at=again, **signed)
        return f"Signed. Paging starts again in {said['again']} minutes unless you document more before."
    services.resolve(incident_id=found.id, kind=said["kind"], seen=said["seen"], **signed)
    return "Documented and signed. Paging has ended."


@require_safe
def paging(request: StaffRequest) -> HttpResponse:
    """Is paging alive? Alarms, and the weekly tests: for supervisors, compliance and whoever runs it."""
    asked = (Permission.SUPERVISE, Permission.SEE_AUDIT, Permission.MANAGE_SETTINGS)
    clinics = {clinic for permission in asked for clinic in clinics_where(request.user, permission)}
    if not clinics:
        raise Http404
    ids = [clinic.id for clinic in clinics]
    gaps: dict[UUID | None, tuple[str, ...]] = {clinic.id: watching.gaps_now(clinic.id) for clinic in clinics}
    lasting = watching.lasting_alarms(ids)
    context = {
        "health": watching.health(),
        "stopped": watching.rounds_that_stopped(),
        "lasting": [
            (one, (one.code in GAPS and " ".join(gaps[one.clinic_id])) or MEANS.get(one.code, "")) for one in lasting
        ],
        "ended": watching.ended_alarms(ids),
        "unreachable": [
            (one, watching.ladder_story(one.id), (*gaps[one.id], *watching.unreachable(one.id)))
            for one in sorted(clinics, key=str)
        ],
        "drills": watching.drills(ids),
    }
    return render(request, "escalation/paging.html", context)


@require_safe
@needs(Permission.ANSWER_PAGES)
def drills(request: StaffRequest) -> HttpResponse:
    """The person's own test pages of the last week, to be answered with Received."""
    return render(request, "escalation/drills.html", {"waiting": watching.own_drills(request.user)})


@require_POST
@needs(Permission.ANSWER_PAGES)
def received(request: StaffRequest, drill_id: UUID) -> HttpResponse:
    """The test arrived. Somebody else's does not exist."""
    drill = get_own_drill(request.user, drill_id)
    services.note_received(drill=drill, actor=Actor.staff(request.user.id))
    messages.success(request, "Thank you. Your test arrived, and nothing else is to be done.")
    return redirect("escalation:drills")


def _shown(request: StaffRequest, found: "Incident", form: OutcomeForm) -> HttpResponse:
    try:
        triggers, told, readable = selectors.triggers(found), selectors.whereabouts(found.source_ref), True
    except UnreadableValue:  # the incident can still be taken; the template says what to do
        triggers, told, readable = (), [], False
    entries = selectors.timeline(found)
    tag = fingerprint([found.state, found.step, found.loop, found.due_at, triggers, entries])
    if same := not_modified(request, tag):
        return same
    audit.services.record(
        Action.INCIDENT_READ,
        actor=Actor.staff(request.user.id),
        obj=Ref("escalation.Incident", str(found.id)),
        clinic_id=found.clinic_id,
        patient_id=found.patient_id,
        context={"state": found.state},
    )
    steps = [step["name"] for step in found.ladder]
    context = {
        "incident": found,
        "patient": found.patient,
        "zone": found.clinic.time_zone if found.clinic else "UTC",
        "triggers": triggers,
        "told": told,
        "readable": readable,
        "entries": entries,
        "taken": next((one for one in reversed(entries) if one.kind == "acknowledged"), None),
        "tried": next((one for one in reversed(entries) if one.kind == "tried"), None),
        "handed": next((one for one in reversed(entries) if one.kind == "handed_over"), None),
        "seconds": int((found.due_at - clock.now()).total_seconds()) if found.due_at else None,
        "next_step": steps[min(found.step + 1, len(steps) - 1)],
        "form": form,
    }
    return page_or_part(request, "escalation/incident.html", tag, context)
