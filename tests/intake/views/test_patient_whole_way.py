"""The whole way without JavaScript: from the link to the finish page, by pressing buttons that are on the page."""

import packets as given
import pytest
from patient_pages import answer, opened, sign

from intake.models import Packet, Response
from intake.services import packets, submission


@pytest.fixture
def invitation(world):
    return given.invite(world)


def do_everything(browser) -> None:
    for slug in given.DOCUMENTS:
        sign(browser, slug)
    for slug, answers in given.ANSWERS.items():
        answer(browser, slug, answers)


def test_a_patient_finishes_with_forms_alone(invitation):
    browser = opened(invitation)
    assert browser.url == "/i/packet/"
    do_everything(browser)
    assert browser.url == "/i/packet/review/"
    browser.press()
    assert browser.url == "/i/packet/done/"
    invitation.packet.refresh_from_db()
    assert invitation.packet.state == Packet.State.SUBMITTED


def test_a_declined_permission_skips_the_substance_use_parts_and_still_submits(invitation):
    browser = opened(invitation)
    for slug in given.DOCUMENTS[:2]:
        sign(browser, slug)
    browser.go("/i/packet/share-permission/")
    browser.press(name="decision", value="declined")
    for slug, answers in given.ANSWERS.items():
        if slug not in given.SUD:
            answer(browser, slug, answers)
    skipped = browser.go("/i/packet/dast-10/")
    assert "nothing here is asked and nothing is stored" in skipped.text
    browser.go("/i/packet/review/")
    assert "still needed" not in browser.page.text
    browser.press()
    assert browser.url == "/i/packet/done/"
    assert not Response.objects.filter(sensitivity="sud").exists()


def test_the_privacy_notice_is_refused_with_a_reason_and_the_rest_goes_on(invitation):
    browser = opened(invitation)
    browser.go("/i/packet/privacy-notice/")
    kindly = browser.press(name="decision", value="refused")
    assert browser.response.status_code == 422
    assert "tell us in a few words why" in kindly.text
    browser.press({"reason": "I want to read it at home first"}, "decision", "refused")
    assert browser.url == "/i/packet/treatment/"
    wanted, _, done = browser.go("/i/packet/review/").html.partition('id="look"')
    assert "/i/packet/privacy-notice/" not in wanted
    assert "/i/packet/privacy-notice/" in done


def test_a_finished_packet_opens_again_on_its_last_page_only(invitation):
    given.complete(invitation.packet)
    submission.submit(packet=invitation.packet, key=invitation.packet.id)
    again = packets.reissue(packet=invitation.packet, by=invitation.packet.invited_by)
    browser = opened(again)
    assert browser.url == "/i/packet/done/"
    for path in ("", "review/", "phq-9/", "privacy-notice/", "substance-use/"):
        browser.go(f"/i/packet/{path}")
        assert browser.url == "/i/packet/done/"
    assert "Rosa" not in browser.page.html
