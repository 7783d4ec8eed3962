"""How staff are reached: vendors with their agreements, contact points, and tests that prove a contact point arrives.

Pages go to unproved contact points too: telling twice is harmless, not telling is not.
"""

import secrets
from collections.abc import Callable
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse

import audit.services
from audit.actions import Action, Actor, Ref
from core import clock
from core.access import may
from core.channels.base import Channel, ChannelError, Message
from core.channels.registry import channel_for
from core.models import ContactPoint, User, Vendor
from core.permissions import Permission

Kind = ContactPoint.Kind
# Read aloud over a bad line: no 0 and O, 1, I and L, U and V.
CODE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE_LENGTH = 8
ADDRESSES: dict[str, str] = {
    Kind.EMAIL: "Write an e-mail address, for example name@example.org.",
    Kind.SMS: "Write the number with its country, for example +15550100142.",
    Kind.VOICE: "Write the number with its country, for example +15550100142.",
    Kind.APPRISE: "Write the address of a service, for example ntfys://host/topic or pagerduty://key@key.",
    Kind.WEBHOOK: "Write an address that starts with https://.",
    Kind.IN_APP: "The inbox has no address: leave it empty.",
}


class Refused(ValueError):
    """It can't be so; the message says why and what to do, for people."""


@transaction.atomic
def save_vendor(*, vendor: Vendor, actor: Actor) -> Vendor:
    """Keep a vendor and the last day of its agreement; what it was before stays in the history."""
    vendor.save()
    _record(Action.VENDOR_SAVED, "core.Vendor", vendor, actor, baa_until=vendor.baa_until.isoformat())
    return vendor


@transaction.atomic
def save_contact_point(*, point: ContactPoint, actor: Actor) -> ContactPoint:
    """Keep a new one; of one that is there: its vendor, its rank and whether it is in use, never another address.

    Raises Refused.
    """
    if fault := contact_fault(point):
        raise Refused(fault)
    kept = ContactPoint.objects.select_for_update().filter(pk=point.pk).first() or point
    kept.vendor, kept.rank, kept.is_active = point.vendor, point.rank, point.is_active
    kept.save()
    about = {"kind": kept.kind, "rank": kept.rank, "active": kept.is_active}
    _record(Action.CONTACT_SAVED, "core.ContactPoint", kept, actor, **about)
    return kept


def contact_fault(point: ContactPoint) -> str:
    """Why it can't be kept, as a sentence that says what to do; "" when it can.

    An agreement is asked for when a contact point is switched on or changes its vendor: one whose agreement lapses
    later stays on, and alarms, until somebody switches it off.
    """
    before = ContactPoint.objects.filter(pk=point.pk).values_list("is_active", "vendor_id").first()
    if before is None:
        if not may(point.user, Permission.ANSWER_PAGES, point.clinic_id):
            return "This person can't answer this clinic's pages. Choose a clinician or a supervisor."
        if not channel_for(point.kind).accepts(point.address):
            return f"That can't be reached. {ADDRESSES[point.kind]}"
    if not point.is_active or before == (True, point.vendor_id):
        return ""
    return _vendor_fault(point, point.vendor)


def _vendor_fault(point: ContactPoint, vendor: Vendor | None) -> str:
    if vendor is None:
        needed = point.kind in ContactPoint.NEEDS_VENDOR
        return "Record the vendor that carries these messages first, then choose it here." if needed else ""
    if vendor.clinic_id != point.clinic_id:
        return "That vendor belongs to another clinic."
    if vendor.baa_until < clock.now().date():
        return f"The agreement with {vendor} has ended. Renew it and enter its new last day first."
    return ""


def send_test(*, point: ContactPoint, actor: Actor, channels: Callable[[str], Channel] = channel_for) -> None:
    """Send a fixed test text with a fresh code; the person who types it in has proved that it arrived.

    The network is spoken to outside any transaction. Raises Refused with what went wrong.
    """
    if point.kind == Kind.IN_APP:
        raise Refused("The inbox needs no test: it is open to whoever signs in.")
    code = "".join(secrets.choice(CODE_ALPHABET) for _ in range(CODE_LENGTH))
    with transaction.atomic():
        kept = ContactPoint.objects.select_for_update().get(pk=point.pk)
        kept.test_code = code
        kept.save(update_fields=["test_code"])
    try:
        channels(kept.kind).deliver(test_message(code, to=kept.address, kind=kept.kind))
    except ChannelError as error:
        _record(Action.CONTACT_TESTED, "core.ContactPoint", kept, actor, taken=False)
        raise Refused(f"The test was not taken: {error.reason}.") from error
    with transaction.atomic():
        kept.last_test_delivered_at = clock.now()
        kept.save(update_fields=["last_test_delivered_at"])
        _record(Action.CONTACT_TESTED, "core.ContactPoint", kept, actor, taken=True)


@transaction.atomic
def note_test_delivered(*, point_id: UUID, actor: Actor) -> None:
    """A test page was taken for this contact point, as one that was asked for here would have been."""
    point = ContactPoint.objects.select_for_update().get(pk=point_id)
    point.last_test_delivered_at = clock.now()
    point.save(update_fields=["last_test_delivered_at"])
    _record(Action.CONTACT_TESTED, "core.ContactPoint", point, actor, taken=True)


def test_message(code: str, *, to: str, kind: str) -> Message:
    """Marked as a test; like a page it says a code and a link and nothing else."""
    words = {"code": code, "link": settings.BASE_URL + reverse("core:confirm-contact")}
    template = "voice" if kind == Kind.VOICE else "text"
    return Message(
        to=to,
        subject=render_to_string("core/notify/test_subject.txt", words).strip(),
        body=render_to_string(f"core/notify/test_{template}.txt", {**words, "spelled": ", ".join(code)}).strip() + "\n",
        reference=code,
        facts={"test": "true", **words},
    )


@transaction.atomic
def confirm_contact(*, user: User, code: str, actor: Actor) -> ContactPoint:
    """The person typed the code that a test brought: this contact point reaches them. A code works once.

    Raises Refused for any code but the latest of a contact point of their own.
    """
    typed = code.strip().upper()
    mine = ContactPoint.objects.select_for_update().filter(user=user, is_active=True, test_code=typed)
    point = mine.first() if typed else None
    if point is None:
        raise Refused("That is not the code of your latest test. Look at the message again, or ask for a new test.")
    point.test_code, point.verified_at = "", clock.now()
    point.save(update_fields=["test_code", "verified_at"])
    _record(Action.CONTACT_VERIFIED, "core.ContactPoint", point, actor, kind=point.kind)
    return point


def _record(action: Action, label: str, row: Vendor | ContactPoint, actor: Actor, **context: object) -> None:
    """Evidence names the row, never the address."""
    person = {"person": str(row.user_id)} if isinstance(row, ContactPoint) else {}
    audit.services.record(
        action, actor=actor, obj=Ref(label, str(row.pk)), clinic_id=row.clinic_id, context={**person, **context}
    )
