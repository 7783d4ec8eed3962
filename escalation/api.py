"""What a provider tells of a page it took. Signed, or it is nobody's."""

from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from core.channels import twilio
from escalation import services


@csrf_exempt
@require_POST
def page_report(request: HttpRequest, page_id: UUID) -> HttpResponse:
    """A status callback. Unsigned, forged or not understood: 404, and nothing changes.

    The address that was signed is the one we gave, whatever a proxy made of it since.
    """
    signed = request.headers.get("X-Twilio-Signature", "")
    told = twilio.report(settings.BASE_URL + request.path, dict(request.POST.lists()), signed)
    if told is None:
        raise Http404
    services.note_report(page_id=page_id, report=told)
    return HttpResponse(status=204)
