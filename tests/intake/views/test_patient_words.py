"""The words on the pages: Spanish for each of them, kind when something fails, help on all of them."""

import re
from pathlib import Path

import packets as given
import pytest
from django.conf import settings
from django.http import HttpRequest
from django.utils import translation
from django.views.defaults import bad_request, page_not_found, server_error
from patient_pages import opened
from plain_browser import Page

TEMPLATES = Path(settings.BASE_DIR) / "templates"
OURS = [
    TEMPLATES / "patient_base.html",
    *(TEMPLATES / "intake" / "patient").glob("*.html"),
    *(TEMPLATES / name for name in ("400.html", "403_csrf.html", "404.html", "500.html")),
]
TRANSLATED = re.compile(r"""{% translate (?:"([^"]+)"|'([^']+)') %}""")


def test_every_phrase_of_a_patients_page_has_its_spanish_words():
    phrases = {one or other for path in OURS for one, other in TRANSLATED.findall(path.read_text())}
    assert len(phrases) > 100
    with translation.override("es"):
        same = {phrase for phrase in phrases if translation.gettext(phrase) == phrase}
    assert same <= {"No"}


def test_no_words_stand_in_a_template_outside_translation():
    """Except one line that is Spanish on the English page on purpose, and an attribute that a block switches on."""
    phrase = re.compile(r"{% blocktranslate.*?{% endblocktranslate %}", re.DOTALL)
    tag = re.compile(r"{[{%#].*?[}%#]}", re.DOTALL)
    for path in OURS:
        left = re.sub(r"<[^>]+>", " ", tag.sub("", phrase.sub("", path.read_text())))
        words = set(re.findall(r"[^\W\d_]{3,}", left)) - {"disabled"}
        assert not words or path.name == "_crisis_lines.html", (path.name, words)


@pytest.mark.parametrize("failure", [bad_request, page_not_found, server_error])
def test_the_pages_for_failures_are_kind_name_nobody_and_offer_help(failure):
    request = HttpRequest()
    response = failure(request, Exception("Rosa")) if failure is not server_error else failure(request)
    page = Page(response.content.decode())
    assert "Rosa" not in page.html
    assert "What you saved before is still there" in page.text or "what you saved before is still there" in page.text
    assert {"tel:988", "tel:911", "#crisis"} <= set(page.links)
    assert page.html.count("<h1") == 1


def test_too_much_at_once_is_refused_in_kind_words(world):
    browser = opened(given.invite(world))
    reply = browser.client.post("/i/packet/demographics/", {"demo-given": "x" * 600_000})
    assert reply.status_code == 413
    assert "We could not read what was sent" in reply.content.decode()


def test_the_crisis_words_in_both_languages(world):
    browser = opened(given.invite(world))
    assert "llame al 988 y oprima 2, o envíe la palabra AYUDA al 988" in browser.page.text
    assert "press 3" not in browser.page.text
    page = browser.press(name="!language", value="es")
    assert "No está solo(a). Hay ayuda ahora mismo." in page.text
    assert "oprima 2" in page.text
    assert "AYUDA" in page.text
    assert "sms:988?&body=AYUDA" in page.links
    assert "Estoy a salvo, continuar" in page.text


def test_the_clinics_crisis_line_is_offered_where_there_is_one(world):
    invitation = given.invite(world)
    assert "tel:5550100199" in opened(invitation).page.links
    world.clinic.crisis_phone = ""
    world.clinic.save()
    assert "crisis line" not in opened(invitation).page.text


def test_no_page_promises_a_call_or_a_time():
    for path in OURS:
        text = path.read_text().lower()
        for promise in ("we will call", "will call you", "call you back", "within the hour", "minutes from now"):
            assert promise not in text, path.name


def test_pages_load_nothing_from_elsewhere_and_hold_no_inline_script_or_style(world):
    browser = opened(given.invite(world))
    for path in ("", "demographics/", "privacy-notice/", "review/"):
        html = browser.go(f"/i/packet/{path}").html
        loaded = re.findall(r'<(?:script|link|img|iframe)[^>]*?(?:src|href)="([^"]+)"', html)
        assert len([one for one in loaded if one != "data:,"]) <= 4
        assert all(one.startswith(("/static/", "data:,")) for one in loaded)
        assert " style=" not in html
        assert "<style" not in html
        assert not re.search(r"\son\w+=", html)
        assert not re.search(r"<script(?![^>]*src=)", html)
        assert "script-src" not in browser.response["Content-Security-Policy"]  # so default-src 'self' holds
