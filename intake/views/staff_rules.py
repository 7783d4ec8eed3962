"""A clinic's own screening rules go live here, because screening knows nothing of who would be paged."""

from uuid import UUID

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

import escalation.services.duty
import screening.services
from core.permissions import Permission
from core.views import StaffRequest, needs
from screening.access import get_rules_for_supervisor


@require_POST
@needs(Permission.SUPERVISE)
def approve(request: StaffRequest, version_id: UUID) -> HttpResponse:
    """Put rules that somebody else drafted in force, once each step of the ladder reaches somebody."""
    version = get_rules_for_supervisor(request.user, version_id)
    try:
        escalation.services.duty.require_reachable(version.clinic)
        screening.services.approve_rules(version=version, by=request.user)
    except escalation.services.duty.Unreachable as error:
        messages.error(request, f"These rules can't be put in force yet. {error}")
    except screening.services.SameAuthor:
        messages.error(request, "You drafted these rules. Somebody else has to approve them.")
    except screening.services.AlreadyApproved:
        messages.info(request, "These rules, or newer ones, are in force already.")
    except screening.services.InvalidRules as error:
        messages.error(request, f"These rules can't be used any more: {error}")
    else:
        messages.success(request, f"Version {version.version} is in force from now on.")
    return redirect("screening:priorities")
