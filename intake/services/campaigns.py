"""A text has changed: whoever signed the one before is asked again, in a packet that carries that document alone.

There is no table of campaigns. A packet that asks for nothing but this document, made since its text took effect, is
part of one: so a second press of the button invites only those who were not asked yet.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

import audit.services
import consents.selectors
from audit.actions import Action, Actor, Ref
from consents.policy import Kind
from core.models import Clinic, Patient, User
from intake.models import Packet, Step, VisitType
from intake.services import packets

if TYPE_CHECKING:
    from consents.models import Document, Signature

FINISHED = (Packet.State.SUBMITTED, Packet.State.FILED)


@dataclass(frozen=True)
class Progress:
    """Counts of people. `waiting`: not asked yet; `elsewhere`: asked in a packet that they already have."""

    waiting: int
    elsewhere: int
    invited: int
    opened: int
    done: int


def progress(document: "Document") -> Progress:
    asked = _asked(document)
    affected = consents.selectors.affected_by_new_version(document).values("patient")
    elsewhere = _elsewhere(document).values("patient")
    return Progress(
        waiting=_to_ask(document).count(),
        elsewhere=Patient.objects.filter(pk__in=affected).filter(pk__in=elsewhere).count(),
        invited=_people(asked),
        opened=_people(asked.exclude(opened_at=None)),
        done=_people(asked.filter(state__in=FINISHED)),
    )


@transaction.atomic
def invite_affected(*, document: "Document", by: User) -> int:
    """Make a packet for everybody who has to sign again and was not asked yet; returns how many.

    Program, site and language are those of the packet in which they signed. The front desk gives the links out.
    """
    Clinic.objects.select_for_update(no_key=True).get(pk=document.clinic_id)  # one campaign at a time
    invited = 0
    for signature in _to_ask(document).select_related("patient"):
        before = Packet.objects.select_related("program", "site").filter(pk=signature.source_ref).first()
        if before is not None and _is_invited(signature.patient, before, document.slug, by):
            invited += 1
    audit.services.record(
        Action.CAMPAIGN_STARTED,
        actor=Actor.staff(by.id),
        obj=Ref("consents.Document", str(document.pk)),
        clinic_id=document.clinic_id,
        context={"document": document.slug, "invited": invited},
    )
    return invited


def _is_invited(patient: Patient, before: Packet, slug: str, by: User) -> bool:
    """Not where the clinic's rules ask this patient for no such document any more."""
    try:
        with transaction.atomic():
            packets.invite(
                patient=patient,
                program=before.program,
                site=before.site,
                language=before.language,
                invited_by=by,
                visit_type=VisitType.FOLLOW_UP,
                visit=before.visit,
                only=slug,
            )
    except packets.NothingToAsk:
        return False
    return True


def _to_ask(document: "Document") -> "QuerySet[Signature]":
    asked = Q(patient__in=_asked(document).values("patient")) | Q(patient__in=_elsewhere(document).values("patient"))
    return consents.selectors.affected_by_new_version(document).exclude(asked).order_by("signed_at")


def _asked(document: "Document") -> QuerySet[Packet]:
    """Packets that carry this document alone (and, before it, the agreement to sign on a screen), since its text took
    effect; withdrawn ones don't count."""
    since = consents.selectors.in_force_since(document)
    other = Step.objects.filter(packet=OuterRef("pk")).exclude(slug=document.slug).exclude(consent_kind=Kind.ESIGN)
    made = Packet.objects.filter(clinic=document.clinic_id, invited_at__gte=since) if since else Packet.objects.none()
    mine = made.filter(steps__slug=document.slug, steps__what=Step.What.CONSENT).exclude(Exists(other))
    return mine.exclude(state=Packet.State.WITHDRAWN)


def _elsewhere(document: "Document") -> QuerySet[Packet]:
    """Unfinished packets that ask for it among other things: nobody is asked twice."""
    waiting = Step.objects.filter(packet=OuterRef("pk"), slug=document.slug, what=Step.What.CONSENT)
    mine = Packet.objects.filter(clinic=document.clinic_id, state__in=packets.OPEN).filter(Exists(waiting))
    return mine.exclude(pk__in=_asked(document).values("pk"))


def _people(rows: QuerySet[Packet]) -> int:
    return rows.values("patient").distinct().count()
