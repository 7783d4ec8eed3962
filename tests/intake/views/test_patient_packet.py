"""The overview, the review and the finish page: honest about what is done, exact about what is missing."""

import packets as given
import pytest
import staff_story
from patient_pages import answer, opened, sign

import consents.selectors
from consents.services import sealing
from intake import selectors
from intake.models import Packet, Submission
from intake.services import submission


def prologue(world):
    invitation = given.invite(world)
    return invitation, opened(invitation)


@pytest.fixture
def invitation(story):
    return story[0]


@pytest.fixture
def browser(story):
    return story[1]


def test_the_overview_counts_what_is_really_done(browser):
    assert "0 of 15 parts are done." in browser.page.text
    sign(browser, "treatment")
    answer(browser, "insurance", given.ANSWERS["insurance"])
    answer(browser, "gad-7", {"gad7-q1": given.NOT_AT_ALL})
    page = browser.go("/i/packet/")
    assert "2 of 15 parts are done." in page.text
    assert "6 answers still needed" in page.text


def main_button(page) -> str:
    return page.html.partition('class="button main" href="')[2].partition('"')[0]


def test_the_overview_leads_to_the_next_open_part_and_then_to_where_the_patient_was(browser):
    assert main_button(browser.page) == "/i/packet/privacy-notice/"
    answer(browser, "demographics", {"demo-given": ["Rosa"]})
    assert main_button(browser.go("/i/packet/")) == "/i/packet/insurance/?at=ins-coverage"


def test_the_review_links_to_the_very_field_with_its_own_words(browser, invitation):
    given.complete(invitation.packet)
    for slug, key in (("demographics", "demo-family"), ("phq-9", "phq9-q9"), ("dast-10", "dast10-q4")):
        given.answer(invitation.packet, slug, {key: []})
        page = browser.go("/i/packet/review/")
        [missing] = selectors.missing(invitation.packet, "en")
        assert missing.label in page.text
        assert "One thing is still needed" in page.text
        address, _, anchor = f"/i/packet/{slug}/?at={key}#q-{key}".partition("#")
        assert f"{address}#{anchor}" in page.links
        assert anchor in browser.go(address).ids
        given.answer(invitation.packet, slug, {key: given.ANSWERS[slug][key]})
    assert "Everything is filled in" in browser.go("/i/packet/review/").text


def test_sending_is_refused_while_something_is_missing_and_nothing_is_lost(browser, invitation):
    given.complete(invitation.packet)
    given.answer(invitation.packet, "insurance", {"ins-have": []})
    page = browser.go("/i/packet/review/")
    reply = browser.client.post("/i/packet/review/", dict(page.fields))
    assert reply.status_code == 422
    assert "Not sent yet. Nothing is lost." in reply.content.decode()
    assert "Do you have health insurance?" in reply.content.decode()
    assert not Submission.objects.exists()


def test_sending_twice_sends_once(browser, invitation):
    given.complete(invitation.packet)
    page = browser.go("/i/packet/review/")
    for _ in range(3):
        reply = browser.client.post("/i/packet/review/", dict(page.fields))
        assert (reply.status_code, reply["Location"]) == (302, "/i/packet/done/")
    assert Submission.objects.count() == 1


def test_a_spoilt_key_still_sends_once(browser, invitation):
    given.complete(invitation.packet)
    page = browser.go("/i/packet/review/")
    for _ in range(2):
        assert browser.client.post("/i/packet/review/", dict(page.fields) | {"key": "x"}).status_code == 302
    assert Submission.objects.count() == 1


def test_a_packet_that_was_sent_elsewhere_leads_to_the_finish_page(browser, invitation):
    given.complete(invitation.packet)
    page = browser.go("/i/packet/review/")
    submission.submit(packet=Packet.objects.get(), key=invitation.packet.id)
    assert browser.client.post("/i/packet/review/", dict(page.fields))["Location"] == "/i/packet/done/"
    assert browser.client.post("/i/packet/phq-9/", dict(page.fields))["Location"] == "/i/packet/done/"


def test_sending_needs_our_token(browser, invitation):
    given.complete(invitation.packet)
    browser.go("/i/packet/review/")
    assert browser.client.post("/i/packet/review/", {"key": str(invitation.packet.id)}).status_code == 403
    assert not Submission.objects.exists()


def test_the_finish_page_offers_the_signed_copies_and_never_an_answer(browser, invitation):
    given.complete(invitation.packet)
    browser.go("/i/packet/review/")
    page = browser.press()
    assert "Thank you. Your forms were sent." in page.text
    assert "Your copy is not ready yet" in page.text
    assert "988" in page.text
    assert not {"Rosa", "Cannabis", "Not at all"} & set(page.text.split())
    sealing.seal_due()
    page = browser.go("/i/packet/done/")
    addresses = [address for address in page.links if address.endswith(".pdf")]
    assert len(addresses) == 3
    reply = browser.client.get(addresses[0])
    assert reply["Content-Type"] == "application/pdf"
    assert reply["Content-Disposition"].startswith("attachment")
    assert reply["Cache-Control"] == "no-store"
    assert reply.content.startswith(b"%PDF")


def test_the_notice_of_42_cfr_2_22_is_shown_before_sending_and_asks_for_no_signature(world):
    invitation = given.invite(world, notice=True)
    browser = opened(invitation)
    given.complete(invitation.packet)
    with pytest.raises(submission.NotComplete):
        submission.submit(packet=invitation.packet, key=invitation.packet.id)
    page = browser.go("/i/packet/records-notice/")
    assert "Federal law protects the privacy of records" in page.text and "signer_name" not in page.names
    browser.press(name="decision", value="read")
    assert submission.submit(packet=invitation.packet, key=invitation.packet.id).state == "submitted"
    again = given.packets.invite(
        patient=world.patient, program=world.program, site=None, language="en", invited_by=world.front_desk
    )
    assert "records-notice" not in {step.slug for step in again.packet.steps.all()}


def test_a_declined_document_has_no_copy(browser, invitation):
    given.complete(invitation.packet, declined=True)
    sealing.seal_due()
    declined = next(
        one for one in consents.selectors.signed_documents(invitation.packet.id) if one.decision != "signed"
    )
    assert browser.client.get(f"/i/packet/documents/{declined.signature_id}.pdf").status_code == 404
    browser.go("/i/packet/review/")
    page = browser.press()
    assert page.text.count("Save a copy (PDF)") == 2
    assert "being prepared" not in page.text


def test_the_finish_page_comes_only_after_sending(browser):
    browser.go("/i/packet/done/")
    assert browser.url == "/i/packet/"


def test_every_page_of_the_packet_speaks_the_other_language_at_the_same_place(browser):
    for path in ("", "review/", "dast-10/"):
        browser.go(f"/i/packet/{path}")
        page = browser.press(name="!language", value="es")
        assert browser.url == f"/i/packet/{path}"
        assert '<html lang="es">' in page.html
        browser.press(name="!language", value="en")


def test_parts_that_a_no_skips_are_neither_done_nor_to_do(browser, invitation):
    given.sign(invitation.packet, "share-permission", "declined")
    page = browser.go("/i/packet/")
    assert "1 of 13 parts are done." in page.text
    assert "Skipped, because you said no" in page.text
    assert "Part 13 of 13 · 1 done" in browser.go("/i/packet/safety/").text
    skipped = browser.go("/i/packet/dast-10/")
    assert "We skip this part" in skipped.text
    assert "Part " not in skipped.title + skipped.text


def test_the_time_left_never_rises_because_a_locked_part_opens(browser, invitation):
    def seconds():
        return sum(step.seconds_left for step in selectors.steps(Packet.objects.get(), "en"))

    before = seconds()
    given.sign(invitation.packet, "share-permission")
    assert seconds() == before - selectors.standing.SECONDS_FOR_A_DOCUMENT
    assert "Some answers bring a few more questions." in browser.go("/i/packet/").text


def test_the_review_leads_to_every_part_to_look_it_over_or_change_it(browser, invitation):
    given.complete(invitation.packet)
    page = browser.go("/i/packet/review/")
    assert {f"/i/packet/{slug}/" for slug in (*given.DOCUMENTS, *given.ANSWERS)} <= set(page.links)
    assert page.text.count("Look it over or change it") == len(given.ANSWERS)
    assert page.text.index("Send my forms") < page.text.index("Look over your answers first")
    given.answer(invitation.packet, "insurance", {"ins-have": []})
    page = browser.go("/i/packet/review/")
    assert page.text.count("Look it over or change it") == len(given.ANSWERS) - 1


DANGER = {"phq9-q9": [given.SEVERAL]}


@pytest.mark.parametrize("is_rostered", [True, False])
def test_the_finish_page_begins_with_help_where_an_answer_told_of_danger(browser, invitation, world, is_rostered):
    given.complete(invitation.packet)
    given.answer(invitation.packet, "phq-9", DANGER)
    if is_rostered:
        staff_story.publish(world)
    browser.go("/i/packet/review/")
    page = browser.press()
    assert browser.url == "/i/packet/done/"
    main = page.text.partition("Thank you. Your forms were sent.")[2].partition("What happens next")[0]
    assert main.index("You can talk to someone right now.") < main.index("Call 988") < main.index("You are done.")
    assert ("We have alerted the clinic’s care team" in main) is is_rostered
    assert ("there may be nobody at the clinic to read it" in main) is not is_rostered
    assert "Several days" not in page.text


def test_only_the_screen_that_sent_it_is_told_so(browser, invitation):
    given.complete(invitation.packet)
    given.answer(invitation.packet, "phq-9", DANGER)
    browser.go("/i/packet/review/")
    browser.press()
    later = opened(invitation)
    assert later.url == "/i/packet/done/"
    assert "You can talk to someone right now." not in later.page.html.partition('id="crisis"')[0]


def test_the_finish_page_claims_nothing_where_no_answer_told_of_danger(browser, invitation):
    given.complete(invitation.packet)
    browser.go("/i/packet/review/")
    page = browser.press()
    assert "You can talk to someone right now." not in page.html.partition('id="crisis"')[0]
