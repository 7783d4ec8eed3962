"""The only door from a signed-in person to an incident, and to a test page of their own."""

from uuid import UUID

from django.http import Http404

from core.access import clinics_where
from core.models import User
from core.permissions import Permission
from escalation.models import Drill, Incident


def get_incident_for_clinician(user: User, code: str) -> Incident:
    """The incident, for anyone who may answer pages at its clinic: being on call needs no care-team membership.

    Raises Http404 for strangers, the front desk and unknown codes alike. The snapshot is read when it is looked at,
    so that an incident whose snapshot does not open can still be acknowledged.
    """
    clinics = clinics_where(user, Permission.ANSWER_PAGES)
    incident = (
        Incident.objects.select_related("clinic", "site", "patient")
        .defer("snapshot")
        .filter(code=code.upper(), clinic__in=clinics)
        .first()
    )
    if incident is None:
        raise Http404
    return incident


def get_own_drill(user: User, drill_id: UUID) -> Drill:
    """A test page that was sent to this person. Raises Http404."""
    drill = Drill.objects.filter(pk=drill_id, user=user).first()
    if drill is None:
        raise Http404
    return drill
