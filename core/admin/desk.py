"""The front desk's admin: people and how to reach them. Nothing clinical is registered here, not even as history.

Django's own permission tables grant nothing: who may do what comes from `core.access`, and an object of another
clinic does not exist. The list shows names, because the desk has to find people; each page of it leaves one event
that names everybody on it. Names that are searched for travel in a POST and become ids, so that none stands in a URL.
"""

from typing import TYPE_CHECKING, Any, ClassVar, cast
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.admin.views.main import ERROR_FLAG, SEARCH_VAR, ChangeList
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_POST

import audit.services
import core.services
from audit.actions import Action, Actor, Ref
from core import clock, selectors
from core.access import clinics_where, patients_for_front_desk
from core.fields.typed import Day, Line
from core.models import Clinic, Patient, PatientQuerySet, User, digits
from core.permissions import Permission

admin.site.site_header = "Candor"
admin.site.site_title = "Candor"
admin.site.index_title = "Your work"
admin.site.site_url = None
admin.site.enable_nav_sidebar = False

OLDEST = 1900

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
    PatientModelForm = forms.ModelForm[Patient]
else:
    ModelAdmin, PatientModelForm = admin.ModelAdmin, forms.ModelForm


def staff(request: HttpRequest) -> User:
    """Who asks; the admin answers nobody who is not signed in."""
    assert isinstance(request.user, User)
    return request.user


def desk_clinics(request: HttpRequest) -> frozenset[UUID]:
    """Clinics whose front desk this person serves; asked once per request."""
    known = vars(request)
    if "desk_clinics" not in known:
        held = clinics_where(staff(request), Permission.MANAGE_PACKETS)
        known["desk_clinics"] = frozenset(held.values_list("pk", flat=True))
    clinics: frozenset[UUID] = known["desk_clinics"]
    return clinics


def language_name(code: str) -> str:
    return str(dict(settings.LANGUAGES).get(code, code))


class UnsearchedList(ChangeList):
    """A list that no address searches. Django shows all of it for words it can't search with, and after an address it
    can't read (its `e`); here both show nothing, and say so."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        found = super().get_queryset(request, exclude_parameters)
        if not any(request.GET.get(name, "").strip() for name in (SEARCH_VAR, ERROR_FLAG)):
            return found
        messages.warning(request, "Nothing is looked up by an address. Open the list again to see all of it.")
        return found.none()


class DeskAdmin(ModelAdmin):
    """Rows of the desk's clinics, by role alone; no deleting, no bulk actions, no filters but the listed ones."""

    actions = None
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    lookups: frozenset[str] = frozenset()

    def has_module_permission(self, request: HttpRequest) -> bool:
        return bool(desk_clinics(request))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        clinics = desk_clinics(request)
        return bool(clinics) if obj is None else obj.clinic_id in clinics

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(desk_clinics(request))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_view_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """A filter in the address is a question; only these may be asked."""
        return lookup in self.lookups

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return UnsearchedList

    def to_field_allowed(self, request: HttpRequest, to_field: str) -> bool:
        """Nothing here is picked for another form; Django's own answer fails on a relation's other end."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(clinic__in=desk_clinics(request))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        found = super().get_object(request, object_id)
        if found is None:
            raise Http404
        return found

    def patient_of(self, row: Any) -> Patient:
        raise NotImplementedError

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        title = {"title": str(self.opts.verbose_name_plural).capitalize()}
        response = super().changelist_view(request, {**title, **(extra_context or {})})
        if isinstance(response, TemplateResponse) and response.context_data and "cl" in response.context_data:
            shown = [self.patient_of(row) for row in response.context_data["cl"].result_list]
            page = f"desk.{self.opts.model_name}.list"
            core.services.record_listing(patients=shown, page=page, actor=Actor.staff(staff(request).id))
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        patient = self.patient_of(self.get_object(request, object_id))
        audit.services.record(
            Action.PATIENT_READ,
            actor=Actor.staff(staff(request).id),
            obj=Ref("core.Patient", str(patient.id)),
            clinic_id=patient.clinic_id,
            patient_id=patient.id,
            context={"page": f"desk.{self.opts.model_name}"},
        )
        return super().change_view(request, object_id, form_url, extra_context)


class PatientForm(PatientModelForm):
    """What the front desk may write of a patient: these fields and no other."""

    given_name = Line(max_length=100, label="Given name")
    family_name = Line(max_length=100, label="Family name")
    birth_date = Day(label="Date of birth", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    sex = forms.ChoiceField(
        choices=[("", "Choose one"), *Patient.Sex.choices], label="Sex", help_text="Some screenings count differently."
    )
    phone = Line(max_length=30, required=False, label="Phone")
    email = forms.EmailField(required=False, label="E-mail")
    mrn = Line(max_length=40, required=False, label="MRN", help_text="The number in the chart, if known.")
    language = forms.ChoiceField(choices=settings.LANGUAGES, label="Language")
    care_team = forms.ModelMultipleChoiceField(
        queryset=User.objects.none(),
        required=False,
        label="Clinicians",
        widget=forms.CheckboxSelectMultiple,
        help_text="Only these clinicians and the clinic's supervisors can open what the patient answers.",
    )

    class Meta:
        model = Patient
        fields = ["clinic", "given_name", "family_name", "birth_date", "sex", "phone", "email", "mrn", "language"]

    clinics: ClassVar[frozenset[UUID]] = frozenset()  # of whose staff the team is: `get_form` says so in a subclass

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """The team is set here, on this form's own copy: the declared field is one for all patients and threads."""
        super().__init__(*args, **kwargs)
        team = cast("forms.ModelMultipleChoiceField[User]", self.fields["care_team"])
        team.queryset = selectors.clinicians_at(self.clinics)
        if not self.instance._state.adding:
            team.initial = sorted(selectors.care_team(self.instance))

    def clean_birth_date(self) -> Any:
        born = self.cleaned_data["birth_date"]
        if born.year < OLDEST or born > clock.now().date():
            raise forms.ValidationError("Please look at the date again: it is in the future or before 1900.")
        return born

    def clean_phone(self) -> str:
        phone: str = self.cleaned_data["phone"]
        if phone and len(digits(phone)) < 10:
            raise forms.ValidationError("A phone number has at least ten digits, for example 555 010 0142.")
        return phone

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        clinic_id = self._clinic_id(cleaned)
        if cleaned.get("mrn") and clinic_id:
            same = PatientQuerySet(Patient).matching(mrn=cleaned["mrn"]).filter(clinic_id=clinic_id)
            if same.exclude(pk=self.instance.pk).exists():
                self.add_error("mrn", "Another patient of this clinic has this number.")
        return cleaned

    def _clinic_id(self, cleaned: dict[str, Any]) -> UUID | None:
        clinic = cleaned.get("clinic")
        return clinic.pk if clinic else self.instance.clinic_id


@admin.register(Patient)
class PatientAdmin(DeskAdmin):
    form = PatientForm
    list_display = ("name", "birth_year", "speaks", "registered")
    list_display_links = ("name",)
    list_select_related = ("clinic",)
    ordering = ("-created_at",)
    lookups = frozenset({"id__in"})
    fields = (
        "clinic",
        ("given_name", "family_name"),
        ("birth_date", "sex"),
        ("phone", "email"),
        ("mrn", "language"),
        "care_team",
    )

    @admin.display(description="Name")
    def name(self, patient: Patient) -> str:
        return f"{patient.family_name}, {patient.given_name}"

    @admin.display(description="Born")
    def birth_year(self, patient: Patient) -> str:
        return str(patient.birth_date)[:4]

    @admin.display(description="Language")
    def speaks(self, patient: Patient) -> str:
        return language_name(patient.language)

    @admin.display(description="Registered", ordering="created_at")
    def registered(self, patient: Patient) -> str:
        return clock.at_clinic(patient.created_at, patient.clinic.time_zone)

    def patient_of(self, row: Any) -> Patient:
        found: Patient = row
        return found

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(pk__in=patients_for_front_desk(staff(request)).values("pk"))

    def get_urls(self) -> list[URLPattern]:
        find = self.admin_site.admin_view(require_POST(self.find_view))
        return [path("find/", find, name="core_patient_find"), *super().get_urls()]

    def find_view(self, request: HttpRequest) -> HttpResponse:
        """What was typed stays in the body of this request; the list that follows is asked for by ids."""
        clinics = desk_clinics(request)
        if not clinics:
            raise Http404
        found = selectors.patients_matching(clinics, request.POST.get("words", "")[:100])
        if not found:
            messages.warning(request, "Nobody was found. Names and numbers have to be complete; capitals don't matter.")
            return redirect("admin:core_patient_changelist")
        if len(found) == 1:
            return redirect("admin:core_patient_change", found[0])
        ids = ",".join(str(pk) for pk in found)
        return redirect(f"{reverse('admin:core_patient_changelist')}?id__in={ids}")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("clinic",) if obj else ()

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> "type[forms.ModelForm[Any]]":
        form = cast("type[PatientForm]", super().get_form(request, obj, change, **kwargs))
        form.clinics = frozenset({obj.clinic_id}) if obj else desk_clinics(request)
        if not obj:
            clinic = cast("forms.ModelChoiceField[Clinic]", form.base_fields["clinic"])
            clinic.queryset = Clinic.objects.filter(pk__in=form.clinics)
            clinic.initial = clinic.queryset.first()
        return form

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """By the services alone: they keep the indexes, the history and the evidence together."""
        actor, typed = Actor.staff(staff(request).id), form.cleaned_data
        if change:
            changed = [name for name in form.changed_data if name != "care_team"]
            core.services.change_patient(patient=obj, changes={name: str(typed[name]) for name in changed}, actor=actor)
        else:
            details = {name: typed[name] for name in ("sex", "phone", "email", "mrn", "language")}
            core.services.register_patient(
                id=obj.pk,
                clinic=typed["clinic"],
                given_name=typed["given_name"],
                family_name=typed["family_name"],
                birth_date=typed["birth_date"],
                actor=actor,
                **details,
            )
        core.services.set_care_team(patient=obj, users=typed["care_team"], actor=actor)

    def response_post_save_add(self, request: HttpRequest, obj: Any) -> HttpResponseRedirect:
        """On to the patient's page, where the invitation is one press away."""
        return redirect("admin:core_patient_change", obj.pk)
