"""Two worlds that differ only in what a patient answered give the front desk the same bytes."""

import re
import uuid

import packets as given
import personas
import pytest
from django.db import transaction
from django.urls import reverse

import consents.services
import ehr.services
import escalation.services
from core.models import Program
from ehr.services.connecting import connect_sandbox
from intake.services import submission

CALM: dict[str, dict[str, list[str]]] = {}
DANGEROUS = {
    "phq-9": {f"phq9-q{n}": ["LA6571-9"] for n in range(1, 10)},
    "gad-7": {f"gad7-q{n}": ["LA6571-9"] for n in range(1, 8)},
    "dast-10": {f"dast10-q{n}": [given.YES] for n in range(1, 11)},
    "substance-use": {
        "sub-alcohol": ["alcohol-most-days"],
        "sub-tobacco": ["tobacco-every-day"],
        "sub-substances": ["heroin-fentanyl", "cocaine"],
        "sub-medicine": ["true"],
        "sub-overdose-ever": [given.YES],
        "sub-quit-alcohol": ["quit-alcohol-seizure", "quit-alcohol-hospital"],
        "sub-quit-benzo": ["quit-benzo-shaking"],
        "sub-naloxone": [given.NO],
    },
    "safety": {"safe-harm-others": [given.YES]},
}
VARIES = re.compile(rb'csrfmiddlewaretoken" value="\w+"|\d{1,2}:\d\d(:\d\d)?|nonce-\w+|[ap]\.m\.')


def live_on(packet, answers, *, submitted):
    """The same acts at the desk's end; only the answers differ, and all that follows from them."""
    for slug in given.DOCUMENTS:
        given.sign(packet, slug)
    for slug in given.ANSWERS:
        given.answer(packet, slug, answers.get(slug, given.ANSWERS[slug]))
        if slug == "substance-use" and answers:
            given.answer(packet, slug, {"sub-overdose-30": [given.YES]})
        submission.finish_step(packet=packet, slug=slug)
    escalation.services.deliver_due()
    consents.services.seal_due()
    if submitted:
        submission.submit(packet=packet, key=uuid.uuid4())
        ehr.services.relay_finished()


def desk_urls(world, packet):
    names = [("admin:index", []), ("admin:app_list", ["intake"]), ("admin:app_list", ["core"])]
    for model, pk in (("core_patient", world.patient.pk), ("intake_packet", packet.pk)):
        names.append((f"admin:{model}_changelist", []))
        names += [(f"admin:{model}_{page}", [pk]) for page in ("change", "history")]
    return [reverse(name, args=args) for name, args in names] + [
        reverse("admin:intake_packet_changelist") + "?o=1.2&q=nunez",
        reverse("admin:core_patient_changelist") + "?q=nunez",
        reverse("admin:intake_formrule_changelist"),
        reverse("admin:intake_instrumentright_changelist"),
        reverse("staff-home"),
        reverse("intake:inbox"),
        reverse("intake:patient", args=[world.patient.pk]),
        reverse("ehr:packet-status", args=[packet.pk]),
    ]


def seen_at_the_desk(world, packet):
    desk = personas.signed_in(world.front_desk)
    pages = {}
    for url in desk_urls(world, packet):
        reply = desk.get(url, follow=False)
        headers = sorted((name, value) for name, value in reply.items() if name not in ("Set-Cookie", "Expires"))
        pages[url] = (reply.status_code, VARIES.sub(b"~", reply.content), headers)
    return pages


def in_a_world(world, packet, answers, submitted):
    point = transaction.savepoint()
    try:
        live_on(packet, answers, submitted=submitted)
        return seen_at_the_desk(world, packet)
    finally:
        transaction.savepoint_rollback(point)


@pytest.mark.parametrize("submitted", [False, True])
def test_the_front_desk_sees_the_same_bytes_whatever_was_answered(world, submitted):
    Program.objects.filter(pk=world.program.pk).update(name="Methadone program")
    connect_sandbox(clinic=world.clinic, base_url="http://127.0.0.1:9/fhir")
    packet = given.invite(world).packet
    calm = in_a_world(world, packet, CALM, submitted)
    dangerous = in_a_world(world, packet, DANGEROUS, submitted)
    assert {url: page[0] for url, page in calm.items()}[reverse("admin:intake_packet_changelist")] == 200
    for url in calm:
        assert calm[url] == dangerous[url], url


def test_the_desk_is_told_no_name_of_an_instrument_or_of_the_care(world):
    packet = given.invite(world).packet
    live_on(packet, DANGEROUS, submitted=True)
    words = b" ".join(body for status, body, _ in seen_at_the_desk(world, packet).values() if status == 200).lower()
    for word in (b"phq", b"gad-7", b"dast", b"substance", b"drug", b"suicid", b"depress", b"part 2", b"methadone"):
        assert word not in words, word
