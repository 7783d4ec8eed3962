"""A packet whose entries wait for approval, and what the clinician does and reads about them."""

import io
import uuid

import packets as given
from pypdf import PdfReader

import ehr.services
from ehr.services.connecting import connect_sandbox
from intake.services import submission
from intake.services.entries import add_entry

PENICILLIN = {"all-list[0].all-substance": ["Penicillin"], "all-list[0].all-reaction": ["rash"]}


def planned(world, *, allergic=False):
    """With `allergic`, the patient told of penicillin; else that there is no allergy."""
    connect_sandbox(clinic=world.clinic, base_url="http://127.0.0.1:9/fhir")
    packet = given.invite(world).packet
    given.complete(packet)
    if allergic:
        given.answer(packet, "allergies", {"all-any": [given.YES]})
        add_entry(packet=packet, slug="allergies", key="all-list")
        given.answer(packet, "allergies", PENICILLIN)
    submission.submit(packet=packet, key=uuid.uuid4())
    given.seal()
    assert ehr.services.relay_finished() == 1
    return packet


def correct(client, item, reason="The patient called.", **changes):
    told = {f"field-{name}": words for name, words in changes.items()}
    return client.post(f"/chart/items/{item.id}/edit/", told | {"reason": reason}, follow=True).content.decode()


def patient_page(client, packet):
    return " ".join(client.get(f"/staff/patients/{packet.patient_id}/").content.decode().split())


def brief(client, packet):
    reply = client.get(f"/staff/patients/{packet.patient_id}/brief.pdf")
    reader = PdfReader(io.BytesIO(reply.content))
    assert len(reader.pages) == 1
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())
