"""The privacy officer's pages: what is open, a patient's permissions, limits, and who got what.

A patient may tell a clinician too what they want: taking back and asking for limits is open to the care team.
"""

import base64
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.views.decorators.http import require_http_methods, require_POST, require_safe

import audit.services
import core.services
from audit.actions import Action, Actor, Ref
from consents import access, selectors, services
from consents.forms import (
    SCANS,
    AnswerForm,
    CompareForm,
    DoneForm,
    RestrictionForm,
    RevocationForm,
    SearchForm,
    ToldForm,
)
from consents.policy import NOTICE_SHORT
from consents.rendering import CannotRender, printed
from consents.rules.reasons import in_words
from consents.services.restricting import AlreadyDecided
from core.access import clinics_where, may
from core.crypto import UnreadableValue
from core.permissions import Permission
from core.selectors import glass_waiting, patients_matching
from core.views import StaffRequest, needs

if TYPE_CHECKING:
    from core.models import Patient

NOT_THE_SAME = (
    "This is not what was entered. Look at the scan again. If the entry is wrong, take the "
    "permission back as “It may be false”, and have the paper entered again."
)
# By what stands in the address, which tells nothing of the kind of care.
REPORTS = {
    "consented": ("part2", "Disclosures made with the patient's consent, 3 years (42 CFR 2.25)"),
    "other": ("hipaa", "Disclosures other than for treatment, payment and operations, 6 years (45 CFR 164.528)"),
}
WRITTEN_ALREADY = "This page has written down something else already; it stands below. To add this too, send it again."


@require_http_methods(["GET", "HEAD", "POST"])
@needs(Permission.MANAGE_CONSENTS)
def tasks(request: StaffRequest) -> HttpResponse:
    """What is open, the most urgent first; and the way to a patient. A name is posted, so that it is in no address."""
    mine = access.patients_for_privacy(request.user)
    search = SearchForm(request.POST if request.method == "POST" else None)
    found: list[Patient] = []
    if search.is_valid():
        clinics = clinics_where(request.user, Permission.MANAGE_CONSENTS).values_list("pk", flat=True)
        found = list(mine.filter(pk__in=patients_matching(clinics, search.cleaned_data["words"])))
    waiting = selectors.open_tasks(mine)
    shown = {row.patient.pk: row.patient for row in waiting} | {one.pk: one for one in found}
    core.services.record_listing(patients=shown.values(), page="privacy", actor=Actor.staff(request.user.id))
    opened = glass_waiting(clinics_where(request.user, Permission.SEE_AUDIT).values_list("pk", flat=True))
    context = {"opened": opened, "tasks": waiting, "search": search, "found": found, "searched": search.is_bound}
    return render(request, "consents/tasks.html", context)


@require_POST
def task_close(request: StaffRequest, task_id: UUID) -> HttpResponse:
    """Say what was done."""
    task = access.get_task_for_privacy(request.user, task_id)
    form = DoneForm(request.POST)
    if not form.is_valid():
        messages.error(request, str(form.errors["note"][0]))
        return redirect("consents:tasks")
    try:
        if services.close_task(task=task, user=request.user, note=form.cleaned_data["note"]):
            messages.info(request, "Done.")
    except services.NotAnswered:
        messages.error(request, "The patient waits for an answer. Agree or refuse here; that closes it.")
        return redirect("consents:patient", task.patient_id)
    return redirect("consents:tasks")


@require_safe
def patient(request: StaffRequest, patient_id: UUID) -> HttpResponse:
    """One patient's permissions: what stands, what ended and what had been relied upon by then, which limits bind."""
    person = access.get_patient_for_request(request.user, patient_id)
    _read(request, person)
    context = {
        "patient": person,
        "zone": person.clinic.time_zone,
        "permissions": _in_english(selectors.permissions(person.id)),
        "notices": selectors.notices(person.id),
        "limits": selectors.limits(person.id),
        "emergencies": selectors.emergencies(person.id),
        "papers": selectors.papers(person.id),
        "is_officer": may(request.user, Permission.MANAGE_CONSENTS, person.clinic_id),
    }
    return render(request, "consents/patient.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: StaffRequest, signature_id: UUID) -> HttpResponse:
    """Write down that a permission ended: by phone, on paper, told to staff. It ends at once."""
    signature = access.get_signature_for_request(request.user, signature_id)
    person = access.get_patient_for_request(request.user, signature.patient_id)
    if selectors.has_ended(signature.id):
        messages.info(request, f"It has ended already: {signature.version.title}. Nothing was changed.")
        return redirect("consents:patient", person.id)
    form = RevocationForm(selectors.recipients_of(signature), request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        try:
            row = services.revoke(
                signature=signature,
                actor=Actor.staff(request.user.id),
                recorded_by=request.user,
                **form.cleaned_data,
            )
        except services.NotRevocable as refused:
            form.add_error("why", str(refused))
        else:
            messages.info(request, f"Taken back. Shared before, and not undone: {len(row.relied_on)}.")
            return redirect("consents:patient", person.id)
    _read(request, person)
    shared = selectors.shared_under(signature.id)
    context = {
        "patient": person,
        "signature": signature,
        "form": form,
        "shared": shared,
        "zone": person.clinic.time_zone,
    }
    return render(request, "consents/revoke.html", context, status=422 if form.is_bound else 200)


@require_safe
def paper(request: StaffRequest, revocation_id: UUID) -> HttpResponse:
    """The paper on which something was taken back, to be saved: what somebody else made is not opened on our pages."""
    row = access.get_revocation_for_privacy(request.user, revocation_id)
    person = access.get_patient_for_privacy(request.user, row.signature.patient_id)
    audit.services.record(
        Action.DOCUMENT_READ,
        actor=Actor.staff(request.user.id),
        obj=Ref("consents.Revocation", str(row.id)),
        clinic_id=person.clinic_id,
        patient_id=person.id,
    )
    content = base64.b64decode(row.scan or "")
    kind = next(kind for kind, begins in SCANS.items() if content.startswith(begins))
    return _file(content, kind, f"paper.{kind.rpartition('/')[2]}")


@require_safe
def scan(request: StaffRequest, paper_id: UUID) -> HttpResponse:
    """A scan of a signed paper, or a photo of what gives somebody the right to sign: to be saved, never shown by us."""
    found = access.get_paper_for_folder(request.user, paper_id)
    try:
        kept = services.read_paper(paper=found, user=request.user)
    except UnreadableValue as error:
        raise Http404 from error
    return _file(kept.content, kept.content_type, f"paper.{kept.content_type.rpartition('/')[2]}")


@require_http_methods(["GET", "HEAD", "POST"])
def scan_same(request: StaffRequest, paper_id: UUID) -> HttpResponse:
    """A second person holds the scan against what was entered, and types the name and the date that stand on it."""
    found = access.get_paper_for_privacy(request.user, paper_id)
    person = access.get_patient_for_privacy(request.user, found.signature.patient_id)
    row = next(one for one in selectors.papers(person.id) if one.paper_id == paper_id)
    form = CompareForm(row, request.POST or None)
    if found.entered_by_id == request.user.id:
        messages.error(request, "You entered this paper. Somebody else has to compare it.")
        return redirect("consents:patient", person.id)
    if request.method == "POST" and form.is_valid():
        try:
            is_new = services.compare_paper(paper=found, user=request.user, **form.cleaned_data)
        except services.NotTheSame:
            form.add_error(None, NOT_THE_SAME)
        else:
            messages.info(request, "Compared. What was entered counts now." if is_new else "It was compared already.")
            return redirect("consents:patient", person.id)
    _read(request, person)
    context = {"patient": person, "row": row, "form": form, "is_picture": found.content_type == "image/jpeg"}
    return render(request, "consents/compare.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def told(request: StaffRequest, patient_id: UUID) -> HttpResponse:
    """The log of what staff told by phone, fax, on paper or in person; what no permission covered is said at once."""
    person = access.get_patient_for_privacy(request.user, patient_id)
    with timezone.override(ZoneInfo(person.clinic.time_zone)):
        start = {"key": uuid4(), "at": timezone.localtime(), "told_by": request.user.full_name}
        form = ToldForm(person.clinic, request.POST or None, initial=start, born=person.birth_date)
        status = 422 if form.is_bound else 200
        if request.method == "POST" and form.is_valid():
            given = {"patient": person, "program": form.cleaned_data["program"], "told": form.told()}
            try:
                _, reasons = services.write_down(**given, user=request.user)
            except services.NotYetTold:
                form.add_error("at", "This time has not come yet.")
            except services.OtherWords:
                form.add_error(None, WRITTEN_ALREADY)
                form.data, status = request.POST.copy(), 409
                form.data["key"] = str(uuid4())
            else:
                _say_what_covered_it(request, reasons)
                return redirect("consents:told", person.id)
        _read(request, person)
        context = {"patient": person, "form": form, "rows": selectors.told_by_hand(person.id)}
        context |= {"zone": person.clinic.time_zone, "notice": NOTICE_SHORT}
        return render(request, "consents/told.html", context, status=status)


def _say_what_covered_it(request: StaffRequest, reasons: tuple[str, ...]) -> None:
    if not reasons:
        messages.info(request, "Written down.")
        return
    why = "; ".join(map(in_words, reasons))
    messages.warning(
        request,
        f"No permission covered this: {why}. It is written down as such, and waits under Privacy: "
        "decide with your counsel whether it has to be reported. Tell nothing more before the patient has signed.",
    )


@require_POST
def treatment_ended(request: StaffRequest, patient_id: UUID) -> HttpResponse:
    """Every permission that lasts until the end of the treatment ends now."""
    person = access.get_patient_for_request(request.user, patient_id)
    ended = services.end_treatment(patient=person, user=request.user)
    messages.info(request, f"Permissions that ended with the treatment: {ended}.")
    return redirect("consents:patient", person.id)


@require_http_methods(["GET", "HEAD", "POST"])
def restriction(request: StaffRequest, patient_id: UUID) -> HttpResponse:
    """A patient asks for limits."""
    person = access.get_patient_for_request(request.user, patient_id)
    form = RestrictionForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.ask_restriction(patient=person, actor=Actor.staff(request.user.id), **form.cleaned_data)
        messages.info(request, "Written down. The privacy officer answers it.")
        return redirect("consents:patient", person.id)
    _read(request, person)
    status = 422 if form.is_bound else 200
    return render(request, "consents/restriction.html", {"patient": person, "form": form}, status=status)


@require_POST
def restriction_decide(request: StaffRequest, request_id: UUID) -> HttpResponse:
    """Agree, refuse, or end what was agreed to. What was paid in full can't be refused: 409, and nothing changes."""
    asked = access.get_restriction_for_privacy(request.user, request_id)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Write why.")
        return redirect("consents:patient", asked.patient_id)
    answer, note = form.cleaned_data["answer"], form.cleaned_data["note"]
    try:
        if answer == "end":
            services.end_restriction(request=asked, user=request.user, note=note)
        else:
            services.decide_restriction(request=asked, user=request.user, agrees=answer == "agree", note=note)
    except services.CannotRefuse:
        return render(request, "consents/restriction_refused.html", {"patient": asked.patient}, status=409)
    except AlreadyDecided:
        messages.info(request, "It was answered before.")
    return redirect("consents:patient", asked.patient_id)


@require_safe
def accounting(request: StaffRequest, patient_id: UUID, report: str, form: str) -> HttpResponse:
    """Who got what, by one of two filters: on a page, as a PDF in the patient's language unless another is asked for,
    or for a spreadsheet."""
    person = access.get_patient_for_privacy(request.user, patient_id)
    if report not in REPORTS or form not in ("html", "pdf", "csv"):
        raise Http404
    which, title = REPORTS[report]
    given = services.account(patient=person, report=which, actor=Actor.staff(request.user.id))
    context = {"patient": person, "given": given, "title": title, "report": report, "zone": person.clinic.time_zone}
    if form == "html":
        return render(request, "consents/accounting.html", context)
    name = f"disclosures-{report}-{given.until.astimezone(ZoneInfo(person.clinic.time_zone)).date()}"
    if form == "csv":
        table = services.as_csv(given, person.clinic.time_zone)
        return _file(table.encode("utf-8-sig"), "text/csv; charset=utf-8", f"{name}.csv")
    try:
        with translation.override(_language(request, person)):
            page = render_to_string("consents/accounting_pdf.html", context)
        pdf = printed(page)
    except CannotRender:
        messages.error(request, "The PDF could not be made. The page can be printed instead.")
        return render(request, "consents/accounting.html", context, status=503)
    return _file(pdf, "application/pdf", f"{name}.pdf")


def _language(request: StaffRequest, person: "Patient") -> str:
    asked = request.GET.get("language", person.language)
    return asked if asked in dict(settings.LANGUAGES) else "en"


def _in_english(rows: tuple[selectors.PermissionRow, ...]) -> list[selectors.PermissionRow]:
    """Named as staff know them, in whatever language they were signed."""
    titles = selectors.titles_of([one.signature_id for one in rows], "en")
    return [replace(one, title=titles.get(one.signature_id, one.title)) for one in rows]


def _file(content: bytes, kind: str, name: str) -> HttpResponse:
    """To be saved: a name in the file's own name would be in the browser's list of downloads."""
    return HttpResponse(content, content_type=kind, headers={"Content-Disposition": f'attachment; filename="{name}"'})


def _read(request: StaffRequest, person: "Patient") -> None:
    audit.services.record(
        Action.PATIENT_READ,
        actor=Actor.staff(request.user.id),
        obj=Ref("core.Patient", str(person.id)),
        clinic_id=person.clinic_id,
        patient_id=person.id,
        context={"page": "privacy"},
    )


@require_safe
def folder(request: StaffRequest, patient_id: UUID) -> HttpResponse:
    """Each document with its version, decision and state, and whether the stored bytes still are those of then."""
    patient = access.get_patient_for_request(request.user, patient_id)
    found = services.read_folder(patient=patient, actor=Actor.staff(request.user.id))
    context = {"patient": patient, "folder": found, "zone": patient.clinic.time_zone}
    return render(request, "consents/folder.html", context | {"notices": selectors.notices(patient.id)})


@require_safe
def copy(request: StaffRequest, patient_id: UUID, signature_id: UUID) -> HttpResponse:
    """The sealed PDF, with its timestamp where there is one. What doesn't open any more is not found."""
    known = access.get_signature_for_folder(request.user, patient_id, signature_id)
    try:
        document = services.read_document(signature_id=known, actor=Actor.staff(request.user.id))
    except UnreadableValue as error:
        raise Http404 from error
    if document is None or document.pdf is None:
        raise Http404
    response = HttpResponse(document.pdf, content_type="application/pdf")
    response["Content-Disposition"] = f'attachment; filename="{signature_id}.pdf"'
    return response
