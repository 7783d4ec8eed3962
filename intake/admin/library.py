"""The form library at a clinic: which forms are asked when, and the right to use instruments that have terms.

For the clinic's administrator. The front desk has no business here: a rule says which screening stands behind a
section's number (42 CFR 2.13(c)), so to the desk these pages don't exist.
"""

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html

from core.admin import SettingsAdmin, managed_clinics, staff
from core.models import Clinic, Program
from intake.models import FormRule, InstrumentRight, VisitType
from intake.rules.crisis import LINES, without_a_line
from intake.services import choosing, library, rules
from screening import instruments

if TYPE_CHECKING:
    RuleModelForm = forms.ModelForm[FormRule]
    RightModelForm = forms.ModelForm[InstrumentRight]
else:
    RuleModelForm, RightModelForm = forms.ModelForm, forms.ModelForm


class LibraryAdmin(SettingsAdmin):
    """The clinic's form library, with what is left out of packets and why."""

    change_list_template = "admin/intake/library_list.html"

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        clinics = managed_clinics(request)
        left_out = {slug: choosing.clinics_without(slug, clinics) for slug in rules.terms()}
        notes = [(instruments.get(slug).name, names) for slug, names in left_out.items() if names]
        unreachable = without_a_line(Clinic.objects.filter(pk__in=clinics).order_by("name").values("name", *LINES))
        told = {"left_out": notes, "without_a_line": unreachable}
        return super().changelist_view(request, {**told, **(extra_context or {})})


def refusal(clinic: Clinic | None, slug: str) -> str:
    """Why this form can't go live at the clinic now; "" where it can."""
    try:
        if clinic and slug:
            rules.require_reachable(clinic, slug)
    except library.FormRefused as error:
        return str(error)
    return ""


class RuleForm(RuleModelForm):
    """One rule. Ages an instrument isn't meant for are refused whatever a rule says; here that is said early."""

    form = forms.ChoiceField(choices=library.titles)
    visit_types = forms.MultipleChoiceField(
        choices=VisitType.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="None marked: all of them.",
    )

    class Meta:
        model = FormRule
        fields = [
            "clinic", "program", "form", "position", "min_age", "max_age", "visit_types", "every_days",
            "with_interpreter", "is_active",
        ]  # fmt: skip
        help_texts = {
            "program": "Empty: all programs. A program's own rule replaces the general one for that form.",
            "position": "Forms are asked in this order.",
            "every_days": "Left out when the patient sent this form within so many days. Empty: always asked.",
            "with_interpreter": (
                "For a patient who reads a language in which the instrument has no published words. Unmarked: it is "
                "left out there, and the clinician reads so."
            ),
        }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        program, clinic = cleaned.get("program"), cleaned.get("clinic")
        clinic_id = clinic.pk if clinic else self.instance.clinic_id
        if program and program.clinic_id != clinic_id:
            self.add_error("program", "This program belongs to another clinic.")
        same = FormRule.objects.filter(clinic=clinic_id, program=program, form=cleaned.get("form"))
        if same.exclude(pk=self.instance.pk).exists():
            self.add_error("form", "There is a rule for this form already.")
        instrument = instruments.behind(cleaned.get("form", ""))
        oldest = cleaned.get("max_age")
        if instrument and oldest is not None and oldest < instrument.ages[0]:
            self.add_error("max_age", f"The {instrument.name} is asked from the age of {instrument.ages[0]} only.")
        here = clinic or (self.instance.clinic if self.instance.clinic_id else None)
        if cleaned.get("is_active") and (why := refusal(here, cleaned.get("form", ""))):
            self.add_error(None, why)
        return cleaned


@admin.register(FormRule)
class FormRuleAdmin(LibraryAdmin):
    """Without rules of its own a clinic asks the default forms; its first rule brings those with it, to be changed."""

    form = RuleForm
    list_display = ("title", "clinic", "program", "ages", "visits", "every_days", "is_active")
    list_display_links = ("title",)
    list_select_related = ("clinic", "program")
    ordering = ("clinic", "position")

    @admin.display(description="Form", ordering="position")
    def title(self, rule: FormRule) -> str:
        return f"{rule.position}. {dict(library.titles()).get(rule.form, rule.form)}"

    @admin.display(description="Ages")
    def ages(self, rule: FormRule) -> str:
        if rule.min_age is None and rule.max_age is None:
            return "all"
        return f"{rule.min_age or 0} to {rule.max_age}" if rule.max_age is not None else f"from {rule.min_age}"

    @admin.display(description="Visits")
    def visits(self, rule: FormRule) -> str:
        return ", ".join(str(dict(VisitType.choices)[one]) for one in rule.visit_types) or "all"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("clinic",) if obj else ()

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> "type[forms.ModelForm[Any]]":
        form = super().get_form(request, obj, change, **kwargs)
        program = cast("forms.ModelChoiceField[Program]", form.base_fields["program"])
        program.queryset = Program.objects.filter(clinic__in=managed_clinics(request)).order_by("public_name")
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        rules.save_rule(rule=obj, by=staff(request))


class RightForm(RightModelForm):
    """The exact words are shown beside each instrument, and they are what is kept."""

    instrument = forms.ChoiceField(widget=forms.RadioSelect)
    confirmed = forms.BooleanField(label="I have read the terms and confirm this statement for the clinic")

    class Meta:
        model = InstrumentRight
        fields = ["clinic", "instrument"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        instrument = cast(forms.ChoiceField, self.fields["instrument"])
        instrument.choices = [
            (
                slug,
                format_html("{}: “{}” Terms: {}", instruments.get(slug).name, words, instruments.get(slug).copyright),
            )
            for slug, words in rules.terms().items()
        ]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if why := refusal(cleaned.get("clinic"), cleaned.get("instrument", "")):
            self.add_error(None, why)
        return cleaned


@admin.register(InstrumentRight)
class InstrumentRightAdmin(LibraryAdmin):
    """Confirmed once, kept for good. Without it the instrument is left out of the clinic's packets."""

    form = RightForm
    list_display = ("instrument", "clinic", "confirmed_by", "confirmed_at")
    list_select_related = ("clinic", "confirmed_by")
    readonly_fields = ("statement", "confirmed_by", "confirmed_at")

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["clinic", "instrument", *(self.readonly_fields if obj else ("confirmed",))]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        typed = form.cleaned_data
        kept = rules.confirm_right(clinic=typed["clinic"], instrument=typed["instrument"], by=staff(request))
        obj.pk = kept.pk
