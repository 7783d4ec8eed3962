"""A clinic's own rules: drafted here, approved by a supervisor beside the priorities. The desk knows nothing of it."""

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from core.access import clinics_where, may_anywhere
from core.admin import staff
from core.clock import at_clinic
from core.permissions import Permission
from screening import selectors, services
from screening.access import rules_for_operator
from screening.forms import RuleFormSet, typed_rules
from screening.models import RuleVersion
from screening.rules.clinic import least_in_words

if TYPE_CHECKING:
    from core.models import Clinic

    ModelAdmin = admin.ModelAdmin[RuleVersion]
else:
    ModelAdmin = admin.ModelAdmin


@admin.register(RuleVersion)
class RuleVersionAdmin(ModelAdmin):
    """The versions of the clinics whose settings the person manages. A draft never changes: another one follows it."""

    actions = None
    list_display = ("version", "clinic", "drafted_by", "drafted", "approved_by", "in_force_since")
    ordering = ("clinic", "-version")
    show_full_result_count = False

    @admin.display(description="Drafted", ordering="drafted_at")
    def drafted(self, version: RuleVersion) -> str:
        return at_clinic(version.drafted_at, version.clinic.time_zone)

    @admin.display(description="In force since", ordering="effective_at")
    def in_force_since(self, version: RuleVersion) -> str:
        at = version.effective_at
        return at_clinic(at, version.clinic.time_zone) if at else "waits for approval"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: RuleVersion | None = None) -> bool:
        return may_anywhere(staff(request), Permission.MANAGE_SETTINGS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: RuleVersion | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: RuleVersion | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[RuleVersion]:
        return rules_for_operator(staff(request))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise Http404
        return super().changelist_view(request, {"title": "Screening rules", **(extra_context or {})})

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        raise Http404

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The rules in force, to be changed as a whole; kept as a draft."""
        clinic = self._clinic(request)
        known = selectors.clinic_rules(clinic.id)
        formset = RuleFormSet(
            request.POST or None, initial=[{**rule, "at_least": least_in_words(rule)} for rule in known.rules]
        )
        wrong: list[str] = []
        if request.method == "POST" and formset.is_valid():
            try:
                made = services.draft_rules(clinic=clinic, rules=typed_rules(formset), by=staff(request))
            except services.InvalidRules as error:
                wrong = str(error).split("\n")
            else:
                messages.success(request, f"Version {made.version} is drafted. A supervisor has to approve it.")
                return redirect("admin:screening_ruleversion_change", made.pk)
        context = {"clinic": clinic, "formset": formset, "wrong": wrong, "title": "Draft screening rules"}
        return self._page(request, "draft", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        version = self.get_object(request, object_id)
        if version is None or not self.has_view_permission(request):
            raise Http404
        counts = selectors.fired(version.clinic_id, version.rules)
        title = f"Screening rules, version {version.version}"
        return self._page(request, "page", {"version": version, "counts": counts, "title": title})

    def _clinic(self, request: HttpRequest) -> "Clinic":
        """The one that is asked for among those the person manages, else the first of them. Raises Http404."""
        mine = clinics_where(staff(request), Permission.MANAGE_SETTINGS).order_by("name")
        asked = request.GET.get("clinic", "")
        found = next((one for one in mine if str(one.pk) == asked), None) if asked else mine.first()
        if found is None:
            raise Http404
        return found

    def _page(self, request: HttpRequest, name: str, context: dict[str, Any]) -> HttpResponse:
        listed = reverse("admin:screening_ruleversion_changelist")
        shared = {**self.admin_site.each_context(request), "opts": self.opts, "listed": listed}
        return render(request, f"admin/screening/ruleversion/{name}.html", {**shared, **context})
