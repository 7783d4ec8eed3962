"""A clinic's chart, for who manages its settings: where it is, and how it calls our medical record numbers.

Address and keys are set when the clinic is connected, and are not shown here; only what decides whether a patient is
looked up can be changed. The front desk has no business here: to it these pages don't exist.
"""

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from core.admin import SettingsAdmin, staff
from ehr.models import Connection
from ehr.services import connecting

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Connection]
else:
    ModelForm = forms.ModelForm


class ConnectionForm(ModelForm):
    mrn_system = forms.CharField(
        label="System of the MRN",
        max_length=200,
        required=False,
        help_text="The URI under which the chart keeps the medical record numbers that stand in Candor, for example "
        "urn:oid:1.2.36.146.595.217.0.1 or https://chart.example.org/mrn. Ask whoever runs the chart; it stands in "
        "identifier.system of a Patient there. Empty: no patient is looked up, and medicines and allergies are not "
        "compared. A wrong one finds nobody, or somebody else: compare one patient by hand after a change.",
    )

    class Meta:
        model = Connection
        fields = ["mrn_system"]

    def clean_mrn_system(self) -> str:
        typed = str(self.cleaned_data["mrn_system"]).strip()
        if typed and (not urlsplit(typed).scheme or any(char.isspace() or char == "|" for char in typed)):
            raise forms.ValidationError("Write a whole URI, for example urn:oid:1.2.36.146.595.217.0.1.")
        return typed


@admin.register(Connection)
class ConnectionAdmin(SettingsAdmin):
    """Connected by a command, never here."""

    form = ConnectionForm
    fields = ("clinic", "name", "base_url", "auth", "is_active", "mrn_system")
    readonly_fields = ("clinic", "name", "base_url", "auth", "is_active")
    list_display = ("name", "clinic", "mrn_system", "is_active")
    list_select_related = ("clinic",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        connecting.set_mrn_system(connection=obj, mrn_system=form.cleaned_data["mrn_system"], by=staff(request))
