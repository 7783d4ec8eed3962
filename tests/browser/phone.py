"""One person's browser: taps, types, goes on; and remembers whatever no page of ours may do."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from looking import Gallery
from patient_pages import opened
from playwright.sync_api import Browser, ConsoleMessage, Error, Locator, Request, Response, expect

from config.demo.seed import current_code
from intake.services import packets

SCREEN = {"width": 390, "height": 844}
PATIENCE = 20_000  # milliseconds
SECTIONS = 6  # the most that one form has, and then some
PASSWORD = "a long enough password"  # of `personas`
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"  # of their authenticator apps
ONWARD = "main .main:not(.help-lines .main)"  # the page's one main button; telephone numbers are big too
# When the page has heard from the server it has also drawn what came: that is one turn of its event loop.
COUNT = """
window.replies = 0; document.addEventListener("candor:line", () => { window.replies += 1 });
window.presses = 0; addEventListener("click", () => { window.presses += 1 }, true);
"""
STANDS = "() => `${window.presses} presses heard, #saving says “${document.getElementById('saving')?.textContent}”`"
Answers = Mapping[str, str | list[str]]

KEPT = """async () => [
  ...Object.keys(localStorage).map((name) => `localStorage ${name}`),
  ...Object.keys(sessionStorage).map((name) => `sessionStorage ${name}`),
  ...(await indexedDB.databases()).map(({ name }) => `indexedDB ${name}`),
  ...(await caches.keys()).map((name) => `cache ${name}`),
  ...(await navigator.serviceWorker.getRegistrations()).map(({ scope }) => `service worker ${scope}`),
]"""


def ends_with(value: str) -> str:
    """An option by its code, whose system the page posts in front of it."""
    return f':is([value="{value}"], [value$="|{value}"])'


class Phone:
    """A browser of its own, with fingers; `faults` must stay empty."""

    def __init__(self, browser: Browser, base: str, gallery: Gallery, name: str, **settings: Any) -> None:
        touch = {"viewport": SCREEN, "has_touch": True, "is_mobile": True, "reduced_motion": "reduce"}
        self.base, self.gallery, self.name = base, gallery, name
        self.context = browser.new_context(base_url=base, **{**touch, **settings})
        self.context.set_default_timeout(PATIENCE)
        self.faults: list[str] = []
        self.context.on("console", self._said)
        self.context.on("weberror", lambda error: self.faults.append(f"{error.page and error.page.url}: {error.error}"))
        self.context.on("request", self._asked)
        self.context.on("response", self._answered)
        self.context.add_init_script(COUNT)
        self.page = self.context.new_page()
        self.page.set_default_timeout(PATIENCE)

    def _said(self, message: ConsoleMessage) -> None:
        """Errors and warnings, CSP violations among them; refusals with a status are what the tests ask for."""
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"{self.page.url} says: {message.text}")

    def _asked(self, request: Request) -> None:
        if request.url.startswith("http") and not request.url.startswith(self.base):
            self.faults.append(f"{self.page.url} asks {urlsplit(request.url).netloc}")

    def _answered(self, response: Response) -> None:
        least = 400 if "/static/" in response.url else 500
        if response.status >= least:
            self.faults.append(f"{response.url} is answered with {response.status}")

    # --- getting around ---------------------------------------------------------------------------------

    def go(self, path: str) -> None:
        self.page.goto(path)

    def at(self, path: str) -> None:
        """Wait until the page with this path (a regular expression's end) is there."""
        expect(self.page).to_have_url(re.compile(f"{path}(\\?.*)?(#.*)?$"))

    def find(self, css: str) -> Locator:
        return self.page.locator(css)

    def press(self, what: str | Locator) -> None:
        """Tap a button and wait for the page that it leads to."""
        try:
            with self.page.expect_event("load"):
                (self.find(what) if isinstance(what, str) else what).tap()
        except Error as error:
            raise AssertionError(f"{self.page.url} led to no page: {self.page.evaluate(STANDS)}") from error

    def look(self, name: str) -> None:
        """Check the page as it stands, and keep its picture where pictures are wanted."""
        self.gallery.look(self.page, f"{self.name}{name}")

    def kept(self) -> list[str]:
        """What the browser keeps of us beyond the three cookies."""
        cookies = [str(cookie.get("name")) for cookie in self.context.cookies()]
        found: list[str] = self.page.evaluate(KEPT)
        return found + [name for name in cookies if name not in ("session", "csrf", "language")]

    # --- a patient --------------------------------------------------------------------------------------

    def open(self, url: str, birth_date: str = "03/15/1990", code: str = "") -> None:
        """From the link in the message (or the code on paper) to the overview."""
        self.go(url)
        if code:
            self.find("#code").fill(code)
        self.find("#birth_date").fill(birth_date)
        self.go_on()

    def let_in(self, invitation: packets.Invitation) -> None:
        """As after `open`, on no page yet: for tests that begin behind the door."""
        cookies = opened(invitation).client.cookies.values()
        self.context.add_cookies([{"name": one.key, "value": one.value, "url": self.base} for one in cookies])

    def go_on(self) -> None:
        """The page's one main button."""
        self.press(ONWARD)

    def sign(self, name: str = "Rosa Núñez") -> None:
        for box in self.find("label:has([name=statement])").all():
            box.tap()
        self.find("[name=signer_name]").fill(name)
        self.press("[name=decision][value=signed]")

    def field(self, key: str) -> Locator:
        return self.find(f'[name="{key}"]:not([type=hidden])')

    def give(self, key: str, answer: str | list[str]) -> None:
        """Answer one question the way its control wants it."""
        first = self.field(key).first
        first.wait_for()
        for text in [answer] if isinstance(answer, str) else answer:
            if first.get_attribute("type") in ("radio", "checkbox"):
                offered = self.option(key, text)
                if offered.count():
                    offered.tap()
                else:
                    self.own_words(key, text)
            elif first.evaluate("field => field.localName") == "select":
                choice = first.locator(f"option{ends_with(text)}").first
                first.select_option(choice.get_attribute("value"))
            else:
                first.fill(text)
                first.blur()

    def own_words(self, key: str, text: str) -> None:
        """Instead of one of the options."""
        box = self.find(f'[data-own][name="{key}"]')
        box.fill(text)
        box.blur()

    def option(self, key: str, value: str) -> Locator:
        return self.find(f'label:has([name="{key}"]{ends_with(value)})')

    def answer(self, answers: Answers) -> None:
        """With JavaScript: each answer is saved as it is given, and brings up what depends on it."""
        for key, answer in answers.items():
            self.reach(key)
            for text in [answer] if isinstance(answer, str) else answer:
                heard = self.page.evaluate("window.replies")
                self.give(key, text)
                self.page.wait_for_function("(heard) => window.replies > heard", arg=heard)

    def reach(self, key: str) -> None:
        """To the question: on this page, in a new entry, or in a section further on."""
        for _ in range(SECTIONS):
            if self.field(key).count():
                return
            adding = self.find(f'[name="!add"][value="{key.split("[")[0]}"]')
            self.press(adding if "[" in key and adding.count() else ONWARD)
        self.field(key).first.wait_for()

    def answer_by_pages(self, answers: Answers) -> None:
        """Without JavaScript: whole pages, as often as an answer brings up something more to ask."""
        here, waiting = urlsplit(self.page.url).path, dict(answers)
        while urlsplit(self.page.url).path == here and self.find("#questions").count():
            asked = [key for key in waiting if self.field(key).count()]
            for key in asked:
                self.give(key, waiting.pop(key))
            entry = next((key.split("[")[0] for key in waiting if "[" in key), None)
            adding = self.find(f'[name="!add"][value="{entry}"]')
            self.press(adding if not asked and adding.count() else ONWARD)

    def leave_part(self) -> None:
        """Past the sections of a form that are left."""
        here = urlsplit(self.page.url).path
        while urlsplit(self.page.url).path == here:
            self.go_on()

    def saved(self) -> None:
        """The page says that everything was saved, and perhaps that there is more to answer."""
        expect(self.find("#saving")).to_have_text(re.compile("^Saved"))

    # --- staff ------------------------------------------------------------------------------------------

    def sign_in(self, email: str) -> None:
        """On the sign-in page: password, then the code."""
        self.find("[name=login]").fill(email)
        self.find("[name=password]").fill(PASSWORD)
        self.press(ONWARD)
        self.type_code()

    def type_code(self) -> None:
        """The code of the authenticator app; once more when it ran out on the way."""
        for _ in range(2):
            self.find("[name=code]").fill(current_code(SECRET))
            self.press(ONWARD)
            if "/accounts/" not in self.page.url:
                return
        raise AssertionError(f"not signed in: {self.page.url}")
