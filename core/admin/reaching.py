"""Vendors and contact points: who carries messages to staff, and how each person is reached."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

import core.services
from audit.actions import Actor
from core import clock, selectors
from core.admin.desk import staff
from core.admin.settings import SettingsAdmin, managed_clinics
from core.crypto import UnreadableValue
from core.models import ContactPoint, User, Vendor

if TYPE_CHECKING:
    ContactModelForm = forms.ModelForm[ContactPoint]
else:
    ContactModelForm = forms.ModelForm

PROOF = ("proved", "last_test")


@admin.register(Vendor)
class VendorAdmin(SettingsAdmin):
    list_display = ("name", "clinic", "scope", "agreement")
    fields = ("clinic", "name", "scope", "baa_until")
    ordering = ("name",)

    @admin.display(description="Agreement until", ordering="baa_until")
    def agreement(self, vendor: Vendor) -> str:
        ended = "" if vendor.baa_until >= clock.now().date() else ": ended, renew it"
        return f"{vendor.baa_until:%Y-%m-%d}{ended}"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("clinic",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        core.services.save_vendor(vendor=obj, actor=Actor.staff(staff(request).id))


class ContactForm(ContactModelForm):
    address = forms.CharField(
        max_length=300,
        required=False,
        help_text="A number with its country, an e-mail address, or a service's address. Shown in full only here, now.",
    )

    class Meta:
        model = ContactPoint
        fields = ["clinic", "user", "kind", "address", "vendor", "rank", "is_active"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        adding = self.instance._state.adding
        if adding and not {"clinic", "user", "kind"} <= cleaned.keys():
            return cleaned
        for name, value in cleaned.items():
            setattr(self.instance, name, value)
        if fault := core.services.contact_fault(self.instance):
            self.add_error("vendor" if "vendor" in fault or "agreement" in fault else None, fault)
        return cleaned


@admin.register(ContactPoint)
class ContactPointAdmin(SettingsAdmin):
    """An address is never shown again and never changed: switch the contact point off and add another."""

    form = ContactForm
    list_display = (
        "__str__",
        "clinic",
        "where",
        "vendor",
        "rank",
        "is_active",
        "proved",
        "last_test",
    )
    list_select_related = ("user", "clinic", "vendor")
    ordering = ("user__full_name", "rank")
    change_form_template = "admin/core/contactpoint/change_form.html"

    @admin.display(description="Address")
    def where(self, point: ContactPoint) -> str:
        try:
            return f"…{point.address[-4:]}" if point.address else ""
        except UnreadableValue:
            return "does not open with this installation's keys"

    @admin.display(description="Verified", ordering="verified_at")
    def proved(self, point: ContactPoint) -> str:
        return self._when(point, point.verified_at)

    @admin.display(description="Last test delivered", ordering="last_test_delivered_at")
    def last_test(self, point: ContactPoint) -> str:
        return self._when(point, point.last_test_delivered_at)

    def _when(self, point: ContactPoint, at: datetime | None) -> str:
        return clock.at_clinic(at, point.clinic.time_zone) if at else "-"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("address")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        if obj is None:
            return ("clinic", "user", "kind", "address", "vendor", "rank")
        return ("clinic", "user", "kind", "where", "vendor", "rank", "is_active", *PROOF)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("clinic", "user", "kind", "where", *PROOF) if obj else ()

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> "type[forms.ModelForm[Any]]":
        form = super().get_form(request, obj, change, **kwargs)
        clinics = managed_clinics(request)
        vendor = cast("forms.ModelChoiceField[Vendor]", form.base_fields["vendor"])
        vendor.queryset = Vendor.objects.filter(clinic__in=clinics).order_by("name")
        if "user" in form.base_fields:
            user = cast("forms.ModelChoiceField[User]", form.base_fields["user"])
            user.queryset = selectors.clinicians_at(clinics)
        return form

    def get_urls(self) -> list[URLPattern]:
        test = self.admin_site.admin_view(require_POST(self.test_view))
        return [path("<uuid:pk>/test/", test, name="core_contactpoint_test"), *super().get_urls()]

    def test_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        point = self.get_object(request, str(pk))
        try:
            core.services.send_test(point=point, actor=Actor.staff(staff(request).id))
        except core.services.Refused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, "Sent. It counts as proved once the person signs in and enters its code.")
        return redirect("admin:core_contactpoint_change", point.pk)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        core.services.save_contact_point(point=obj, actor=Actor.staff(staff(request).id))
