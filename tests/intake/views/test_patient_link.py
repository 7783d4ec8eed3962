"""The way in: a GET uses nothing up, five tries, and one answer to everything that is wrong."""

import re
from datetime import timedelta

import packets as given
import pytest
from django.test import Client
from patient_pages import opened
from plain_browser import PlainBrowser

from core import clock
from intake.models import Packet
from intake.services import packets

RIGHT, WRONG = "03/15/1990", "03/16/1990"


@pytest.fixture
def invitation(world):
    return given.invite(world)


def state_of(invitation):
    return Packet.objects.get(pk=invitation.packet.pk)


def bytes_of(code: str) -> tuple[int, str, list[tuple[str, str]]]:
    """Status, body and headers of a failed try, without what the person sent and the one-time tokens."""
    browser = PlainBrowser()
    browser.go("/i/")
    browser.press({"code": code, "birth_date": WRONG})
    html = re.sub(r'(csrfmiddlewaretoken" value=")\w+', r"\1", browser.page.html).replace(code, "CODE")
    headers = sorted((name, value) for name, value in browser.response.headers.items())
    return browser.response.status_code, html, headers


def test_looking_at_the_link_uses_nothing_up(invitation):
    for _ in range(10):
        page = Client().get("/i/")
        assert page.status_code == 200
        assert Client().head("/i/").status_code == 200
    assert state_of(invitation).state == Packet.State.INVITED
    assert state_of(invitation).tries == 0


def test_the_page_names_nobody_and_no_kind_of_care(invitation, world):
    html = Client().get("/i/").content.decode()
    for secret in (world.clinic.name, world.clinic.neutral_name, "Rosa", "PHQ", "behavioral", "recovery", "Outpatient"):
        assert secret not in html
    assert "<title>Your forms</title>" in html


def test_the_birth_date_is_taken_as_people_type_it(invitation):
    for typed in (RIGHT, "3/15/1990", "03151990", "3-15-90", "March 15, 1990", "15 de marzo de 1990"):
        assert opened(invitation, typed).url == "/i/packet/"
    assert state_of(invitation).state == Packet.State.OPENED


def test_the_token_of_the_link_opens_it_too(invitation):
    client = Client()
    reply = client.post("/i/", {"token": invitation.token, "birth_date": RIGHT})
    assert reply.status_code == 302
    assert reply["Location"] == "/i/packet/"


def test_the_code_may_be_typed_with_spaces_and_small_letters(invitation):
    code = invitation.code.lower()
    client = Client()
    assert client.post("/i/", {"code": f"{code[:5]} {code[5:]}", "birth_date": RIGHT}).status_code == 302


def test_a_new_session_is_made_at_the_exchange(invitation):
    browser = PlainBrowser()
    browser.go("/i/")
    session = browser.client.session
    session["planted"] = True
    session.save()
    browser.client.cookies["session"] = planted = session.session_key
    browser.press({"code": invitation.code, "birth_date": RIGHT})
    assert browser.client.session.session_key != planted
    assert "planted" not in browser.client.session


def test_unknown_expired_locked_withdrawn_and_wrong_look_the_same(invitation, world):
    def another():
        return packets.invite(
            patient=world.patient,
            program=world.program,
            site=world.site,
            language="en",
            invited_by=world.front_desk,
        )

    expired, locked, withdrawn = another(), another(), another()
    Packet.objects.filter(pk=expired.packet.pk).update(expires_at=clock.now() - timedelta(minutes=1))
    for _ in range(packets.MAX_TRIES):
        bytes_of(locked.code)
    packets.withdraw(packet=withdrawn.packet, by=world.front_desk)
    expected = bytes_of("ZZZZZZZZZZ")
    assert expected[0] == 422
    assert "We could not open your forms" in expected[1]
    for one in (invitation, expired, locked, withdrawn):
        assert bytes_of(one.code) == expected


def test_after_five_wrong_dates_the_right_one_is_refused_too(invitation):
    for _ in range(packets.MAX_TRIES):
        assert opened(invitation, WRONG).url == "/i/"
    refused = opened(invitation, RIGHT)
    assert refused.url == "/i/"
    for words in ("call the office that sent you the link", "then the right date does not open it either"):
        assert words in refused.page.text
    assert state_of(invitation).tries == packets.MAX_TRIES


def test_a_date_that_cannot_be_read_costs_no_try_and_stays_on_the_page(invitation):
    for typed in ("33/33/1990", "tomorrow", "1990", "03/15/2990", ""):
        browser = opened(invitation, typed)
        assert browser.response.status_code == 422
        assert dict(browser.page.fields)["birth_date"] == typed
        assert dict(browser.page.fields)["code"] == invitation.code
        assert "Write the month first: 03/15/1990" in browser.page.text or not typed
    assert state_of(invitation).tries == 0


def test_without_a_code_the_page_asks_for_it(invitation):
    browser = PlainBrowser()
    browser.go("/i/")
    browser.press({"birth_date": RIGHT})
    assert "Please type the code" in browser.page.text


def test_another_language_keeps_what_was_typed_and_is_spoken_from_then_on(invitation):
    browser = PlainBrowser()
    browser.go("/i/")
    browser.press({"code": invitation.code, "birth_date": RIGHT}, "!language", "es")
    assert "Abra sus formularios" in browser.page.text
    assert dict(browser.page.fields)["code"] == invitation.code
    browser.press()
    assert browser.page.text.count("Sus formularios") >= 1
    assert state_of(invitation).language == "es"


def test_hostile_input_is_refused_in_plain_words(invitation):
    for token in (
        "\x00",
        "<script>alert(1)</script>",
        "x" * 100_000,
        "\ud800".encode("utf-8", "surrogatepass").decode("latin1"),
    ):
        reply = Client().post("/i/", {"token": token, "birth_date": RIGHT})
        assert reply.status_code == 422
        assert b"<script>alert" not in reply.content


def test_a_post_without_our_token_is_refused(invitation):
    client = Client(enforce_csrf_checks=True)
    reply = client.post("/i/", {"code": invitation.code, "birth_date": RIGHT})
    assert reply.status_code == 403
    assert b"Please open the page again" in reply.content
    assert b"988" in reply.content
    assert state_of(invitation).state == Packet.State.INVITED


def test_the_way_in_tells_where_the_link_is_and_asks_for_ones_own_date_of_birth():
    page = PlainBrowser().go("/i/")
    assert "Or open the link in your message again." in page.text
    assert "Your date of birth Or the patient’s, if you are helping someone." in page.text


def test_the_language_chosen_here_outlives_a_wrong_try_and_is_the_packets(invitation):
    browser = PlainBrowser()
    browser.go("/i/")
    browser.press({"code": invitation.code}, "!language", "es")
    assert "No pudimos" in browser.press({"birth_date": WRONG}).text
    browser.press({"birth_date": RIGHT})
    assert browser.url == "/i/packet/"
    assert state_of(invitation).language == "es"


def test_a_page_that_closed_itself_leads_back_to_the_way_in_in_its_own_language(invitation):
    browser = opened(invitation)
    page = browser.press(name="!language", value="es")
    ended = re.search(r'data-ended="([^"]+)"', page.html)[1].replace("&amp;", "&")
    assert "Abra sus formularios" in PlainBrowser().go(ended).text
    assert "Open your forms" in PlainBrowser().go("/i/?speaks=xx").text
