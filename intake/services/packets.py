"""A packet's life before and around the answers: invite, open, reissue, withdraw."""

import hmac
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

import audit.services
from audit.actions import Action, Actor, Ref
from consents.policy import Kind
from core import clock
from core.models import Patient, Program, Site, User
from intake.models import FormVersion, Packet, Sensitivity, Step
from intake.selectors import definition_of
from intake.tokens import digest, new_code, new_token

MAX_TRIES = 5
LINK_LIFETIME = timedelta(hours=72)
OPEN = (Packet.State.INVITED, Packet.State.OPENED, Packet.State.IN_PROGRESS)
CLOSED = (Packet.State.EXPIRED, Packet.State.WITHDRAWN)

# What every new patient is asked, in this order. The Part 2 permission comes before what it unlocks.
DOCUMENTS = (
    ("privacy-notice", Kind.NPP_ACK, "ack"),
    ("treatment", Kind.TREATMENT, "sign"),
    ("share-permission", Kind.PART2_TPO, "decide"),
)
FORMS = (
    "demographics",
    "insurance",
    "allergies",
    "medications",
    "substance-use",
    "phq-9",
    "gad-7",
    "dast-10",
)


class FormsMissing(Exception):
    """The form library is not published yet."""


@dataclass(frozen=True)
class Invitation:
    """The link and the code exist only here: the database holds digests."""

    packet: Packet
    token: str
    code: str

    @property
    def url(self) -> str:
        """The token rides in the fragment, which no server or proxy log ever sees."""
        return f"{settings.BASE_URL}/i/#{self.token}"


@transaction.atomic
def invite(*, patient: Patient, program: Program, site: Site | None, language: str, invited_by: User) -> Invitation:
    """Make a packet with its steps fixed, and the link that opens it for 72 hours. Raises FormsMissing."""
    token, code = new_token(), new_code()
    packet = Packet.objects.create(
        clinic_id=patient.clinic_id,
        site=site,
        program=program,
        patient=patient,
        language=language,
        token_sha256=digest(token),
        code_sha256=digest(code),
        expires_at=clock.now() + LINK_LIFETIME,
        invited_by=invited_by,
    )
    _fix_steps(packet)
    _record(Action.PACKET_INVITED, packet, Actor.staff(invited_by.id))
    return Invitation(packet, token, code)


def _fix_steps(packet: Packet) -> None:
    steps = [
        Step(packet=packet, position=position, what=Step.What.CONSENT, slug=slug, consent_kind=kind, must=must)
        for position, (slug, kind, must) in enumerate(DOCUMENTS, start=1)
    ]
    for position, slug in enumerate(FORMS, start=len(steps) + 1):
        form = FormVersion.objects.filter(slug=slug).order_by("-published_at").first()
        if form is None:
            raise FormsMissing(f"The form {slug} is not published. Type: manage.py publish_forms")
        sensitive = any(item.sensitivity == "sud" for item in definition_of(form.pk).items)
        steps.append(
            Step(
                packet=packet,
                position=position,
                what=Step.What.FORM,
                slug=slug,
                form=form,
                sensitivity=Sensitivity.SUD if sensitive else Sensitivity.NONE,
            )
        )
    for step in steps:
        step.save()


def open_packet(*, secret: str, birth_date: date | None) -> Packet | None:
    """Open by link token or printed code and date of birth.

    None for an unknown, expired, locked or withdrawn link and for a wrong date alike. Each try is counted, under
    the row's lock, before anything is compared: parallel guesses can't exceed five.
    """
    stored = digest(secret)
    with transaction.atomic():
        packet = (
            Packet.objects.select_for_update(of=("self",))
            .select_related("patient")
            .filter(Q(token_sha256=stored) | Q(code_sha256=stored), tries__lt=MAX_TRIES, expires_at__gt=clock.Now())
            .exclude(state__in=CLOSED)
            .first()
        )
        expected = packet.patient.birth_date if packet else "0000-00-00"
        given = birth_date.isoformat() if birth_date else ""
        same = hmac.compare_digest(expected.encode(), given.encode())
        if packet is not None and not same:
            _refused(packet)
        return _opened(packet) if packet is not None and same else None


def _opened(packet: Packet) -> Packet:
    packet.tries = 0
    if packet.state == Packet.State.INVITED:
        packet.state, packet.opened_at = Packet.State.OPENED, clock.now()
    packet.save()
    _record(Action.PACKET_OPENED, packet, Actor.patient(packet.patient_id))
    return packet


def _refused(packet: Packet) -> None:
    packet.tries += 1
    packet.save()
    locked = packet.tries >= MAX_TRIES
    _record(Action.PACKET_LOCKED if locked else Action.PACKET_REFUSED, packet, Actor.system("link"))


def unfinished(*, patient: Patient) -> Packet | None:
    """The patient's newest packet that can still be answered."""
    return Packet.objects.filter(patient=patient, state__in=OPEN).order_by("-invited_at").first()


@transaction.atomic
def reissue(*, packet: Packet, by: User) -> Invitation:
    """A new link and code for the same packet; the old ones stop working at once."""
    token, code = new_token(), new_code()
    packet = Packet.objects.select_for_update().get(pk=packet.pk)
    packet.token_sha256, packet.code_sha256 = digest(token), digest(code)
    packet.tries, packet.expires_at = 0, clock.now() + LINK_LIFETIME
    packet.save()
    _record(Action.PACKET_LINK_SHOWN, packet, Actor.staff(by.id))
    return Invitation(packet, token, code)


@transaction.atomic
def withdraw(*, packet: Packet, by: User) -> None:
    """Close an unfinished packet; what was answered stays stored. A finished one is left as it is."""
    packet = Packet.objects.select_for_update().get(pk=packet.pk)
    if packet.state in (Packet.State.SUBMITTED, Packet.State.FILED, Packet.State.WITHDRAWN):
        return
    packet.state = Packet.State.WITHDRAWN
    packet.save()
    _record(Action.PACKET_WITHDRAWN, packet, Actor.staff(by.id))


@transaction.atomic
def speak(*, packet: Packet, language: str) -> None:
    """Go on in another language, at the same place."""
    packet.language = language
    packet.save(update_fields=["language"])


@transaction.atomic
def mark_filed(*, packet_id: UUID) -> None:
    """Every field is verified in the chart."""
    packet = Packet.objects.select_for_update().filter(pk=packet_id, state=Packet.State.SUBMITTED).first()
    if packet is None:
        return
    packet.state, packet.filed_at = Packet.State.FILED, clock.now()
    packet.save()
    _record(Action.PACKET_FILED, packet, Actor.system("ehr"))


def _record(action: Action, packet: Packet, actor: Actor) -> None:
    audit.services.record(
        action,
        actor=actor,
        obj=Ref("intake.Packet", str(packet.id)),
        clinic_id=packet.clinic_id,
        patient_id=packet.patient_id,
    )
