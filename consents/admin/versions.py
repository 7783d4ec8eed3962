"""Compliance reads the texts here: what is effective, what was before. Nothing can be changed, and nobody is named."""

from typing import TYPE_CHECKING

from django.contrib import admin
from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet
from django.http import HttpRequest

from consents.models import DocumentVersion
from core.access import clinics_where, may_anywhere
from core.models import User
from core.permissions import Permission

if TYPE_CHECKING:
    VersionAdmin = admin.ModelAdmin[DocumentVersion]
else:
    VersionAdmin = admin.ModelAdmin


@admin.register(DocumentVersion)
class DocumentVersionAdmin(VersionAdmin):
    """Read-only, the clinics of the person's own role, who may manage consents; the front desk finds nothing here."""

    actions = None
    list_display = ("title", "version", "language", "state", "effective_at", "retired_at")
    list_filter = ("state", "language")
    list_select_related = ("document",)
    ordering = ("document__slug", "-effective_at")
    fields = ("title", "version", "language", "state", "effective_at", "retired_at", "review_note", "sha256", "body")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[DocumentVersion]:
        user = _staff(request)
        clinics = clinics_where(user, Permission.MANAGE_CONSENTS) if user else ()
        return super().get_queryset(request).filter(document__clinic__in=clinics)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: DocumentVersion | None = None) -> bool:
        user = _staff(request)
        return user is not None and may_anywhere(user, Permission.MANAGE_CONSENTS)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: DocumentVersion | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: DocumentVersion | None = None) -> bool:
        return False


def _staff(request: HttpRequest) -> User | None:
    return None if isinstance(request.user, AnonymousUser) else request.user
