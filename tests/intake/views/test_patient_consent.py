"""A document on its own page: nothing ticked beforehand, nothing signed by accident, never an outdated text."""

import packets as given
import pytest
from patient_pages import new_text, opened

from consents.models import DocumentVersion, Signature
from core import clock

NAME = {"signer_name": "Rosa Núñez"}


def prologue(world):
    invitation = given.invite(world)
    return invitation, opened(invitation)


@pytest.fixture
def invitation(story):
    return story[0]


@pytest.fixture
def browser(story):
    return story[1]


def test_the_page_shows_the_text_and_ticks_nothing(browser):
    page = browser.go("/i/packet/treatment/")
    assert "I agree to care at Harbor Clinic" in page.text
    assert not [value for name, value in page.fields if name == "statement"]
    assert 'autocomplete="name"' in page.html
    assert page.html.count("<h1") == 1


def test_the_enter_key_signs_nothing(browser):
    """The first button of the form is the one that Enter presses: here it is switched off."""
    html = browser.go("/i/packet/treatment/").html
    first = html[html.index('form="page"') :].split(">")[0]
    assert "disabled" in first


def test_signing_stores_exactly_what_was_shown_with_its_circumstances(browser, invitation):
    page = browser.go("/i/packet/treatment/")
    shown = dict(page.fields)["shown_sha256"]
    browser.press({"statement": page.choices["statement"], **NAME}, "decision", "signed")
    assert browser.url == "/i/packet/share-permission/"
    signature = Signature.objects.get(source_ref=invitation.packet.id)
    assert signature.shown_sha256 == shown
    assert signature.shown_html in page.html
    assert signature.evidence["identity_check"] == "link_and_birth_date"
    assert signature.evidence["ip"] == "127.0.0.1"


def test_what_is_missing_is_named_all_at_once_and_what_was_typed_stays(browser):
    browser.go("/i/packet/treatment/")
    page = browser.press(name="decision", value="signed")
    assert browser.response.status_code == 422
    assert {"#statements", "#signer_name"} <= set(page.links)
    assert {"statements", "signer_name"} <= page.ids
    page = browser.press(NAME, "decision", "signed")
    assert dict(page.fields)["signer_name"] == "Rosa Núñez"
    assert "#signer_name" not in page.links
    assert "#statements" in page.links
    assert not Signature.objects.exists()


def test_a_post_without_a_decision_or_with_a_strange_one_signs_nothing(browser):
    page = browser.go("/i/packet/treatment/")
    posted = dict(page.fields) | NAME | {"statement": page.choices["statement"]}
    for decision in ({}, {"decision": "approved"}, {"decision": "refused"}):
        reply = browser.client.post("/i/packet/treatment/", posted | decision)
        assert reply.status_code == 422
        assert b"Please choose one of the buttons" in reply.content
    assert not Signature.objects.exists()


def test_an_outdated_text_is_not_signed_the_new_one_is_shown(browser, world):
    page = browser.go("/i/packet/treatment/")
    new_text(world, "treatment")
    page = browser.press({"statement": page.choices["statement"], **NAME}, "decision", "signed")
    assert browser.response.status_code == 409
    assert "The text of this page has changed" in page.text
    assert "Now with new words" in page.text
    assert dict(page.fields)["signer_name"] == "Rosa Núñez"
    assert not Signature.objects.exists()
    browser.press({"statement": page.choices["statement"]}, "decision", "signed")
    assert Signature.objects.count() == 1


def test_a_text_that_changed_after_signing_is_asked_for_again_in_its_own_words(browser, world):
    page = browser.go("/i/packet/treatment/")
    browser.press({"statement": page.choices["statement"], **NAME}, "decision", "signed")
    new_text(world, "treatment")
    assert "The text has changed since you signed" in browser.go("/i/packet/review/").text
    page = browser.go("/i/packet/treatment/")
    browser.press({"statement": page.choices["statement"], **NAME}, "decision", "signed")
    assert "The text has changed since you signed" not in browser.go("/i/packet/review/").text


def test_signing_twice_signs_once(browser):
    page = browser.go("/i/packet/treatment/")
    signing = {"statement": page.choices["statement"], "decision": "signed"}
    posted = dict(page.fields) | NAME | signing
    for _ in range(2):
        assert browser.client.post("/i/packet/treatment/", posted).status_code in (200, 302)
    assert Signature.objects.count() == 1
    assert "You are done with this page" in browser.go("/i/packet/treatment/").text


def test_a_no_to_treatment_is_kept_and_says_whom_to_call(browser):
    browser.go("/i/packet/treatment/")
    browser.press(name="decision", value="declined")
    page = browser.go("/i/packet/treatment/")
    assert "cannot start your care without it" in page.text
    assert "tel:5550100100" in page.links
    assert "/i/packet/treatment/" in browser.go("/i/packet/review/").links


def test_after_a_no_the_document_can_be_read_again_and_signed(browser):
    browser.go("/i/packet/share-permission/")
    browser.press(name="decision", value="declined")
    page = browser.go("/i/packet/share-permission/")
    assert "?again" in page.links
    assert "We skip the questions about alcohol and drugs." in page.text
    assert "/i/packet/share-permission/?again" in browser.go("/i/packet/dast-10/").links
    page = browser.go("/i/packet/share-permission/?again")
    browser.press({"statement": page.choices["statement"], **NAME}, "decision", "signed")
    assert "dast10-q1" in browser.go("/i/packet/dast-10/").names


def test_a_yes_is_not_undone_by_a_later_tap(browser):
    page = browser.go("/i/packet/share-permission/")
    browser.press({"statement": page.choices["statement"], **NAME}, "decision", "signed")
    declining = dict(page.fields) | {"decision": "declined"}
    late = browser.client.post("/i/packet/share-permission/", declining)
    assert late.status_code == 409
    assert "Your no was not recorded" in late.content.decode()
    assert f"/i/packet/permissions/{Signature.objects.get().id}/" in late.content.decode()
    assert [one.decision for one in Signature.objects.all()] == ["signed"]


def test_the_document_is_shown_in_the_other_language_with_the_name_kept(browser):
    browser.go("/i/packet/treatment/")
    page = browser.press(NAME, "!language", "es")
    assert dict(page.fields)["signer_name"] == "Rosa Núñez"
    assert '<article class="document" lang="es">' in page.html
    assert not Signature.objects.exists()


def test_a_name_full_of_markup_stays_text(browser):
    page = browser.go("/i/packet/treatment/")
    page = browser.press({"signer_name": "<script>alert(1)</script>"}, "decision", "signed")
    assert "<script>alert" not in page.html


def test_a_post_without_our_token_signs_nothing(browser):
    page = browser.go("/i/packet/treatment/")
    fields = {name: value for name, value in page.fields if name != "csrfmiddlewaretoken"} | NAME
    posted = fields | {"statement": page.choices["statement"], "decision": "signed"}
    assert browser.client.post("/i/packet/treatment/", posted).status_code == 403
    assert not Signature.objects.exists()


def test_a_document_that_the_clinic_has_not_published_says_so_kindly(browser):
    DocumentVersion.objects.filter(document__slug="treatment").update(state="retired", retired_at=clock.now())
    page = browser.go("/i/packet/treatment/")
    assert browser.response.status_code == 503
    assert "This is not your fault" in page.text
