"""The only door from a signed-in person to what was found."""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import Http404

from core.access import clinics_where, own_patients, patients_for_clinician
from core.models import Clinic, User
from core.permissions import Permission
from screening.models import ReviewItem, RuleVersion


def review_items_for(user: User) -> QuerySet[ReviewItem]:
    """Of patients in the user's care, of a supervisor's whole clinic, and those that the user was named to review."""
    items = ReviewItem.objects.filter(clinic__in=clinics_where(user, Permission.SEE_CLINICAL))
    return items.filter(Q(patient__in=patients_for_clinician(user)) | Q(reviewer=user))


def get_review_item(user: User, item_id: UUID) -> ReviewItem:
    """An item of a patient in the user's care, or one that names the user. Raises Http404 for everybody else.

    Being named to review it is what opens the item to somebody who is not on the care team; it opens nothing more.
    """
    items = review_items_for(user).select_related("finding__result", "patient", "clinic", "reviewer", "reviewed_by")
    item = items.filter(pk=item_id).first()
    if item is None or not _may_read(item, user):
        raise Http404
    return item


def _may_read(item: ReviewItem, user: User) -> bool:
    """What substance-use sections say is the care team's (42 CFR 2.12), and of whoever was named to look at it."""
    if not item.is_sensitive or item.reviewer_id == user.pk:
        return True
    return own_patients(user).filter(pk=item.patient_id).exists()


def get_clinic_for_supervisor(user: User, clinic_id: UUID) -> Clinic:
    """Raises Http404 unless the user supervises this clinic."""
    clinic = clinics_where(user, Permission.SUPERVISE).filter(pk=clinic_id).first()
    if clinic is None:
        raise Http404
    return clinic


def get_rules_for_supervisor(user: User, version_id: UUID) -> RuleVersion:
    """Raises Http404 unless the user supervises the clinic whose rules these are."""
    version = RuleVersion.objects.filter(pk=version_id, clinic__in=clinics_where(user, Permission.SUPERVISE)).first()
    if version is None:
        raise Http404
    return version


def rules_for_operator(user: User) -> QuerySet[RuleVersion]:
    """Those of the clinics whose settings the user manages."""
    clinics = clinics_where(user, Permission.MANAGE_SETTINGS)
    return RuleVersion.objects.filter(clinic__in=clinics).select_related("clinic", "drafted_by", "approved_by")
