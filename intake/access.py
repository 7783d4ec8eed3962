"""The only door to a packet: a patient's own session, a clinician of the care team, the clinic's front desk."""

import time
from uuid import UUID, uuid4

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest

import consents.selectors
from consents.policy import Kind
from core.access import clinics_where, patients_for_clinician, patients_open_to
from core.models import User
from core.permissions import Permission
from intake.models import Packet, Photo, Sensitivity, Step
from intake.rules.helping import Help, is_closed, sitting_of

PACKET, SEEN, IDLE = "packet", "packet_seen", "packet_idle"
# The clinic's own tablet: what the front desk handed over, whether it is in a patient's hands, and who helps there.
HANDED, ON_TABLET, HELPER = "tablet_handed", "on_tablet", "tablet_helper"
SITTINGS = "tablet_sittings"  # those whose answers a session shows that began with a helper
HANDED_SECONDS = 10 * 60


class NoPatientSession(Exception):
    """No link was opened in this session, or it was left idle too long."""


def start_patient_session(
    request: HttpRequest, packet: Packet, *, on_tablet: bool = False, helper_id: UUID | None = None
) -> None:
    """A fresh session that opens this packet and nothing else."""
    request.session.flush()
    request.session[PACKET], request.session[SEEN] = str(packet.id), int(time.time())
    request.session[IDLE] = idle_seconds(packet, on_tablet=on_tablet)
    if on_tablet:
        request.session[ON_TABLET], request.session[HELPER] = True, str(helper_id) if helper_id else ""
    if helper_id:
        request.session[SITTINGS] = [str(sitting_of(packet.id, helper_id))]


def end_patient_session(request: HttpRequest) -> None:
    request.session.flush()


def hand_over(request: HttpRequest, packet: Packet, *, helper_id: UUID | None) -> None:
    """End the desk's own session on this device; the new one knows only for which packet to ask a date of birth."""
    get_adapter(request).logout(request)  # ours, which leaves evidence
    helper = str(helper_id) if helper_id else ""
    request.session[HANDED] = {"packet": str(packet.id), "helper": helper, "at": int(time.time())}


def handed_over(request: HttpRequest) -> tuple[UUID, UUID | None]:
    """The packet to ask for and who helps, if anybody. Raises NoPatientSession after ten minutes, or without it."""
    handed = request.session.get(HANDED)
    if handed is None or int(time.time()) - handed["at"] > HANDED_SECONDS:
        raise NoPatientSession
    return UUID(handed["packet"]), UUID(handed["helper"]) if handed["helper"] else None


def is_on_tablet(request: HttpRequest) -> bool:
    """Whether this is the clinic's tablet in a patient's hands, even after its session was left idle too long."""
    return bool(request.session.get(ON_TABLET))


def is_helped(request: HttpRequest) -> bool:
    """Whether a member of staff helps on this tablet."""
    return bool(request.session.get(HELPER))


def help_in_session(request: HttpRequest) -> Help | None:
    """Who helps, and whose answers this session shows; None for one that began without a helper."""
    sittings = tuple(map(UUID, request.session.get(SITTINGS, ())))
    helper = request.session.get(HELPER)
    return Help(UUID(helper) if helper else None, sittings) if sittings else None


def stop_helping(request: HttpRequest) -> None:
    """From now on the patient has the tablet alone; should the helper come back, what follows is closed to them.

    What was begun before this sitting stays closed: whether the patient pressed the button, nobody can know.
    """
    if request.session.get(HELPER):
        request.session[HELPER] = ""
        request.session[SITTINGS] = [str(uuid4()), *request.session[SITTINGS]]


def idle_seconds(packet: Packet, *, on_tablet: bool = False) -> int:
    """How long a session lasts that nobody uses: shorter on a phone that others use too, shortest on the tablet."""
    if on_tablet:
        return settings.TABLET_IDLE_SECONDS
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
    idle = idle_seconds(packet, on_tablet=is_on_tablet(request))
    if now - seen > idle:
        raise NoPatientSession
    request.session[SEEN], request.session[IDLE] = now, idle
    packet.helped = help_in_session(request)
    return packet


def packet_id_in_session(request: HttpRequest) -> UUID:
    """Which packet this session opened, for whoever reads the packet's row under lock. Raises NoPatientSession.

    Each answer would renew the session; a quarter of the idle time is soon enough, and the page tells it as well.
    """
    packet_id, seen = request.session.get(PACKET), request.session.get(SEEN, 0)
    quiet, idle = int(time.time()) - seen, request.session.get(IDLE, 0)
    if packet_id is None or quiet > idle:
        raise NoPatientSession
    if quiet > idle // 4:
        request.session[SEEN] = seen + quiet
    return UUID(packet_id)


def get_packet_for_clinician(user: User, packet_id: UUID) -> Packet:
    """A packet of a patient in the user's care. Raises Http404 for everybody else."""
    packets = Packet.objects.select_related("patient", "program", "clinic")
    packet = packets.filter(pk=packet_id, patient__in=patients_for_clinician(user)).first()
    if packet is None:
        raise Http404
    return packet


def get_packet_to_read(user: User, packet_id: UUID) -> Packet:
    """As above, and under a break-glass: what only reads. Raises Http404 for everybody else."""
    packets = Packet.objects.select_related("patient", "program", "clinic")
    packet = packets.filter(pk=packet_id, patient__in=patients_open_to(user)).first()
    if packet is None:
        raise Http404
    return packet


def get_photo_for_patient(packet: Packet, photo_id: UUID) -> Photo:
    """A photo of the packet in this session, until it is sent. Raises Http404 for any other."""
    unsent = (Packet.State.INVITED, Packet.State.OPENED, Packet.State.IN_PROGRESS)
    photos = Photo.objects.filter(pk=photo_id, packet=packet, packet__state__in=unsent)
    photo = photos.select_related("packet", "step__response").first()
    if photo is None or _is_locked(photo) or is_closed(packet.helped, photo.step.response.sitting):
        raise Http404
    return photo


def _is_locked(photo: Photo) -> bool:
    """Substance-use sections aren't shown without the Part 2 permission, their photos neither."""
    if photo.step.sensitivity != Sensitivity.SUD:
        return False
    return consents.selectors.part2_signature(photo.packet.patient_id, photo.packet_id) is None


def get_photo_for_clinician(user: User, photo_id: UUID) -> Photo:
    """A photo of a patient whom the user may read; of a substance-use section for the care team alone. Else Http404."""
    photos = Photo.objects.select_related("packet__patient", "step")
    photo = photos.filter(pk=photo_id, packet__patient__in=patients_open_to(user)).first()
    is_sensitive = photo is not None and photo.step.sensitivity == Sensitivity.SUD
    if photo is None or (is_sensitive and not user.has_perm("core.care_for", photo.packet.patient)):
        raise Http404
    return photo


def packets_for_paper(user: User, patient_id: UUID) -> list[Packet]:
    """A patient's packets, the latest first, for whoever may write down what was signed on paper: the front desk and
    the privacy officer. Raises Http404 where there is none, as for everybody else."""
    packets = _packets_for_paper(user).filter(patient=patient_id).prefetch_related("steps").order_by("-invited_at")
    if not packets:
        raise Http404
    return list(packets)


def get_step_for_paper(user: User, step_id: UUID) -> Step:
    """A document that can be signed on paper: not the agreement to a screen itself, nor what is only shown. Raises
    Http404."""
    steps = Step.objects.select_related("packet__patient", "packet__clinic", "packet__program")
    possible = steps.filter(what=Step.What.CONSENT).exclude(must="shown").exclude(consent_kind=Kind.ESIGN)
    step = possible.filter(pk=step_id, packet__in=_packets_for_paper(user)).first()
    if step is None:
        raise Http404
    return step


def _packets_for_paper(user: User) -> QuerySet[Packet]:
    desk, officer = (clinics_where(user, one) for one in (Permission.MANAGE_PACKETS, Permission.MANAGE_CONSENTS))
    known = Packet.objects.exclude(state=Packet.State.WITHDRAWN)
    ours = known.filter(Q(clinic__in=desk.values("pk")) | Q(clinic__in=officer.values("pk")))
    return ours.select_related("patient", "program", "clinic")


def get_packet_for_desk(user: User, packet_id: UUID) -> Packet:
    """A packet of a clinic whose front desk the user serves. Raises Http404 for everybody else."""
    packets = Packet.objects.select_related("patient", "program", "clinic")
    packet = packets.filter(pk=packet_id, clinic__in=clinics_where(user, Permission.MANAGE_PACKETS)).first()
    if packet is None:
        raise Http404
    return packet
