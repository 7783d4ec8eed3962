"""Whatever a patient can type is heard: each text field of each page is read for danger, or is named here as exempt."""

import re

import packets as given
import pytest
from patient_pages import fill, invited, opened, sign
from plain_browser import PlainBrowser

from escalation.models import Incident
from intake.models import Packet, Step
from intake.selectors import definition_of
from intake.services.screens import FREE_TEXT
from screening.models import ReviewItem

PLAIN = "I want to kill myself."
# Before anybody has said who they are, and what can only be a code or a date.
# Where somebody is and on which number is asked only beside the help, and tells a human by itself.
EXEMPT = {"code", "birth_date", "respondent_name", "place", "number"}
INPUT = re.compile(r"<(?:input|textarea)\b[^>]*>")
TYPE, NAME = re.compile(r'\btype="([^"]+)"'), re.compile(r'\bname="([^"]+)"')
TYPED = {"", "text", "search", "tel", "email", "url"}


def typed_on(html):
    """The names of the fields of a page that take free text."""
    found = set()
    for tag in INPUT.findall(html):
        kind, name = TYPE.search(tag), NAME.search(tag)
        if name and (kind[1] if kind else "") in TYPED and not name[1].startswith("!"):
            found.add(name[1])
    return found


@pytest.fixture
def invitation(world):
    given.publish(world, esign=True)
    return invited(world)


@pytest.fixture
def guardian(invitation):
    """Somebody who answers for the patient sees the most fields."""
    browser = opened(invitation)
    Packet.objects.update(answered_by="guardian", respondent={"name": "Ana Núñez", "relationship": "parent"})
    return browser


def test_every_field_that_takes_text_is_heard_or_named_as_exempt(invitation, guardian):
    """A new field on any page of a patient's fails here until it is heard."""
    heard = {}
    assert typed_on(PlainBrowser().go("/i/").html) <= EXEMPT
    for path in ("", "review/", "done/", "permissions/", "esign/"):
        heard[path] = typed_on(guardian.go(f"/i/packet/{path}").html)
    sign(guardian, "esign")
    for step in Step.objects.filter(packet=invitation.packet, what="consent"):
        path = f"{step.slug}/"
        heard[path] = heard.get(path, set()) | typed_on(guardian.go(f"/i/packet/{path}").html)
    places = [(path, name) for path, names in heard.items() for name in sorted(names - EXEMPT)]
    assert {name for _, name in places} == {"wish", "signer_name", "authority", "reason", "word"}
    for path, name in {name: (path, name) for path, name in reversed(places)}.values():
        page = guardian.go(f"/i/packet/{path}{'?again' if path == 'esign/' else ''}")
        token = dict(page.fields)["csrfmiddlewaretoken"]
        words = f"{PLAIN[:-1]} because of {name}."
        reply = guardian.client.post(f"/i/packet/{path}", {"csrfmiddlewaretoken": token, name: words})
        assert any(words in one["because"] for one in Incident.objects.get().snapshot["triggers"]), (path, name)
        assert "Thank you for telling us." in reply.content.decode().partition('<dialog id="crisis"')[0], (path, name)
    for step in Step.objects.filter(packet=invitation.packet, what="form"):
        free = {one.link_id for one in definition_of(step.form_id).all_items if one.type in FREE_TEXT}
        typed = typed_on(guardian.go(f"/i/packet/{step.slug}/").html)
        kinds = {one.link_id: one.type for one in definition_of(step.form_id).all_items}
        other = {kinds.get(name.rpartition(".")[2].partition("[")[0], "") for name in typed - free}
        assert other <= {"date", "integer", "decimal", "quantity", "choice", ""}, (step.slug, typed - free)


def test_a_reason_that_tells_of_danger_is_kept_and_the_help_comes_before_the_next_page(invitation):
    browser = opened(invitation)
    sign(browser, "esign")
    browser.go("/i/packet/privacy-notice/")
    page = browser.press({"reason": PLAIN}, "decision", "refused")
    assert "You are not alone." in page.text and "/i/packet/treatment/" in page.links
    assert Incident.objects.get().state == "notifying"
    assert "You chose not to sign" in browser.go("/i/packet/privacy-notice/").text
    page = browser.go("/i/packet/privacy-notice/?again")
    fill(browser)
    assert "Signed: " in browser.page.text


def test_doubtful_words_wait_for_a_reviewer_and_the_same_words_again_are_one(invitation):
    browser = opened(invitation)
    for _ in range(2):
        browser.go("/i/packet/permissions/")
        page = browser.press({"wish": "My brother wants to kill himself. Do not tell him."})
        assert "You are not alone." not in page.html.partition('<dialog id="crisis"')[0]
    assert not Incident.objects.exists()
    assert ReviewItem.objects.count() == 1
    assert page.text.count("Do not tell him.") == 2 and "The clinic has not answered yet." in page.text
