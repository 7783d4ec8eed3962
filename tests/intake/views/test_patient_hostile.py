"""Whatever is posted to a patient's page is stored exactly or refused in plain words, and is never an error of ours."""

import json
import uuid
from urllib.parse import quote_plus

import packets as given
import pytest
from django.urls import reverse
from patient_pages import autosave, opened

from intake.models import Response
from intake.urls import patient_patterns

FORM = "application/x-www-form-urlencoded"
ODD = {
    "emoji": "👩🏽‍⚕️🫶 ok",
    "right to left": "\u202eשלום\u202c مرحبا",
    "a combining flood": "a" + "\u0301\u0489" * 5000,
    "zero width": "a\u200b\u2060\ufeffb",
}
FIELDS = [
    *("token", "code", "birth_date", "speaks", "respondent_name", "relationship", "signer_name", "reason", "statement"),
    *("decision", "shown_sha256", "key", "reviewed", "!unconfirmed", "!client", "!revision", "!at", "!shown", "!keep"),
    *("!add", "!remove", "!language", "!presentation", "demo-given", "demo-given!declined", "con-reason"),
]


def everywhere(text: str) -> str:
    """The text in every field that any patient's page has, and in a field name."""
    return "&".join(f"{quote_plus(name)}={text}" for name in (*FIELDS, text))


BODIES = {
    **{name: (FORM, everywhere(quote_plus(text))) for name, text in ODD.items()},
    "NUL": (FORM, everywhere("a%00b")),
    "half of a surrogate pair": (FORM, everywhere("a%ED%A0%80b")),
    "no UTF-8": (FORM, everywhere("%ff%fe")),
    "ten megabytes": (FORM, "demo-given=" + "x" * 10_000_000),
    "100,000 keys": (FORM, "&".join(f"k{n}=x" for n in range(100_000))),
    "deep JSON": ("application/json", '{"key":' * 50_000),
    "a deep list": ("application/json", "[" * 100_000 + "]" * 100_000),
    "JSON that is large": ("application/json", json.dumps({"changes": {"demo-given": ["x" * 10_000_000]}})),
    "JSON with many keys": ("application/json", json.dumps({"changes": {f"k{n}": ["x"] for n in range(100_000)}})),
    "JSON with half a pair": ("application/json", '{"key": "x", "changes": {"demo-given": ["\\ud800"]}, "have": []}'),
    "JSON with NUL": ("application/json", '{"table": "\\u0000", "typed": "\\u0000"}'),
    "no body": (FORM, ""),
    "a broken multipart": ("multipart/form-data; boundary=x", "--x\r\nContent-Disposition: form-data"),
    "another alphabet": ("application/json; charset=utf-7", "{}"),
}


def addresses():
    """Every address under /i/, at a form, at a document and at what is neither."""
    for pattern in patient_patterns:
        name = next(iter(pattern.pattern.converters), "")
        values = ("demographics", "treatment", "nothing-of-ours") if name == "slug" else (uuid.UUID(int=7),)
        for value in values:
            yield reverse(f"intake:{pattern.name}", kwargs={name: value} if name else {})


def prologue(world):
    browser = opened(given.invite(world, language="es"))
    browser.go("/i/packet/demographics/")
    return browser


@pytest.fixture
def browser(story):
    """A patient who reads Spanish."""
    return story


@pytest.mark.parametrize("address", sorted(addresses()))
def test_no_body_is_too_much_for_any_address_of_a_patient(browser, address):
    token = dict(browser.page.fields)["csrfmiddlewaretoken"]
    for name, (kind, body) in BODIES.items():
        reply = browser.client.post(address, body, content_type=kind, headers={"X-CSRFToken": token})
        assert reply.status_code < 500, (name, reply.status_code)
        assert "Traceback" not in reply.content.decode("utf-8", "replace")
        if reply.status_code == 413:
            words = reply.content.decode()
            assert "demasiado largo" in words or address == "/i/leave/" and "too long" in words  # nobody's session


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
@pytest.mark.parametrize("by_autosave", [True, False])
def test_what_is_odd_is_stored_exactly(browser, text, by_autosave):
    browser.go("/i/packet/presenting-concerns/?at=con-reason")
    if by_autosave:
        assert autosave(browser, "presenting-concerns", {"con-reason": [text]}).status_code == 200
    else:
        browser.press({"con-reason": text})
    assert text in [answer["valueString"] for answer in answers(Response.objects.get().answers)]
    assert dict(browser.go("/i/packet/presenting-concerns/?at=con-reason").fields)["con-reason"] == text


def answers(items):
    for item in items:
        yield from item.get("answer", [])
        yield from answers(item.get("item", []))


@pytest.mark.parametrize("text", ["a\x00b", "\x1b[31m", "a\ufffdb"])
def test_what_can_not_be_stored_is_said_beside_the_question_and_stays_there(browser, text):
    browser.go("/i/packet/presenting-concerns/?at=con-reason")
    browser.press({"con-reason": text})
    assert browser.response.status_code == 422
    assert "Algunos caracteres no se pueden guardar" in browser.page.text
    assert not Response.objects.filter(step__slug="presenting-concerns").exists()
