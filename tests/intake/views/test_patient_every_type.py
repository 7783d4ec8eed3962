"""Every type of question without a script: in a conversation and on pages."""

import every_type
import packets as given
import pytest
from patient_pages import at, at_after, autosave, converse, opened, reply

from intake.models import Response
from intake.services import packets

FORM = f"/i/packet/{every_type.SLUG}/"


def prologue(world):
    given.publish(world)
    return every_type.invited(world)


@pytest.fixture
def every(story):
    return story


def held(packet) -> dict[str, list[str]]:
    return every_type.stored(Response.objects.get(packet=packet).answers)


def test_every_type_is_answered_in_a_conversation_without_javascript(every):
    packets.present(packet=every.packet, presentation="guided")
    browser = opened(every)
    browser.go(FORM)
    assert at(browser) == "basic"
    asked = converse(browser, every_type.ANSWERS, FORM)
    assert browser.url == "/i/packet/review/"
    assert held(every.packet) == every_type.STORED
    assert asked[-4:] == ["people[0].near", "people", "card", "bye"]
    browser.press()
    assert browser.url == "/i/packet/done/"


def test_every_type_is_answered_on_pages_without_javascript(every):
    browser = opened(every)
    browser.go(FORM)
    waiting, pages = dict(every_type.ANSWERS), []
    while browser.url.partition("?")[0] == FORM:
        pages.append(browser.url)
        assert len(pages) < 12
        here = {}
        for key in [one for one in waiting if one in browser.page.names]:
            offered = browser.page.choices.get(key, [])
            texts = waiting[key] if isinstance(waiting[key], list) else [waiting[key]]
            here[key] = [next((one for one in offered if one.endswith(f"|{text}")), text) for text in texts]
            del waiting[key]
        entry = ("!add", "people") in browser.page.buttons and "people[0].who" in waiting
        browser.press(here, "!add" if entry else None, "people" if entry else "")
    assert not waiting
    assert browser.url == "/i/packet/review/"
    assert held(every.packet) == every_type.STORED


def test_what_cannot_be_read_is_shown_again_as_typed_with_what_is_wrong(every):
    packets.present(packet=every.packet, presentation="guided")
    browser = opened(every)
    browser.go(f"{FORM}?at=day")
    page = browser.press({"day": "soon"})
    assert browser.response.status_code == 422
    assert dict(page.fields)["day"] == "soon"
    assert "We couldn't read that date" in page.text
    page = browser.press({"day": "3/15/1990"})
    assert at(browser) == "moment"
    assert "March 15, 1990" in page.text
    page = browser.press(name="!back", value="1")
    assert "We read this as: March 15, 1990" in page.text


@pytest.mark.parametrize("presentation", ["page", "guided"])
def test_what_was_typed_is_shown_as_it_was_understood(every, presentation):
    packets.present(packet=every.packet, presentation=presentation)
    browser = opened(every)
    for key, typed, words in (
        ("day", "3/15/1990", "March 15, 1990"),
        ("dose", "5 mg", "5 mg"),
        ("hour", "2pm", "2:00 PM"),
        ("count", "1 200", "1,200"),
        ("moment", "7/4/2026 2:30 pm", "July 4, 2026, 2:30 PM"),
    ):
        browser.go(f"{FORM}?at={key}")
        browser.press({key: typed})
        assert f"We read this as: {words}" in browser.go(f"{FORM}?at={key}").text


@pytest.mark.parametrize("presentation", ["page", "guided"])
@pytest.mark.parametrize("key", ["count", "weight", "day", "moment", "hour", "dose"])
def test_nothing_is_said_to_be_understood_that_was_not(every, presentation, key):
    packets.present(packet=every.packet, presentation=presentation)
    browser = opened(every)
    browser.go(f"{FORM}?at={key}")
    page = browser.press({key: "many thousand"})
    assert browser.response.status_code == 422
    assert dict(page.fields)[key] == "many thousand"
    assert page.html.count('id="r-') == page.html.count("hidden>We read this as:")
    saved = autosave(browser, every_type.SLUG, {key: ["12345 thousand"]})
    assert (saved.status_code, "read" in saved.json()) == (200, False)


def test_an_answer_brings_up_the_question_below_it_and_takes_it_away_again(every):
    packets.present(packet=every.packet, presentation="guided")
    browser = opened(every)
    browser.go(f"{FORM}?at=above")
    reply(browser, "above", "true")
    assert at(browser) == "below"
    browser.press(name="!back", value="1")
    reply(browser, "above", "false")
    assert at(browser) == "people"
    assert at_after(browser, f"{FORM}?at=below") == "people"


def test_entries_are_added_changed_and_removed(every):
    packets.present(packet=every.packet, presentation="guided")
    browser = opened(every)
    browser.go(f"{FORM}?at=people")
    for name in ("Eva", "Max"):
        browser.press(name="!add", value="people")
        browser.press({at(browser): name})
        reply(browser, at(browser), "true")
        assert at(browser) == "people"
    assert "Eva" in browser.page.text
    assert "?at=people%5B1%5D" in browser.page.links
    browser.press(name="!remove", value="people[0]")
    assert at(browser) == "people"
    assert "Eva" not in browser.page.text
    assert at_after(browser, f"{FORM}?at=people%5B0%5D") == "people[0].who"
    browser.go(f"{FORM}?at=people%5B7%5D.who")
    assert at(browser) == "people"
