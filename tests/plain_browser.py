"""A browser without JavaScript: reads a page's form as HTML says, fills it in and presses one of its buttons."""

import copy
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from django.test import Client

VOID = {"input", "br", "meta", "link", "hr", "img"}


class Page(HTMLParser):
    """`fields`: (name, value) that the form "page" posts; `choices`: name → values offered; `text`: what is read."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html, self.title = html, ""
        self.fields: list[tuple[str, str]] = []
        self.choices: dict[str, list[str]] = {}
        self.buttons: list[tuple[str | None, str]] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self._words: list[str] = []
        self._open: list[tuple[str, str]] = []  # (tag, id)
        self._select = self._area = ""
        self.feed(html)
        self.text = " ".join(" ".join(self._words).split())

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.fields} | self.choices.keys()

    def handle_starttag(self, tag, attrs) -> None:
        given = dict(attrs)
        if tag not in VOID:
            self._open.append((tag, given.get("id", "")))
        if "id" in given:
            self.ids.add(given["id"])
        if tag == "a":
            self.links.append(given.get("href", ""))
        in_form = ("form", "page") in self._open
        if tag == "button" and (in_form or given.get("form") == "page"):
            self.buttons.append((given.get("name"), given.get("value", "")))
        elif in_form:
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, Any]) -> None:
        name, value = given.get("name", ""), given.get("value", "")
        if tag == "input" and given.get("type") in ("radio", "checkbox"):
            self.choices.setdefault(name, []).append(value)
            if "checked" in given:
                self.fields.append((name, value))
        elif tag == "input" and name:
            self.fields.append((name, value))
        elif tag == "option":
            self.choices.setdefault(self._select, []).append(value)
            if "selected" in given:
                self.fields[-1] = (self._select, value)
        elif tag in ("select", "textarea"):
            self._select, self._area = (name, "") if tag == "select" else ("", name)
            self.fields.append((name, ""))

    def handle_endtag(self, tag) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data) -> None:
        inside = self._open[-1][0] if self._open else ""
        if self._area:
            self.fields[-1] = (self._area, data.removeprefix("\n"))
        if inside == "title":
            self.title += data
        elif inside not in ("script", "style"):
            self._words.append(data)


class PlainBrowser:
    """One person's browser; `page` is what it shows."""

    def __init__(self) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.url, self.page = "", Page("")
        self.response: Any = None

    def __deepcopy__(self, memo: dict[int, Any]) -> "PlainBrowser":
        """Another one with the same cookies, at the same place; the response is only read."""
        other = PlainBrowser()
        other.client.cookies = copy.deepcopy(self.client.cookies, memo)
        other.page = copy.deepcopy(self.page, memo)
        other.url, other.response = self.url, self.response
        return other

    def go(self, url: str) -> Page:
        return self._arrive(url, self.client.get(url))

    def press(self, answers: dict[str, Any] | None = None, name: str | None = None, value: str = "") -> Page:
        """What a person can do on this page: change fields that are there, press a button that is there."""
        answers = answers or {}
        assert answers.keys() <= self.page.names, f"not on the page: {answers.keys() - self.page.names}"
        assert (name, value) in self.page.buttons, f"no such button: {name}={value} in {self.page.buttons}"
        posted: dict[str, list[str]] = {}
        for field, text in self.page.fields:
            posted.setdefault(field, []).append(text)
        for field, given in answers.items():
            posted[field] = given if isinstance(given, list) else [given]
        if name:
            posted[name] = [value]
        return self._arrive(self.url, self.client.post(self.url, posted))

    def _arrive(self, url: str, response: Any) -> Page:
        self.url, self.response = url, response
        while self.response.status_code in (301, 302, 303):
            parts = urlsplit(self.response["Location"])
            self.url = parts.path + (f"?{parts.query}" if parts.query else "")
            self.response = self.client.get(self.url)
        self.page = Page(self.response.content.decode())
        return self.page
