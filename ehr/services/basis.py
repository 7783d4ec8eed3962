"""On what each item leaves: the program that discloses it, the chart that receives it, or why no consent is asked."""

import intake.selectors
from consents.policy import Hipaa, Recipient, Role
from consents.services import Sending
from ehr.mapping.emergency import EMERGENCY_KEY
from ehr.models import ExportItem
from ehr.selectors import packet_of

# A chart keeps a clinic's records on its behalf: its vendor is a business associate, and to a Part 2 program a
# qualified service organization (42 CFR 2.11). So it is one of the "people helping to operate this program".
FORM = "form:"
# The first part of a field_key → what it is to the patient (consents.rules.told).
_KINDS = {
    "patient": "person", "form": "form", "item": "answer", "score": "score", "medicine": "medicine",
    "treatment-medicine": "medicine", "allergy": "allergy", "document": "signed", "consent": "decision",
    "photo": "photo", "notice": "notice", "incident": "incident", "emergency": "emergency",
}  # fmt: skip
OF_A_FORM = ("form", "answer", "score")
REVOCATION_TOLD, EMERGENCY_DOCUMENTED = "revocation-told", "2.51-documented"


def sending(item: ExportItem, attempt: int) -> Sending:
    """One try of one item. The label may hold an answer, so the ledger gets its kind and its form's title alone."""
    connection = item.connection
    kind = _KINDS.get(item.field_key.partition(":")[0], "entry")
    form = next((key for key in (item.field_key, *item.needs) if key.startswith(FORM) and kind in OF_A_FORM), "")
    return Sending(
        recipient=Recipient(connection.name, Hipaa.BUSINESS_ASSOCIATE, Role.OPERATIONS),
        address=connection.base_url[:200],
        purpose="TREAT",
        categories=item.categories,
        kind=kind,
        about=intake.selectors.form_titles(item.packet_ref, form.removeprefix(FORM)) if form else {},
        source_ref=item.id,
        attempt=attempt,
        basis=_basis(item),
    )


def _basis(item: ExportItem) -> str:
    """What the chart has to be told although nobody consents to it: that a consent ended, what an emergency took."""
    if item.field_key == EMERGENCY_KEY:
        return EMERGENCY_DOCUMENTED
    return REVOCATION_TOLD if item.revision > 1 and item.resource_type == "Consent" else ""


def discloser(item: ExportItem) -> str:
    """The program's legal name as it is now; an emergency's note belongs to no packet and names nobody."""
    return intake.selectors.program_name(packet_of(item))
