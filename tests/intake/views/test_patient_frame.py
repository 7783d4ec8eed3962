"""What frames every patient's page: the crisis lines of the clinic's country, whose phone it is, the finish page."""

import time

import packets as given
import pytest
import staff_story
from patient_pages import opened
from plain_browser import PlainBrowser

import consents.services
import consents.services.sealing
from escalation.models import Shift
from intake.models import Packet


@pytest.fixture
def invitation(world):
    return given.invite(world)


def lines_of(page) -> set[str]:
    return {one for one in page.links if one.startswith(("tel:", "sms:", "https:"))}


def test_the_clinics_country_decides_whose_lines_are_shown(world, invitation):
    world.clinic.country, world.clinic.phone = "CA", ""
    world.clinic.save()
    assert lines_of(opened(invitation).page) == {"tel:988", "sms:988", "tel:911", "tel:5550100199"}


def test_in_a_country_that_was_not_looked_up_only_the_clinics_own_lines_are_shown(world, invitation):
    world.clinic.country, world.clinic.crisis_text = "DE", "HOME to 741741"
    world.clinic.crisis_phone, world.clinic.crisis_chat = "", "https://chat.example/"
    world.clinic.save()
    page = opened(invitation).page
    assert lines_of(page) == {"https://chat.example/", "tel:5550100100"}
    assert "By text message: HOME to 741741" in page.text
    assert "call your emergency number" in page.text
    for word in ("988", "911", "AYUDA", "Veterans"):
        assert word not in page.text


def test_pages_that_belong_to_no_clinic_show_the_installations_country(settings, db):
    settings.COUNTRY = "DE"
    page = PlainBrowser().go("/i/")
    assert lines_of(page) == set()
    assert "call your emergency number" in page.text


def test_half_a_page_has_no_script_that_would_miss_the_other_half(invitation):
    browser = opened(invitation)
    for path in ("/i/", "/i/packet/", "/i/packet/demographics/", f"/i/packet/{given.DOCUMENTS[0]}/"):
        assert "</main>" in browser.go(path).html.split("<script", 1)[0]
        assert "</dialog>" in browser.page.html.split("<script", 1)[0]


@pytest.mark.parametrize("is_rostered", [True, False])
def test_the_reply_claims_that_the_team_was_told_only_when_somebody_is_on_duty(world, is_rostered):
    staff_story.publish(world)
    if not is_rostered:
        Shift.objects.all().delete()
    browser = opened(staff_story.invited(world))
    browser.go("/i/packet/phq-9/")
    browser.press({"phq9-q9": [given.SEVERAL]})
    shown = browser.page.html.split('class="help-lines"')[1].split("</section>")[0]
    assert ("We have alerted" in shown) == is_rostered
    assert ("there may be nobody at the clinic" in shown) != is_rostered


def test_whose_phone_it_is_is_asked_once_each_time_the_link_is_opened(invitation):
    browser = opened(invitation)
    assert "Is this your own phone?" in browser.page.text
    token = dict(browser.page.fields)["csrfmiddlewaretoken"]
    reply = browser.client.post("/i/phone/", {"whose": "mine", "csrfmiddlewaretoken": token})
    assert reply["Location"] == "/i/packet/"
    assert "Is this your own phone?" not in browser.go("/i/packet/").text
    assert Packet.objects.get().is_shared_device is False
    assert "Is this your own phone?" in opened(invitation).page.text


def test_on_a_shared_phone_the_session_ends_sooner_on_the_server_and_fields_are_not_remembered(invitation):
    browser = opened(invitation)
    assert 'autocomplete="given-name"' in browser.go("/i/packet/demographics/").html
    token = dict(browser.page.fields)["csrfmiddlewaretoken"]
    browser.client.post("/i/phone/", {"whose": "?", "csrfmiddlewaretoken": token})  # not a clear "mine"
    form, consent = browser.go("/i/packet/demographics/").html, browser.go("/i/packet/treatment/").html
    for html in (form, consent):
        assert 'data-idle="300"' in html
        filled = {part.split('"')[0] for part in html.split('autocomplete="')[1:]}
        assert filled == {"off"}
    session = browser.client.session
    session["packet_seen"] = int(time.time()) - 301
    session.save()
    browser.go("/i/packet/demographics/")
    assert browser.url.startswith("/i/?closed")


def test_a_stranger_cannot_say_whose_phone_it_is(invitation):
    browser = PlainBrowser()
    browser.go("/i/")
    token = dict(browser.page.fields)["csrfmiddlewaretoken"]
    reply = browser.client.post("/i/phone/", {"whose": "shared", "csrfmiddlewaretoken": token})
    assert reply["Location"].startswith("/i/?closed")
    assert browser.client.get("/i/phone/").status_code == 405
    assert Packet.objects.get().is_shared_device is None


def test_the_finish_page_says_what_comes_whom_to_call_and_when_a_copy_is_not_ready_yet(invitation, world):
    for slug in given.DOCUMENTS:
        given.sign(invitation.packet, slug)
    Packet.objects.update(state="submitted", submitted_at=invitation.packet.invited_at)
    browser = opened(invitation)
    assert browser.url == "/i/packet/done/"
    assert "What happens next" in browser.page.text
    assert "tel:5550100100" in browser.page.links
    assert "Your copy is not ready yet" in browser.page.text
    assert "/i/packet/done/" in browser.page.links  # "Look again", without a script
    consents.services.sealing.seal_due()
    page = browser.go("/i/packet/done/")
    assert len([one for one in page.links if one.endswith(".pdf")]) == len(given.DOCUMENTS)
    assert "Look again" not in page.text
