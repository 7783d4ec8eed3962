"""Whatever a name, a note or a browser says, it is words: on the screen and on paper. And nothing is fetched."""

import os
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from datetime import datetime
from html.parser import HTMLParser
from io import BytesIO
from zoneinfo import ZoneInfo

import packets as given
import pytest
from django.conf import settings
from django.utils.html import escape
from inside_pdf import everything_in, names_in
from patient_pages import opened
from pypdf import PdfReader

from consents.models import SealedDocument, Signature
from consents.rendering import CannotRender, Sheet, Statement, filled, html_of, page, pdf, plain
from consents.rules import FIELDS

CANARY = "canary-7f3a"
SHEET = Sheet(
    title="Permiso",
    version="1.0",
    language="es",
    clinic="Harbor Clinic",
    shown_html="<p>Texto</p>",
    sha256="a" * 64,
    review_note="Borrador",
    patient_name="Rosa Núñez",
    signer_name="Rosa Núñez",
    capacity="self",
    statements=(Statement("read", "Lo leí.", True), Statement("video", "Por video.", False)),
    signed_at=datetime(2026, 11, 22, 11, 3, 7, tzinfo=ZoneInfo("America/New_York")),
    evidence={"identity_check": "link_and_birth_date", "ip": "203.0.113.7", "user_agent": "Firefox"},
    reference="0b8f0a3e-0000-4000-8000-000000000000",
)
# What people put into fields: markup, Markdown, fields, style, formulas, addresses.
PAYLOADS = [
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "<img src='file:///etc/passwd'>",
    "<svg/onload=alert(1)>",
    "<svg><image href='http://127.0.0.1:9/x'/></svg>",
    "<style>@import 'http://127.0.0.1:9/x'</style>",
    "<link rel=attachment href=file:///etc/passwd>",
    "<a rel='attachment' href='file:///etc/passwd'>x</a>",
    "<object data='file:///etc/passwd'></object>",
    "<iframe src='http://169.254.169.254/'></iframe>",
    "</p></div><h1>Other document</h1>",
    "&lt;b&gt;",
    "**bold**",
    "[a](javascript:alert(1))",
    "![a](http://127.0.0.1:9/x)",
    "{{clinic_name}}",
    "{% include 'x' %}",
    '=HYPERLINK("http://127.0.0.1:9")',
    "⟦2.31(a)(1)⟧",
    'O\'Hara & Søns "Núñez"',
    "Rosa \u202etxt.exe\u2066 Núñez",
    "+1+cmd|' /C calc'!A0",
    "%PDF-1.7 (x) >> endobj",
]


def text_of(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages).split())


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_name_is_inert_in_the_shown_text(payload):
    shown = filled(html_of("My name is {{patient_name}}.\n\nAt {{clinic_name}}."), {
        "patient_name": payload, "clinic_name": "Harbor",
    })  # fmt: skip
    body = shown.removeprefix("<p>My name is ").removesuffix(".</p>\n<p>At Harbor.</p>\n")
    assert "<" not in body
    assert ">" not in body
    assert "<strong>" not in shown
    assert "Harbor" not in body


def everywhere(payload: str) -> Sheet:
    """A sheet whose every field says the same."""
    return replace(
        SHEET,
        title=payload,
        version=payload,
        clinic=payload,
        shown_html=filled(html_of("{{patient_name}} at {{clinic_name}}\n\n" + payload), dict.fromkeys(FIELDS, payload)),
        review_note=payload,
        patient_name=payload,
        signer_name=payload,
        capacity=payload,
        authority=payload,
        statements=(Statement(payload, payload, True), Statement("b", payload, False)),
        evidence={
            "identity_check": payload,
            "reason": payload,
            "ip": payload,
            "user_agent": payload,
            "session": payload,
            payload: payload,
        },
        values={payload: payload},
    )


class Skeleton(HTMLParser):
    """What a page is made of: its tags and its attributes, without the words."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.bones: list[tuple] = []
        self.feed(markup)

    def handle_starttag(self, tag, attrs):
        if tag not in ("p", "em", "strong"):  # a body may have Markdown in it
            self.bones.append((tag, *(name for name, _ in attrs)))


@pytest.mark.parametrize("payload", PAYLOADS)
def test_whatever_a_field_says_is_words_in_the_html_and_on_paper(payload, canary_server, tmp_path):
    """In every field at once: nothing is added to the page's tags, nobody is called, no file comes in."""
    address, seen = canary_server
    secret = tmp_path / "secret.txt"
    secret.write_text(CANARY)
    aimed = payload.replace("http://127.0.0.1:9", address).replace("file:///etc/passwd", secret.as_uri())
    sheet = everywhere(aimed)
    assert Skeleton(page(sheet)).bones == Skeleton(page(everywhere("Rosa"))).bones
    content = pdf(sheet)
    text = text_of(content)
    assert squeezed(text).count(squeezed(plain(aimed))) >= 9
    assert not {*text} & {*"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"}
    reader = PdfReader(BytesIO(content))
    assert not reader.attachments
    assert CANARY.encode() not in everything_in(content)
    names = names_in(reader)
    assert {"/Catalog", "/Font", "/StructTreeRoot"} <= names
    active = {"/JavaScript", "/JS", "/Launch", "/URI", "/EmbeddedFile", "/OpenAction", "/GoToR", "/AA"}
    assert not names & active
    assert seen == []


def test_a_reason_not_to_sign_is_words_where_it_is_shown_again_and_is_on_no_paper(world):
    """The text changed while it was read: the page comes again, with what was typed."""
    invitation = given.invite(world)
    browser = opened(invitation)
    fields = dict(browser.go("/i/packet/privacy-notice/").fields)

    def shown_again(reason: str) -> str:
        typed = {**fields, "shown_sha256": "0" * 64, "decision": "refused", "reason": reason}
        reply = browser.client.post("/i/packet/privacy-notice/", typed)
        assert reply.status_code == 409
        return reply.content.decode()

    bones = Skeleton(shown_again("Rosa")).bones
    for payload in PAYLOADS:
        page_again = shown_again(payload)
        assert Skeleton(page_again).bones == bones, payload
        assert escape(payload) in page_again
    browser.client.post("/i/packet/privacy-notice/", {**fields, "decision": "refused", "reason": PAYLOADS[-3]})
    kept = Signature.objects.get()
    assert kept.reason == plain(PAYLOADS[-3]) != PAYLOADS[-3]
    assert not SealedDocument.objects.filter(signature=kept).exists()


@pytest.mark.parametrize("payload", PAYLOADS[:12] + PAYLOADS[13:15])
def test_markup_in_a_documents_body_is_words_too(payload):
    """Publishing refuses it; should it get in all the same, it does nothing."""
    shown = html_of(f"Before {payload} after")
    for active in ("<script", "<img", "<svg", "<style", "<link", "<a ", "<object", "<iframe", "<h1"):
        assert active not in shown


@pytest.mark.parametrize("char", ["\u202e", "\u2066", "\u200f", "\x00", "\x1b", "\x7f"])
def test_a_name_can_neither_turn_the_line_around_nor_hold_control_characters(char):
    assert plain(f"Ro{char}sa") == "Rosa"


def test_a_name_is_one_line():
    assert plain("  Rosa \n\t Núñez ") == "Rosa Núñez"


@pytest.fixture
def canary_server():
    """Counts who connects; nobody may."""
    seen = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve():
            try:
                while True:
                    peer, _ = server.accept()
                    seen.append(peer.recv(1000))
                    peer.close()
            except OSError:
                return

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}", seen
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize(
    "markup",
    [
        "<img src='{url}'>",
        "<img src='{url}?redirect=file:///etc/passwd'>",
        "<link rel=stylesheet href='{url}'>",
        "<style>@import '{url}';</style>",
        "<style>p {{ background: url({url}) }}</style>",
        "<style>@font-face {{ font-family: x; src: url({url}) }} p {{ font-family: x }}</style>",
        "<object data='{url}'></object>",
        "<embed src='{url}'>",
        "<svg xmlns='http://www.w3.org/2000/svg'><image href='{url}' width='9' height='9'/></svg>",
        "<link rel=attachment href='{url}'>",
        "<a rel=attachment href='{url}'>x</a>",
    ],
)
def test_nothing_is_fetched_and_the_pdf_fails_instead(markup, canary_server, tmp_path):
    """As if the stored text itself were hostile: the last wall."""
    address, seen = canary_server
    secret = tmp_path / "secret.txt"
    secret.write_text(CANARY)
    for url in (f"{address}/x", secret.as_uri(), "data:text/plain,x", "ftp://127.0.0.1/x"):
        with pytest.raises(CannotRender, match="asks for something from outside"):
            pdf(replace(SHEET, shown_html=markup.format(url=url)))
    assert seen == []


def test_the_pdf_is_tagged_named_in_its_language_and_carries_its_fonts():
    reader = PdfReader(BytesIO(pdf(SHEET)))
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "es"
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata.title == "Permiso"
    assert b"pdfuaid" in root["/Metadata"].get_data()
    fonts = {
        font.get_object()["/BaseFont"]: font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"]
        for page in reader.pages
        for font in page["/Resources"]["/Font"].values()
    }
    assert fonts
    assert all("DejaVu" in name and "/FontFile2" in descriptor for name, descriptor in fonts.items())


def test_headings_lists_tables_and_the_order_of_reading_are_in_the_tags():
    reader = PdfReader(BytesIO(pdf(replace(SHEET, shown_html="<h2>Uno</h2><ul><li>Dos</li></ul>"))))

    def walk(node):
        node = node.get_object()
        if "/S" in node:
            yield node["/S"]
        children = node.get("/K", [])
        for child in children if isinstance(children, list) else [children]:
            if hasattr(child.get_object(), "get") and "/S" in child.get_object():
                yield from walk(child)

    tags = list(walk(reader.trailer["/Root"]["/StructTreeRoot"]["/K"][0]))
    order = [tag for tag in tags if tag in ("/H1", "/H2", "/L", "/Table", "/TH")]
    assert order[:4] == ["/H1", "/H2", "/L", "/H2"]
    assert order.count("/H1") == 2
    assert order.count("/Table") == 3
    assert "/TH" in order


def test_accents_are_right_on_paper():
    words = "Núñez — ¿Qué pasó? ¡Ñandú! vergüenza, tratamiento, atención, Łukasz, Çelik, Ngọc"
    assert words in text_of(pdf(replace(SHEET, shown_html=f"<p>{words}</p>")))


def test_the_evidence_says_what_was_signed_how_and_when_in_the_clinics_time():
    text = text_of(pdf(SHEET))
    for part in (
        "Permiso", "1.0", "Español", "a" * 64, "Rosa Núñez", "paciente", "22 de noviembre de 2026, 11:03:07 EST",
        "UTC-0500", "enlace personal y fecha de nacimiento", "203.0.113.7", "Firefox", "Marcada read Lo leí.",
        "Sin marcar video Por video.", "Borrador", SHEET.reference,
    ):  # fmt: skip
        assert part in text
    assert "2 / 2" in text


def test_everything_that_was_kept_is_on_the_evidence_page():
    """law.md section 3: by whom, in which capacity and by what right, with what in front of them, and for how long."""
    sheet = replace(
        SHEET,
        language="en",
        capacity="guardian",
        authority="Court order of 2025, seen by the front desk",
        evidence={
            "identity_check": "link_and_birth_date", "ip": "203.0.113.7", "user_agent": "Firefox", "session": "s-81c2",
            "seconds_on_page": 94, "font_scale": 1.5, "scrolled_to_end": True, "esign_signature": "7",
            "answered_by": "guardian", "handed_over": False, "shown_at": "2026-07-01T09:30:00-04:00",
            "server_time": "2026-07-01T09:31:34-04:00",
        },
        values={"patient_name": "Rosa Núñez", "clinic_name": "Harbor Clinic"},
        mark=[[[0, 0], [1000, 300]]],
    )  # fmt: skip
    text = text_of(pdf(sheet))
    for part in (
        "legal guardian of the patient", "Court order of 2025", "s-81c2", "94 seconds", "1.5 × of the usual",
        "Also kept: scrolled to end True", "Patient’s name patient_name Rosa Núñez",
        "Name of the clinic clinic_name Harbor Clinic",
        "How it was signed with a drawn mark, kept as lines", "Also kept: number of the agreement to sign on a screen",
        "Also kept: who filled in the forms somebody who answers for the patient guardian",
        "Also kept: the device was handed to somebody else to sign no False",
        "Also kept: time on our server when it was signed 2026-07-01T09:31:34-04:00",
        "July 1, 2026, 9:30:00 AM",
        "2026-07-01T09:30:00-04:00", "Ticked read Lo leí.", "personal link and date of birth",
    ):  # fmt: skip
        assert part in text


def test_the_drawn_mark_is_lines_with_words_for_who_cannot_see_them():
    sheet = replace(SHEET, mark=[[[10, 20], [500, 220.4], [990, 40]], [[700, 90]]])
    assert 'd="M10 20 L500 220 L990 40 M700 90 L700 90" fill="none" stroke="#14202b"' in page(sheet)
    drawn = pdf(sheet)
    inside = everything_in(drawn)
    assert b"/Subtype /Image" not in inside
    assert "Firma dibujada".encode("utf-16-be") in inside or b"(Firma dibujada)" in inside
    assert b"/Figure" not in everything_in(pdf(SHEET))


def test_a_mark_outside_its_frame_is_drawn_at_its_edge():
    assert replace(SHEET, mark=[[[-5, 2000], [1e9, 3]]]).path == "M0 1000 L1000 3"


@pytest.mark.parametrize(
    "mark", [[[["1 1'/><image href='file:///etc/passwd'", 2]]], [[[1]]], [[[float("nan"), 1]]], [[[1, None]]], [7]]
)
def test_a_mark_of_anything_but_numbers_is_not_printed(mark):
    with pytest.raises(CannotRender, match="not made of numbers"):
        pdf(replace(SHEET, mark=mark))


def test_the_english_evidence_speaks_english():
    text = text_of(pdf(replace(SHEET, language="en", evidence={})))
    for part in ("the patient", "November 22, 2026, 11:03:07 AM EST", "not recorded", "Ticked", "Not ticked"):
        assert part in text


def test_a_very_long_name_wraps_and_stays_on_the_page():
    name = "Maximiliana" * 18
    assert name in squeezed(text_of(pdf(replace(SHEET, signer_name=name))))


def test_without_pango_the_process_lives_and_says_so_quietly(tmp_path):
    """A stand-in that fails as WeasyPrint does when its libraries are absent."""
    (tmp_path / "weasyprint").mkdir()
    (tmp_path / "weasyprint" / "__init__.py").write_text("print('advice')\nraise OSError('cannot load library')\n")
    script = (
        "import django; django.setup()\n"
        "from consents.rendering import CannotRender, html_of\n"
        "from consents.rendering.press import press\n"
        "assert html_of('**x**') == '<p><strong>x</strong></p>\\n'\n"
        "try: press().pdf(style='', page='<p>x')\n"
        "except CannotRender as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=settings.BASE_DIR,
        env={**os.environ, "PYTHONPATH": f"{tmp_path}:{settings.BASE_DIR}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "Pango is not installed\n"), done.stderr
