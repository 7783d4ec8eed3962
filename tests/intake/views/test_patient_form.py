"""A form's page: everything on it is saved, what can't be read is kept and said kindly, nothing depends on scripts."""

import packets as given
import pytest
from patient_pages import answer, autosave, opened, sign

from escalation.models import Incident
from intake import engine, selectors
from intake.models import Response

CONTACT = "/i/packet/demographics/?at=demo-contact"
SCRIPT = "\"'><script>alert(1)</script>{{ 7|add:7 }}&lt;"


def prologue(world):
    invitation = given.invite(world)
    return invitation, opened(invitation)


@pytest.fixture
def invitation(story):
    return story[0]


@pytest.fixture
def browser(story):
    return story[1]


def stored(invitation, slug) -> dict[str, list]:
    """Field key → answers, as the server holds them."""
    view = selectors.form_view(invitation.packet, slug, "en")
    reading = engine.evaluate(view.definition, view.items)
    return {key: [one.content for one in place.values] for key, place in reading.places.items() if place.values}


def test_everything_on_the_page_is_saved_and_the_patient_goes_on_although_something_is_missing(browser, invitation):
    browser.go("/i/packet/demographics/")
    browser.press({"demo-given": "Rosa", "demo-sex": "female"})
    assert browser.url == CONTACT
    while browser.url != "/i/packet/insurance/":  # twice where nothing was typed: that is said once
        browser.press()
    held = stored(invitation, "demographics")
    assert held["demo-given"] == ["Rosa"]
    assert "demo-family" not in held
    assert dict(browser.go("/i/packet/demographics/").fields)["demo-given"] == "Rosa"


def test_a_conditional_question_is_asked_before_the_patient_goes_on(browser):
    browser.go(CONTACT)
    assert "demo-zip" not in browser.page.names
    page = browser.press({"demo-has-address": "true"})
    assert browser.url == CONTACT
    assert "#q-demo-address-line" in page.links
    assert "something more to ask" in page.text
    browser.press({"demo-zip": "02134"})
    assert browser.url == "/i/packet/demographics/?at=demo-emergency"


def test_an_answer_hidden_by_a_condition_comes_back_with_it(browser):
    answer(browser, "demographics", {"demo-has-address": ["true"], "demo-zip": ["02134"]})
    answer(browser, "demographics", {"demo-has-address": ["false"]})
    answer(browser, "demographics", {"demo-has-address": ["true"]})
    assert dict(browser.go(CONTACT).fields)["demo-zip"] == "02134"


def test_what_cannot_be_read_stays_as_typed_with_a_link_to_it(browser, invitation):
    browser.go("/i/packet/medications/")
    browser.press({"med-any": given.YES})
    browser.press(name="!add", value="med-list")
    page = browser.press({"med-list[0].med-name": "Tea", "med-list[0].med-dose": "five"})
    assert browser.response.status_code == 422
    assert dict(page.fields)["med-list[0].med-dose"] == "five"
    assert "#q-med-list[0].med-dose" in page.links
    assert "q-med-list[0].med-dose" in page.ids
    assert "We couldn't read that number. Please write it in digits, not in words." in page.text  # no dose to copy
    assert page.title.startswith("Please check")
    assert stored(invitation, "medications")["med-list[0].med-name"] == ["Tea"]


def test_an_answer_that_breaks_a_limit_is_kept_and_said(browser):
    browser.go(CONTACT)
    browser.press({"demo-has-address": "true"})
    page = browser.press({"demo-zip": "12"})
    assert browser.response.status_code == 422
    assert "This doesn't look right" in page.text
    assert dict(page.fields)["demo-zip"] == "12"


@pytest.mark.parametrize(("button", "value"), [("!add", "med-list"), ("!remove", "med-list[0]"), ("!language", "es")])
def test_what_cannot_be_read_is_kept_whatever_button_is_pressed(browser, button, value):
    browser.go("/i/packet/medications/")
    browser.press({"med-any": given.YES})
    browser.press(name="!add", value="med-list")
    browser.press(name="!add", value="med-list")
    page = browser.press({"med-list[1].med-dose": "five"}, button, value)
    assert browser.response.status_code == 422
    assert dict(page.fields)["med-list[1].med-dose"] == "five"
    assert ("No pudimos leer ese número" if value == "es" else "We couldn't read that number") in page.text


def test_an_entry_can_be_removed_with_something_unreadable_in_it(browser):
    browser.go("/i/packet/medications/")
    browser.press({"med-any": given.YES})
    browser.press(name="!add", value="med-list")
    page = browser.press({"med-list[0].med-dose": "five"}, "!remove", "med-list[0]")
    assert "med-list[0].med-dose" not in page.names


def test_entries_are_added_and_removed_without_scripts(browser, invitation):
    browser.go("/i/packet/medications/")
    browser.press({"med-any": given.YES})
    browser.press(name="!add", value="med-list")
    browser.press({"med-list[0].med-name": "Tea"}, "!add", "med-list")
    browser.press({"med-list[1].med-name": "Honey"}, "!remove", "med-list[0]")
    assert dict(browser.page.fields)["med-list[0].med-name"] == "Honey"
    assert "med-list[1].med-name" not in browser.page.names
    assert stored(invitation, "medications")["med-list[0].med-name"] == ["Honey"]


def test_removing_twice_removes_once(browser):
    browser.go("/i/packet/medications/")
    browser.press({"med-any": given.YES})
    browser.press(name="!add", value="med-list")
    fields = dict(browser.page.fields) | {"!remove": "med-list[0]"}
    for _ in range(2):
        reply = browser.client.post("/i/packet/medications/", fields)
        assert reply.status_code == 302
    assert "!remove" not in dict(browser.go("/i/packet/medications/").buttons)


def test_declining_stands_beside_each_sensitive_question_and_can_be_taken_back(browser, invitation):
    page = browser.go("/i/packet/phq-9/")
    questions = {f"phq9-q{n}" for n in range(1, 10)}
    assert {f"{key}!declined" for key in questions} <= page.choices.keys()
    browser.press({"phq9-q1!declined": "declined"})
    assert ("phq9-q1!declined", "declined") in browser.go("/i/packet/phq-9/").fields
    browser.press({"phq9-q1!declined": []})
    assert ("phq9-q1!declined", "declined") not in browser.go("/i/packet/phq-9/").fields
    assert "!declined" not in browser.go("/i/packet/demographics/").html


def test_a_dangerous_answer_shows_help_on_the_reply_and_says_truly_that_the_team_was_told(browser, world):
    browser.go("/i/packet/phq-9/")
    page = browser.press({f"phq9-q{n}": [given.SEVERAL if n == 9 else given.NOT_AT_ALL] for n in range(1, 10)})
    assert "You are not alone. Help is here right now." in page.text
    assert "We have alerted the clinic’s care team" in page.text
    assert {"tel:988", "sms:988", "tel:911", "tel:5550100199", "https://988lifeline.org/"} <= set(page.links)
    browser.press({"phq9-difficulty": []})
    assert "We have alerted" in browser.page.text
    assert "I am safe, continue" in browser.page.text


def test_an_ordinary_answer_does_not_claim_that_anybody_was_told(browser):
    browser.go("/i/packet/phq-9/")
    browser.press({f"phq9-q{n}": given.NOT_AT_ALL for n in range(1, 10)})
    assert browser.url == "/i/packet/gad-7/"
    assert 'data-told role="status" hidden' in browser.page.html


def test_only_the_options_that_the_form_marks_open_the_panel(browser):
    html = browser.go("/i/packet/phq-9/").html
    marked = [line for line in html.splitlines() if "data-risk" in line]
    assert len(marked) == 3
    assert all("phq9-q9" in line for line in marked)


def test_help_is_one_tap_away_on_every_page(browser):
    for path in ("", "review/", "phq-9/", "privacy-notice/", "dast-10/"):
        page = browser.go(f"/i/packet/{path}")
        assert "#crisis" in page.links
        assert {"crisis", "main"} <= page.ids
        assert {"tel:988", "tel:911"} <= set(page.links)


def test_a_substance_use_part_is_locked_until_the_permission_is_signed(browser):
    page = browser.go("/i/packet/dast-10/")
    assert "This part is locked" in page.text
    assert "/i/packet/share-permission/" in page.links
    assert not [name for name in page.names if name.startswith("dast10")]
    assert "Locked. It opens when you sign" in browser.go("/i/packet/").text
    sign(browser, "share-permission")
    assert "dast10-q1" in browser.go("/i/packet/dast-10/").names


def test_a_locked_part_stores_nothing_that_is_posted_at_it(browser):
    token = dict(browser.page.fields)["csrfmiddlewaretoken"]
    posted = {"csrfmiddlewaretoken": token, "!shown": "dast10-q1", "dast10-q1": given.YES}
    reply = browser.client.post("/i/packet/dast-10/", posted)
    assert b"This part is locked" in reply.content
    assert not Response.objects.exists()


def test_what_people_type_stays_text(browser):
    answer(browser, "demographics", {"demo-given": [SCRIPT], "demo-pronouns": [SCRIPT]})
    html = browser.go("/i/packet/demographics/").html
    assert dict(browser.page.fields)["demo-given"] == SCRIPT
    assert "<script>alert" not in html
    assert "{{ 7|add:7 }}" in html


def test_nothing_a_patient_typed_is_in_a_title_or_an_address(browser):
    answer(browser, "demographics", {"demo-given": ["Rosa"]})
    browser.go("/i/packet/demographics/")
    assert browser.page.title == "Part 4 of 15 · Your forms"
    assert "Rosa" not in browser.url


def test_hostile_posts_are_refused_in_plain_words_or_stored_exactly(browser, invitation):
    browser.go("/i/packet/demographics/")
    browser.press({"demo-given": "Rosá \U0001f339 \u202eRTL\u202c " + "e\u0301" * 20})
    assert stored(invitation, "demographics")["demo-given"] == ["Rosá \U0001f339 \u202eRTL\u202c " + "e\u0301" * 20]
    browser.go("/i/packet/demographics/")
    page = browser.press({"demo-given": "a\x00b"})
    assert browser.response.status_code == 422
    assert "can't be saved" in page.text
    token = dict(page.fields)["csrfmiddlewaretoken"]
    for posted in ({"!shown": "x", "x": "y"}, {"!add": "nothing"}, {"!remove": "nothing[4]"}, {"!language": "xx"}, {}):
        reply = browser.client.post("/i/packet/demographics/", posted | {"csrfmiddlewaretoken": token})
        assert reply.status_code in (200, 302, 422)
    assert browser.client.post("/i/packet/demographics/", {"x": "y" * 600_000}).status_code in (400, 403, 413)


def test_a_part_that_the_packet_does_not_have_is_not_found(browser):
    browser.go("/i/packet/c-ssrs/")
    assert browser.response.status_code == 404
    assert "We could not find that page" in browser.page.text
    assert "988" in browser.page.text


def test_a_post_without_our_token_changes_nothing(browser):
    reply = browser.client.post("/i/packet/phq-9/", {"!shown": "phq9-q1", "phq9-q1": given.SEVERAL})
    assert reply.status_code == 403
    assert not Response.objects.exists()


def test_the_form_is_shown_in_the_other_language_with_all_that_was_typed(browser):
    browser.go("/i/packet/demographics/")
    page = browser.press({"demo-given": "Rosa"}, "!language", "es")
    assert browser.url == "/i/packet/demographics/?at=demo-about"
    assert dict(page.fields)["demo-given"] == "Rosa"
    assert "Nombre legal" in page.text
    assert '<html lang="es">' in page.html
    assert browser.response["Content-Language"] == "es"


def test_a_part_without_spanish_words_says_so_and_marks_its_english(browser):
    browser.press(name="!language", value="es")
    page = browser.go("/i/packet/gad-7/")
    assert "solo se ha publicado en inglés" in page.text
    assert '<span lang="en">1. Feeling nervous, anxious or on edge</span>' in page.html
    assert "solo se ha publicado en inglés" not in browser.go("/i/packet/phq-9/").text
    browser.go("/i/packet/gad-7/")
    assert "solo se ha publicado en inglés" in browser.press(name="!presentation", value="guided").text


def test_one_part_done_is_said_in_the_singular_in_spanish(browser):
    answer(browser, "gad-7", {f"gad7-q{n}": given.NOT_AT_ALL for n in range(1, 8)})
    browser.press(name="!language", value="es")
    assert "· 1 lista " in browser.page.text.replace("·", "· ").replace("  ", " ")


def test_an_answer_counts_though_the_page_does_not_say_what_it_asked_for(world):
    """A form cut short on its way, or made by hand: either it is kept, or it is said that it isn't."""
    invitation = given.invite(world)
    browser = opened(invitation)
    page = browser.go("/i/packet/phq-9/")
    token = dict(page.fields)["csrfmiddlewaretoken"]
    reply = browser.client.post(
        "/i/packet/phq-9/", {"csrfmiddlewaretoken": token, "phq9-q9": "http://loinc.org|LA6571-9"}
    )
    assert b"You are not alone." in reply.content
    assert Incident.objects.get().source_ref == invitation.packet.id
    assert "LA6571-9" in str(Response.objects.get(step__slug="phq-9").answers)


def test_an_answer_to_a_question_of_another_form_is_not_called_saved(world):
    browser = opened(given.invite(world))
    token = dict(browser.go("/i/packet/gad-7/").fields)["csrfmiddlewaretoken"]
    stray = {"phq9-q9": "http://loinc.org|LA6571-9"}
    reply = browser.client.post("/i/packet/gad-7/", {"csrfmiddlewaretoken": token, **stray})
    assert reply.status_code == 422
    assert b"belongs to no question here and was not saved" in reply.content
    saved = autosave(browser, "gad-7", {"phq9-q9": [stray["phq9-q9"]]})
    assert "phq9-q9" in saved.json()["problems"]


@pytest.mark.parametrize("button", [("!presentation", "guided"), ("!language", "es")])
def test_help_is_shown_whatever_button_brings_the_dangerous_answer(world, button):
    browser = opened(given.invite(world))
    browser.go("/i/packet/phq-9/")
    browser.press({"phq9-q9": "http://loinc.org|LA6571-9"}, *button)
    assert Incident.objects.exists()
    assert "988" in browser.page.text
    assert "You are not alone." in browser.page.text or "No está solo" in browser.page.text


def test_a_phone_number_without_its_area_code_is_asked_for_the_whole_number(browser, invitation):
    browser.go(CONTACT)
    page = browser.press({"demo-phone": "555-0142"})
    assert browser.response.status_code == 422
    assert "Please type the whole number, with the area code first." in page.text
    page = browser.press(name="!language", value="es")
    assert "Escriba el número completo, con el código de área primero." in page.text
    for typed in ("5550100142", "+1 (555) 010-0142", "555.010.0142 ext. 12", "+52 55 1234 5678"):
        given.answer(invitation.packet, "demographics", {"demo-phone": [typed]})
        assert "código de área" not in browser.go(CONTACT).text, typed


def test_a_page_with_nothing_typed_says_so_once_and_lets_the_patient_go_on(browser):
    browser.go("/i/packet/demographics/")
    here = browser.url
    page = browser.press()
    assert browser.url == here
    assert "Nothing is filled in here yet." in page.text
    assert "answers are still needed" in page.text
    page = browser.press()
    assert browser.url != here
    assert "Nothing is filled in here yet." not in page.text


def test_a_thought_of_harming_others_opens_the_help_with_words_of_its_own(browser):
    page = browser.go("/i/packet/safety/")
    assert page.html.count('data-risk="others"') == 1
    assert 'data-risk="self"' in browser.go("/i/packet/phq-9/").html
    browser.go("/i/packet/safety/")
    page = browser.press(
        {"safe-harm-others": next(v for v in browser.page.choices["safe-harm-others"] if given.YES in v)}
    )
    main = page.html.partition('id="main"')[2].partition('id="crisis"')[0]
    assert "Thank you for telling us. You can talk to someone right now." in main
    assert "988 is there for any mental health crisis." in main
    assert "You are not alone" not in main
    assert "call 911" in main
