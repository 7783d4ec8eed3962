"""The only doors from a signed-in person to a document or to somebody's folder of them. A stranger gets 404."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404

from consents.models import Document, DocumentVersion, Signature
from core.access import clinics_where, patients_for_clinician
from core.models import Patient, User
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


def get_patient_for_folder(user: User, patient_id: UUID) -> Patient:
    """For compliance of the patient's clinic, and for the clinicians who care for the patient."""
    found = (
        Patient.objects.filter(pk=patient_id, clinic__in=clinics_where(user, Permission.MANAGE_CONSENTS)).first()
        or patients_for_clinician(user).filter(pk=patient_id).first()
    )
    if found is None:
        raise Http404
    return found


def get_signature_for_folder(user: User, patient_id: UUID, signature_id: UUID) -> UUID:
    """The id again, if it is this patient's and the person may open the folder."""
    patient = get_patient_for_folder(user, patient_id)
    if not Signature.objects.filter(pk=signature_id, patient=patient).exists():
        raise Http404
    return signature_id
