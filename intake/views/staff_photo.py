"""A patient's photo for the clinician who reads the answers; each look leaves an event."""

from uuid import UUID

from django.http import HttpResponse
from django.views.decorators.http import require_safe

from core.permissions import Permission
from core.views import StaffRequest, needs
from intake.access import get_photo_for_clinician
from intake.services import photos
from intake.views.patient_photo import as_jpeg


@require_safe
@needs(Permission.SEE_CLINICAL)
def photo(request: StaffRequest, photo_id: UUID) -> HttpResponse:
    return as_jpeg(photos.read(photo=get_photo_for_clinician(request.user, photo_id), user=request.user))
