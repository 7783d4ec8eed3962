"""The clinic's tablet: the front desk starts a packet on it, for the patient alone or with help."""

from django.db import transaction

import audit.services
from audit.actions import Action, Actor, Ref
from core import clock
from core.models import User
from intake.models import Packet
from intake.services.packets import LINK_LIFETIME, MAX_TRIES, OPEN
from intake.services.responses import PacketClosed
from intake.tokens import digest, new_code, new_token


@transaction.atomic
def start_on_tablet(*, packet: Packet, by: User, helps: bool) -> None:
    """Make the packet one that a date of birth opens on this device, with five tries. Raises PacketClosed.

    A link that was locked or ran out stays dead: its digests are replaced by those of secrets that nobody was told.
    """
    packet = Packet.objects.select_for_update().get(pk=packet.pk)
    if packet.state not in OPEN:
        raise PacketClosed
    now = clock.now()
    if packet.tries >= MAX_TRIES or packet.expires_at <= now:
        packet.token_sha256, packet.code_sha256 = digest(new_token()), digest(new_code())
        packet.expires_at = now + LINK_LIFETIME
    packet.tries, packet.on_tablet = 0, True
    packet.save()
    audit.services.record(
        Action.PACKET_ON_TABLET,
        actor=Actor.staff(by.id),
        obj=Ref("intake.Packet", str(packet.id)),
        clinic_id=packet.clinic_id,
        patient_id=packet.patient_id,
        context={"helps": helps},
    )
