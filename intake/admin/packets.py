"""Packets at the front desk: who has not finished, what is missing, and the link that opens one.

What is shown is fixed at invitation or follows the patient from page to page. Whether a clinician has reviewed,
approved or filed something is not the desk's to know, so a filed packet reads "submitted" here.
"""

import base64
from typing import Any, cast
from uuid import UUID

import qrcode
from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import Case, CharField, QuerySet, Value, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import pluralize
from django.urls import URLPattern, path
from django.utils.text import capfirst
from django.views.decorators.http import require_POST
from qrcode.image.svg import SvgPathImage

import intake.services.packets
import intake.services.tablet
from core.access import patients_for_front_desk
from core.admin import DeskAdmin, desk_clinics, language_name, staff
from core.clock import Now, at_clinic
from core.models import Patient, Program, Site, Visit
from intake import selectors
from intake.access import get_packet_for_desk, hand_over
from intake.models import Packet, VisitType
from intake.selectors.languages import foreign
from intake.selectors.respondents import who_answered
from intake.services.choosing import FormsMissing
from intake.services.packets import MAX_TRIES
from intake.services.responses import PacketClosed

CLOSED = (Packet.State.SUBMITTED, Packet.State.FILED, Packet.State.WITHDRAWN)
STANDINGS = (
    ("unfinished", "Not finished"),
    ("submitted", "Sent by the patient"),
    ("locked", "Link locked"),
    ("expired", "Link expired"),
    ("withdrawn", "Withdrawn"),
)
NOT_SENT = ("unfinished", "locked", "expired")  # whose link doesn't open any more has not finished either


class InviteForm(forms.Form):
    """What the link is for. Programs are shown by their neutral names."""

    program = forms.ModelChoiceField(Program.objects.none(), empty_label=None)
    site = forms.ModelChoiceField(Site.objects.none(), empty_label=None, required=False)
    language = forms.ChoiceField(choices=settings.LANGUAGES)
    visit_type = forms.ChoiceField(
        choices=[(value, capfirst(label)) for value, label in VisitType.choices], label="Visit", required=False
    )
    visit = forms.ChoiceField(
        choices=[(value, capfirst(label)) for value, label in Visit.choices],
        initial=Visit.NOT_SAID,
        label="How it takes place",
        required=False,
    )

    def clean_visit_type(self) -> str:
        return self.cleaned_data["visit_type"] or VisitType.NEW

    def clean_visit(self) -> str:
        """What has to be signed before a visit by video is not asked of a visit that nobody said is one."""
        visit: str = self.cleaned_data["visit"] or Visit.NOT_SAID
        is_remote = self.cleaned_data.get("visit_type") == VisitType.TELEHEALTH
        if is_remote and visit not in (Visit.VIDEO, Visit.PHONE):
            raise forms.ValidationError("Say whether the telehealth visit is by video or by phone.")
        return visit

    def clean(self) -> dict[str, Any]:
        """What a packet is made of; that a second one is wanted is no part of it."""
        return {name: value for name, value in self.cleaned_data.items() if name != "second"}

    def __init__(self, patient: Patient, data: Any = None, *, is_second: bool = False) -> None:
        super().__init__(data, initial={"language": patient.language})
        if is_second:
            self.fields["second"] = forms.BooleanField(
                label="Make a second packet all the same",
                help_text="It asks everything again. For example for a guardian who answers instead of the patient.",
                error_messages={"required": "Send the link of the first packet again, or tick this box."},
            )
        for name in ("program", "site"):
            field = cast("forms.ModelChoiceField[Program | Site]", self.fields[name])
            assert field.queryset is not None
            field.queryset = field.queryset.model._default_manager.filter(clinic_id=patient.clinic_id).order_by("name")


class StandingFilter(admin.SimpleListFilter):
    title = "where it stands"
    parameter_name = "standing"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Any:
        return STANDINGS

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """`standing` is what `PacketAdmin.get_queryset` annotates."""
        value = self.value()
        wanted = NOT_SENT if value == "unfinished" else (value,)
        return queryset.filter(standing__in=wanted) if value else queryset


@admin.register(Packet)
class PacketAdmin(DeskAdmin):
    """Read-only rows; inviting, a new link and withdrawing go through the services."""

    list_display = ("patient_name", "program", "standing", "progress", "still_missing", "invited")
    list_filter = (StandingFilter,)
    ordering = ("-invited_at",)
    lookups = frozenset({"patient__id__exact", "standing"})
    fields = (
        "patient_name", "program", "site", "takes_place", "speaks", "standing", "progress", "missing", "declined",
        "documents", "who_answers", "tablet", "interpreter", "invited", "opened", "sent", "works_until",
    )  # fmt: skip
    readonly_fields = fields
    change_form_template = "admin/intake/packet/change_form.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's would tell of what was changed in the admin, and a packet never is: who did what is the log's."""
        raise Http404

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).annotate(standing=_standing())
        return rows.select_related("patient", "program", "clinic", "site").prefetch_related("steps")

    def patient_of(self, row: Any) -> Patient:
        found: Patient = row.patient
        return found

    @admin.display(description="Patient")
    def patient_name(self, packet: Packet) -> str:
        return f"{packet.patient.family_name}, {packet.patient.given_name}"

    @admin.display(description="Where it stands")
    def standing(self, packet: Any) -> str:
        told: dict[str, str] = {**dict(STANDINGS), "unfinished": capfirst(packet.get_state_display())}
        return told[packet.standing]

    @admin.display(description="Visit")
    def takes_place(self, packet: Packet) -> str:
        return capfirst(packet.get_visit_display())

    @admin.display(description="Language")
    def speaks(self, packet: Packet) -> str:
        return language_name(packet.language)

    @admin.display(description="Invited", ordering="invited_at")
    def invited(self, packet: Packet) -> str:
        return at_clinic(packet.invited_at, packet.clinic.time_zone)

    @admin.display(description="Opened")
    def opened(self, packet: Packet) -> str:
        return at_clinic(packet.opened_at, packet.clinic.time_zone) if packet.opened_at else "-"

    @admin.display(description="Sent")
    def sent(self, packet: Packet) -> str:
        return at_clinic(packet.submitted_at, packet.clinic.time_zone) if packet.submitted_at else "-"

    @admin.display(description="Link works until")
    def works_until(self, packet: Packet) -> str:
        if packet.tries >= MAX_TRIES:
            return "Locked: somebody typed five wrong dates of birth. Make a new link, or start on the tablet."
        return at_clinic(packet.expires_at, packet.clinic.time_zone)

    @admin.display(description="Answered by")
    def who_answers(self, packet: Packet) -> str:
        """Who, and nothing of what they answered."""
        return capfirst(who_answered(packet)) or "-"

    @admin.display(description="Tablet")
    def tablet(self, packet: Packet) -> str:
        return "Started on the clinic's tablet" if packet.on_tablet else "-"

    @admin.display(description="Interpreter")
    def interpreter(self, packet: Packet) -> str:
        """Sections without words in the packet's language, by their neutral names; the same whatever was answered."""
        apart: dict[str, list[str]] = {}
        for step in packet.steps.all():
            spoken = foreign(selectors.definition_of(step.form_id), packet.language) if step.form_id else ""
            if spoken:
                apart.setdefault(spoken, []).append(selectors.desk_label(step))
        told = [f"In {language_name(code)} only: {', '.join(labels)}." for code, labels in apart.items()]
        return " ".join([*told, "Offer an interpreter; it is free."]) if told else "-"

    @admin.display(description="Done")
    def progress(self, packet: Packet) -> str:
        status = selectors.desk_status(packet)
        return f"{status.done} of {status.total}"

    @admin.display(description="Still missing")
    def missing(self, packet: Packet) -> str:
        return ", ".join(selectors.desk_status(packet).waiting) or "-"

    @admin.display(description="Still missing")
    def still_missing(self, packet: Packet) -> str:
        """In a row of the list: what has a name by its name, of the other sections how many."""
        waiting = selectors.desk_status(packet).waiting
        named = [label for label in waiting if not label.startswith("Section ")]
        others = len(waiting) - len(named)
        counted = [f"{others} section{pluralize(others)}"] if others else []
        return ", ".join([*named, *counted]) or "-"

    @admin.display(description="Documents")
    def documents(self, packet: Packet) -> str:
        return ", ".join(f"{one.label}: {one.state}" for one in selectors.desk_documents(packet)) or "-"

    @admin.display(description="Declined or skipped")
    def declined(self, packet: Packet) -> str:
        return ", ".join(selectors.desk_declined(packet)) or "-"

    def get_urls(self) -> list[URLPattern]:
        def page(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        return [
            path("invite/<uuid:patient_id>/", page(self.invite_view), name="intake_packet_invite"),
            path("<uuid:packet_id>/reissue/", page(require_POST(self.reissue_view)), name="intake_packet_reissue"),
            path("<uuid:packet_id>/tablet/", page(self.tablet_view), name="intake_packet_tablet"),
            path("<uuid:packet_id>/withdraw/", page(self.withdraw_view), name="intake_packet_withdraw"),
            *super().get_urls(),
        ]

    def render_change_form(self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        packet = kwargs.get("obj")
        return super().render_change_form(
            request, {**context, "is_open": packet and packet.state not in CLOSED}, *args, **kwargs
        )

    def invite_view(self, request: HttpRequest, patient_id: UUID) -> HttpResponse:
        patient = patients_for_front_desk(staff(request)).filter(
            pk=patient_id, clinic__in=desk_clinics(request)
        ).first()  # fmt: skip
        if patient is None:
            raise Http404
        open_ones = list(self.get_queryset(request).filter(patient=patient).exclude(state__in=CLOSED))
        form = InviteForm(patient, request.POST or None, is_second=bool(open_ones))
        if request.method == "POST" and form.is_valid():
            try:
                made = intake.services.packets.invite(patient=patient, invited_by=staff(request), **form.cleaned_data)
            except FormsMissing:
                form.add_error(None, "The forms are not published yet. Ask whoever looks after this system.")
            else:
                return self._invitation(request, made)
        unfinished = [(packet, self.standing(packet), self.progress(packet)) for packet in open_ones]
        context = {"title": "Invite", "patient": patient, "form": form, "unfinished": unfinished}
        return render(request, "admin/intake/packet/invite.html", {**self.admin_site.each_context(request), **context})

    def reissue_view(self, request: HttpRequest, packet_id: UUID) -> HttpResponse:
        packet = get_packet_for_desk(staff(request), packet_id)
        if packet.state in CLOSED:
            messages.info(request, "This packet is closed; invite the patient again instead.")
            return redirect("admin:intake_packet_change", packet.id)
        return self._invitation(request, intake.services.packets.reissue(packet=packet, by=staff(request)))

    def tablet_view(self, request: HttpRequest, packet_id: UUID) -> HttpResponse:
        """Asked once more first, because it signs the desk out here: from then on the device is the patient's."""
        packet = get_packet_for_desk(staff(request), packet_id)
        if request.method != "POST":
            context = {**self.admin_site.each_context(request), "title": "Start on this device?", "packet": packet}
            return render(request, "admin/intake/packet/tablet.html", context)
        helper = staff(request) if "helps" in request.POST else None
        try:
            intake.services.tablet.start_on_tablet(packet=packet, by=staff(request), helps=helper is not None)
        except PacketClosed:
            messages.info(request, "This packet is closed; invite the patient again instead.")
            return redirect("admin:intake_packet_change", packet.id)
        hand_over(request, packet, helper_id=helper.id if helper else None)
        return redirect("intake:tablet")

    def withdraw_view(self, request: HttpRequest, packet_id: UUID) -> HttpResponse:
        """Asked once more first: what is withdrawn stays withdrawn."""
        packet = get_packet_for_desk(staff(request), packet_id)
        if request.method != "POST":
            context = {**self.admin_site.each_context(request), "title": "Withdraw this packet?", "packet": packet}
            return render(request, "admin/intake/packet/withdraw.html", context)
        intake.services.packets.withdraw(packet=packet, by=staff(request))
        messages.success(request, "Withdrawn. The link opens nothing any more; what was answered stays stored.")
        return redirect("admin:intake_packet_change", packet.id)

    def _invitation(self, request: HttpRequest, made: intake.services.packets.Invitation) -> HttpResponse:
        """Shown once, in the answer to the POST: neither the link nor the code is stored anywhere."""
        context = {
            "title": "Link and code",
            "invitation": made,
            "code": f"{made.code[:5]} {made.code[5:]}",
            "code_page": made.url.partition("#")[0],
            "qr": qr_image(made.url),
            "works_until": self.works_until(made.packet),
        }
        return render(
            request, "admin/intake/packet/invitation.html", {**self.admin_site.each_context(request), **context}
        )


def _standing() -> Case:
    """What the desk may know of a packet's state, by the database's clock."""
    return Case(
        When(state__in=[Packet.State.SUBMITTED, Packet.State.FILED], then=Value("submitted")),
        When(state=Packet.State.WITHDRAWN, then=Value("withdrawn")),
        When(state=Packet.State.EXPIRED, then=Value("expired")),
        When(expires_at__lte=Now(), then=Value("expired")),
        When(tries__gte=MAX_TRIES, then=Value("locked")),
        default=Value("unfinished"),
        output_field=CharField(),
    )


def qr_image(url: str) -> str:
    """The link as a QR code, an SVG in a data: address."""
    drawn: bytes = qrcode.make(url, image_factory=SvgPathImage, border=2).to_string()
    return "data:image/svg+xml;base64," + base64.b64encode(drawn).decode()
