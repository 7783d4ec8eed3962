"""The only door from a signed-in person to a clinic or a patient. Strangers get nothing, so views answer 404."""

from uuid import UUID

from django.db.models import Q, QuerySet
from guardian.shortcuts import get_objects_for_user

from core.models import Clinic, Membership, Patient, User
from core.permissions import Permission, Role, granted, roles_with


def clinics_where(user: User, permission: Permission) -> QuerySet[Clinic]:
    """Clinics at which the user's active role holds `permission`; none for an inactive or unknown user."""
    if not user.is_active:
        return Clinic.objects.none()
    return Clinic.objects.filter(
        memberships__user=user, memberships__is_active=True, memberships__role__in=roles_with(permission)
    ).distinct()


def may(user: User, permission: Permission, clinic_id: UUID) -> bool:
    """Deny by default: an active membership at this clinic whose role holds the permission."""
    if not user.is_active:
        return False
    roles = Membership.objects.filter(user=user, clinic_id=clinic_id, is_active=True).values_list("role", flat=True)
    return any(granted(role, permission) for role in roles)


def may_anywhere(user: User, permission: Permission) -> bool:
    return clinics_where(user, permission).exists()


def patients_for_front_desk(user: User) -> QuerySet[Patient]:
    """Every patient of the clinics whose desk the user serves: demographics only."""
    return Patient.objects.filter(clinic__in=clinics_where(user, Permission.SEE_DEMOGRAPHICS))


def own_patients(user: User) -> QuerySet[Patient]:
    """Those on whose care team the user is, which alone opens nothing: the role has to allow it too."""
    own: QuerySet[Patient] = get_objects_for_user(
        user, "core.care_for", Patient.objects.all(), accept_global_perms=False
    )
    return own


def patients_for_clinician(user: User) -> QuerySet[Patient]:
    """Care-team patients; a supervisor sees the whole clinic."""
    clinics = clinics_where(user, Permission.SEE_CLINICAL)
    supervised = clinics.filter(memberships__user=user, memberships__role=Role.SUPERVISOR, memberships__is_active=True)
    mine = Q(pk__in=own_patients(user).values("pk")) | Q(clinic__in=supervised)
    return Patient.objects.filter(mine, clinic__in=clinics)
