"""Photos that answer a question: kept as pixels only, encrypted, and shown to the patient until the packet is sent.

The answer (FHIR Attachment) is written here and nowhere else: what a page posts for such a question is never taken for
one. Who may look: the patient in their own session, before it is sent; a clinician of the care team, which leaves an
event. The front desk may not: an insurance card is not clinical, but it can name the plan that pays for such care, and
the desk needs a card only while it checks coverage (minimum necessary, 45 CFR 164.502(b)).
"""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from django.db import transaction

import audit.services
from audit.actions import Action, Actor, Ref
from core.access import glass_behind
from core.adapters.pictures import THUMBNAIL_SIDE, NotAPhoto, Picture, developed
from core.clock import Now
from core.models import User
from intake import engine
from intake.models import Packet, Photo, Response, Step
from intake.rules.helping import Help
from intake.rules.photos import URN, titles_of
from intake.selectors import definition_of
from intake.selectors.starting import starting_items
from intake.services import responses

MOST_PHOTOS = 20  # of one packet
LONGEST_TITLE = 120
JPEG = "image/jpeg"


@transaction.atomic
def keep(*, packet_id: UUID, slug: str, key: str, picture: Picture, helped: Help | None = None) -> Photo:
    """The photo is the answer now, instead of an earlier one or, where the question repeats, beside them.

    Raises PacketClosed, StepLocked, BegunAlone, Step.DoesNotExist, engine.UnknownPlace, NotAPhoto("too-many").
    """
    packet, response, definition = _draft(packet_id, slug, helped)
    place = _place(definition, response, key)
    title = place.item.text_in("en").replace("|", " ")[:LONGEST_TITLE]
    sha256, attached = hashlib.sha256(picture.jpeg).hexdigest(), _attached(place)
    known = Photo.objects.filter(packet=packet, sha256=sha256)
    if again := next((one for one in known if f"{URN}{one.id}" in [other["url"] for other in attached]), None):
        return again  # the phone had no reply to it, and sent it once more
    photo = Photo(
        packet=packet,
        step=response.step,
        content=base64.b64encode(picture.jpeg).decode(),
        sha256=sha256,
        width=picture.width,
        height=picture.height,
    )
    others = attached if place.item.repeats else []
    most = place.item.constraints.max_occurs or MOST_PHOTOS
    if len(others) >= most or Photo.objects.filter(packet=packet).count() >= MOST_PHOTOS + bool(place.answers):
        raise NotAPhoto("too-many")
    attachment = {
        "contentType": JPEG,
        "url": f"{URN}{photo.id}",
        "size": len(picture.jpeg),
        "hash": base64.b64encode(hashlib.sha1(picture.jpeg, usedforsecurity=False).digest()).decode(),  # FHIR's choice
        "title": title,
    }
    photo.save()
    _answer(packet, response, definition, key, [*others, attachment])
    _record(Action.PHOTO_SAVED, packet, Actor.patient(packet.patient_id), photo.id)
    return photo


@transaction.atomic
def remove(*, packet_id: UUID, slug: str, photo_id: UUID, helped: Help | None = None) -> None:
    """The photo and the answer that it was, gone. Raises PacketClosed, StepLocked, BegunAlone, engine.UnknownPlace."""
    packet, response, definition = _draft(packet_id, slug, helped)
    url = f"{URN}{photo_id}"
    places = engine.evaluate(definition, response.answers).places
    found = next((key for key, place in places.items() if url in [one["url"] for one in _attached(place)]), None)
    if found is None:
        raise engine.UnknownPlace(str(photo_id))
    left = [one for one in _attached(places[found]) if one["url"] != url]
    _answer(packet, response, definition, found, left)


def _draft(packet_id: UUID, slug: str, helped: Help | None) -> tuple[Packet, Response, engine.Definition]:
    packet = responses.locked_packet(packet_id)
    step = Step.objects.get(packet=packet, slug=slug, what=Step.What.FORM)
    signature = responses.unlocking_signature(packet, step)
    assert step.form_id is not None
    definition = definition_of(step.form_id)
    response = Response.objects.filter(step=step).select_related("step").first() or Response(
        packet=packet,
        step=step,
        sensitivity=step.sensitivity,
        revision=0,
        answers=starting_items(packet, definition),
    )
    responses.given_in(response, helped)
    response.part2_signature_id = signature
    return packet, response, definition


def _place(definition: engine.Definition, response: Response, key: str) -> engine.Occurrence:
    place = engine.evaluate(definition, response.answers).places.get(key)
    if place is None or place.item.type != "attachment" or place.item.read_only or place.item.hidden:
        raise engine.UnknownPlace(key)
    return place


def _attached(place: engine.Occurrence) -> list[dict[str, Any]]:
    """The attachments that stand there, as they are stored."""
    given = [answer.raw.get("valueAttachment") for answer in place.answers if isinstance(answer.raw, Mapping)]
    return [dict(one) for one in given if isinstance(one, Mapping) and "url" in one]


def _answer(
    packet: Packet, response: Response, definition: engine.Definition, key: str, attached: Sequence[Mapping[str, Any]]
) -> None:
    """Write these attachments as the answer, and let go of the photos that no answer of the form shows any more."""
    texts = ["|".join([one["url"], one["contentType"], one["title"]]) for one in attached]
    merged = engine.merge(definition, response.answers, {key: texts})
    if merged.problems:
        raise engine.UnknownPlace(key)
    whole = {one["url"]: one for one in attached}
    items: list[dict[str, Any]] = _with_details(merged.items, whole)
    response.answers, response.revision = items, response.revision + 1
    response.marks = engine.marked(response.marks, {key}, revision=response.revision, client=engine.NOBODY)
    response.saved_at = Now()
    response.save()
    if packet.state != Packet.State.IN_PROGRESS:
        packet.state = Packet.State.IN_PROGRESS
        packet.save()
    shown = [photo_id for photo_id, _ in titles_of(items)]
    for photo_id in list(Photo.objects.filter(step=response.step).exclude(pk__in=shown).values_list("pk", flat=True)):
        Photo.objects.filter(pk=photo_id).delete()
        _record(Action.PHOTO_REMOVED, packet, Actor.patient(packet.patient_id), photo_id)


def _with_details(value: Any, whole: Mapping[str, Mapping[str, Any]]) -> Any:
    """The engine knows an attachment's url, type and title; size and hash are put in behind it."""
    if isinstance(value, list):
        return [_with_details(one, whole) for one in value]
    if not isinstance(value, dict):
        return value
    attachment = value.get("valueAttachment", {})
    if attachment.get("url") in whole:
        value = {**value, "valueAttachment": dict(whole[attachment["url"]])}
    return {name: _with_details(part, whole) if name in ("item", "answer") else part for name, part in value.items()}


def thumbnail(photo: Photo) -> bytes:
    """A small JPEG of it, for the page it was taken on."""
    return developed(base64.b64decode(photo.content), longest_side=THUMBNAIL_SIDE).jpeg


@transaction.atomic
def read(*, photo: Photo, user: User) -> bytes:
    """The JPEG for a clinician; PHOTO_READ is recorded or nothing is returned. `photo` comes from `access`."""
    glass = glass_behind(user, photo.packet.patient)
    _record(Action.PHOTO_READ, photo.packet, Actor.staff(user.id), photo.id, **glass)
    return base64.b64decode(photo.content)


def _record(action: Action, packet: Packet, actor: Actor, photo_id: UUID, **context: str) -> None:
    audit.services.record(
        action,
        actor=actor,
        obj=Ref("intake.Photo", str(photo_id)),
        clinic_id=packet.clinic_id,
        patient_id=packet.patient_id,
        context=context,
    )
