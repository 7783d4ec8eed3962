"""What people type is read the way they mean it, or refused in plain words."""

from datetime import date, timedelta, timezone

import pytest
from questionnaires import CODES, extension, form, item, option

from intake.engine import parse
from intake.engine.entry import Context, read_entry
from intake.engine.messages import say
from intake.engine.showing import as_typed, in_figures, in_words
from intake.engine.values import SUFFIXES, UnreadableValue, read

EASTERN = timezone(timedelta(hours=-5))
HERE = Context(date(2026, 11, 22), EASTERN)
MG = {"system": "http://unitsofmeasure.org", "code": "mg", "display": "milligrams"}
DOSE = item(
    "a",
    "quantity",
    extension=[
        extension("questionnaire-unitOption", valueCoding=MG),
        extension("questionnaire-unitOption", valueCoding={"code": "mL"}),
    ],
)
WEIGHT = item("a", "decimal", extension=[extension("questionnaire-unit", valueCoding={"code": "kg"})])
CODED = item(
    "a",
    "choice",
    answerOption=[option("A"), option("B"), {"valueCoding": {"system": "http://example.org/d", "code": "B"}}],
)
OPEN = item("a", "open-choice", answerOption=[option("A")])
FREE = item("a", "open-choice")
PICKER = item("a", "choice", answerValueSet="http://example.org/v")


def question(raw):
    return parse(form(raw if isinstance(raw, dict) else item("a", raw))).items[0]


@pytest.mark.parametrize(
    ("raw", "typed", "answer"),
    [
        ("date", "03/15/1990", "1990-03-15"),
        ("date", " 3-5-1990 ", "1990-03-05"),
        ("date", "3.15.1990", "1990-03-15"),
        ("date", "3 15 1990", "1990-03-15"),
        ("date", "03 / 15 / 1990", "1990-03-15"),
        ("date", "3-15-90", "1990-03-15"),
        ("date", "11/22/26", "2026-11-22"),
        ("date", "11/23/26", "1926-11-23"),
        ("date", "1990-03-15", "1990-03-15"),
        ("date", "1990/3/15", "1990-03-15"),
        ("date", "03151990", "1990-03-15"),
        ("date", "March 15, 1990", "1990-03-15"),
        ("date", "15 mar 1990", "1990-03-15"),
        ("date", "Mar 3rd 1990", "1990-03-03"),
        ("date", "15 de marzo de 1990", "1990-03-15"),
        ("date", "02/29/2024", "2024-02-29"),
        ("date", "1990", "1990"),
        ("date", "3/1990", "1990-03"),
        ("date", "1990-03", "1990-03"),
        ("integer", "5", 5),
        ("integer", " 5.0 ", 5),
        ("integer", "1,000", 1000),
        ("integer", "1 000", 1000),
        ("integer", "-3", -3),
        ("integer", "+7", 7),
        ("decimal", "5,5", 5.5),
        ("decimal", ".5", 0.5),
        ("decimal", "12,345.25", 12345.25),
        ("decimal", "0,125", 0.125),
        ("decimal", "7", 7),
        (WEIGHT, "70.5 kg", 70.5),
        ("boolean", "true", True),
        ("boolean", "false", False),
        ("time", "2:30 PM", "14:30:00"),
        ("time", "14:30", "14:30:00"),
        ("time", "2pm", "14:00:00"),
        ("time", "12 a. m.", "00:00:00"),
        ("time", "12:00 pm", "12:00:00"),
        ("time", "08:15:30", "08:15:30"),
        ("dateTime", "3/15/1990", "1990-03-15"),
        ("dateTime", "3/1990", "1990-03"),
        ("dateTime", "3/15/1990 2:30 PM", "1990-03-15T14:30:00-05:00"),
        ("dateTime", "03/15/1990, 2pm", "1990-03-15T14:00:00-05:00"),
        ("dateTime", "1990-03-15T14:30", "1990-03-15T14:30:00-05:00"),
        ("dateTime", "1990-03-15T14:30:00Z", "1990-03-15T14:30:00Z"),
        ("string", "  as typed ", "  as typed "),
        ("string", "emoji 🙂 and ألف", "emoji 🙂 and ألف"),
        ("text", "two\r\nlines", "two\nlines"),
        ("url", " https://example.org ", "https://example.org"),
        (CODED, f"{CODES}|A", {"system": CODES, "code": "A", "display": "A"}),
        (CODED, "A", {"system": CODES, "code": "A", "display": "A"}),
        (item("a", "choice", answerOption=[{"valueString": "red"}]), "red", "red"),
        (item("a", "choice", answerOption=[{"valueDate": "2026-01-01"}]), "01/01/2026", "2026-01-01"),
        (item("a", "choice", answerOption=[{"valueTime": "14:30:00"}]), "14:30:00", "14:30:00"),
        (item("a", "integer", answerOption=[{"valueInteger": 5}]), "5.0", 5),
        (OPEN, "A", {"system": CODES, "code": "A", "display": "A"}),
        (OPEN, "something else", "something else"),
        (
            FREE,
            "http://snomed.info/sct|91936005|Penicillin",
            {"system": "http://snomed.info/sct", "code": "91936005", "display": "Penicillin"},
        ),
        (PICKER, "http://example.org/s|X", {"system": "http://example.org/s", "code": "X"}),
        (
            "attachment",
            "urn:uuid:1|image/png|Front",
            {"contentType": "image/png", "url": "urn:uuid:1", "title": "Front"},
        ),
        ("attachment", "urn:uuid:1", {"url": "urn:uuid:1"}),
        (DOSE, "5 mg", {"value": 5, "unit": "milligrams", "system": "http://unitsofmeasure.org", "code": "mg"}),
        (DOSE, "2.5mL", {"value": 2.5, "unit": "mL", "code": "mL"}),
        ("quantity", "5", {"value": 5}),
    ],
)
def test_it_is_read(raw, typed, answer):
    found = read_entry(question(raw), typed, HERE)
    assert list(found.values()) == [answer]


@pytest.mark.parametrize(
    ("raw", "typed", "code"),
    [
        ("date", "02/30/1990", "impossible-date"),
        ("date", "15/03/1990", "impossible-date"),
        ("date", "yesterday", "impossible-date"),
        ("date", "03/15/0090", "impossible-date"),
        ("date", "March 1990", "impossible-date"),
        ("date", "15 Foo 1990", "impossible-date"),
        ("date", "March 15, 90", "impossible-date"),
        ("integer", "5.5", "whole-number"),
        ("integer", "9999999999", "whole-number"),
        ("integer", "five", "not-a-number"),
        ("integer", "5 days", "not-a-number"),
        ("integer", "1e5", "not-a-number"),
        ("decimal", "1.2.3", "not-a-number"),
        ("decimal", "1" * 40, "not-a-number"),
        ("boolean", "on", "not-an-option"),
        ("boolean", "1", "not-an-option"),
        ("time", "25:00", "impossible-time"),
        ("time", "13 pm", "impossible-time"),
        ("time", "noon", "impossible-time"),
        ("time", "9", "impossible-time"),
        ("dateTime", "3/1990 2:30 PM", "impossible-date"),
        ("dateTime", "3/15/1990 25:00", "impossible-time"),
        ("dateTime", "1990-02-30T14:30:00Z", "impossible-date"),
        ("string", "a\x00b", "bad-characters"),
        ("text", "\ud800", "bad-characters"),
        ("url", "not a link", "not-a-link"),
        (CODED, "B", "not-an-option"),
        (CODED, "Z", "not-an-option"),
        (PICKER, "just words", "not-an-option"),
        (DOSE, "5", "unit-missing"),
        (DOSE, "5 g", "not-a-number"),
        ("reference", "Patient/1", "read-only"),
    ],
)
def test_it_is_refused_in_plain_words(raw, typed, code):
    with pytest.raises(UnreadableValue) as refused:
        read_entry(question(raw), typed, HERE)
    assert refused.value.code == code
    assert say(code, "en") != say(code, "es-US")


@pytest.mark.parametrize("blank", ["", "  ", "\n"])
def test_blank_is_no_answer(blank):
    assert read_entry(question("date"), blank, HERE) is None


def test_a_unit_may_be_posted_beside_the_number():
    found = read_entry(question(DOSE), "5", HERE, unit="mL")
    assert found["valueQuantity"]["code"] == "mL"


def test_a_unit_that_the_question_does_not_have_is_refused():
    with pytest.raises(UnreadableValue) as refused:
        read_entry(question("quantity"), "5", HERE, unit="stone")
    assert refused.value.code == "unit-missing"


def test_a_two_digit_year_without_a_today_is_of_this_century_up_to_29():
    assert read_entry(question("date"), "1/1/29", Context()) == {"valueDate": "2029-01-01"}
    assert read_entry(question("date"), "1/1/30", Context()) == {"valueDate": "1930-01-01"}


@pytest.mark.parametrize(
    ("raw", "answer"),
    [
        ("date", {"valueDate": "1990-03-15"}),
        ("date", {"valueDate": "1990-03"}),
        ("date", {"valueDate": "1990"}),
        ("dateTime", {"valueDateTime": "1990-03-15T14:30:00-05:00"}),
        ("dateTime", {"valueDateTime": "1990-03-15T00:05:09-05:00"}),
        ("dateTime", {"valueDateTime": "1990-03-15"}),
        ("time", {"valueTime": "00:30:00"}),
        ("time", {"valueTime": "14:30:05"}),
        ("boolean", {"valueBoolean": False}),
        ("integer", {"valueInteger": 0}),
        ("decimal", {"valueDecimal": 0.1}),
        ("string", {"valueString": " x "}),
        ("url", {"valueUri": "https://example.org"}),
        ("attachment", {"valueAttachment": {"contentType": "image/png", "url": "urn:uuid:1", "title": "T"}}),
        ("quantity", {"valueQuantity": {"value": 1.5}}),
        (CODED, {"valueCoding": {"system": CODES, "code": "B", "display": "B"}}),
    ],
)
def test_what_a_field_shows_is_read_as_the_same_answer(raw, answer):
    found = question(raw)
    name = next(iter(answer))
    value = read(SUFFIXES[name.removeprefix("value")], answer[name])
    assert read_entry(found, as_typed(value, answer, zone=EASTERN), HERE) == answer


@pytest.mark.parametrize(
    ("type_", "raw", "english", "spanish"),
    [
        ("date", "1990-03-15", "March 15, 1990", "15 de marzo de 1990"),
        ("date", "1990-03", "March 1990", "marzo de 1990"),
        ("date", "1990", "1990", "1990"),
        ("time", "10:00:00", "", ""),
        ("string", "x", "", ""),
        ("Quantity", {"value": 5, "unit": "mg"}, "5 mg", "5 mg"),
    ],
)
def test_a_patient_is_told_how_an_answer_was_understood(type_, raw, english, spanish):
    value = read(type_, raw)
    assert (in_words(value, "en"), in_words(value, "es-US")) == (english, spanish)


def test_limits_are_named_in_figures():
    assert in_figures(read("time", "14:30:00")) == "2:30 PM"
    assert in_figures(read("Quantity", {"value": 5, "code": "mg"})) == "5 mg"
    assert in_figures(read("integer", 5)) == "5"


def test_an_instant_that_cannot_be_shown_in_the_clinics_zone_is_shown_by_its_date():
    assert as_typed(read("dateTime", "2016-12-31T23:59:60Z"), {"valueDateTime": "2016-12-31T23:59:60Z"}) == "12/31/2016"
    assert as_typed(read("Reference", {"reference": "Patient/1"})) == "Patient/1"
