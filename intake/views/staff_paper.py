"""What was signed on paper, written down by the front desk or the privacy officer.

The desk learns here of each document what it knows already: a neutral name, and signed, declined or missing.
"""

from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

import audit.services
import consents.selectors
import consents.services
from audit.actions import Action, Actor, Ref
from consents.rendering import CannotRender
from consents.services import AlreadyDecided, CannotSign, NotPublished
from core.views import StaffRequest
from intake import selectors
from intake.access import get_step_for_paper, packets_for_paper
from intake.forms import PaperForm
from intake.services.paper import PaperNotChosen, sign_on_paper
from intake.services.submission import NotTheirs

if TYPE_CHECKING:
    from core.models import Patient

# By what was wrong: the field, and what to do.
WRONG = {
    "day": ("decided_on", "This day has not come yet."),
    "text": ("text", "This text was not in effect on that day. Choose another, or have today's text signed."),
    "decision": ("decision", "This text does not offer that."),
    "capacity": ("capacity", "Choose who signed."),
    "statements": ("text", "This text has no such line to tick."),
    "reason": ("reason", "Write in a few words why."),
    "name": ("signer_name", "Write the name that stands on the paper."),
    "authority": ("authority", "Write what gives them the right to sign for the patient."),
}
NOT_CHOSEN = "Nobody chose paper in this packet. If the patient can't use a screen, say so here."
NOT_THEIRS = "Somebody else has to decide on this document. Look at who has to sign it."
DECIDED = "This was written down before. A yes ends only when it is taken back: ask the privacy officer."


@require_safe
def papers(request: StaffRequest, patient_id: UUID) -> HttpResponse:
    """Each packet's documents, and how they stand at the desk."""
    packets = packets_for_paper(request.user, patient_id)
    person = packets[0].patient
    _read(request, person)
    rows = [(packet, selectors.desk_papers(packet)) for packet in packets]
    context = {"patient": person, "rows": rows, "zone": packets[0].clinic.time_zone}
    return render(request, "intake/staff/papers.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def paper(request: StaffRequest, step_id: UUID) -> HttpResponse:
    """One document: what the paper says, and its scan."""
    step = get_step_for_paper(request.user, step_id)
    packet = step.packet
    with timezone.override(ZoneInfo(packet.clinic.time_zone)):
        texts = consents.selectors.texts_in_effect(packet.clinic_id, step.slug)
        born = packet.patient.birth_date
        form = PaperForm(texts, request.POST or None, request.FILES or None, born=born)
        if request.method == "POST" and form.is_valid() and _kept(request, step.id, form):
            messages.info(request, "Written down. A second person compares the scan with it where that is needed.")
            return redirect("intake:papers", packet.patient_id)
        _read(request, packet.patient)
        context = {"patient": packet.patient, "label": selectors.desk_label(step), "form": form}
        return render(request, "intake/staff/paper.html", context, status=422 if form.is_bound else 200)


@require_safe
def blank(request: StaffRequest, step_id: UUID) -> HttpResponse:
    """The document to be signed with a pen, in the packet's language. The file's own name says nothing."""
    step = get_step_for_paper(request.user, step_id)
    packet, actor = step.packet, Actor.staff(request.user.id)
    try:
        pdf = consents.services.print_blank(
            patient=packet.patient, program=packet.program, source_ref=packet.id, slug=step.slug,
            language=packet.language, actor=actor,
        )  # fmt: skip
    except NotPublished:
        messages.error(request, "No text of this document is in force. Ask the privacy officer.")
    except CannotRender as why:
        messages.error(request, f"The paper could not be made ({why}). Ask whoever looks after this system.")
    else:
        name = 'attachment; filename="paper.pdf"'
        return HttpResponse(pdf, content_type="application/pdf", headers={"Content-Disposition": name})
    return redirect("intake:papers", packet.patient_id)


def _kept(request: StaffRequest, step_id: UUID, form: PaperForm) -> bool:
    """False where it was refused; the form says why."""
    try:
        sign_on_paper(step_id=step_id, paper=form.on_paper(), user=request.user)
    except CannotSign as wrong:
        form.add_error(*WRONG[wrong.code])
    except PaperNotChosen:
        form.add_error("why", NOT_CHOSEN)
    except NotTheirs:
        form.add_error("capacity", NOT_THEIRS)
    except AlreadyDecided:
        form.add_error(None, DECIDED)
    return form.is_valid()


def _read(request: StaffRequest, person: "Patient") -> None:
    audit.services.record(
        Action.PATIENT_READ,
        actor=Actor.staff(request.user.id),
        obj=Ref("core.Patient", str(person.id)),
        clinic_id=person.clinic_id,
        patient_id=person.id,
        context={"page": "papers"},
    )
