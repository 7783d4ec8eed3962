"""What the pages of the duty roster share: whose clinics, whose people, and rows that are typed one under another."""

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from core.access import clinics_where
from core.admin import UnsearchedList, staff
from core.models import Clinic, User
from core.permissions import Permission
from escalation.selectors import may_answer

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    ModelForm = forms.ModelForm[Any]
else:
    ModelAdmin, ModelForm = admin.ModelAdmin, forms.ModelForm

SPARE_ROWS = 3


def planned_clinics(request: HttpRequest) -> frozenset[UUID]:
    """Clinics whose duty this person plans; asked once per request."""
    known = vars(request)
    if "planned_clinics" not in known:
        held = clinics_where(staff(request), Permission.MANAGE_DUTY)
        known["planned_clinics"] = frozenset(held.values_list("pk", flat=True))
    clinics: frozenset[UUID] = known["planned_clinics"]
    return clinics


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


class PlanningAdmin(ModelAdmin):
    """Rows of the clinics that this person plans for, written by the services alone; strangers get 404."""

    actions = None
    change_list_template = "admin/escalation/roster_list.html"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(planned_clinics(request))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        clinics = planned_clinics(request)
        return bool(clinics) if obj is None else obj.clinic_id in clinics

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(planned_clinics(request))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(clinic__in=planned_clinics(request))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id)
        if found is None:
            raise Http404
        return found

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[UnsearchedList]:
        return UnsearchedList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not planned_clinics(request):
            raise Http404
        return super().changelist_view(request, extra_context)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not planned_clinics(request):
            raise Http404
        return super().changeform_view(request, *args, **kwargs)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> "type[forms.ModelForm[Any]]":
        form = super().get_form(request, obj, change, **kwargs)
        if "clinic" in form.base_fields:
            clinic = cast("forms.ModelChoiceField[Clinic]", form.base_fields["clinic"])
            clinic.queryset = Clinic.objects.filter(pk__in=planned_clinics(request)).order_by("name")
            clinic.initial = clinic.queryset.first()
        return form
