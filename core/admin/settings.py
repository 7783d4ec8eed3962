"""Pages of the clinic's administrator. The front desk has no business here: to it they don't exist."""

from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse

from core.access import clinics_where
from core.admin.desk import UnsearchedList, staff
from core.models import Clinic
from core.permissions import Permission

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


def clinics_held(request: HttpRequest, permission: Permission) -> frozenset[UUID]:
    """Clinics at which this person's role holds the permission; asked once per request."""
    known: dict[Permission, frozenset[UUID]] = vars(request).setdefault("clinics_held", {})
    if permission not in known:
        held = clinics_where(staff(request), permission)
        known[permission] = frozenset(held.values_list("pk", flat=True))
    return known[permission]


def managed_clinics(request: HttpRequest) -> frozenset[UUID]:
    """Clinics whose settings this person manages."""
    return clinics_held(request, Permission.MANAGE_SETTINGS)


class SettingsAdmin(ModelAdmin):
    """Rows of the clinics where this person holds `permission`; strangers get 404, nothing is ever deleted."""

    permission = Permission.MANAGE_SETTINGS
    actions = None

    def clinics(self, request: HttpRequest) -> frozenset[UUID]:
        return clinics_held(request, self.permission)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(self.clinics(request))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        clinics = self.clinics(request)
        return bool(clinics) if obj is None else obj.clinic_id in clinics

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(self.clinics(request))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(clinic__in=self.clinics(request))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id)
        if found is None:
            raise Http404
        return found

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[UnsearchedList]:
        return UnsearchedList

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.clinics(request):
            raise Http404
        return super().changelist_view(request, extra_context)

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not self.clinics(request):
            raise Http404
        return super().changeform_view(request, *args, **kwargs)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> "type[forms.ModelForm[Any]]":
        form = super().get_form(request, obj, change, **kwargs)
        if "clinic" in form.base_fields:
            clinic = cast("forms.ModelChoiceField[Clinic]", form.base_fields["clinic"])
            clinic.queryset = Clinic.objects.filter(pk__in=self.clinics(request)).order_by("name")
            clinic.initial = clinic.queryset.first()
        return form
