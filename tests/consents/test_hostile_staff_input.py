"""The privacy officer's pages against what people mistype, send twice or mean ill."""

import io
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from personas import signed_in
from PIL import Image
from scans import photo, upload
from test_disclosing import SHARING

from consents.models import Disclosure, EmergencyDisclosure, Revocation
from core import clock

NEVER = ("9999-12-31T00:00", "0001-01-01T00:00", "0026-11-25T10:00", "1899-12-31T10:00", "1990-03-14T10:00")


def picture(width: int, height: int) -> bytes:
    out = io.BytesIO()
    Image.new("1", (width, height)).save(out, "PNG")
    return out.getvalue()


def said(screen, **changed):
    return {
        "key": str(uuid.uuid4()),
        "at": (clock.now() - timedelta(days=1)).strftime("%Y-%m-%dT00:00"), "channel": "phone",
        "told_by": "Casey Clinician", "recipient": "Bay Hospital", "role": "treating_provider", "hipaa": "ce",
        "program": str(screen.world.program.id), "purpose": "TREAT", "categories": ["medications"],
        "what": "Her medicines",
    } | changed  # fmt: skip


def test_what_was_told_long_ago_is_asked_again_and_before_the_birth_never_taken(screen):
    client, path = signed_in(screen.world.compliance), reverse("consents:told", args=[screen.world.patient.id])
    for at in NEVER:
        answer = client.post(path, said(screen, at=at, sure="on"))
        assert (answer.status_code, "Bay Hospital" in answer.content.decode()) == (422, True), at
    old = said(screen, at="2020-11-01T01:30")
    assert "more than a year ago" in client.post(path, old).content.decode()
    assert not Disclosure.objects.exists()
    assert client.post(path, old | {"sure": "on"}).status_code == 302


def test_the_same_page_with_other_words_is_refused_and_keeps_them(screen):
    client, path = signed_in(screen.world.compliance), reverse("consents:told", args=[screen.world.patient.id])
    first = said(screen)
    assert [client.post(path, first).status_code for _ in range(2)] == [302, 302]
    answer = client.post(path, first | {"recipient": "Hill\x00 Clinic"})
    page = answer.content.decode()
    assert (answer.status_code, 'value="Hill' in page, first["key"] in page) == (409, True, False)
    assert Disclosure.objects.count() == 1


def test_an_emergency_says_which_of_its_facts_is_wrong(screen):
    world = screen.world
    client, path = signed_in(world.clinician), reverse("intake:emergency", args=[world.patient.id])
    facts = {
        "recipient_name": "Dr. Ada Lin", "recipient_affiliation": "Bay Hospital", "nature": "Unconscious",
        "disclosed_at": (clock.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M"),
        "why_no_consent": "She can't answer", "what": "Medicines",
    }  # fmt: skip
    for at in NEVER:
        assert client.post(path, facts | {"disclosed_at": at, "sure": "on"}).status_code == 400, at
    page = client.post(path, facts | {"recipient_name": "=1+1"}).content.decode()
    assert "there is no letter in it" in page and "has not come" not in page
    assert not EmergencyDisclosure.objects.exists()


SCANS = {
    "the beginning of a PDF": lambda: b"%PDF-",
    "a page that says it is one": lambda: b"%PDF-1.4\n<html><script>alert(1)</script>",
    "a picture of one pixel": lambda: picture(1, 1),
    "a picture of 900 million": lambda: picture(30000, 30000),
    "the beginning of a GIF": lambda: b"GIF89a",
}


@pytest.mark.parametrize("scan", SCANS)
def test_a_revocations_paper_is_looked_at_like_any_other(screen, scan):
    signature = screen.decide(SHARING)
    client, path = signed_in(screen.world.compliance), reverse("consents:revoke", args=[signature.id])
    given = {"why": "revoked", "how": "paper", "note": "Her letter"}
    assert client.post(path, given | {"scan": upload(SCANS[scan]())}).status_code == 422
    assert not Revocation.objects.exists()


def test_what_has_ended_is_not_ended_again(screen):
    signature = screen.decide(SHARING)
    client, path = signed_in(screen.world.compliance), reverse("consents:revoke", args=[signature.id])
    given = {"why": "revoked", "how": "paper", "note": "Her letter"}
    client.post(path, given | {"scan": upload(photo(), "letter.png")})
    row = Revocation.objects.get()
    kept = client.get(reverse("consents:paper", args=[row.id]))
    assert (kept["Content-Type"], b"Marta" in kept.content) == ("image/jpeg", False)
    for ask in (client.get(path, follow=True), client.post(path, given | {"why": "suspected_false"}, follow=True)):
        assert "It has ended already" in ask.content.decode()
        assert "End it now" not in ask.content.decode()
    assert Revocation.objects.count() == 1
