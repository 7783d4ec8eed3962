"""How to reach the patient, on the page of an incident: what escalation does not know, because intake asked it."""

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django import template

from core.crypto import UnreadableValue
from intake.selectors import reaching

if TYPE_CHECKING:
    from core.models import Patient

register = template.Library()


@register.inclusion_tag("intake/staff/_how_to_reach.html")
def how_to_reach(patient: "Patient", packet_id: UUID, zone: str) -> dict[str, Any]:
    """Read when the page is drawn, so that it is what the patient told last, and can never hold up a page."""
    try:
        facts = reaching.how_to_reach(patient, packet_id)
        return {"facts": facts, "unknown": reaching.unknown(facts), "zone": zone}
    except UnreadableValue:
        return {"facts": None, "zone": zone}
