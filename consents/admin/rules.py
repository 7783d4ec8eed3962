"""Which documents packets carry: the clinic's rules, by its compliance."""

from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse

import consents.selectors
import consents.services
from consents.models import ConsentRule, Document, DocumentVersion
from consents.policy import Kind
from core.access import clinics_where
from core.admin import staff
from core.models import Clinic, Program
from core.permissions import Permission

if TYPE_CHECKING:
    RuleAdmin = admin.ModelAdmin[ConsentRule]
    RuleModelForm = forms.ModelForm[ConsentRule]
else:
    RuleAdmin, RuleModelForm = admin.ModelAdmin, forms.ModelForm

# What may be only shown: a notice says something and asks nothing.
NOTICES = (Kind.NPP_ACK, Kind.PART2_NOTICE, Kind.AI_USE)


class RuleForm(RuleModelForm):
    """One rule. Several rules of one document are for several ages, each with its own signers."""

    class Meta:
        model = ConsentRule
        fields = [
            "document", "program", "visit", "must", "signer", "min_age", "max_age", "every_months", "on_new_version",
            "position", "is_active",
        ]  # fmt: skip
        help_texts = {
            "document": "It is asked as soon as a text of it is in force.",
            "program": (
                "Empty: all programs (the notice of 42 CFR 2.22: all that may be covered by it). A program's own rules "
                "replace the general ones for that document."
            ),
            "visit": "Empty: every visit. The front desk says how a visit takes place when it invites.",
            "signer": (
                "“The patient”: or whoever answers the packet for them, who says in what capacity and by what right. "
                "“The minor alone”: where state law lets the minor consent alone, nobody else may sign (42 CFR 2.14)."
            ),
            "min_age": "In whole years on the day of the invitation; both ends included. Empty: no limit.",
            "every_months": "Asked again so many months after it was signed; 0: in every packet. Empty: no limit.",
            "position": "Documents are asked in this order; signing on a screen always comes first.",
        }

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        document = cleaned.get("document") or (None if self.instance._state.adding else self.instance.document)
        program = cleaned.get("program")
        if document and program and document.clinic_id != program.clinic_id:
            self.add_error("program", "This program belongs to another clinic.")
        if document and cleaned.get("must") == ConsentRule.Must.SHOWN and document.kind not in NOTICES:
            self.add_error("must", "Only a notice can be shown and nothing more. This has to be signed or declined.")
        if document and document.kind == Kind.ESIGN and cleaned.get("must") != ConsentRule.Must.DECIDE:
            self.add_error("must", "Paper may always be chosen instead of the screen (15 USC 7001(c)).")
        lowest, highest = cleaned.get("min_age"), cleaned.get("max_age")
        if lowest is not None and highest is not None and lowest > highest:
            self.add_error("max_age", "The ages are not in order.")
        return cleaned


@admin.register(ConsentRule)
class ConsentRuleAdmin(RuleAdmin):
    """Which documents packets carry. Without rules of its own a clinic asks the default ones; its first rule brings
    those with it, to be changed. Only compliance, each in its own clinics; nothing is deleted."""

    actions = None
    form = RuleForm
    list_display = (
        "title",
        "program",
        "visit",
        "must",
        "signer",
        "ages",
        "every_months",
        "on_new_version",
        "is_active",
    )
    list_display_links = ("title",)
    list_select_related = ("document", "program")
    ordering = ("document__clinic", "position")

    @admin.display(description="Document")
    def title(self, rule: ConsentRule) -> str:
        shown: str = vars(rule)["shown"] or str(rule.document)
        return shown

    @admin.display(description="Ages")
    def ages(self, rule: ConsentRule) -> str:
        if rule.min_age is None and rule.max_age is None:
            return "all"
        return f"{rule.min_age or 0} to {rule.max_age}" if rule.max_age is not None else f"from {rule.min_age}"

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _clinics(request).exists()

    def has_view_permission(self, request: HttpRequest, obj: ConsentRule | None = None) -> bool:
        clinics = _clinics(request)
        return clinics.exists() if obj is None else clinics.filter(pk=obj.document.clinic_id).exists()

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _clinics(request).exists()

    def has_change_permission(self, request: HttpRequest, obj: ConsentRule | None = None) -> bool:
        return self.has_view_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: ConsentRule | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[ConsentRule]:
        english = DocumentVersion.objects.filter(document=OuterRef("document"), language="en", state="effective")
        rows = super().get_queryset(request).filter(document__clinic__in=_clinics(request))
        return rows.annotate(shown=Subquery(english.values("title")[:1]))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> ConsentRule:
        found: ConsentRule | None = super().get_object(request, object_id)
        if found is None:
            raise Http404
        return found

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not _clinics(request).exists():
            raise Http404
        defaults = [(clinic, _told(clinic)) for clinic in _clinics(request)]
        return super().changelist_view(request, {"defaults": [one for one in defaults if one[1]]})

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not _clinics(request).exists():
            raise Http404
        return super().changeform_view(request, *args, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: ConsentRule | None = None) -> tuple[str, ...]:
        return ("document",) if obj else ()

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> "type[forms.ModelForm[ConsentRule]]":
        form = super().get_form(request, obj, change, **kwargs)
        clinics = _clinics(request)
        program = cast("forms.ModelChoiceField[Program]", form.base_fields["program"])
        program.queryset = Program.objects.filter(clinic__in=clinics).order_by("public_name")
        if "document" in form.base_fields:
            document = cast("forms.ModelChoiceField[Document]", form.base_fields["document"])
            document.queryset = Document.objects.filter(clinic__in=clinics).order_by("clinic", "slug")
        return form

    def save_model(self, request: HttpRequest, obj: ConsentRule, form: Any, change: bool) -> None:
        consents.services.save_rule(rule=obj, by=staff(request))


def _told(clinic: Clinic) -> list[tuple[str, str]]:
    """(title, how it is answered) of the default rules that this clinic's packets go by, whose text is in force."""
    titles, musts = consents.selectors.titles(clinic.pk, "en"), dict(ConsentRule.Must.choices)
    found = consents.services.defaults_in_force(clinic.pk)
    return [(titles[one.slug], musts[ConsentRule.Must(one.must)]) for one in found if one.slug in titles]


def _clinics(request: HttpRequest) -> QuerySet[Clinic]:
    """Those whose consents this person manages."""
    return clinics_where(staff(request), Permission.MANAGE_CONSENTS)
