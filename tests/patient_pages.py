"""What a patient does on the pages, for tests: open the link, sign a document, answer a form."""

import json
import re
import uuid

from plain_browser import PlainBrowser

import consents.services
from audit.actions import Actor
from consents.models import DocumentVersion
from consents.rules import parse
from intake.models import Step
from intake.services import packets


def opened(invitation, birth_date="3/15/1990") -> PlainBrowser:
    browser = PlainBrowser()
    browser.go("/i/")
    browser.press({"code": invitation.code, "birth_date": birth_date})
    return browser


def sign(browser, slug) -> None:
    browser.go(f"/i/packet/{slug}/")
    given = {"statement": browser.page.choices["statement"], "signer_name": "Rosa Núñez", "word": "garden"}
    given |= {"authority": "I am her mother"}
    browser.press({name: text for name, text in given.items() if name in browser.page.names}, "decision", "signed")


def new_text(world, slug) -> None:
    """The clinic puts a new version of the document in force, with other words."""
    old = DocumentVersion.objects.get(
        document__clinic=world.clinic, document__slug=slug, language="en", state="effective"
    )
    words = old.body.replace(f"version: {old.version}", "version: 9.9") + "\nNow with new words.\n"
    consents.services.publish(clinic=world.clinic, source=parse(words, slug=slug), actor=Actor.system("test"))


def answer(browser, slug, answers) -> None:
    """Section by section, and as often as the page asks for more because of an answer."""
    browser.go(f"/i/packet/{slug}/")
    while browser.url.partition("?")[0] == f"/i/packet/{slug}/":
        browser.press({key: texts for key, texts in answers.items() if key in browser.page.names})


def autosave(browser, slug, changes, *, key=None, have=(), token=None, told=None, page=None):
    """What autosave.js sends, from the page that the browser is on (or from `page`, which it was on)."""
    page = page or browser.page
    drawn = dict(page.fields)
    screen = {"client": drawn.get("!client", ""), "revision": int(drawn.get("!revision", 0)), "told": told or {}}
    body = {"key": str(key or uuid.uuid4()), "changes": changes, "have": list(have), **screen}
    token = drawn.get("csrfmiddlewaretoken", "") if token is None else token
    section = re.search(r'data-save="[^"]*(\?[^"]*)"', page.html)
    return browser.client.post(
        f"/i/packet/{slug}/save{section[1] if section else ''}",
        json.dumps(body),
        content_type="application/json",
        headers={"X-CSRFToken": token},
    )


def invited(world):
    """A packet of what is published and ruled already."""
    return packets.invite(
        patient=world.patient, program=world.program, site=None, language="en", invited_by=world.front_desk
    )


def fill(browser, **changed):
    """Tick and type all that the page asks, and press the button that signs."""
    typed = {
        "statement": browser.page.choices.get("statement", []),
        "signer_name": "Rosa Núñez",
        "word": "garden",
        "capacity": "parent",
        "authority": "I am her mother and have custody",
        **changed,
    }
    return browser.press(
        {name: value for name, value in typed.items() if name in browser.page.names}, "decision", "signed"
    )


def states(invitation) -> dict[str, str]:
    """How each part of the packet stands, by its name."""
    return dict(Step.objects.filter(packet=invitation.packet).values_list("slug", "state"))


def at(browser) -> str:
    """The key of the question on the page."""
    return dict(browser.page.fields)["!at"]


def at_after(browser, address) -> str:
    browser.go(address)
    return at(browser)


def reply(browser, key, code):
    """Press the quick reply with that code."""
    value = next(value for name, value in browser.page.buttons if name == key and value.endswith(code))
    return browser.press(name=key, value=value)


def converse(browser, answers, path) -> list[str]:
    """Answer what is asked until the form ends; the keys of the questions in the order in which they came."""
    waiting, asked = dict(answers), []
    while browser.url.partition("?")[0] == path:
        key = at(browser)
        asked.append(key)
        assert len(asked) < 100
        names = [name for name in (key, f"{key}!declined") if name in waiting]
        if not names:
            entry = next((one for one in waiting if one.startswith(f"{key}[")), None)
            buttons = browser.page.buttons
            name = "!add" if entry and ("!add", key) in buttons else "!skip" if ("!skip", "1") in buttons else None
            browser.press(name=name, value=key if name == "!add" else "1" if name else "")
        elif any(name == names[0] for name, _ in browser.page.buttons):
            reply(browser, names[0], waiting.pop(names[0]))
        else:
            given_now = waiting.pop(names[0])
            texts = given_now if isinstance(given_now, list) else [given_now]
            offered = browser.page.choices.get(names[0], [])
            texts = [next((one for one in offered if one.endswith(f"|{text}")), text) for text in texts]
            browser.press({names[0]: texts})
    assert not waiting, f"never asked: {waiting.keys()}"
    return asked
