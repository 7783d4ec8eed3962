"""What a patient does on the pages, for tests: open the link, sign a document, answer a form."""

import json
import uuid

from plain_browser import PlainBrowser


def opened(invitation, birth_date="3/15/1990") -> PlainBrowser:
    browser = PlainBrowser()
    browser.go("/i/")
    browser.press({"code": invitation.code, "birth_date": birth_date})
    return browser


def sign(browser, slug) -> None:
    browser.go(f"/i/packet/{slug}/")
    ticked = browser.page.choices["statement"]
    browser.press({"statement": ticked, "signer_name": "Rosa Núñez"}, "decision", "signed")


def answer(browser, slug, answers) -> None:
    """As often as the page asks for more because of an answer."""
    browser.go(f"/i/packet/{slug}/")
    while browser.url == f"/i/packet/{slug}/":
        browser.press({key: texts for key, texts in answers.items() if key in browser.page.names})


def autosave(browser, slug, changes, *, key=None, have=(), token=None):
    """What autosave.js sends, from the page that the browser is on."""
    body = {"key": str(key or uuid.uuid4()), "changes": changes, "have": list(have)}
    token = dict(browser.page.fields).get("csrfmiddlewaretoken", "") if token is None else token
    return browser.client.post(
        f"/i/packet/{slug}/save", json.dumps(body), content_type="application/json", headers={"X-CSRFToken": token}
    )
