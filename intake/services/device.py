"""What the patient said of the phone in hand. It is no answer and opens nothing: the change history is its evidence."""

from django.db import transaction

from intake.models import Packet


@transaction.atomic
def say_whose_phone(*, packet: Packet, is_shared: bool) -> None:
    """Asked again each time the link is opened, which may be on another phone."""
    packet.is_shared_device = is_shared
    packet.save(update_fields=["is_shared_device"])
