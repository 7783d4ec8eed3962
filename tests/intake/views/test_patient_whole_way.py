"""The whole way without JavaScript: from the link to the finish page, by pressing buttons that are on the page."""

import packets as given
import pytest
from plain_browser import PlainBrowser

from intake.models import Packet, Step


@pytest.fixture
def invitation(world):
    return given.invite(world)


def opened(invitation) -> PlainBrowser:
    browser = PlainBrowser()
    browser.go("/i/")
    browser.press({"code": invitation.code, "birth_date": "3/15/1990"})
    return browser


def sign(browser, slug) -> None:
    browser.go(f"/i/packet/{slug}/")
    browser.press({"statement": browser.page.choices["statement"], "signer_name": "Rosa Núñez"}, "decision", "signed")


def answer(browser, slug, answers) -> None:
    """As often as the page asks for more because of an answer."""
    browser.go(f"/i/packet/{slug}/")
    while browser.url == f"/i/packet/{slug}/":
        here = {name for name, _ in browser.page.fields} | browser.page.choices.keys()
        browser.press({key: texts for key, texts in answers.items() if key in here})


def test_a_patient_finishes_with_forms_alone(invitation):
    browser = opened(invitation)
    assert browser.url == "/i/packet/"
    for slug in given.DOCUMENTS:
        sign(browser, slug)
    for slug, answers in given.ANSWERS.items():
        answer(browser, slug, answers)
    assert browser.url == "/i/packet/review/"
    browser.press()
    assert browser.url == "/i/packet/done/"
    invitation.packet.refresh_from_db()
    assert invitation.packet.state == Packet.State.SUBMITTED
