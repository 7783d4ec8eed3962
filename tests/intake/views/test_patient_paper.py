"""Nothing is signed on a screen before that was agreed to, by somebody who could open a PDF; paper may be chosen."""

import uuid

import packets as given
import pytest
from patient_pages import fill, invited, opened, sign, states

import consents.services
from consents.models import PrivacyTask, Revocation, Signature
from consents.policy import Kind
from intake import selectors
from intake.models import Packet, Step
from intake.services import packets, submission
from intake.services.respondents import answer_as

TREATMENT = "/i/packet/treatment/"


def prologue(world):
    """The page about signing on a screen is in force."""
    given.publish(world, esign=True)


def test_a_packet_of_one_document_has_nothing_else_but_the_agreement_before_it(world):
    kin = {"patient": world.patient, "program": world.program, "site": None, "language": "en"}
    packet = packets.invite(**kin, invited_by=world.front_desk, only="treatment").packet
    assert [one.slug for one in selectors.steps(packet, "en")] == ["esign", "treatment"]
    given.sign(packet, "esign")
    given.sign(packet, "treatment")
    with pytest.raises(packets.NothingToAsk):
        packets.invite(**kin, invited_by=world.front_desk, only="treatment")
    assert Packet.objects.count() == 1


# --- on a screen, or on paper ----------------------------------------------------------------------------


def test_nothing_is_signed_before_signing_on_a_screen_is_agreed_to(world):
    invitation = invited(world)
    browser = opened(invitation)
    page = browser.go(TREATMENT)
    assert "First, please read the page about signing on a screen" in page.text
    assert "/i/packet/esign/" in page.links
    with pytest.raises(submission.ScreenFirst):
        given.sign(invitation.packet, "treatment")
    token = {"csrfmiddlewaretoken": dict(page.fields)["csrfmiddlewaretoken"], "decision": "signed"}
    assert browser.client.post(TREATMENT, token).status_code == 409
    assert not Signature.objects.exists()


@pytest.mark.parametrize("word", ["", "gardens", "flower"])
def test_without_the_word_of_the_sample_nobody_agrees_and_paper_is_offered(world, word):
    browser = opened(invited(world))
    page = browser.go("/i/packet/esign/")
    assert "/static/documents/sample.en.pdf" in page.links
    page = fill(browser, word=word)
    assert browser.response.status_code == 422 and "#word" in page.links
    assert ("choose paper" in page.text) is bool(word)
    assert "I want paper" in page.text and not Signature.objects.exists()


@pytest.mark.parametrize("word", ["garden", " Garden. ", "JARDÍN", "jardin"])
def test_the_word_shows_that_the_file_was_opened_and_each_later_act_names_the_agreement(world, word):
    invitation = invited(world)
    browser = opened(invitation)
    browser.go("/i/packet/esign/")
    fill(browser, word=word)
    assert browser.url == "/i/packet/privacy-notice/"
    agreed = Signature.objects.get(kind="esign")
    assert agreed.evidence["access_shown_by"] == "sample-pdf"
    sign(browser, "treatment")
    assert Signature.objects.get(kind="treatment").evidence["esign_signature"] == str(agreed.pk)
    assert "esign" not in {one.slug for one in selectors.steps(invited(world).packet, "en")}


def test_whoever_wants_paper_signs_nothing_and_can_still_send_the_rest(world):
    invitation = invited(world)
    browser = opened(invitation)
    browser.go("/i/packet/esign/")
    page = browser.press(name="decision", value="declined")
    assert browser.url == "/i/packet/demographics/"
    assert "The front desk will see" in browser.go("/i/packet/esign/").text
    assert "You chose paper" in browser.go(TREATMENT).text
    page = browser.go("/i/packet/dast-10/")
    assert "because you chose paper" in page.text and "dast10-q1" not in page.names
    with pytest.raises(submission.ScreenFirst):
        given.sign(invitation.packet, "treatment")
    for slug in given.ANSWERS:
        if slug not in given.SUD:
            given.answer(invitation.packet, slug)
    desk = selectors.desk_status(invitation.packet)
    assert "Wants paper to sign, not the screen" in desk.declined
    assert "Agreement to care" in desk.waiting
    assert submission.submit(packet=invitation.packet, key=uuid.uuid4()).state == "submitted"
    assert [one.decision for one in Signature.objects.all()] == ["declined"]


def test_after_paper_the_screen_can_still_be_chosen(world):
    invitation = invited(world)
    browser = opened(invitation)
    browser.go("/i/packet/esign/")
    browser.press(name="decision", value="declined")
    assert states(invitation)["dast-10"] == "skipped"
    assert "/i/packet/esign/?again" in browser.go(TREATMENT).links
    browser.go("/i/packet/esign/?again")
    fill(browser)
    assert states(invitation)["dast-10"] == "waiting"
    sign(browser, "treatment")
    sign(browser, "share-permission")
    assert "dast10-q1" in browser.go("/i/packet/dast-10/").names


def test_paper_does_not_close_what_an_earlier_permission_opened(world):
    first = invited(world)
    given.sign(first.packet, "esign")
    given.sign(first.packet, "share-permission")
    agreed = Signature.objects.get(kind="esign")
    consents.services.revoke(signature=agreed, why="revoked", note="", actor=given.SEED)
    invitation = invited(world)
    given.sign(invitation.packet, "esign", "declined")
    assert states(invitation)["dast-10"] == "waiting"
    given.answer(invitation.packet, "dast-10")


# --- agreed to, and taken back (15 USC 7001(c)(1)(B)) -------------------------------------------------------


def taken_back(browser, **typed):
    """By the patient, on the page of what they allowed."""
    agreed = Signature.objects.filter(kind="esign").latest("signed_at")
    page = browser.go("/i/packet/permissions/")
    assert f"/i/packet/permissions/{agreed.id}/" in page.links
    page = browser.go(f"/i/packet/permissions/{agreed.id}/")
    assert "What you signed stays signed." in page.text and "Nothing was shared" not in page.text
    return browser.press({"birth_date": "03/15/1990", **typed})


def test_whoever_agreed_may_have_the_rest_on_paper_and_what_was_signed_stays(world):
    invitation = invited(world)
    browser = opened(invitation)
    for slug in ("esign", "privacy-notice"):
        given.sign(invitation.packet, slug)
    taken_back(browser, birth_date="01/01/1980")
    assert not Revocation.objects.exists()
    page = taken_back(browser)
    assert browser.url == "/i/packet/permissions/"
    for words in ("You took back your agreement", "Paper is free", "555-010-0100"):
        assert words in page.text
    row = Revocation.objects.get()
    assert (row.signature.kind, row.how) == ("esign", "link")
    assert PrivacyTask.objects.filter(ref=row.id).exists(), "somebody has to see to the paper"
    parts = browser.go("/i/packet/")
    # Treatment, and the permission with its two sections; the agreement itself says that it was taken back.
    assert parts.text.count("On paper, as you asked") == 4
    assert parts.text.count("You took this back on") == 1
    assert "/i/packet/privacy-notice/" in parts.links, "it can still be read"
    page = browser.go(TREATMENT)
    assert "You chose paper" in page.text and "/i/packet/esign/?again" in page.links
    with pytest.raises(submission.ScreenFirst):
        given.sign(invitation.packet, "treatment")
    token = {"csrfmiddlewaretoken": dict(page.fields)["csrfmiddlewaretoken"], "decision": "signed"}
    assert browser.client.post(TREATMENT, token).status_code == 409
    assert "Wants paper to sign, not the screen" in selectors.desk_declined(invitation.packet)
    for slug in given.ANSWERS:
        if slug not in given.SUD:
            given.answer(invitation.packet, slug)
    assert submission.submit(packet=invitation.packet, key=uuid.uuid4()).state == "submitted"
    assert {one.kind for one in Signature.objects.all()} == {"esign", "npp_ack"}


def test_told_by_telephone_it_holds_for_every_open_packet_until_it_is_agreed_to_again(world):
    first = invited(world)
    given.sign(first.packet, "esign")
    second = invited(world)
    assert "esign" not in states(second)
    agreed = Signature.objects.get(kind="esign")
    consents.services.revoke(signature=agreed, why="revoked", how="phone", note="", actor=given.SEED)
    for invitation in (first, second):
        with pytest.raises(submission.ScreenFirst):
            given.sign(invitation.packet, "treatment")
        assert all(one.closed == "paper" for one in selectors.steps(invitation.packet, "en") if one.what == "consent")
    third = invited(world)
    with pytest.raises(submission.ScreenFirst):
        given.sign(third.packet, "treatment")
    given.sign(third.packet, "esign")
    for invitation in (third, second):
        given.sign(invitation.packet, "treatment")


def test_a_stranger_takes_back_no_agreement(world):
    given.sign(invited(world).packet, "esign")
    stranger = opened(invited(world), birth_date="1/1/1999")
    here = f"/i/packet/permissions/{Signature.objects.get().id}/"
    assert stranger.client.post(here, {"birth_date": "03/15/1990"}).status_code in (302, 403)
    assert not Revocation.objects.exists()


def test_the_desk_has_a_neutral_name_for_every_kind_of_document():
    told = {kind: selectors.desk_label(Step(what="consent", slug="x", consent_kind=kind)) for kind in Kind}
    for words in told.values():
        assert words and not {*words.lower().split()} & {"substance", "drug", "alcohol", "federal", "legal", "part"}


# --- strangers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", ["esign", "treatment"])
def test_a_stranger_is_shown_no_document_and_signs_none(world, slug):
    packet = invited(world).packet
    stranger = opened(invited(world), birth_date="1/1/1999")
    for reply in (
        stranger.client.get(f"/i/packet/{slug}/"),
        stranger.client.get(f"/i/packet/{slug}/?again"),
        stranger.client.get(f"/i/packet/{slug}/?back"),
    ):
        assert (reply.status_code, reply["Location"]) == (302, "/i/?closed#main")
    answer_as(packet=packet)
    assert not Signature.objects.exists()
