"""Telling medical personnel in an emergency (42 CFR 2.51): first the facts, then what may be told, for an hour."""

from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

import audit.services
import consents.services
from audit.actions import Action, Actor, Ref
from consents.access import get_emergency_for_discloser
from consents.forms import EmergencyForm
from consents.services import MissingFact
from core.access import patients_open_to
from core.permissions import Permission
from core.views import StaffRequest, needs
from intake import selectors
from intake.access import get_packet_to_read
from intake.rules.remarks import Remark, about
from intake.services.reading import read_packet
from intake.views.staff import cares_for

NOT_YET, NO_WORD = "This time has not come yet.", "Write it in words: there is no letter in it."


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.SEE_CLINICAL)
def emergency(request: StaffRequest, patient_id: UUID) -> HttpResponse:
    """Ask for the facts. Nothing of the record is on this page, and nothing is released before they are stored."""
    people = patients_open_to(request.user).select_related("clinic")
    person = get_object_or_404(people, pk=patient_id)
    with timezone.override(ZoneInfo(person.clinic.time_zone)):
        start = {"disclosed_at": timezone.localtime()}
        form = EmergencyForm(request.POST or None, initial=start, born=person.birth_date)
        if request.method == "POST" and form.is_valid():
            try:
                made = consents.services.disclose_in_emergency(patient=person, user=request.user, facts=form.facts())
            except MissingFact as missing:
                form.add_error(missing.name, NOT_YET if missing.name == "disclosed_at" else NO_WORD)
            else:
                return redirect("intake:emergency-released", made.id)
        status = 400 if form.is_bound else 200
        return render(request, "consents/emergency.html", {"patient": person, "form": form}, status=status)


@require_safe
@needs(Permission.SEE_CLINICAL)
def released(request: StaffRequest, emergency_id: UUID) -> HttpResponse:
    """What may be told now, for whoever wrote the facts down, for an hour. Substance use for the care team alone."""
    facts = get_emergency_for_discloser(request.user, emergency_id)
    person = facts.disclosure.patient
    audit.services.record(
        Action.PATIENT_READ,
        actor=Actor.staff(request.user.id),
        obj=Ref("consents.EmergencyDisclosure", str(facts.id)),
        clinic_id=person.clinic_id,
        patient_id=person.id,
    )
    rows = selectors.packet_rows(patients_open_to(request.user).filter(pk=person.pk))
    latest = max((*rows.review, *rows.others), key=lambda row: row.at, default=None)
    forms: tuple[selectors.AnsweredForm, ...] = ()
    told: tuple[Remark, ...] = ()
    if latest:
        read = read_packet(packet=get_packet_to_read(request.user, latest.id), user=request.user)
        told = read.remarks
        forms = tuple(form for form in read.forms if form.sensitivity != "sud" or cares_for(request.user, person))
    context = {
        "patient": person,
        "facts": facts,
        "zone": person.clinic.time_zone,
        "forms": [(form, selectors.sections(form.rows), about(told, form.packet_id, form.slug)) for form in forms],
    }
    return render(request, "consents/emergency_released.html", context)
