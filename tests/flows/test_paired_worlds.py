"""Two worlds that differ only in what a patient answered give the front desk the same bytes."""

import re
import uuid
from itertools import product

import packets as given
import personas
import pytest
from django.apps import apps
from django.contrib import admin
from django.db import transaction
from django.urls import URLPattern, get_resolver, reverse

import consents.services
import consents.services.sealing
import core.services
import ehr.services
import escalation.services
from audit.actions import Actor
from core.models import Program
from ehr.services.connecting import connect_sandbox
from escalation.models import Incident
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
NOTHING = "7f1d2c1e-0000-4000-8000-000000000000"
WORDS = {
    "slug": ("phq-9", "share-permission"), "report": ("consented", "other"), "form": ("csv", "pdf"),
    "content_type_id": ("1",), "rest": ("1/1/",),
}  # fmt: skip
BY_PATTERN = {"admin:app_list", "admin:None"}
# The length says no more than the body, which is compared but for what varies by itself.
OWN_HEADERS = ("Set-Cookie", "Expires", "Last-Modified", "Date", "Content-Length")
UUIDS = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# Tokens of forms and of links, which the desk may see once, and the time of day.
VARIES = re.compile(
    rb'csrfmiddlewaretoken" value="\w+"|(?<= class="qr" )src="[^"]+"|/i/#[\w-]+|(?<=<p class="code">)[^<]+'
    rb'|\d{1,2}:\d\d(:\d\d)?|nonce-\w+|[ap]\.m\.|(?<="canary_seconds": )\d+'
)


def live_on(world, packet, answers, *, submitted):
    """The same acts at the desk's end; only the answers differ, and all that follows from them."""
    for slug in given.DOCUMENTS:
        given.sign(packet, slug)
    for slug in given.ANSWERS:
        given.answer(packet, slug, answers.get(slug, given.ANSWERS[slug]))
        if slug == "substance-use" and answers:
            given.answer(packet, slug, {"sub-overdose-30": [given.YES]})
        submission.finish_step(packet=packet, slug=slug)
    escalation.services.deliver_due()
    consents.services.sealing.seal_due()
    if submitted:
        submission.submit(packet=packet, key=uuid.uuid4())
        ehr.services.relay_finished()
    if answers:
        be_answered(world, packet)


def be_answered(world, packet):
    """What clinicians do because of the answers is as little the desk's business."""
    doctor = {"user": world.clinician, "actor": Actor.staff(world.clinician.id)}
    for incident in Incident.objects.filter(source_ref=packet.id):
        escalation.services.acknowledge(incident_id=incident.pk, **doctor)
    core.services.break_glass(patient=packet.patient, user=world.backup, why="urgent", words="An incident.")
    ehr.services.approve(packet_id=packet.id, user=world.clinician)


def routes(patterns, before="", space=""):
    """Every address of the project, with the name of its view."""
    for one in patterns:
        here = before + str(one.pattern)
        if isinstance(one, URLPattern):
            yield here, f"{space}{one.name}"
        else:
            yield from routes(one.url_patterns, here, f"{one.namespace}:" if one.namespace else space)


def model_of_the_admin(name):
    """The model whose admin this view belongs to, None for others."""
    names = {f"admin:{one._meta.app_label}_{one._meta.model_name}_": one for one in admin.site._registry}
    return next((model for start, model in names.items() if name.startswith(start)), None)


def meant(argument, name):
    """The models that an address may mean by `item_id`, `pk` or `code`: all whose name says so."""
    if (model := model_of_the_admin(name)) and argument in ("object_id", "pk"):
        return [model]
    if argument == "code":
        return [Incident]
    stem = argument.removesuffix("_id")
    ours = [model for model in apps.get_models() if not model.__name__.startswith("Historical")]
    exactly = [model for model in ours if stem == model.__name__.lower()]
    found = exactly or [model for model in ours if stem in model.__name__.lower()]
    assert found, f"<{argument}> of {name} names no model: say here what it means"
    return found


def values(converter, argument, name):
    """(what it is, value): one row of each model meant, or the id of nothing where this world has none."""
    if argument in WORDS:
        return [(word, word) for word in WORDS[argument]]
    rows = []
    for model in meant(argument, name):
        row = model._default_manager.order_by("pk").first()
        value = NOTHING if row is None else row.code if argument == "code" else row.pk
        rows.append((model._meta.label, str(value)))
    return rows


def addresses():
    """(key that both worlds share, address), for every view and every kind of row it can be asked."""
    for route, name in routes(get_resolver().url_patterns):
        if route.startswith("accounts/"):  # signing in knows no patient
            continue
        if "(?P" in route:
            assert name in BY_PATTERN, f"{route}: a pattern of words; name it in BY_PATTERN"
            continue
        places = re.findall(r"<(?:(\w+):)?(\w+)>", route)
        for chosen in product(*(values(*place, name) for place in places)):
            path = route.replace("^", "").replace("$", "")
            for (converter, argument), (_, value) in zip(places, chosen, strict=True):
                path = path.replace(f"<{converter}:{argument}>" if converter else f"<{argument}>", value)
            yield (route, *(what for what, _ in chosen)), "/" + path
    for label in {model._meta.app_label for model in admin.site._registry}:
        yield ("admin:app_list", label), f"/admin/{label}/"
    for name in ("admin:intake_packet_changelist", "admin:core_patient_changelist"):
        yield (name, "searched"), reverse(name) + "?o=1.2&q=nunez"


def plain(body):
    """Without what changes by itself; ids count by where they first stand, since each world draws its own."""
    order = {}
    return UUIDS.sub(lambda found: b"id%d" % order.setdefault(found[0], len(order)), VARIES.sub(b"~", body))


def seen_at_the_desk(world, methods):
    """What each view answers to the front desk, to a look and to a press; nothing that a press did is kept."""
    desk = personas.signed_in(world.front_desk)
    cookies, pages = dict(desk.cookies), {}
    for key, path in addresses():
        for method in methods:
            point = transaction.savepoint()
            reply = getattr(desk, method)(path, *([{"words": "Núñez"}] if method == "post" else []))
            body = b"".join(reply.streaming_content) if reply.streaming else reply.content
            headers = sorted((one, plain(value.encode())) for one, value in reply.items() if one not in OWN_HEADERS)
            pages[(method, *key)] = (reply.status_code, plain(body), headers)
            transaction.savepoint_rollback(point)
            desk.cookies.clear()
            desk.cookies.update(cookies)
    return pages


def in_a_world(world, packet, answers, submitted):
    point = transaction.savepoint()
    try:
        live_on(world, packet, answers, submitted=submitted)
        return seen_at_the_desk(world, ("get", "post") if submitted else ("get",))
    finally:
        transaction.savepoint_rollback(point)


TELLING = (b"phq", b"gad-7", b"dast", b"substance", b"drug", b"suicid", b"depress", b"part 2", b"methadone")


@pytest.mark.parametrize("submitted", [False, True])
def test_the_front_desk_sees_the_same_bytes_whatever_was_answered_and_no_name_of_the_care(world, submitted):
    Program.objects.filter(pk=world.program.pk).update(name="Methadone program")
    connect_sandbox(clinic=world.clinic, base_url="http://127.0.0.1:9/fhir")
    packet = given.invite(world).packet
    calm = in_a_world(world, packet, CALM, submitted)
    dangerous = in_a_world(world, packet, DANGEROUS, submitted)
    assert calm[("get", "admin/intake/packet/")][0] == 200
    assert calm[("get", "admin/core/patient/<path:object_id>/history/", "core.Patient")][0] == 200
    assert calm.keys() == dangerous.keys()
    assert not [(key, calm[key], dangerous[key]) for key in calm if calm[key] != dangerous[key]]
    own = {key: body.lower() for key, (status, body, _) in dangerous.items() if status == 200 and key[1][:2] != "i/"}
    assert not [(key, word) for key, body in own.items() for word in TELLING if word in body]
