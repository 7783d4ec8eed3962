"""The clinic's tablet: begun by the desk, opened by a date of birth, and handed back with nothing on it."""

import time
from datetime import date, timedelta

import packets as given
import pytest
from django.test import Client
from patient_pages import answer, opened, sign
from personas import signed_in
from plain_browser import PlainBrowser

from audit.actions import Actor
from audit.models import Event
from consents.models import Signature
from core import clock
from core.services import register_patient
from intake.access import HANDED, SEEN
from intake.models import Packet
from intake.services import packets
from intake.services.respondents import SomebodyElseBegan, answer_as

RIGHT = "3/15/1990"


@pytest.fixture
def invitation(world):
    return given.invite(world)


def start(world, packet, user=None, **how):
    """The desk's browser, after the button was pressed."""
    browser = PlainBrowser()
    browser.client = signed_in(user or world.front_desk)
    browser.reply = browser.client.post(f"/admin/intake/packet/{packet.pk}/tablet/", how)
    return browser


def on_tablet(world, packet, **how):
    browser = start(world, packet, **how)
    browser.go("/i/tablet/")
    browser.press({"birth_date": RIGHT})
    return browser


def test_starting_ends_the_desks_own_session_and_asks_the_patient(world, invitation):
    browser = start(world, invitation.packet)
    assert browser.reply["Location"] == "/i/tablet/"
    for path in ("/admin/", f"/admin/intake/packet/{invitation.packet.pk}/change/", "/staff/"):
        assert browser.client.get(path)["Location"].startswith("/accounts/login/")
    page = browser.go("/i/tablet/")
    for secret in ("Rosa", "Núñez", world.clinic.name, "PHQ"):
        assert secret not in page.html
    assert not [link for link in page.links if "admin" in link or "staff" in link]
    browser.press({"birth_date": RIGHT})
    assert browser.url == "/i/packet/"
    assert Packet.objects.get().on_tablet
    assert Event.objects.filter(action="staff.signed_out", actor_id=str(world.front_desk.id)).exists()
    event = Event.objects.get(action="packet.on_tablet")
    assert (event.actor_kind, event.actor_id) == ("staff", str(world.front_desk.id))


def test_looking_at_the_question_starts_nothing(world, invitation):
    desk = signed_in(world.front_desk)
    page = desk.get(f"/admin/intake/packet/{invitation.packet.pk}/tablet/")
    assert b"You are signed out here" in page.content
    assert desk.get("/admin/").status_code == 200
    assert not Packet.objects.get().on_tablet


def test_strangers_start_nothing(world, invitation):
    address = f"/admin/intake/packet/{invitation.packet.pk}/tablet/"
    assert start(world, invitation.packet, world.stranger_desk).reply.status_code == 404
    assert signed_in(world.stranger_desk).get(address).status_code == 404
    world.clinician.is_staff = True
    world.clinician.save()
    assert start(world, invitation.packet, world.clinician).reply.status_code == 404
    assert Client().post(address)["Location"].startswith("/accounts/login/")
    assert Client().get("/i/tablet/")["Location"] == "/i/tablet/back/"
    assert not Packet.objects.get().on_tablet


def test_five_wrong_dates_lock_it_and_the_desk_starts_it_again(world, invitation):
    browser = start(world, invitation.packet)
    browser.go("/i/tablet/")
    for _ in range(packets.MAX_TRIES):
        browser.press({"birth_date": "1/1/1991"})
        assert browser.response.status_code == 422
    browser.press({"birth_date": RIGHT})
    assert "We could not open" in browser.page.text
    assert opened(invitation).url == "/i/"
    assert on_tablet(world, invitation.packet).url == "/i/packet/"
    assert opened(invitation).url == "/i/", "the locked link stays dead"


def test_a_link_that_works_goes_on_working_and_one_that_ran_out_stays_dead(world, invitation):
    start(world, invitation.packet)
    assert opened(invitation).url == "/i/packet/"
    Packet.objects.update(expires_at=clock.now() - timedelta(minutes=1))
    assert on_tablet(world, invitation.packet).url == "/i/packet/"
    assert opened(invitation).url == "/i/"


def test_a_closed_packet_is_not_started_and_the_desk_stays_signed_in(world, invitation):
    packets.withdraw(packet=invitation.packet, by=world.front_desk)
    browser = start(world, invitation.packet)
    assert browser.reply["Location"] == f"/admin/intake/packet/{invitation.packet.pk}/change/"
    assert browser.client.get("/admin/").status_code == 200


def test_a_tablet_that_waits_ten_minutes_for_a_date_of_birth_is_the_desks_again(world, invitation):
    browser = start(world, invitation.packet)
    session = browser.client.session
    session[HANDED] = {**session[HANDED], "at": int(time.time()) - 601}
    session.save()
    browser.go("/i/tablet/")
    assert browser.url == "/i/tablet/back/"


def test_left_alone_it_ends_on_the_server_and_shows_nothing(world, invitation, settings):
    browser = on_tablet(world, invitation.packet)
    assert 'data-idle="120"' in browser.page.html
    session = browser.client.session
    key = session.session_key
    session[SEEN] = int(time.time()) - settings.TABLET_IDLE_SECONDS - 1
    session.save()
    browser.go("/i/packet/demographics/")
    assert browser.url == "/i/tablet/back/"
    assert not browser.client.session.exists(key)
    assert "give the tablet back" in browser.page.text
    assert not browser.page.links or all(
        link.startswith(("#", "tel:", "sms:", "https://")) for link in browser.page.links
    )
    browser.go("/i/packet/demographics/")
    assert browser.url == "/i/?closed"


def test_the_quick_exit_hands_it_back(world, invitation):
    browser = on_tablet(world, invitation.packet)
    token = dict(browser.page.fields)["csrfmiddlewaretoken"]
    reply = browser.client.post("/i/leave/", {"csrfmiddlewaretoken": token})
    assert reply["Location"].startswith("/i/tablet/back/")
    assert "packet" not in browser.client.session


def test_when_it_was_sent_nothing_is_left_on_it(world, invitation):
    browser = on_tablet(world, invitation.packet)
    Packet.objects.update(state="submitted", submitted_at=clock.now())
    browser.go("/i/packet/done/")
    assert browser.url.startswith("/i/tablet/back/?sent")
    assert "Thank you. Your forms were sent." in browser.page.text
    assert "packet" not in browser.client.session
    assert browser.response["Cache-Control"] == "no-store"


def test_the_next_patient_on_it_gets_their_own_packet_only(world, invitation):
    first = on_tablet(world, invitation.packet)
    answer(first, "demographics", {"demo-preferred": "Zanzibar"})
    neighbour = register_patient(
        clinic=world.clinic, given_name="Nell", family_name="Neighbour", birth_date=date(1990, 3, 15),
        actor=Actor.system("test"),
    )  # fmt: skip
    theirs = packets.invite(
        patient=neighbour, program=world.program, site=world.site, language="en", invited_by=world.front_desk
    )
    second = on_tablet(world, theirs.packet)
    second.client.cookies["csrf"] = first.client.cookies["csrf"]
    assert "Zanzibar" not in second.go("/i/packet/demographics/").html
    assert second.client.session["packet"] == str(theirs.packet.pk)


def test_a_helper_is_named_and_the_patient_can_go_on_alone(world, invitation):
    browser = on_tablet(world, invitation.packet, helps="I help")
    packet = Packet.objects.get()
    assert (packet.answered_by, packet.assisted_by) == ("staff", world.front_desk)
    page = browser.go("/i/packet/demographics/")
    assert "You can answer this part alone" in page.text
    token = dict(page.fields)["csrfmiddlewaretoken"]
    reply = browser.client.post("/i/tablet/alone/demographics/", {"csrfmiddlewaretoken": token})
    assert reply["Location"] == "/i/packet/demographics/"
    assert "answer alone" not in browser.go("/i/packet/demographics/").text
    assert Event.objects.filter(action="packet.respondent", context__contains='"alone":true').exists()


def test_alone_nobody_is_offered_to_go_on_alone(world, invitation):
    browser = on_tablet(world, invitation.packet)
    assert Packet.objects.get().answered_by == "patient"
    assert "answer alone" not in browser.go("/i/packet/demographics/").text


# --- who answers -----------------------------------------------------------------------------------------


def as_guardian(invitation, name="Marta Núñez", relationship="parent", born=RIGHT):
    browser = PlainBrowser()
    browser.go("/i/")
    browser.press({"code": invitation.code, "birth_date": born, "respondent_name": name, "relationship": relationship})
    return browser


def test_a_guardian_is_recorded_with_name_and_relationship_and_the_name_is_encrypted(invitation, owner_sql):
    assert as_guardian(invitation).url == "/i/packet/"
    packet = Packet.objects.get()
    assert packet.answered_by == "guardian"
    assert packet.respondent == {"name": "Marta Núñez", "relationship": "parent"}
    event = Event.objects.get(action="packet.respondent")
    assert event.context == '{"answered_by":"guardian","assisted_by":"","relationship":"parent"}'
    [stored] = Packet.objects.extra(select={"raw": "respondent::text"}).values_list("raw", flat=True)
    assert stored.startswith("v1.")


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"name": ""}, "Please type your own name"),
        ({"relationship": ""}, "how you are related"),
        ({"name": "x" * 121}, "This name is too long"),
    ],
)
def test_half_an_answer_about_who_answers_costs_no_try(invitation, typed, words):
    browser = as_guardian(invitation, **typed)
    assert browser.response.status_code == 422
    assert words in browser.page.text
    assert '<details class="q" open>' in browser.page.html
    assert Packet.objects.get().tries == 0


def test_what_a_patient_began_is_not_shown_to_a_guardian_nor_the_other_way(invitation, world):
    answer(opened(invitation), "demographics", {"demo-preferred": "Zanzibar"})
    parent = as_guardian(invitation)
    assert parent.response.status_code == 409
    assert "Somebody else has begun these forms" in parent.page.text
    assert "tel:5550100100" in parent.page.links
    assert parent.client.get("/i/packet/")["Location"].startswith("/i/?closed")
    assert Packet.objects.get().answered_by == "patient"
    Packet.objects.update(answered_by="guardian")
    assert opened(invitation).response.status_code == 409
    Packet.objects.update(state="submitted", submitted_at=clock.now())
    assert opened(invitation).response.status_code == 409
    assert as_guardian(invitation).url == "/i/packet/done/"


def test_before_anything_was_answered_the_other_one_may_take_over(invitation):
    as_guardian(invitation)
    assert opened(invitation).url == "/i/packet/"
    packet = Packet.objects.get()
    assert (packet.answered_by, packet.respondent) == ("patient", {})


def test_help_that_was_given_stays_recorded_when_the_patient_goes_on_at_home(world, invitation):
    packet = invitation.packet
    answer_as(packet=packet, helper_id=world.front_desk.id)
    Packet.objects.update(state="in_progress")
    packet = answer_as(packet=packet)
    assert (packet.answered_by, packet.assisted_by_id) == ("staff", world.front_desk.id)
    with pytest.raises(SomebodyElseBegan):
        answer_as(packet=packet, name="Marta", relationship="parent")


def test_a_signatures_evidence_says_who_answered_and_how_it_was_opened(world, invitation):
    guardian = as_guardian(invitation)
    sign(guardian, "treatment")
    evidence = Signature.objects.get(source_ref=invitation.packet.id).evidence
    assert evidence["identity_check"] == "link_and_birth_date"
    assert evidence["answered_by"] == "guardian"
    assert evidence["respondent"] == {"name": "Marta Núñez", "relationship": "parent"}
    other = packets.invite(
        patient=world.patient, program=world.program, site=world.site, language="en", invited_by=world.front_desk
    )
    sign(on_tablet(world, other.packet, helps="I help"), "privacy-notice")  # the other stands already
    evidence = Signature.objects.get(source_ref=other.packet.id).evidence
    assert (evidence["identity_check"], evidence["answered_by"]) == ("tablet_and_birth_date", "staff")
    assert evidence["assisted_by"] == str(world.front_desk.id)


def test_on_every_kind_of_part_the_patient_can_go_on_alone(world, invitation):
    browser = on_tablet(world, invitation.packet, helps="I help")
    sign(browser, "treatment")
    for slug in ("privacy-notice", "treatment", "demographics", "substance-use"):
        page = browser.go(f"/i/packet/{slug}/")
        assert f"/i/tablet/alone/{slug}/" in page.html, slug
    packets.present(packet=invitation.packet, presentation="guided")
    assert "/i/tablet/alone/demographics/" in browser.go("/i/packet/demographics/").html
