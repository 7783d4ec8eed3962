"""What the pages of the duty roster share: whose clinics, whose people, and rows that are typed one under another."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest

from core.admin import SettingsAdmin, clinics_held
from core.models import Clinic, User
from core.permissions import Permission
from escalation.selectors import may_answer

if TYPE_CHECKING:
    ModelForm = forms.ModelForm[Any]
else:
    ModelForm = forms.ModelForm

SPARE_ROWS = 3


def planned_clinics(request: HttpRequest) -> frozenset[UUID]:
    """Clinics whose duty this person plans."""
    return clinics_held(request, Permission.MANAGE_DUTY)


def answering(clinics: frozenset[UUID]) -> QuerySet[User]:
    """Everybody who may answer pages at one of these clinics."""
    able = {person for clinic in clinics for person in may_answer(clinic)}
    return User.objects.filter(pk__in=able).order_by("full_name", "email")


class PlanningForm(ModelForm):
    """The clinic is chosen once. Whoever is put on duty may answer pages there."""

    def here(self) -> UUID | None:
        clinic: Clinic | None = self.cleaned_data.get("clinic")
        known: UUID | None = self.instance.clinic_id
        return clinic.pk if clinic else known

    def refuse_strangers(self, field: str, person: User | None) -> None:
        clinic_id = self.here()
        if person and clinic_id and person.pk not in may_answer(clinic_id):
            self.add_error(field, f"{person} may not answer pages at this clinic.")


class PlanningAdmin(SettingsAdmin):
    """Rows of the clinics that this person plans for, written by the services alone."""

    permission = Permission.MANAGE_DUTY
    change_list_template = "admin/escalation/roster_list.html"
