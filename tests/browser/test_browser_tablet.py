"""The clinic's tablet in a real browser: nothing of one patient is left for the next, nor for the desk."""

from datetime import date
from urllib.parse import urlsplit

import packets as given
import pytest
from conftest import give_second_factor
from personas import staff
from PIL import Image
from playwright.sync_api import expect

from audit.actions import Actor
from core.permissions import Role
from core.services import register_patient
from intake.models import Photo, Response
from intake.services import packets

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TABLET = {"viewport": {"width": 820, "height": 1180}}
WORD = "Zanzibar"


def start(tablet, packet, button="The patient answers alone", who="desk@clinic.test"):
    """The desk signs in, opens the packet and hands the tablet over."""
    tablet.go(f"/admin/intake/packet/{packet.pk}/change/")
    tablet.sign_in(who)
    tablet.go(f"/admin/intake/packet/{packet.pk}/tablet/")
    tablet.press(f"input[value='{button}']")
    tablet.at("/i/tablet/")
    tablet.find("#birth_date").fill("03/15/1990")


def open_answers(tablet):
    tablet.go("/i/packet/demographics/")
    tablet.answer({"demo-preferred": WORD})
    tablet.saved()


def back_shows_nothing(tablet, times=6):
    for _ in range(times):
        tablet.page.go_back()
        expect(tablet.find("#questions")).to_have_count(0)
        assert WORD not in tablet.page.content()
        assert urlsplit(tablet.page.url).path.startswith(("/i/", "/accounts/login/"))


def test_left_alone_it_wipes_itself_and_the_next_patient_sees_nothing(clinic, phone):
    for user in (clinic.front_desk, staff(clinic.clinic, Role.FRONT_DESK, "evening@clinic.test", "Eve Evening")):
        give_second_factor(user)
    first = given.invite(clinic).packet
    neighbour = register_patient(
        clinic=clinic.clinic, given_name="Nell", family_name="Neighbour", birth_date=date(1990, 3, 15),
        actor=Actor.system("test"),
    )  # fmt: skip
    second = packets.invite(
        patient=neighbour, program=clinic.program, site=clinic.site, language="en", invited_by=clinic.front_desk
    ).packet
    tablet = phone(**TABLET)
    start(tablet, first)
    tablet.look("tablet-birth-date")
    tablet.page.clock.install()
    tablet.go_on()
    tablet.at("/i/packet/")
    open_answers(tablet)
    tablet.page.clock.run_for(65_000)
    expect(tablet.find("#idle")).to_be_visible()
    tablet.page.clock.run_for(65_000)
    tablet.at("/i/tablet/back/")
    expect(tablet.find("#main")).to_contain_text("give the tablet back")
    tablet.look("tablet-back")
    back_shows_nothing(tablet, 3)
    assert tablet.kept() in ([], ["localStorage theme"]), "the admin's own choice of colours"
    tablet.go("/admin/")
    tablet.at("/accounts/login/")
    start(tablet, second, who="evening@clinic.test")
    tablet.go_on()
    tablet.go("/i/packet/demographics/")
    assert WORD not in tablet.page.content()
    for _ in range(8):
        tablet.page.go_back()
        assert WORD not in tablet.page.content()
    assert Response.objects.filter(packet=first).count() == 1


def test_when_the_forms_were_sent_it_goes_back_to_the_desk_with_nothing_on_it(clinic, phone):
    give_second_factor(clinic.front_desk)
    packet = given.invite(clinic).packet
    given.complete(packet, helped=given.help_by(packet, clinic.front_desk))
    given.answer(packet, "presenting-concerns", {"con-reason": [WORD]})  # at home, alone
    tablet = phone(**TABLET)
    start(tablet, packet, "I help the patient")
    tablet.go_on()
    tablet.at("/i/packet/")
    tablet.go("/i/packet/presenting-concerns/")
    expect(tablet.find("#main")).to_contain_text("This part was begun without the person who helps here")
    assert WORD not in tablet.page.content()
    tablet.look("tablet-begun-alone")
    open_answers(tablet)
    expect(tablet.find("button:has-text('I will answer alone')")).to_be_visible()
    tablet.look("tablet-helped")
    tablet.press("button:has-text('I will answer alone')")
    expect(tablet.find("button:has-text('I will answer alone')")).to_have_count(0)
    tablet.go("/i/packet/review/")
    tablet.go_on()
    tablet.at("/i/tablet/back/")
    expect(tablet.find("h1")).to_have_text("Thank you. Your forms were sent.")
    back_shows_nothing(tablet)
    assert tablet.kept() in ([], ["localStorage theme"]), "the admin's own choice of colours"


def test_a_photo_goes_small_and_by_itself_and_again_when_the_network_is_back(clinic, phone, tmp_path):
    packet = given.invite(clinic).packet
    given.answer(packet, "insurance", {"ins-have": ["true"]})
    Image.effect_noise((3000, 2000), 60).convert("RGB").save(tmp_path / "card.jpg", quality=95)
    patient = phone()
    patient.open(f"/i/#{packets.reissue(packet=packet, by=clinic.front_desk).token}")
    patient.go("/i/packet/insurance/")
    camera = patient.find("[name='ins-card-front!photo']")
    expect(patient.find("[name='!photo']").first).to_be_hidden()
    patient.context.set_offline(True)
    camera.set_input_files(tmp_path / "card.jpg")
    expect(patient.find("[data-photos] [role=status]").first).to_contain_text("not sent yet")
    assert not Photo.objects.exists()
    sent = []
    patient.page.on("requestfinished", lambda one: sent.append(one))
    patient.context.set_offline(False)
    picture = patient.find("[data-photos] img")
    expect(picture).to_be_visible()
    patient.look("photo-sent")
    kept = Photo.objects.get()
    assert (kept.width, kept.height) == (1600, 1067)
    sizes = [int(one.header_value("content-length") or 0) for one in sent if one.url.endswith("/photo")]
    assert 100_000 < max(sizes) < (tmp_path / "card.jpg").stat().st_size / 2, "made small before it is sent"
    (tmp_path / "card.jpg").write_bytes(b"<svg/>")
    camera.set_input_files(tmp_path / "card.jpg")
    expect(patient.find("#e-ins-card-front")).to_contain_text("We can’t read this file as a photo")
    patient.look("photo-refused")
    expect(picture).to_be_visible()
    patient.press(picture.locator("xpath=../button"))
    expect(picture).to_have_count(0)
    assert not Photo.objects.exists()
    assert patient.kept() == []
