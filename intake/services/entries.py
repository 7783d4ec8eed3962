"""One more, or one less, entry of a repeating group: a medicine, an allergy."""

from django.db import transaction

import audit.services
from audit.actions import Action, Actor, Ref
from core.clock import Now
from intake import engine
from intake.models import Packet, Response, Step
from intake.selectors import definition_of
from intake.selectors.starting import patient_for, starting_items
from intake.services import responses


@transaction.atomic
def add_entry(*, packet: Packet, slug: str, key: str, client: str = "") -> None:
    """A new blank entry of the group with that key, one for each page (`client`) that asks.

    Raises PacketClosed, StepLocked, BegunAlone, engine.UnknownPlace.
    """
    _change(packet, slug, key, client, add=True)


@transaction.atomic
def remove_entry(*, packet: Packet, slug: str, key: str, client: str = "") -> None:
    """The entry and all that was typed in it, gone; one for each page that asks.

    Raises PacketClosed, StepLocked, engine.UnknownPlace.
    """
    _change(packet, slug, key, client, add=False)


def _change(packet: Packet, slug: str, key: str, client: str, *, add: bool) -> None:
    """The page is drawn anew after each press of its buttons: one that asks twice has lost the first reply."""
    helped, packet = packet.helped, responses.locked_packet(packet.id)
    step = Step.objects.get(packet=packet, slug=slug, what=Step.What.FORM)
    signature = responses.unlocking_signature(packet, step)
    assert step.form_id is not None
    definition = definition_of(step.form_id)
    response = Response.objects.filter(step=step).first()
    if response is None:
        response = Response(packet=packet, step=step, sensitivity=step.sensitivity, revision=0)
        response.answers = starting_items(packet, definition)
    responses.given_in(response, helped)
    group = key if add else key.rpartition("[")[0]
    if client and response.marks.get(group, [0, ""])[1] == client:
        return
    marks = engine.marked(response.marks, [group], revision=response.revision + 1, client=client)
    if add:
        patient = patient_for(packet, definition)
        response.answers = engine.add_instance(definition, response.answers, key, patient=patient)
    else:  # what a page that is still open calls the second entry may be the first one now
        moved = engine.keys_below(definition, response.answers, group)
        response.answers = engine.remove_instance(definition, response.answers, key)
        marks = engine.marked(marks, moved, revision=response.revision + 1, client=engine.NOBODY)
    response.marks, response.part2_signature_id = marks, signature
    response.revision += 1
    response.saved_at = Now()
    response.save()
    audit.services.record(
        Action.STEP_SAVED,
        actor=Actor.patient(packet.patient_id),
        obj=Ref("intake.Response", str(response.id)),
        clinic_id=packet.clinic_id,
        patient_id=packet.patient_id,
        context={"slug": slug},
    )
