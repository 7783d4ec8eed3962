"""A browser without a screen: cookies, forms as they stand on the page, nothing else. Standard library only."""

import http.cookiejar
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from html.parser import HTMLParser

TIMEOUT = 30


class Unexpected(Exception):
    """A page was not what a person would have expected; the text says which and why, without its content."""


@dataclass
class Form:
    """A form as it would be sent: `fields` in order, radios and checkboxes only if ticked."""

    action: str
    method: str
    fields: list[tuple[str, str]] = field(default_factory=list)
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)

    def names(self) -> set[str]:
        return {name for name, _ in self.fields} | set(self.choices)


class FormReader(HTMLParser):
    """Collects the page's forms, links and main attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.facts: dict[str, str] = {}
        self._form: Form | None = None
        self._select: tuple[str, str | None] | None = None
        self._textarea: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.facts.update({name: value for name, value in given.items() if name.startswith("data-")})
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "form":
            self._form = Form(given.get("action", ""), given.get("method", "get").lower())
            self.forms.append(self._form)
        if self._form is not None:
            self._in_form(self._form, tag, given)

    def _in_form(self, form: Form, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if tag == "input" and name:
            self._input(form, name, given)
        elif tag == "button" and name:
            form.buttons.append((name, given.get("value", "")))
        elif tag == "select" and name:
            self._select = (name, None)
            form.choices.setdefault(name, [])
        elif tag == "option" and self._select:
            form.choices[self._select[0]].append(given.get("value", ""))
            if "selected" in given:
                self._select = (self._select[0], given.get("value", ""))
        elif tag == "textarea" and name:
            self._textarea = (name, [])

    @staticmethod
    def _input(form: Form, name: str, given: dict[str, str]) -> None:
        kind = given.get("type", "text")
        if kind in ("radio", "checkbox"):
            form.choices.setdefault(name, []).append(given.get("value", "on"))
            if "checked" in given:
                form.fields.append((name, given.get("value", "on")))
        elif kind in ("submit", "button"):
            form.buttons.append((name, given.get("value", "")))
        else:
            form.fields.append((name, given.get("value", "")))

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self._textarea[1].append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select" and self._select and self._form is not None:
            name, chosen = self._select
            if chosen is not None:
                self._form.fields.append((name, chosen))
            self._select = None
        if tag == "textarea" and self._textarea and self._form is not None:
            self._form.fields.append((self._textarea[0], "".join(self._textarea[1]).removeprefix("\n")))
            self._textarea = None
        if tag == "form":
            self._form = None


@dataclass(frozen=True)
class Page:
    url: str
    status: int
    text: str
    forms: tuple[Form, ...]
    links: tuple[str, ...]
    facts: dict[str, str]

    @property
    def path(self) -> str:
        return urllib.parse.urlsplit(self.url).path

    def form_with(self, *names: str) -> Form:
        """The first form that has all these fields."""
        for form in self.forms:
            if set(names) <= form.names() | {name for name, _ in form.buttons}:
                return form
        raise Unexpected(f"{self.path} ({self.status}) has no form with {', '.join(names)}")

    def form_to(self, ending: str) -> Form:
        """The first form whose action ends so."""
        for form in self.forms:
            if form.action.endswith(ending):
                return form
        raise Unexpected(f"{self.path} ({self.status}) has no form to {ending}")


class Browser:
    """One person's browser: follows redirects, keeps cookies, sends forms."""

    def __init__(self) -> None:
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), jar)
        self.page = Page("", 0, "", (), (), {})

    def get(self, url: str) -> Page:
        return self._load(urllib.request.Request(urllib.parse.urljoin(self.page.url, url)))

    def send(self, form: Form, values: dict[str, str | list[str]], button: tuple[str, str] | None = None) -> Page:
        """Fill in and send; a value replaces what the field held, a list ticks several."""
        pairs = [(name, value) for name, value in form.fields if name not in values]
        for name, value in values.items():
            pairs += [(name, one) for one in ([value] if isinstance(value, str) else value)]
        if button:
            pairs.append(button)
        url = urllib.parse.urljoin(self.page.url, form.action or self.page.url)
        request = urllib.request.Request(url, data=urllib.parse.urlencode(pairs).encode(), method="POST")
        request.add_header("Referer", self.page.url)
        return self._load(request)

    def _load(self, request: urllib.request.Request) -> Page:
        if not request.full_url.startswith("http://127.0.0.1"):
            raise Unexpected("the demo drive goes to this machine only")
        try:
            reply = self._opener.open(request, timeout=TIMEOUT)
        except urllib.error.HTTPError as error:
            reply = error
        text = reply.read().decode("utf-8", "replace")
        reader = FormReader()
        reader.feed(text)
        url = str(reply.geturl())
        self.page = Page(url, int(reply.status or 0), text, tuple(reader.forms), tuple(reader.links), reader.facts)
        return self.page
