"""The only door from a signed-in person to a clinic or a patient. Strangers get nothing, so views answer 404."""

from uuid import UUID

from django.db.models import Q, QuerySet
from django.db.models.functions import Now
from django.http import Http404
from guardian.shortcuts import get_objects_for_user

from core.models import BreakGlass, Clinic, Membership, Patient, User
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


def patients_at(user: User) -> QuerySet[Patient]:
    """Everybody's patients at the clinics where the user may see clinical records: to be found, not to be read."""
    return Patient.objects.filter(clinic__in=clinics_where(user, Permission.SEE_CLINICAL))


def broken_glass(user: User) -> QuerySet[BreakGlass]:
    """What the user broke the glass for and may still read, by the database's clock."""
    return BreakGlass.objects.filter(user=user, until__gt=Now())


def patients_open_to(user: User) -> QuerySet[Patient]:
    """Those the user cares for, and for an hour those whose glass was broken: to be read, never to be acted upon."""
    glass = Q(clinic__in=clinics_where(user, Permission.SEE_CLINICAL), pk__in=broken_glass(user).values("patient"))
    return Patient.objects.filter(Q(pk__in=patients_for_clinician(user).values("pk")) | glass)


def glass_behind(user: User, patient: Patient) -> dict[str, str]:
    """What evidence of a read carries: the break-glass it rests on, nothing where the patient is the user's own."""
    if patients_for_clinician(user).filter(pk=patient.pk).exists():
        return {}
    found = broken_glass(user).filter(patient=patient).order_by("-until").values_list("pk", flat=True).first()
    return {"break_glass": str(found)} if found else {}


def get_glass_for_review(user: User, glass_id: UUID) -> BreakGlass:
    """One of the officer's clinics, and never one's own. Raises Http404."""
    theirs = BreakGlass.objects.filter(patient__clinic__in=clinics_where(user, Permission.SEE_AUDIT))
    found = theirs.exclude(user=user).select_related("patient").filter(pk=glass_id).first()
    if found is None:
        raise Http404
    return found
