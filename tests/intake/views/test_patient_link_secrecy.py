"""Whoever guesses learns nothing: the same bytes, statements and digests for all that is wrong; and what was sent is
never shown back."""

import cProfile
import re
import uuid
from collections import Counter
from datetime import timedelta

import packets as given
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from patient_pages import opened
from plain_browser import Page

import consents.selectors
from audit.models import Event
from core import clock
from intake.models import Packet
from intake.services import packets
from intake.urls import patient_patterns

RIGHT, WRONG = "03/15/1990", "03/16/1990"
WORK = ("blind_index", "decrypt", "encrypt", "compare_digest", "hmac_new", "sha256", "new")


def another(world):
    return packets.invite(
        patient=world.patient, program=world.program, site=world.site, language="en", invited_by=world.front_desk
    )


@pytest.fixture
def wrong_ways(world):
    """name → (what was sent as the secret, by code and by token) of everything that must not open."""
    wrong = given.invite(world)
    expired, locked, withdrawn, filed = [another(world) for _ in range(4)]
    Packet.objects.filter(pk=expired.packet.pk).update(expires_at=clock.now() - timedelta(minutes=1))
    Packet.objects.filter(pk=locked.packet.pk).update(tries=packets.MAX_TRIES)
    Packet.objects.filter(pk=filed.packet.pk).update(state="filed", submitted_at=clock.now())
    packets.withdraw(packet=withdrawn.packet, by=world.front_desk)
    made = {"wrong": wrong, "expired": expired, "locked": locked, "withdrawn": withdrawn, "finished": filed}
    unknown = packets.Invitation(wrong.packet, "x" * 32, "ZZZZZZZZZZ")
    return made | {"unknown": unknown}


def try_in(invitation, by):
    """One failed try: what came back, what was asked of the database, what was computed."""
    secret = getattr(invitation, by)
    client = Client()
    profile = cProfile.Profile()
    with CaptureQueriesContext(
        connection,
    ) as asked:
        profile.enable()
        reply = client.post("/i/", {by: secret, "birth_date": WRONG})
        profile.disable()
    body = re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", reply.content.decode()).replace(secret, "SECRET")
    headers = sorted((name, value) for name, value in reply.headers.items())
    statements = [re.sub(r"'[^']*'(::\w+)?|_x\d+|\b\d+\b|\bNULL\b|\b(true|false)\b", "~", one["sql"]) for one in asked]
    calls = Counter()
    for entry in profile.getstats():
        name = entry.code if isinstance(entry.code, str) else entry.code.co_name
        calls.update({word: entry.callcount for word in WORK if re.search(rf"\b{word}\b", name)})
    return (reply.status_code, body, headers), statements, calls


@pytest.mark.parametrize("by", ["code", "token"])
def test_all_that_is_wrong_takes_the_same_bytes_statements_and_digests(wrong_ways, by):
    try_in(wrong_ways["unknown"], by)  # what is made once per process is made
    page, statements, calls = try_in(wrong_ways["unknown"], by)
    assert page[0] == 422
    assert [one.split()[0] for one in statements if one.split()[0] in ("SELECT", "UPDATE", "INSERT")] == [
        "SELECT", "SELECT", "SELECT", "UPDATE", "INSERT",
    ]  # fmt: skip
    assert calls["blind_index"] == 1
    assert calls["compare_digest"] >= 1
    assert calls["decrypt"] >= 1
    for name, invitation in wrong_ways.items():
        assert try_in(invitation, by) == (page, statements, calls), name


def test_each_try_leaves_an_event_whatever_was_wrong(wrong_ways):
    for invitation in wrong_ways.values():
        try_in(invitation, "code")
    counted = [event for event in Event.objects.filter(action="packet.refused") if '"counted":true' in event.context]
    assert Event.objects.filter(action="packet.refused").count() == len(wrong_ways)
    assert {event.object_id for event in counted} >= {str(wrong_ways["wrong"].packet.pk)}
    assert Event.objects.get(object_id=str(uuid.UUID(int=0))).patient_id is None


def test_a_clinic_behind_one_address_is_not_locked_out_by_a_guesser_in_its_waiting_room(wrong_ways, world):
    for number in range(30):
        assert Client().post("/i/", {"code": f"{number:010d}", "birth_date": WRONG}).status_code == 422
    assert opened(another(world)).url == "/i/packet/"


def test_a_link_that_staff_reissued_has_five_tries_again(wrong_ways, world):
    fresh = packets.reissue(packet=wrong_ways["locked"].packet, by=world.front_desk)
    assert opened(wrong_ways["locked"]).url == "/i/"
    for _ in range(packets.MAX_TRIES - 1):
        assert opened(fresh, WRONG).url == "/i/"
    assert opened(fresh).url == "/i/packet/"


def every_address(packet):
    """Every address under /i/ that a patient's session can ask for."""
    signatures = [str(one.signature_id) for one in consents.selectors.signed_documents(packet.id)]
    things = {"slug": list(packet.steps.values_list("slug", flat=True)), "signature_id": signatures}
    for pattern in patient_patterns:
        names = list(pattern.pattern.converters)
        if not names:
            yield reverse(f"intake:{pattern.name}")
        for values in zip(*(things.get(name, [str(uuid.uuid4())]) for name in names), strict=False) if names else ():
            yield reverse(f"intake:{pattern.name}", args=values)


def test_what_was_sent_is_never_shown_back(world):
    invitation = given.invite(world)
    packet = invitation.packet
    given.complete(packet)
    given.answer(packet, "demographics", {"demo-preferred": ["Zanzibar"]})
    Packet.objects.update(state="submitted", submitted_at=clock.now())
    browser = opened(invitation)
    assert browser.url == "/i/packet/done/"
    token = dict(browser.page.fields)["csrfmiddlewaretoken"]
    addresses = list(every_address(packet))
    assert len(addresses) > 20
    last = reverse("intake:leave")
    for address in sorted(addresses, key=lambda one: one == last):
        for reply in (
            browser.client.get(address, follow=True),
            browser.client.post(address, {"csrfmiddlewaretoken": token, "!shown": "demo-preferred"}, follow=True),
            browser.client.post(
                address, {"key": str(uuid.uuid4()), "changes": {"demo-voicemail": ["true"]}, "have": []},
                content_type="application/json", headers={"X-CSRFToken": token}, follow=True,
            ),
        ):  # fmt: skip
            body = reply.getvalue()
            if reply["Content-Type"].startswith("text/html"):
                assert not [one for one in Page(body.decode()).names if one.startswith("demo-")], address
            for told in (b"Zanzibar", b"010-0142", b"data-key"):
                assert told not in body, address
