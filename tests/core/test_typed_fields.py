"""What people type: characters that nobody sees, hours that the clock shows twice, years that nobody means."""

import zlib
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from consents.rules.paper_files import is_pdf
from consents.services.accounting import _inert
from consents.services.texts import is_said
from core.fields.typed import Day, Line, Lines, Moment

PAGES = b"%PDF-1.5\n1 0 obj <</Type /Catalog>> endobj\n"
END = b"\nstartxref\n0\n%%EOF\n"


@pytest.mark.parametrize("char", [*"\x00\x07\x1b\x7f\u202e\u2066\u200b\ufeff\u061c\u3164\u115f\uffa0\u2800"])
def test_what_nobody_sees_is_taken_out_of_a_line_and_is_no_name(char):
    assert Line(max_length=12).clean(f"Rosa {char}Núñez{char}") == "Rosa Núñez"
    assert Lines().clean(f"one{char}\r\ntwo") == "one\ntwo"
    assert not is_said(char * 3, 200)
    with pytest.raises(ValidationError, match="required"):
        Line().clean(char)


@pytest.mark.parametrize(
    ("typed", "hour"),
    [
        ("2026-11-01T01:30", datetime(2026, 11, 1, 5, 30, tzinfo=UTC)),  # comes twice: the first
        ("2026-03-08T02:30", datetime(2026, 3, 8, 7, 30, tzinfo=UTC)),  # is left out: half an hour after the jump
        ("2026-07-01T12:00", datetime(2026, 7, 1, 16, 0, tzinfo=UTC)),
        ("2024-02-29T12:00", datetime(2024, 2, 29, 17, 0, tzinfo=UTC)),
    ],
)
def test_every_hour_of_the_clinics_clock_can_be_typed(typed, hour):
    with timezone.override(ZoneInfo("America/New_York")):
        assert Moment().clean(typed).astimezone(UTC) == hour


@pytest.mark.parametrize("day", ["0001-01-01", "0026-11-25", "1899-12-31", "9999-12-31", "2026-02-29"])
def test_a_year_that_nobody_means_is_refused_before_any_arithmetic(day):
    with timezone.override(ZoneInfo("Pacific/Auckland")):
        for field, typed in ((Day(), day), (Moment(), f"{day}T00:00")):
            with pytest.raises(ValidationError):
                field.clean(typed)


@pytest.mark.parametrize(
    "cell", ["=1", "+1", "-1", "@x", "＝1", "＋1", "－1", "＠x", "\ufeff=1", " \u200b＝1", "\u3164=1", "\t1"]
)
def test_no_cell_begins_a_formula(cell):
    assert _inert(cell) == f"'{cell}"
    assert _inert(f"Bay{cell}") == f"Bay{cell}"


def packed(content: bytes) -> bytes:
    return b"2 0 obj <</Type /ObjStm /N 1 /First 4>> stream\n" + zlib.compress(content) + b"\nendstream endobj"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (PAGES + b"2 0 obj <</Type /Page>> endobj" + END, True),
        (PAGES + packed(b"2 0 <</Type/Page/Parent 1 0 R>>") + END, True),
        (PAGES + packed(b"0" * 3_000_000 + b"/Type/Page ") + END, False),  # beyond what is unpacked
        (PAGES + b"2 0 obj <</Type /Pages /Count 0>> endobj" + END, False),
        (PAGES + b"2 0 obj <</Type /Page>> endobj", False),
        (b"%PDF-", False),
        (b"%PDF-1.4\n<HTML><script>alert(1)</script>" + b"2 0 obj <</Type /Page>> endobj" + END, False),
    ],
)
def test_a_pdf_has_a_trailer_and_a_page_and_is_no_web_page(content, expected):
    assert is_pdf(content) == expected
