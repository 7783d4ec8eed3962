"""Rotations, overrides, and who is on call in the coming days, by the clinic's wall clock."""

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, ClassVar, cast
from zoneinfo import available_timezones

from django import forms
from django.contrib import admin, messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from audit.actions import Actor
from core import clock
from core.admin import staff
from core.clock import at_clinic
from core.fields.typed import Day, Moment
from core.models import Clinic, User
from escalation.admin.planning import SPARE_ROWS, PlanningAdmin, PlanningForm, answering, planned_clinics
from escalation.models import Level, Override, Rotation
from escalation.policy import in_words, override_fault, zone
from escalation.selectors import coverage, doubled
from escalation.services import duty

DAYS_AHEAD = 14
LOCAL = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")


def say_doubled(request: HttpRequest, planned: Rotation | Override, since: datetime, until: datetime) -> None:
    """One person at two levels at once is allowed, for a small clinic has no choice; it is never planned unseen."""
    for person, other, at in doubled(planned.clinic_id, planned.level, since=since, until=until):
        words = (
            f"{person} then has duty at two levels at once, {in_words(planned.level)} and {in_words(other)}, first from"
        )
        messages.warning(
            request, f"{words} {at_clinic(at, planned.clinic.time_zone)}: the second page wakes nobody else."
        )


class RotationForm(PlanningForm):
    """Turns in order; a row that is left empty is no turn."""

    rows = 0

    class Meta:
        model = Rotation
        field_classes: ClassVar = {"starts_on": Day}
        fields = ["clinic", "level", "time_zone", "starts_on", "handover", "days"]
        widgets = {
            "starts_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "handover": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            for member in self.instance.members.all():
                self.initial[f"turn_{member.position}"] = member.user_id

    def clean_time_zone(self) -> str:
        name: str = self.cleaned_data["time_zone"]
        if name not in available_timezones():
            raise forms.ValidationError("This is not the name of a time zone. For example: America/New_York.")
        return name

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        turns = {name: cleaned.get(name) for name in (f"turn_{number}" for number in range(1, self.rows + 1))}
        for name, person in turns.items():
            self.refuse_strangers(name, person)
        cleaned["members"] = [person for person in turns.values() if person]
        if not cleaned["members"] and not self.errors:
            self.add_error("turn_1", "A rotation needs somebody whose turn it is.")
        return cleaned


@admin.register(Rotation)
class RotationAdmin(PlanningAdmin):
    list_display = ("level", "clinic", "turns", "days", "handover", "time_zone")
    list_select_related = ("clinic",)
    ordering = ("clinic", "level")

    @admin.display(description="Turns")
    def turns(self, rotation: Rotation) -> str:
        return ", ".join(str(one.user) for one in rotation.members.select_related("user").order_by("position"))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("clinic", "level") if obj else ()

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        turns = [f"turn_{number}" for number in range(1, self.rows(obj) + 1)]
        when = ["clinic", "level", "time_zone", "starts_on", "handover", "days"]
        return [(None, {"fields": when}), ("Turns, in order", {"fields": turns})]

    def rows(self, rotation: Rotation | None) -> int:
        return (rotation.members.count() if rotation else 1) + SPARE_ROWS

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> "type[forms.ModelForm[Any]]":
        clinics, count = planned_clinics(request), self.rows(obj)
        people = answering(frozenset({obj.clinic_id}) if obj else clinics)
        fields: dict[str, Any] = {"rows": count}
        for number in range(1, count + 1):
            fields[f"turn_{number}"] = forms.ModelChoiceField(people, label=f"Turn {number}", required=False)
        made = type("RotationForm", (RotationForm,), fields)
        form = super().get_form(request, obj, change, form=made, **kwargs)
        first = Clinic.objects.filter(pk__in=clinics).order_by("name").first()
        form.base_fields["time_zone"].initial = first.time_zone if first else None
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        kept = duty.set_rotation(
            clinic=obj.clinic,
            level=obj.level,
            time_zone=obj.time_zone,
            starts_on=obj.starts_on,
            handover=obj.handover,
            days=obj.days,
            members=form.cleaned_data["members"],
            actor=Actor.staff(staff(request).id),
        )
        obj.pk = kept.pk
        for person, turns in Counter(form.cleaned_data["members"]).items():
            if turns > 1:
                messages.warning(request, f"{person} has {turns} turns in each round. Change it if that is not meant.")
        say_doubled(request, obj, clock.now(), clock.now() + timedelta(days=DAYS_AHEAD))

    def get_urls(self) -> list[URLPattern]:
        ahead = self.admin_site.admin_view(self.on_call_view)
        return [path("on-call/", ahead, name="escalation_rotation_on_call"), *super().get_urls()]

    def on_call_view(self, request: HttpRequest) -> HttpResponse:
        """The next 14 days of each clinic, level by level."""
        clinics = Clinic.objects.filter(pk__in=planned_clinics(request)).order_by("name")
        if not clinics:
            raise Http404
        found = [(clinic, coverage(clinic.pk, hours=24 * DAYS_AHEAD)) for clinic in clinics]
        told = [
            {
                "clinic": clinic,
                "nobody": ahead.nobody,
                "left": ahead.left,
                "standing": [(Level(level).label, ahead.names[person]) for level, person in ahead.standing],
                "rows": [
                    (Level(one.level).label, one, [ahead.names[person] for person in one.people]) for one in ahead.plan
                ],
            }
            for clinic, ahead in found
        ]
        page = {**self.admin_site.each_context(request), "title": "On call", "clinics": told, "days": DAYS_AHEAD}
        return TemplateResponse(request, "admin/escalation/on_call.html", page)


class Taken(Exception):
    """The message is for whoever asked; Django writes after it has looked at the form."""


class OverrideForm(PlanningForm):
    starts_at = Moment(label="From", widget=LOCAL, help_text="By the clinic's clock.")
    ends_at = Moment(label="Until", widget=LOCAL, help_text="By the clinic's clock.")

    class Meta:
        model = Override
        fields = ["clinic", "level", "user", "starts_at", "ends_at", "reason"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        self.refuse_strangers("user", cleaned.get("user"))
        starts_at, ends_at = cleaned.get("starts_at"), cleaned.get("ends_at")
        if starts_at and ends_at:
            same = Override.objects.filter(clinic=self.here(), level=cleaned.get("level"))
            if same.filter(starts_at__lt=ends_at, ends_at__gt=starts_at).exists():
                self.add_error(None, "Somebody stands in at this level in part of that time already.")
            if ends_at > starts_at and (fault := override_fault(starts_at, ends_at, clock.now())):
                self.add_error(None, fault)
        return cleaned


@admin.register(Override)
class OverrideAdmin(PlanningAdmin):
    """Made and cancelled, never changed; a swap is two of them. What is over stays."""

    form = OverrideForm
    list_display = ("level", "clinic", "user", "since", "until", "reason")
    list_select_related = ("clinic", "user")
    ordering = ("-starts_at",)

    @admin.display(description="From", ordering="starts_at")
    def since(self, override: Override) -> str:
        return at_clinic(override.starts_at, override.clinic.time_zone)

    @admin.display(description="Until", ordering="ends_at")
    def until(self, override: Override) -> str:
        return at_clinic(override.ends_at, override.clinic.time_zone)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return obj is not None and self.has_view_permission(request, obj) and obj.ends_at > clock.now()

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        times = ["since", "until"] if obj else ["starts_at", "ends_at"]
        return ["clinic", "level", "user", *times, "reason"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("since", "until") if obj else ()

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """What is typed is by the clock of the clinic that was chosen."""
        clinics = {str(one.pk): one for one in Clinic.objects.filter(pk__in=planned_clinics(request))}
        chosen = clinics.get(request.POST.get("clinic", ""))
        with timezone.override(zone(chosen.time_zone) if chosen else None):
            try:
                return super().changeform_view(request, *args, **kwargs)
            except Taken as taken:
                messages.error(request, str(taken))
                return redirect("admin:escalation_override_changelist")

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> "type[forms.ModelForm[Any]]":
        form = super().get_form(request, obj, change, **kwargs)
        if "user" in form.base_fields:
            user = cast("forms.ModelChoiceField[User]", form.base_fields["user"])
            user.queryset = answering(planned_clinics(request))
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        typed = {
            name: form.cleaned_data[name] for name in ("clinic", "level", "user", "starts_at", "ends_at", "reason")
        }
        try:
            obj.pk = duty.stand_in(**typed, actor=Actor.staff(staff(request).id)).pk
        except duty.AlreadyOverridden as error:  # somebody else's post came between the look and the write
            raise Taken(str(error)) from error
        say_doubled(request, obj, max(clock.now(), obj.starts_at), obj.ends_at)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        duty.cancel_stand_in(override=obj, actor=Actor.staff(staff(request).id))
