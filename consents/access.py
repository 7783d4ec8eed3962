"""The only doors from a signed-in person to a clinic's documents, and to what patients signed, took back and asked for.

A stranger gets 404.
"""

from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404

from consents.models import (
    Document,
    DocumentVersion,
    EmergencyDisclosure,
    Paper,
    PrivacyTask,
    RestrictionRequest,
    Revocation,
    Signature,
)
from core import clock
from core.access import clinics_where, patients_for_clinician, patients_open_to
from core.models import Patient, User
from core.permissions import Permission

Row = TypeVar("Row")
OPEN_FOR = timedelta(minutes=60)


def patients_for_privacy(user: User) -> QuerySet[Patient]:
    """Every patient of the clinics whose consents the user manages."""
    clinics = clinics_where(user, Permission.MANAGE_CONSENTS)
    return Patient.objects.filter(clinic__in=clinics).select_related("clinic")


def get_patient_for_privacy(user: User, patient_id: UUID) -> Patient:
    """Raises Http404 for everybody but the clinic's privacy officer."""
    return _found(patients_for_privacy(user).filter(pk=patient_id).first())


def get_patient_for_request(user: User, patient_id: UUID) -> Patient:
    """Whoever a patient may tell what they want: the privacy officer, and the clinicians in charge. Raises Http404."""
    officer, carer = patients_for_privacy(user).values("pk"), patients_for_clinician(user).values("pk")
    reachable = Patient.objects.filter(Q(pk__in=officer) | Q(pk__in=carer)).select_related("clinic")
    return _found(reachable.filter(pk=patient_id).first())


def get_signature_for_request(user: User, signature_id: UUID) -> Signature:
    """A signature of a patient as above. Raises Http404."""
    signature = _found(Signature.objects.select_related("version").filter(pk=signature_id).first())
    get_patient_for_request(user, signature.patient_id)
    return signature


def get_signature_for_folder(user: User, patient_id: UUID, signature_id: UUID) -> UUID:
    """The id again, if it is this patient's and the person may open the folder. Raises Http404."""
    patient = get_patient_for_request(user, patient_id)
    return _found(Signature.objects.filter(pk=signature_id, patient=patient).first()).id


def get_signature_for_patient(patient_id: UUID, signature_id: UUID) -> Signature:
    """The patient's own. Raises Http404 for any other."""
    return _found(Signature.objects.filter(pk=signature_id, patient_id=patient_id).first())


def get_revocation_for_privacy(user: User, revocation_id: UUID) -> Revocation:
    """One with its paper. Raises Http404."""
    rows = Revocation.objects.select_related("signature").filter(scan__isnull=False)
    return _found(rows.filter(pk=revocation_id, signature__patient__in=patients_for_privacy(user)).first())


def get_paper_for_folder(user: User, paper_id: UUID) -> Paper:
    """A paper of a patient whose folder the person may open. Raises Http404."""
    paper = _found(Paper.objects.select_related("signature__patient").filter(pk=paper_id).first())
    get_patient_for_request(user, paper.signature.patient_id)
    return paper


def get_paper_for_privacy(user: User, paper_id: UUID) -> Paper:
    """A signed paper, for the privacy officer to compare. Raises Http404."""
    rows = Paper.objects.select_related("signature__patient").filter(what=Paper.What.SIGNED)
    return _found(rows.filter(pk=paper_id, signature__patient__in=patients_for_privacy(user)).first())


def get_restriction_for_privacy(user: User, request_id: UUID) -> RestrictionRequest:
    requests = RestrictionRequest.objects.select_related("patient")
    return _found(requests.filter(pk=request_id, patient__in=patients_for_privacy(user)).first())


def get_task_for_privacy(user: User, task_id: UUID) -> PrivacyTask:
    tasks = PrivacyTask.objects.select_related("patient")
    return _found(tasks.filter(pk=task_id, patient__in=patients_for_privacy(user)).first())


def _found(row: Row | None) -> Row:
    if row is None:
        raise Http404
    return row


def get_emergency_for_discloser(user: User, emergency_id: UUID) -> EmergencyDisclosure:
    """What was written down, for whoever wrote it, for an hour: what may be told is read from a screen, and closed."""
    mine = EmergencyDisclosure.objects.select_related("disclosure__patient__clinic").filter(
        pk=emergency_id, disclosed_by=user, recorded_at__gt=clock.now() - OPEN_FOR
    )
    emergency = _found(mine.first())
    if not patients_open_to(user).filter(pk=emergency.disclosure.patient_id).exists():
        raise Http404
    return emergency


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
