"""What the patient reads of each kind of document before and after taking it back, and of what waits on paper."""

import packets as given
import pytest
from consent_screen import TEST
from patient_pages import invited, opened, sign

import consents.services
import consents.services.sealing
from consents.models import Signature
from intake.models import Packet
from intake.services.respondents import answer_as

HERE = "/i/packet/permissions/"
KINDS = [
    (
        "treatment",
        "Without your agreement to care the clinic cannot start your care, and your forms cannot be sent.",
        "The clinic cannot start your care without it, so your forms cannot be sent.",
    ),
    (
        "share-permission",
        "Without this permission the questions about alcohol and drugs are skipped.",
        "While it is not signed, the questions about alcohol and drugs are locked.",
    ),
]


@pytest.mark.parametrize(("slug", "before", "after"), KINDS)
def test_each_kind_says_before_and_after_what_taking_it_back_means(world, slug, before, after):
    browser = opened(given.invite(world))
    sign(browser, slug)
    signature = Signature.objects.get()
    page = browser.go(f"{HERE}{signature.id}/")
    assert before in page.text
    consents.services.revoke(signature=signature, why="revoked", how="link", note="", actor=TEST)
    assert after in browser.go(f"/i/packet/{slug}/").text
    assert "You took this back on" in browser.go("/i/packet/").text


def test_a_receipt_is_never_offered_to_be_taken_back(world):
    browser = opened(given.invite(world))
    sign(browser, "privacy-notice")
    receipt = Signature.objects.get()
    page = browser.go(HERE)
    assert "There is nothing to take back." in page.text
    assert f"{HERE}{receipt.id}/" not in page.links
    assert browser.client.get(f"{HERE}{receipt.id}/").status_code == 404


def test_the_copies_are_there_before_the_forms_are_sent(world):
    browser = opened(given.invite(world))
    sign(browser, "treatment")
    assert "Your copy is being prepared." in browser.go(HERE).text
    consents.services.sealing.seal_due()
    page = browser.go(HERE)
    copy = next(link for link in page.links if str(Signature.objects.get().id) in link and "permissions" not in link)
    answer = browser.client.get(copy)
    assert answer.status_code == 200 and b"".join(answer).startswith(b"%PDF")


def test_what_waits_on_paper_is_named_where_the_forms_are_sent(world):
    given.publish(world, esign=True)
    invitation = invited(world)
    given.sign(invitation.packet, "esign", "declined")
    page = opened(invitation).go("/i/packet/review/")
    waiting = page.text.partition("On paper at the front desk")[2]
    assert "Agreement to get care" in waiting and "Permission to use and share" in waiting
    assert "signing on a screen" not in waiting.partition("What you have done")[0].lower()


@pytest.mark.parametrize(
    ("language", "signs", "own", "means"),
    [
        ("en", "You sign for Rosa Núñez.", "Type your own full name to sign, not the patient’s", "means Rosa Núñez."),
        ("es", "Usted firma por Rosa Núñez.", "Escriba su propio nombre completo", "en las preguntas es Rosa Núñez."),
    ],
)
def test_a_guardian_is_told_whose_name_is_meant_on_each_page(world, language, signs, own, means):
    """The published forms say "you", as the patient reads them; whoever answers for the patient has a name too."""
    invitation = given.invite(world, language)
    browser = opened(invitation)
    answer_as(packet=invitation.packet, name="Ana Núñez", relationship="parent")
    page = browser.go("/i/packet/treatment/")
    assert signs in page.text and own in page.text
    assert means in browser.go("/i/packet/demographics/").text
    Packet.objects.update(answered_by="patient", respondent={})
    page = browser.go("/i/packet/treatment/")
    assert signs not in page.text and own not in page.text
    assert means not in browser.go("/i/packet/demographics/").text
