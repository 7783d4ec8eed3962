"""The only door to a packet: a patient's own session, a clinician of the care team, the clinic's front desk."""

import time
from uuid import UUID

from django.conf import settings
from django.http import Http404, HttpRequest

from core.access import clinics_where, patients_for_clinician
from core.models import User
from core.permissions import Permission
from intake.models import Packet

PACKET, SEEN = "packet", "packet_seen"


class NoPatientSession(Exception):
    """No link was opened in this session, or it was left idle too long."""


def start_patient_session(request: HttpRequest, packet: Packet) -> None:
    """A fresh session that opens this packet and nothing else."""
    request.session.flush()
    request.session[PACKET], request.session[SEEN] = str(packet.id), int(time.time())


def end_patient_session(request: HttpRequest) -> None:
    request.session.flush()


def idle_seconds(packet: Packet) -> int:
    """How long a session lasts that nobody uses: shorter on a phone that other people use too."""
    return settings.SHARED_IDLE_SECONDS if packet.is_shared_device else settings.PATIENT_IDLE_SECONDS


def packet_in_session(request: HttpRequest) -> Packet:
    """The packet this session opened. Raises NoPatientSession."""
    packet_id, seen = request.session.get(PACKET), request.session.get(SEEN, 0)
    now = int(time.time())
    if packet_id is None:
        raise NoPatientSession
    packet = Packet.objects.select_related("patient", "program", "clinic").filter(pk=packet_id).first()
    if packet is None or packet.state in (Packet.State.WITHDRAWN, Packet.State.EXPIRED):
        raise NoPatientSession
    if now - seen > idle_seconds(packet):
        raise NoPatientSession
    request.session[SEEN] = now
    return packet


def get_packet_for_clinician(user: User, packet_id: UUID) -> Packet:
    """A packet of a patient in the user's care. Raises Http404 for everybody else."""
    packets = Packet.objects.select_related("patient", "program", "clinic")
    packet = packets.filter(pk=packet_id, patient__in=patients_for_clinician(user)).first()
    if packet is None:
        raise Http404
    return packet


def get_packet_for_desk(user: User, packet_id: UUID) -> Packet:
    """A packet of a clinic whose front desk the user serves. Raises Http404 for everybody else."""
    packets = Packet.objects.select_related("patient", "program", "clinic")
    packet = packets.filter(pk=packet_id, clinic__in=clinics_where(user, Permission.MANAGE_PACKETS)).first()
    if packet is None:
        raise Http404
    return packet
