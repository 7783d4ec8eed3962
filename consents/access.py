"""The only door from a signed-in person to a document: compliance, of their own clinics. Strangers get 404."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from consents.models import Document, DocumentVersion
from core.access import clinics_where
from core.models import User
from core.permissions import Permission


def documents_for_compliance(user: User) -> QuerySet[Document]:
    return Document.objects.filter(clinic__in=clinics_where(user, Permission.MANAGE_CONSENTS)).select_related("clinic")


def get_document_for_compliance(user: User, document_id: UUID) -> Document:
    document = documents_for_compliance(user).filter(pk=document_id).first()
    if document is None:
        raise Http404
    return document


def get_version_for_compliance(user: User, version_id: UUID) -> DocumentVersion:
    rows = DocumentVersion.objects.select_related("document__clinic")
    version = rows.filter(pk=version_id, document__in=documents_for_compliance(user)).first()
    if version is None:
        raise Http404
    return version
