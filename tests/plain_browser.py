"""A browser without JavaScript: reads a page's form as HTML says, fills it in and presses one of its buttons."""

from html.parser import HTMLParser
from urllib.parse import urlsplit

from django.test import Client

VOID = {"input", "br", "meta", "link", "hr", "img"}


class Page(HTMLParser):
    """`fields`: (name, value) that the form "page" posts; `choices`: name → values offered; `text`: what is read."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html, self.fields, self.choices, self.buttons, self.links, self.ids = html, [], {}, [], [], set()
        self.texts, self.title, self._open, self._select, self._area = [], "", [], None, None
        self.feed(html)
        self.text = " ".join(" ".join(self.texts).split())

    @property
    def names(self) -> set[str]:
        return {name for name, _ in self.fields} | self.choices.keys()

    @property
    def _in_form(self) -> bool:
        return ("form", "page") in [(tag, attrs.get("id")) for tag, attrs in self._open]

    def handle_starttag(self, tag, attrs) -> None:
        attrs = dict(attrs)
        if tag not in VOID:
            self._open.append((tag, attrs))
        if "id" in attrs:
            self.ids.add(attrs["id"])
        if tag == "a":
            self.links.append(attrs.get("href"))
        if tag == "button" and (self._in_form or attrs.get("form") == "page"):
            self.buttons.append((attrs.get("name"), attrs.get("value", "")))
        if self._in_form:
            self._field(tag, attrs)

    def _field(self, tag, attrs) -> None:
        name = attrs.get("name")
        if tag == "input" and name:
            if attrs.get("type") in ("radio", "checkbox"):
                self.choices.setdefault(name, []).append(attrs["value"])
                if "checked" in attrs:
                    self.fields.append((name, attrs["value"]))
            else:
                self.fields.append((name, attrs.get("value", "")))
        elif tag == "select":
            self._select = name
            self.fields.append((name, ""))
        elif tag == "option":
            self.choices.setdefault(self._select, []).append(attrs["value"])
            if "selected" in attrs:
                self.fields[-1] = (self._select, attrs["value"])
        elif tag == "textarea":
            self._area = name
            self.fields.append((name, ""))

    def handle_endtag(self, tag) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass
        if tag == "textarea":
            self._area = None

    def handle_data(self, text) -> None:
        if self._area:
            self.fields[-1] = (self._area, text.removeprefix("\n"))
        if self._open and self._open[-1][0] == "title":
            self.title += text
        elif not self._open or self._open[-1][0] not in ("script", "style"):
            self.texts.append(text)


class PlainBrowser:
    def __init__(self) -> None:
        self.client = Client(enforce_csrf_checks=True)
        self.url, self.page, self.response = "", Page(""), None

    def go(self, url: str) -> Page:
        return self._arrive(url, self.client.get(url))

    def press(self, answers: dict | None = None, name: str | None = None, value: str = "") -> Page:
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

    def _arrive(self, url: str, response) -> Page:
        self.url = url
        while response.status_code in (301, 302, 303):
            parts = urlsplit(response["Location"])
            self.url = parts.path + (f"?{parts.query}" if parts.query else "")
            response = self.client.get(self.url)
        self.response = response
        self.page = Page(response.content.decode())
        return self.page
