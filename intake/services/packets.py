"""A packet's life before and around the answers: invite, open, reissue, withdraw."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Max, Q, Value, When
from simple_history.utils import bulk_create_with_history

import audit.services
import consents.services
from audit.actions import Action, Actor, Ref
from consents.policy import Kind
from core import clock
from core.crypto import decrypt, encrypt
from core.fields import keyring
from core.models import Patient, Program, Site, User, Visit
from intake.models import FormVersion, Packet, Sensitivity, Step, VisitType
from intake.selectors import definition_of
from intake.services import choosing
from intake.tokens import digest, new_code, new_token

MAX_TRIES = 5
LINK_LIFETIME = timedelta(hours=72)
LONGEST_PLACE = 200
OPEN = (Packet.State.INVITED, Packet.State.OPENED, Packet.State.IN_PROGRESS)
CLOSED = (Packet.State.EXPIRED, Packet.State.WITHDRAWN)
USABLE = Q(tries__lt=MAX_TRIES, expires_at__gt=clock.Now()) & ~Q(state__in=CLOSED)
NOBODY, NOBODYS = UUID(int=0), "packet.nobody"
NOBODYS_ROW: Mapping[str, Any] = {"id": NOBODY, "clinic_id": None, "patient_id": None, "tries": 0, "is_open": False}


class NothingToAsk(Exception):
    """The one document or form that this packet was to carry is not one that this patient may be asked."""


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
def invite(
    *,
    patient: Patient,
    program: Program,
    site: Site | None,
    language: str,
    invited_by: User,
    visit_type: str = VisitType.NEW,
    visit: str = Visit.NOT_SAID,
    only: str = "",
    form: str = "",
) -> Invitation:
    """Make a packet with its steps fixed, and the link that opens it for 72 hours.

    With `only`, it carries that document and no form; with `form`, that form alone after the documents due.
    Raises choosing.FormsMissing, NothingToAsk.
    """
    token, code = new_token(), new_code()
    packet = Packet.objects.create(
        clinic_id=patient.clinic_id,
        site=site,
        program=program,
        patient=patient,
        language=language,
        visit_type=visit_type,
        visit=visit,
        token_sha256=digest(token),
        code_sha256=digest(code),
        expires_at=clock.now() + LINK_LIFETIME,
        invited_by=invited_by,
    )
    _fix_steps(packet, only, form)
    _record(Action.PACKET_INVITED, packet, Actor.staff(invited_by.id))
    return Invitation(packet, token, code)


def _fix_steps(packet: Packet, only: str, form: str) -> None:
    """First the documents that the clinic's rules ask for and that don't stand already, then the forms.

    Signing on a screen is agreed to also before one document alone.
    """
    due = consents.services.documents_due(
        patient=packet.patient, program=packet.program, visit=packet.visit, shown=_shown(packet.patient_id)
    )
    if only and not any(one.slug == only for one in due):
        raise NothingToAsk
    steps = [
        Step(
            packet=packet,
            position=position,
            what=Step.What.CONSENT,
            slug=one.slug,
            consent_kind=one.kind,
            must=one.must,
            signer=one.signer,
        )
        for position, one in enumerate((one for one in due if only in ("", one.slug) or one.kind == Kind.ESIGN), 1)
    ]
    for position, version in enumerate(_forms(packet, only, form), start=len(steps) + 1):
        sensitive = any(item.sensitivity == "sud" for item in definition_of(version.pk).items)
        steps.append(
            Step(
                packet=packet,
                position=position,
                what=Step.What.FORM,
                slug=version.slug,
                form=version,
                sensitivity=Sensitivity.SUD if sensitive else Sensitivity.NONE,
            )
        )
    bulk_create_with_history(steps, Step)


def _forms(packet: Packet, only: str, form: str) -> tuple[FormVersion, ...]:
    if only:
        return ()
    if not form:
        return choosing.forms_for(packet)
    if (version := choosing.form_alone(packet, form)) is None:
        raise NothingToAsk
    return (version,)


def _shown(patient_id: UUID) -> dict[str, datetime]:
    """When the patient sent the last packet in which each document, that only has to be shown, was shown."""
    shown = Step.objects.filter(packet__patient=patient_id, must="shown", state=Step.State.DONE)
    return dict(shown.values_list("slug").annotate(at=Max("packet__submitted_at")).exclude(at=None))


def open_packet(*, secret: str, birth_date: date | None) -> Packet | None:
    """Open by link token or printed code and date of birth; None for whatever is wrong, see `_open`."""
    stored = digest(secret)
    return _open(Q(token_sha256=stored) | Q(code_sha256=stored), birth_date, by="link")


def open_on_tablet(*, packet_id: UUID, birth_date: date | None, helper_id: UUID | None = None) -> Packet | None:
    """Open the packet that the front desk handed over, by date of birth, under the link's limits and rules.

    Whoever helps looks on, so that it is them who opened it.
    """
    return _open(Q(pk=packet_id), birth_date, by="tablet", helper_id=helper_id)


@transaction.atomic
def _open(which: Q, birth_date: date | None, *, by: str, helper_id: UUID | None = None) -> Packet | None:
    """None for an unknown, expired, locked or withdrawn link and for a wrong date alike.

    Each of them takes the same statements, the same digest and one decryption: where there is nothing to compare with,
    nobody's row and nobody's date stand in. A try is counted under the row's lock before anything is answered, so that
    parallel guesses can't exceed five. Nothing is counted per address: the patients of one clinic share its router and
    would lock each other out, and the code alone has 49 bits.
    """
    found = Packet.objects.select_for_update(of=("self",)).filter(which)
    found = found.annotate(is_open=Case(When(USABLE, then=Value(True)), default=Value(False)))
    row: Mapping[str, Any] = found.values("id", "clinic_id", "patient_id", "tries", "is_open").first() or NOBODYS_ROW
    born = _birth_date(row["patient_id"] if row["is_open"] else NOBODY)
    given = birth_date.isoformat() if birth_date else ""
    if hmac.compare_digest(born.encode(), given.encode()):
        return _opened(row["id"], by, helper_id)
    _refused(row, by)
    return None


def _birth_date(patient_id: UUID) -> str:
    """Nobody's is opened like anybody's, and is the date of no calendar."""
    born = Patient.objects.filter(pk=patient_id).values_list("birth_date", flat=True).first()
    return decrypt(keyring(), _nobodys_birth_date(), context=NOBODYS) if born is None else born


@cache
def _nobodys_birth_date() -> str:
    return encrypt(keyring(), "0000-00-00", context=NOBODYS)


def _opened(packet_id: UUID, by: str, helper_id: UUID | None) -> Packet:
    packet = Packet.objects.select_related("patient", "program", "clinic").get(pk=packet_id)
    packet.tries, packet.is_shared_device = 0, None  # it may be another phone: asked again
    if packet.state == Packet.State.INVITED:
        packet.state, packet.opened_at = Packet.State.OPENED, clock.now()
    packet.save()
    actor = Actor.staff(helper_id) if helper_id else Actor.patient(packet.patient_id)
    _record(Action.PACKET_OPENED, packet, actor, by=by)
    return packet


def _refused(row: Mapping[str, Any], by: str) -> None:
    """One counted try, or a statement that counts nobody's; one event either way, so that guessing shows."""
    Packet.objects.filter(pk=row["id"] if row["is_open"] else NOBODY).update(tries=F("tries") + 1)
    is_last = row["is_open"] and row["tries"] + 1 >= MAX_TRIES
    audit.services.record(
        Action.PACKET_LOCKED if is_last else Action.PACKET_REFUSED,
        actor=Actor.system(by),
        obj=Ref("intake.Packet", str(row["id"])),
        clinic_id=row["clinic_id"],
        patient_id=row["patient_id"],
        context={"counted": row["is_open"]},
    )


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
def present(*, packet: Packet, presentation: str) -> None:
    """Go on in the other presentation, at the same place."""
    packet.presentation = presentation
    packet.save(update_fields=["presentation"])


def remember_place(*, packet: Packet, slug: str, key: str = "") -> None:
    """Where the patient is now, so that any phone goes on there. One statement, and none where nothing changed.

    It says which of our questions was on the screen and nothing that was answered: no event, no history.
    """
    place = f"{slug}#{key}" if len(slug) + len(key) < LONGEST_PLACE else slug
    if packet.place != place:
        packet.place = place
        Packet.objects.filter(pk=packet.pk).update(place=place)


@transaction.atomic
def mark_filed(*, packet_id: UUID) -> None:
    """Every field is verified in the chart, or somebody decided that it does not go there."""
    packet = Packet.objects.select_for_update().filter(pk=packet_id, state=Packet.State.SUBMITTED).first()
    if packet is None:
        return
    packet.state, packet.filed_at = Packet.State.FILED, clock.now()
    packet.save()
    _record(Action.PACKET_FILED, packet, Actor.system("ehr"))


def _record(action: Action, packet: Packet, actor: Actor, **context: object) -> None:
    audit.services.record(
        action,
        actor=actor,
        obj=Ref("intake.Packet", str(packet.id)),
        clinic_id=packet.clinic_id,
        patient_id=packet.patient_id,
        context=context,
    )
