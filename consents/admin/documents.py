"""A document's life, on one page of its own: draft, compare, approve, review. Every write goes through the services."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.validators import validate_slug
from django.db.models import QuerySet
from django.forms import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST

import consents.services
from consents.access import documents_for_compliance, get_document_for_compliance
from consents.forms import ApproveForm, DraftForm, LookAgainForm, ReviewForm
from consents.models import Document, Review
from consents.rules import InvalidDocument, compare, readable
from consents.selectors import TEXTS, Edition, editions, title_of
from consents.services import (
    CannotPublish,
    ChangedMeanwhile,
    DraftExists,
    NameRefused,
    NotADraft,
    NotReviewable,
    SameAuthor,
)
from consents.services.drafting import language_name
from core.access import may_anywhere
from core.admin import staff
from core.permissions import Permission

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Document]
else:
    ModelAdmin = admin.ModelAdmin

UNDER_WAY = ("draft", "approved")
LONGEST_SLUG = 40


@admin.register(Document)
class DocumentAdmin(ModelAdmin):
    """The documents of the clinics where the person manages consents; to everybody else there are none."""

    actions = None
    list_display = ("name", "about", "in_force", "under_way", "to_review", "look_again")
    list_display_links = ("name",)
    ordering = ("clinic", "slug")
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Document | None = None) -> bool:
        return may_anywhere(staff(request), Permission.MANAGE_CONSENTS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Document | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Document | None = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Document]:
        consents.services.take_effect_due()
        return documents_for_compliance(staff(request)).prefetch_related(TEXTS)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise Http404
        return super().changelist_view(request, {"title": "Documents", **(extra_context or {})})

    @admin.display(description="Document")
    def name(self, document: Document) -> str:
        return title_of(editions(document)) or document.slug

    @admin.display(description="About")
    def about(self, document: Document) -> str:
        return document.get_kind_display()

    @admin.display(description="In force")
    def in_force(self, document: Document) -> str:
        current = _current(editions(document))
        return current.version if current else "-"

    @admin.display(description="Under way")
    def under_way(self, document: Document) -> str:
        return next((f"{one.version}, {one.state}" for one in editions(document) if one.state in UNDER_WAY), "-")

    @admin.display(description="Still to review")
    def to_review(self, document: Document) -> str:
        current = _current(editions(document))
        return (", ".join(_wanted(current)) if current else "") or "-"

    @admin.display(description="Look again by")
    def look_again(self, document: Document) -> str:
        current = _current(editions(document))
        return f"{current.first.review_by:%Y-%m-%d}" if current and current.first.review_by else "-"

    def get_urls(self) -> list[URLPattern]:
        def page(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        own = "<uuid:document_id>/"
        version = f"{own}<str:version>/"
        return [
            path(f"{own}start/", page(require_POST(self.start_view)), name="consents_document_start"),
            path(f"{own}another/", page(require_POST(self.another_view)), name="consents_document_another"),
            path(f"{version}edit/", page(self.edit_view), name="consents_document_edit"),
            path(f"{version}compare/", page(self.compare_view), name="consents_document_compare"),
            path(f"{version}approve/", page(self.approve_view), name="consents_document_approve"),
            path(f"{version}back/", page(require_POST(self.back_view)), name="consents_document_back"),
            path(f"{version}again/", page(require_POST(self.again_view)), name="consents_document_again"),
            path(f"{version}review/", page(self.review_view), name="consents_document_review"),
            *super().get_urls(),
        ]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        try:
            document = get_document_for_compliance(staff(request), UUID(object_id))
        except ValueError as error:
            raise Http404 from error
        consents.services.take_effect_due(clinic_id=document.clinic_id, slug=document.slug)
        known = editions(document)
        context = {
            "editions": [(one, _wanted(one)) for one in known],
            "current": _current(known),
            "under_way": next((one for one in known if one.state in UNDER_WAY), None),
        }
        return self._page(request, "page", document, known, context)

    def start_view(self, request: HttpRequest, document_id: UUID) -> HttpResponse:
        document = get_document_for_compliance(staff(request), document_id)
        try:
            version = consents.services.start_draft(document=document, by=staff(request))
        except DraftExists:
            messages.info(request, "A version is under way already. Finish that one first.")
            return redirect("admin:consents_document_change", document.pk)
        return redirect("admin:consents_document_edit", document.pk, version)

    def another_view(self, request: HttpRequest, document_id: UUID) -> HttpResponse:
        like = get_document_for_compliance(staff(request), document_id)
        slug = request.POST.get("slug", "").strip()
        try:
            validate_slug(slug)
            if len(slug) > LONGEST_SLUG:
                raise NameRefused
            made = consents.services.start_document(like=like, slug=slug, by=staff(request))
        except (ValidationError, NameRefused):
            rule = "small letters and hyphens, not in use yet, and nothing about the kind of care"
            messages.error(request, f"Please choose another short name: {rule}.")
            return redirect("admin:consents_document_change", like.pk)
        return redirect("admin:consents_document_edit", made.pk, "1.0")

    def edit_view(self, request: HttpRequest, document_id: UUID, version: str) -> HttpResponse:
        document, known, edition = self._edition(request, document_id, version)
        if edition.state != "draft":
            messages.info(request, "This version can't change any more. Start a new one.")
            return redirect("admin:consents_document_change", document.pk)
        form = DraftForm(edition, request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                consents.services.edit_draft(
                    document=document, version=version, texts=form.words(), by=staff(request),
                    change_note=form.cleaned_data["change_note"], review_by=form.cleaned_data["review_by"],
                    seen=form.cleaned_data["seen"],
                )  # fmt: skip
            except (ChangedMeanwhile, NotADraft):
                form.add_error(
                    None, "Somebody else saved or approved this draft meanwhile. Keep your words and reload."
                )
            except InvalidDocument as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, "The draft is saved.")
                return redirect("admin:consents_document_change", document.pk)
        return self._page(request, "edit", document, known, {"edition": edition, "form": form})

    def compare_view(self, request: HttpRequest, document_id: UUID, version: str) -> HttpResponse:
        """With the version before it, language by language."""
        document, known, edition = self._edition(request, document_id, version)
        before = _before(known, edition)
        old = _words(before)
        changes = [
            (language_name(row.language), row.language, compare(old.get(row.language, ""), readable(row.body)))
            for row in edition.texts
        ]
        return self._page(
            request, "compare", document, known, {"edition": edition, "before": before, "changes": changes}
        )

    def approve_view(self, request: HttpRequest, document_id: UUID, version: str) -> HttpResponse:
        document, known, edition = self._edition(request, document_id, version)
        before, old = _before(known, edition), _words(_before(known, edition))
        same = [row.language for row in edition.texts if old.get(row.language) == readable(row.body)]
        unchanged = [(code, before.version) for code in same if before]
        form = ApproveForm(unchanged, request.POST or None, initial={"seen": edition.seen})
        faults = consents.services.publication_faults(document=document, version=version)
        if request.method == "POST" and form.is_valid():
            try:
                at, seen = form.instant(document.clinic.time_zone), form.cleaned_data["seen"]
                consents.services.approve(document=document, version=version, at=at, by=staff(request), seen=seen)
            except ChangedMeanwhile:
                messages.warning(request, "The words were changed since you opened this page. Please read them again.")
                return redirect("admin:consents_document_approve", document.pk, version)
            except NotADraft:
                messages.info(request, "This version was approved already.")
            except SameAuthor:
                form.add_error(None, "You wrote this text. Somebody else has to approve it.")
            except CannotPublish as refused:
                faults = tuple(str(refused).splitlines())
            else:
                messages.success(request, f"Version {version} is approved.")
            if form.is_valid() and not faults:
                return redirect("admin:consents_document_change", document.pk)
        is_author = edition.first.author_id == staff(request).pk
        context = {"edition": edition, "form": form, "faults": faults, "is_author": is_author}
        return self._page(request, "approve", document, known, context)

    def back_view(self, request: HttpRequest, document_id: UUID, version: str) -> HttpResponse:
        document = get_document_for_compliance(staff(request), document_id)
        try:
            consents.services.send_back(document=document, version=version, by=staff(request))
        except NotADraft:
            messages.info(request, "It is in force already.")
        return redirect("admin:consents_document_change", document.pk)

    def review_view(self, request: HttpRequest, document_id: UUID, version: str) -> HttpResponse:
        document, known, edition = self._edition(request, document_id, version)
        form = ReviewForm(edition, request.POST or None)
        if request.method == "POST" and form.is_valid():
            language, role = form.wanted()
            text = next(row for row in edition.texts if row.language == language)
            name, note = form.cleaned_data["reviewer_name"], form.cleaned_data["note"]
            try:
                consents.services.record_review(
                    version=text, role=role, reviewer_name=name, note=note, by=staff(request)
                )
            except NotReviewable:
                messages.info(request, "A draft is reviewed once it is approved, and each review is recorded once.")
            else:
                messages.success(request, "The review is recorded.")
            return redirect("admin:consents_document_change", document.pk)
        reviews = Review.objects.filter(version__in=edition.texts).select_related("version", "recorded_by")
        again = LookAgainForm(initial={"review_by": edition.first.review_by})
        context = {"edition": edition, "form": form, "again": again, "reviews": reviews.order_by("at")}
        return self._page(request, "review", document, known, context)

    def again_view(self, request: HttpRequest, document_id: UUID, version: str) -> HttpResponse:
        document, _, edition = self._edition(request, document_id, version)
        form = LookAgainForm(request.POST)
        if form.is_valid() and edition.state != "draft":
            day = form.cleaned_data["review_by"]
            consents.services.look_again(document=document, version=version, review_by=day, by=staff(request))
            messages.success(request, "The day is kept.")
        else:
            messages.error(request, "Please type a day, for example 2027-11-01.")
        return redirect("admin:consents_document_review", document.pk, version)

    def _edition(
        self, request: HttpRequest, document_id: UUID, version: str
    ) -> tuple[Document, tuple[Edition, ...], Edition]:
        document = get_document_for_compliance(staff(request), document_id)
        known = editions(document)
        found = next((one for one in known if one.version == version), None)
        if found is None:
            raise Http404
        return document, known, found

    def _page(
        self,
        request: HttpRequest,
        name: str,
        document: Document,
        known: tuple[Edition, ...],
        context: dict[str, Any],
    ) -> HttpResponse:
        shared = {"document": document, "name": title_of(known), "title": "Document", "has_permission": True}
        return render(
            request,
            f"admin/consents/document/{name}.html",
            {**self.admin_site.each_context(request), **shared, **context},
        )


def _before(known: tuple[Edition, ...], edition: Edition) -> Edition | None:
    return next(iter(known[known.index(edition) + 1 :]), None)


def _words(edition: Edition | None) -> dict[str, str]:
    """By language, what a person compares."""
    return {row.language: readable(row.body) for row in edition.texts} if edition else {}


def _current(known: tuple[Edition, ...]) -> Edition | None:
    return next((one for one in known if one.state == "effective"), None)


def _wanted(edition: Edition) -> list[str]:
    """Role by role, with the languages that it still has to look at."""
    spoken: dict[str, list[str]] = {}
    for language, role in edition.wanted:
        spoken.setdefault(role, []).append(language_name(language))
    return [f"{Review.Role(role).label} ({', '.join(names)})" for role, names in spoken.items()]
