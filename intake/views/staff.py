"""The clinician's workspace: the inbox, one patient on one page, and the way to whatever a member of staff may open."""

from typing import TYPE_CHECKING
from uuid import UUID

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

import audit.services
import consents.selectors
import escalation.selectors
import screening.access
import screening.selectors
from audit.actions import Action, Actor, Ref
from core.access import (
    broken_glass,
    glass_behind,
    may_anywhere,
    patients_for_clinician,
    patients_open_to,
)
from core.permissions import Permission
from core.views import StaffRequest, needs
from intake import selectors
from intake.access import get_packet_to_read
from intake.rules.remarks import about
from intake.selectors.respondents import who_answered
from intake.services import eligibility
from intake.services.reading import ClinicalPacket, Course, read_course, read_packet
from intake.views.staff_measures import course_shown

if TYPE_CHECKING:
    from core.models import Patient, User

WHY = "con-reason"  # the question why they come, in their own words
READ_FIRST = ("presenting-concerns", "substance-use", "medications", "allergies")
PLACES = (
    (Permission.SEE_CLINICAL, "Inbox", "intake:inbox"),
    (Permission.MANAGE_PACKETS, "Front desk", "admin:index"),
    (Permission.MANAGE_CONSENTS, "Privacy", "consents:tasks"),
    (Permission.SEE_AUDIT, "Who saw what", "core:audit-log"),
    (Permission.SEE_AUDIT, "Opened from outside the care team", "core:glass"),
    (Permission.SEE_AUDIT, "Reviews of the week", "screening:week"),
    (Permission.SEE_AUDIT, "Is paging alive?", "escalation:paging"),
    (Permission.MANAGE_SETTINGS, "Is paging alive?", "escalation:paging"),
    (Permission.MANAGE_CONSENTS, "Documents", "admin:consents_document_changelist"),
    (Permission.MANAGE_SETTINGS, "Settings: duty, contact points, forms", "admin:index"),
)


@require_safe
def home(request: StaffRequest) -> HttpResponse:
    """Straight to the one place this person works in; a list for somebody with several, a sentence for none."""
    held = [(label, reverse(name)) for permission, label, name in PLACES if may_anywhere(request.user, permission)]
    places = list(dict.fromkeys(held))
    if len(places) == 1:
        return redirect(places[0][1])
    return render(request, "intake/staff/home.html", {"places": places})


@require_safe
@needs(Permission.SEE_CLINICAL)
def patient(request: StaffRequest, patient_id: UUID) -> HttpResponse:
    """One patient, one page: what is dangerous, what was said, the scores, the consents, what goes to the chart."""
    person: Patient = get_object_or_404(patients_open_to(request.user).select_related("clinic"), pk=patient_id)
    is_own = patients_for_clinician(request.user).filter(pk=person.pk).exists()
    rows = selectors.packet_rows(patients_open_to(request.user).filter(pk=person.pk))
    packets = sorted(rows.review + rows.others, key=lambda row: row.at, reverse=True)
    incidents = escalation.selectors.of_patient(person.id)
    chosen = _chosen(request, packets)
    context: dict[str, object] = {
        "patient": person,
        "zone": person.clinic.time_zone,
        "glass": None if is_own else broken_glass(request.user).filter(patient=person).order_by("-until").first(),
        "packets": packets,
        "chosen": chosen,
        "found": screening.selectors.to_review(
            screening.access.review_items_for(request.user).filter(patient=person), request.user
        ),
        "incidents": [(row, escalation.selectors.timeline(row.incident)) for row in incidents],
    }
    if chosen:
        packet = get_packet_to_read(request.user, chosen.id)
        on_care_team = cares_for(request.user, person)
        course = read_course(patient=person, user=request.user)
        context |= course_shown(course, may_plan=on_care_team)
        context |= _told(read_packet(packet=packet, user=request.user), on_care_team, course)
    else:
        audit.services.record(
            Action.PATIENT_READ,
            actor=Actor.staff(request.user.id),
            obj=Ref("core.Patient", str(person.id)),
            clinic_id=person.clinic_id,
            patient_id=person.id,
            context=glass_behind(request.user, person),
        )
    return render(request, "intake/staff/patient.html", context)


def cares_for(user: "User", person: "Patient") -> bool:
    """On the care team: a supervisor who is not sees the clinic's patients, but not their substance-use sections."""
    return user.has_perm("core.care_for", person)


def _chosen(request: StaffRequest, packets: list[selectors.PacketRow]) -> selectors.PacketRow | None:
    """The packet that was asked for, else the latest. Raises Http404 for one that is not this patient's."""
    asked = request.GET.get("packet")
    if not asked:
        return packets[0] if packets else None
    for row in packets:
        if str(row.id) == asked:
            return row
    raise Http404


def _place(form: selectors.AnsweredForm) -> int:
    """Substance use, medicines and allergies before the rest, which stays in the order of the packet."""
    return READ_FIRST.index(form.slug) if form.slug in READ_FIRST else len(READ_FIRST)


def _told(read: ClinicalPacket, on_care_team: bool, course: Course) -> dict[str, object]:
    """The packet's content in the order a clinician reads it; substance use only for the care team."""
    hidden = set() if on_care_team else {form.response_id for form in read.forms if form.sensitivity == "sud"}
    results = [result for result in read.results if result.source_ref not in hidden]
    sensitive = {form.response_id for form in read.forms if form.sensitivity == "sud"}
    clinic_id = read.packet.clinic_id
    signed = screening.selectors.signed_priorities(clinic_id)
    found = [
        (
            finding,
            result.source_ref in sensitive,
            screening.selectors.is_signed(signed, clinic_id, result.instrument, finding.code, finding.urgency),
        )
        for result in results
        for finding in result.findings
    ]
    titles = consents.selectors.titles(clinic_id, "en")
    found.sort(key=lambda one: (selectors.URGENCIES.index(one[0].urgency), not one[0].pages))
    forms = sorted((form for form in read.forms if form.response_id not in hidden), key=_place)
    return {
        "packet": read.packet,
        "why": [value for form in forms for row in form.rows if row.link_id == WHY for value in row.values],
        "who_answered": who_answered(read.packet),
        "forms": [
            (form, selectors.sections(form.rows), about(read.remarks, form.packet_id, form.slug)) for form in forms
        ],
        "other_remarks": [one for one in read.remarks if one.slug not in {form.slug for form in forms}],
        "results": [
            (result, result.source_ref in sensitive, course.change(result.instrument, result.source_ref))
            for result in results
            if result.working
        ],
        "findings": found,
        "refused": eligibility.refused(read.packet),
        "unasked": eligibility.unasked_about_suicide(read.packet),
        "decisions": [(one, titles.get(one.slug, one.slug)) for one in read.decisions],
        "hidden": len(hidden),
        "has_sensitive": bool(sensitive - hidden),
        "protected": read.packet.program.protects_whole_intake,
    }
