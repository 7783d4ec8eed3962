"""Photos on the patient's pages: with and without JavaScript, seen again only by the one who took them, until sent."""

import base64
import hashlib
import io
import uuid

import packets as given
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from patient_pages import autosave, opened
from personas import signed_in
from PIL import Image

from audit.models import Event
from core import clock
from intake.models import Packet, Photo, Response
from intake.services import packets

FRONT, BACK, PAGE = "ins-card-front", "ins-card-back", "/i/packet/insurance/"


def photo(colour="red", size=(2000, 1000), kind="JPEG", name="IMG_0001.jpg"):
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind)
    return SimpleUploadedFile(name, out.getvalue(), content_type="text/html")


def prologue(world):
    invitation = given.invite(world)
    browser = opened(invitation)
    given.answer(invitation.packet, "insurance", {"ins-have": ["true"]})
    browser.go(PAGE)
    return invitation, browser


@pytest.fixture
def invitation(story):
    return story[0]


@pytest.fixture
def browser(story):
    return story[1]


def send(browser, file, key=FRONT):
    """What photo.js sends."""
    token = dict(browser.page.fields)["csrfmiddlewaretoken"]
    body = {"csrfmiddlewaretoken": token, "!photo-here": key, f"{key}!photo": file}
    return browser.client.post(f"{PAGE}photo", body)


def stored():
    """linkId → the attachments that stand there."""

    def walk(items):
        for item in items:
            yield item["linkId"], [one["valueAttachment"] for one in item.get("answer", []) if "valueAttachment" in one]
            yield from walk(item.get("item", []))
            for answer in item.get("answer", []):
                yield from walk(answer.get("item", []))

    return {key: found for key, found in walk(Response.objects.get().answers) if found}


def test_a_photo_is_kept_as_a_plain_jpeg_and_the_answer_is_written_by_the_server(browser):
    reply = send(browser, photo(kind="PNG", name="../../canary.html"))
    assert reply.status_code == 200
    kept = Photo.objects.get()
    jpeg = base64.b64decode(kept.content)
    assert (kept.width, kept.height, jpeg[:3]) == (1600, 800, b"\xff\xd8\xff")
    [answer] = stored()[FRONT]
    assert answer == {
        "contentType": "image/jpeg",
        "url": f"urn:uuid:{kept.id}",
        "size": len(jpeg),
        "hash": base64.b64encode(hashlib.sha1(jpeg).digest()).decode(),
        "title": "Photo of the front of your card",
    }
    assert kept.sha256 == hashlib.sha256(jpeg).hexdigest()
    assert f"/i/photos/{kept.id}.jpg" in reply.content.decode()
    assert b"canary" not in reply.content
    assert Event.objects.filter(action="photo.saved", object_id=str(kept.id)).exists()
    assert Packet.objects.get().state == "in_progress"


def test_it_is_encrypted_at_rest(browser):
    send(browser, photo())
    with connection.cursor() as cursor:
        cursor.execute("SELECT content FROM intake_photo")
        assert cursor.fetchone()[0].startswith("v1.")


def test_it_is_shown_small_to_the_one_who_took_it_and_kept_by_no_browser(browser):
    send(browser, photo())
    address = f"/i/photos/{Photo.objects.get().id}.jpg"
    assert address in browser.go(PAGE).html
    reply = browser.client.get(address)
    assert Image.open(io.BytesIO(reply.content)).size == (320, 160)
    assert reply["Content-Type"] == "image/jpeg"
    assert reply["Cache-Control"] == "no-store"
    assert reply["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in reply["Content-Security-Policy"]
    assert reply["Content-Disposition"].startswith("inline")


def test_nobody_else_sees_it_and_after_sending_nobody_through_a_link(browser, invitation, world):
    send(browser, photo())
    kept = Photo.objects.get()
    address = f"/i/photos/{kept.id}.jpg"
    other = packets.invite(
        patient=world.patient, program=world.program, site=world.site, language="en", invited_by=world.front_desk
    )
    assert opened(other).client.get(address).status_code == 404
    assert Client().get(address).status_code == 302
    for who in ("front_desk", "clinician"):
        assert signed_in(getattr(world, who)).get(address).status_code == 302
    Packet.objects.filter(pk=invitation.packet.pk).update(state="submitted", submitted_at=clock.now())
    assert browser.client.get(address).status_code == 404
    assert send(browser, photo()).status_code == 302
    assert Photo.objects.count() == 1


def test_a_clinician_of_the_care_team_sees_it_and_that_leaves_an_event(browser, world):
    send(browser, photo())
    kept = Photo.objects.get()
    address = f"/staff/photos/{kept.id}.jpg"
    reply = signed_in(world.clinician).get(address)
    assert reply.content == base64.b64decode(kept.content)
    event = Event.objects.get(action="photo.read")
    assert (event.actor_id, event.object_id) == (str(world.clinician.id), str(kept.id))
    for who in ("front_desk", "backup", "compliance", "stranger", "stranger_desk"):
        assert signed_in(getattr(world, who)).get(address).status_code == 404, who
    assert Client().get(address)["Location"].startswith("/accounts/login/")
    assert Event.objects.filter(action="photo.read").count() == 1


def test_a_photo_of_a_substance_use_section_is_for_the_care_team_alone(browser, world):
    send(browser, photo())
    kept = Photo.objects.get()
    kept.step.sensitivity = "sud"
    kept.step.save()
    assert signed_in(world.supervisor).get(f"/staff/photos/{kept.id}.jpg").status_code == 404
    assert signed_in(world.clinician).get(f"/staff/photos/{kept.id}.jpg").status_code == 200
    assert browser.client.get(f"/i/photos/{kept.id}.jpg").status_code == 404


def test_another_photo_takes_its_place_and_it_can_be_removed(browser):
    send(browser, photo("red"))
    first = Photo.objects.get()
    send(browser, photo("blue"))
    second = Photo.objects.get()
    assert second.id != first.id
    send(browser, photo("green"), BACK)
    assert set(stored()) == {FRONT, BACK}
    browser.go(PAGE)
    browser.press({}, "!photo-remove", str(second.id))
    assert browser.url.startswith(PAGE)
    assert set(stored()) == {BACK}
    assert Photo.objects.count() == 1
    assert Event.objects.filter(action="photo.removed").count() == 2


def test_a_photo_sent_once_more_because_its_reply_was_lost_is_the_same_photo(browser):
    replies = [send(browser, photo()) for _ in range(2)]
    assert replies[0].content == replies[1].content
    assert Photo.objects.count() == 1
    assert Response.objects.get().revision == 2, "the answer that asks for the photo, and the photo"
    assert list(Event.objects.filter(action__startswith="photo.").values_list("action", flat=True)) == ["photo.saved"]


def test_without_javascript_the_photo_comes_with_the_page_and_nothing_else_is_lost(browser, invitation):
    for button, value in ((("!photo"), FRONT), (None, "")):
        browser.go(PAGE)
        browser.page.fields.append((f"{FRONT}!photo", photo()))
        browser.press({"ins-payer": "Acme"} if "ins-payer" in browser.page.names else {}, button, value)
        assert browser.response.status_code == 200
        assert FRONT in stored()
    assert Photo.objects.count() == 1


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (SimpleUploadedFile("card.jpg", b"<svg onload=alert(1)>"), "We can’t read this file as a photo"),
        (SimpleUploadedFile("card.jpg", b"%PDF-1.7"), "We can’t read this file as a photo"),
        (SimpleUploadedFile("card.jpg", b"\xff\xd8\xff\xe0 damaged"), "did not arrive whole"),
        (photo(size=(5001, 5000), kind="PNG"), "too large"),
    ],
    ids=["svg", "pdf", "damaged", "bomb"],
)
def test_what_is_no_photo_is_refused_in_plain_words(browser, file, words):
    file.seek(0)
    reply = send(browser, file)
    assert reply.status_code == 422
    assert words in reply.content.decode().replace("&#x27;", "'")
    assert 'aria-invalid="true"' in reply.content.decode()
    file.seek(0)
    browser.page.fields.append((f"{FRONT}!photo", file))
    browser.press({}, "!photo", FRONT)
    assert browser.response.status_code == 422
    assert words in browser.page.text
    assert not Photo.objects.exists()


def test_a_photo_that_is_refused_takes_none_away(browser):
    send(browser, photo())
    address = f"/i/photos/{Photo.objects.get().id}.jpg"
    assert address in send(browser, SimpleUploadedFile("card.jpg", b"%PDF-1.7")).content.decode()
    browser.go(PAGE)
    browser.page.fields.append((f"{FRONT}!photo", SimpleUploadedFile("card.jpg", b"%PDF-1.7")))
    assert address in browser.press({}, "!photo", FRONT).html
    assert FRONT in stored()


def test_a_button_without_a_photo_says_so(browser):
    browser.press({}, "!photo", FRONT)
    assert "There is no photo yet" in browser.page.text


@pytest.mark.parametrize("button", ["!photo", None])
def test_what_is_too_large_is_not_kept_in_memory_nor_on_disk_and_is_said(browser, settings, button):
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 20_000
    file = SimpleUploadedFile("card.jpg", b"\xff\xd8\xff" + b"A" * 40_000)
    browser.page.fields.append((f"{FRONT}!photo", file))
    browser.press({}, button, FRONT if button else "")
    assert browser.response.status_code == 422
    assert "too large to send" in browser.page.text
    file.seek(0)
    assert "too large to send" in send(browser, file).content.decode()


def test_no_upload_ever_goes_through_the_disk(settings):
    assert settings.FILE_UPLOAD_HANDLERS == ["django.core.files.uploadhandler.MemoryFileUploadHandler"]


def test_what_a_page_posts_in_a_photos_place_is_never_an_answer(browser, invitation):
    forged = f"urn:uuid:{uuid.uuid4()}|text/html|canary"
    reply = autosave(browser, "insurance", {FRONT: [forged]})
    assert reply.status_code in (200, 400)
    given.answer(invitation.packet, "insurance", {FRONT: [forged], "ins-have": ["true"]})
    assert not stored()
    send(browser, photo())
    autosave(browser, "insurance", {FRONT: []})
    assert FRONT in stored(), "only its own button takes a photo away"


def test_only_a_question_for_a_photo_takes_one_and_only_in_its_own_form(browser):
    for key in ("ins-have", "nothing", "ins-card-front.x", ""):
        assert send(browser, photo(), key).status_code in (404, 422)
    token = dict(browser.page.fields)["csrfmiddlewaretoken"]
    body = {"csrfmiddlewaretoken": token, f"{FRONT}!photo": photo()}
    assert browser.client.post("/i/packet/demographics/photo", body).status_code == 404
    assert browser.client.post("/i/packet/nothing/photo", body).status_code == 404
    assert browser.client.post(f"{PAGE}photo", {f"{FRONT}!photo": photo()}).status_code == 403
    assert not Photo.objects.exists()


def test_no_packet_fills_up_with_photos(browser, invitation, monkeypatch):
    monkeypatch.setattr("intake.services.photos.MOST_PHOTOS", 1)
    assert send(browser, photo()).status_code == 200
    assert send(browser, photo("blue")).status_code == 200, "instead of the first one"
    assert "no room for one more" in send(browser, photo(), BACK).content.decode()
    assert Photo.objects.count() == 1
