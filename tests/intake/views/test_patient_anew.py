"""What was taken back may be decided anew; what another window decided or changed is said, never thrown away."""

from datetime import timedelta

import packets as given
import pytest
from patient_pages import fill, invited, opened, sign, states

from consents.models import Revocation, Signature
from core import clock
from intake.models import Packet, Step
from intake.views import patient

SHARING = "/i/packet/share-permission/"
DOCUMENTS = ("esign", "privacy-notice", "treatment", "video-visits", "share-permission", "messages")


@pytest.fixture
def world(world):
    given.publish(world, esign=True)
    return world


@pytest.fixture
def invitation(world):
    """One packet with every kind of document of ours that is in force and can be taken back."""
    found = invited(world)
    kinds = {"video-visits": "telehealth", "messages": "comms"}
    for position, slug in enumerate(kinds, start=90):
        if slug not in states(found):
            kind = {"what": "consent", "consent_kind": kinds[slug], "must": "decide"}
            Step.objects.create(packet=found.packet, position=position, slug=slug, **kind)
    return found


def latest(slug):
    return Signature.objects.filter(version__document__slug=slug).latest("signed_at")


def take_back(browser, slug):
    browser.go(f"/i/packet/permissions/{latest(slug).id}/")
    return browser.press({"birth_date": "03/15/1990"})


def test_every_document_can_be_signed_taken_back_declined_and_signed_again(invitation):
    """Each act is a row of its own, and each time the page says what stands."""
    browser = opened(invitation)
    for slug in DOCUMENTS:
        sign(browser, slug)
        assert states(invitation)[slug] == "done", slug
    for slug in reversed(DOCUMENTS):
        if slug == "privacy-notice":  # a receipt is nothing to take back
            continue
        here = f"/i/packet/{slug}/"
        take_back(browser, slug)
        again = f"{here}?again" if slug == "esign" else here
        assert "You took this back on" in browser.go("/i/packet/").text
        page = browser.go(again)
        assert "You took this back on" in page.text, slug
        page = browser.press(name="decision", value="signed")
        assert browser.response.status_code == 422, "nothing was ticked"
        assert "Nothing was signed yet" in page.text
        fill(browser)
        assert latest(slug).round == 1, slug
        assert "You took this back on" not in browser.go(here).text
        take_back(browser, slug)
        browser.go(again)
        browser.press(name="decision", value="declined")
        assert latest(slug).decision == "declined", slug
        browser.go(f"{here}?again")
        fill(browser)
        signed = Signature.objects.filter(version__document__slug=slug, decision="signed")
        assert sorted(signed.values_list("round", flat=True)) == [0, 1, 2], slug
        assert not latest(slug).revocations.exists()


def test_without_the_agreement_to_care_the_page_says_that_nothing_can_be_sent_and_the_way_goes_there(invitation):
    browser = opened(invitation)
    for slug in ("esign", "treatment"):
        sign(browser, slug)
    take_back(browser, "treatment")
    assert "cannot start your care without it" in browser.go("/i/packet/treatment/").text
    assert "/i/packet/treatment/" in browser.go("/i/packet/review/").links
    steps = patient.selectors.steps(invitation.packet, "en")
    assert "treatment" in {one.slug for one in steps if one.state == "waiting" and not patient.is_finished(one)}


def test_the_questions_about_alcohol_and_drugs_open_with_the_new_permission(invitation):
    browser = opened(invitation)
    for slug in ("esign", "share-permission"):
        sign(browser, slug)
    take_back(browser, "share-permission")
    assert "Locked." in browser.go("/i/packet/").text
    browser.go(SHARING)
    fill(browser)
    assert "dast10-q1" in browser.go("/i/packet/dast-10/").names
    given.answer(invitation.packet, "dast-10")


def test_a_page_from_before_the_end_signs_nothing_anew(invitation):
    browser = opened(invitation)
    sign(browser, "esign")
    page = browser.go("/i/packet/treatment/")
    typed = dict(page.fields) | {"decision": "signed", "signer_name": "Rosa Núñez"}
    typed |= {"statement": page.choices["statement"]}
    browser.client.post("/i/packet/treatment/", typed)
    later = clock.now() + timedelta(minutes=1)
    Revocation.objects.create(signature=latest("treatment"), why="revoked", how="link", at=later)
    late = browser.client.post("/i/packet/treatment/", typed)
    assert late.status_code == 409
    assert "after this page was opened" in late.content.decode()
    assert Signature.objects.filter(kind="treatment").count() == 1


def test_a_no_from_a_second_window_after_a_yes_is_told_and_a_yes_after_a_no_counts(invitation):
    browser, other = opened(invitation), opened(invitation)
    sign(browser, "esign")
    other.go(SHARING)
    sign(browser, "share-permission")
    page = other.press(name="decision", value="declined")
    assert other.response.status_code == 409
    assert "You already signed this in another window. Your no was not recorded." in page.text
    assert f"/i/packet/permissions/{latest('share-permission').id}/" in page.links
    other.go("/i/packet/video-visits/")
    browser.go("/i/packet/video-visits/")
    browser.press(name="decision", value="declined")
    fill(other)
    assert latest("video-visits").decision == "signed"


def test_the_other_language_is_the_whole_pages_with_nothing_ticked_and_is_what_is_signed(invitation):
    browser = opened(invitation)
    sign(browser, "esign")
    page = browser.go("/i/packet/treatment/")
    page = browser.press({"statement": page.choices["statement"]}, "!language", "es")
    assert '<html lang="es">' in page.html and ("!language", "en") in page.buttons
    assert "Para firmar, escriba su nombre completo" in page.text and "Type your full name" not in page.text
    assert browser.response["Content-Language"] == "es"
    assert not [name for name, _ in page.fields if name == "statement"]
    fill(browser)
    assert latest("treatment").version.language == "es"


def test_when_only_the_language_changed_in_another_window_the_page_says_that(invitation):
    browser = opened(invitation)
    sign(browser, "esign")
    browser.go("/i/packet/treatment/")
    Packet.objects.update(language="es")
    page = fill(browser)
    assert browser.response.status_code == 409
    assert "idioma" in page.text and '<html lang="es">' in page.html
    assert not Signature.objects.filter(kind="treatment").exists()
