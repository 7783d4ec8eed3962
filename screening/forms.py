"""What a clinician writes beside a finding, and a clinic's own rules as they are typed."""

from collections.abc import Mapping
from typing import Any

from django import forms

from screening import instruments
from screening.rules.clinic import KINDS, URGENCIES, band_meant, fault

KIND_WORDS = {
    "item_gte": "one question has at least … points",
    "total_gte": "the total is at least …",
    "band_gte": "the band or risk level is at least …",
}


class NoteForm(forms.Form):
    note = forms.CharField(
        label="What you think of it, if anything",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )


class SignForm(forms.Form):
    """Which priority of which clinic; the words about it are shown on the page."""

    clinic = forms.UUIDField()
    instrument = forms.CharField(required=False, max_length=20)
    code = forms.CharField(max_length=40)
    urgency = forms.CharField(max_length=10)
    note = forms.CharField(required=False, max_length=400)


class RuleForm(forms.Form):
    """One rule; whether it may stand is said by `screening.rules.clinic.fault`. A row left as it came is no rule."""

    instrument = forms.ChoiceField(
        choices=[("", "No rule"), *((key, one.name) for key, one in instruments.REGISTRY.items())],
        error_messages={"required": "Choose a questionnaire, or leave the whole rule empty."},
    )
    kind = forms.ChoiceField(label="When", choices=[(kind, KIND_WORDS[kind]) for kind in KINDS], initial=KINDS[0])
    item = forms.ChoiceField(
        label="Question",
        required=False,
        choices=[
            ("", "-"),
            *(
                (one.name, [(item.link_id, f"{one.name}: {item.text}") for item in one.items if item.highest])
                for one in instruments.REGISTRY.values()
                if one.highest
            ),
        ],
    )
    at_least = forms.CharField(
        label="At least",
        max_length=60,
        help_text="Points, or a band such as Moderate",
        error_messages={"required": "Say how many points, or which band."},
    )
    urgency = forms.ChoiceField(choices=[(one, one) for one in URGENCIES], initial="medium")
    pages = forms.BooleanField(label="Page a human at once", required=False)

    def clean(self) -> dict[str, Any]:
        typed = super().clean() or self.cleaned_data
        if not self.errors and (wrong := fault(self.rule())):
            self.add_error(None, f"{wrong[0].upper()}{wrong[1:]}")
        return typed

    def rule(self) -> dict[str, Any]:
        """As `screening.rules.clinic` takes it."""
        typed, least = self.cleaned_data, self.cleaned_data["at_least"].strip()
        meant = int(least) if least.isdecimal() else band_meant(typed["instrument"], least)
        names = ("instrument", "kind", "item", "urgency", "pages")
        return {**{name: typed[name] for name in names}, "at_least": meant}


RuleFormSet = forms.formset_factory(RuleForm, extra=3, can_delete=True, max_num=50)


def typed_rules(formset: "forms.BaseFormSet[RuleForm]") -> list[Mapping[str, Any]]:
    """Those rows that were filled in and not struck out."""
    rows = [form for form in formset.forms if form.has_changed() or form.initial]
    return [form.rule() for form in rows if form.cleaned_data and not form.cleaned_data.get("DELETE")]
