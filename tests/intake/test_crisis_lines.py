"""Whom a person in a crisis can reach: only what was looked up is claimed, and a clinic's own lines come first."""

import pytest
from django.core.checks import run_checks

from core.models import Clinic
from intake import checks
from intake.rules.crisis import COUNTRIES, crisis_lines, without_a_line


def test_the_united_states_have_988_by_call_text_and_chat_and_911():
    lines = crisis_lines("US")
    assert (lines.call, lines.text, lines.chat, lines.emergency) == ("988", "988", "https://988lifeline.org/", "911")
    assert (lines.spanish_key, lines.spanish_word) == ("2", "AYUDA")
    assert (lines.veterans_key, lines.veterans_text) == ("1", "838255")
    assert "Crisis" in lines.name("en")
    assert "Crisis" in lines.name("es")


def test_canada_has_no_chat_and_none_of_the_united_states_extras():
    lines = crisis_lines("ca")
    assert (lines.call, lines.text, lines.emergency) == ("988", "988", "911")
    assert not (lines.chat or lines.spanish_key or lines.spanish_word or lines.veterans_key or lines.veterans_text)
    assert lines.name("es") == lines.name("en")


@pytest.mark.parametrize("country", ["DE", "", "XX", "988"])
def test_of_a_country_that_was_not_looked_up_nothing_is_claimed(country):
    lines = crisis_lines(country)
    assert not (lines.call or lines.text or lines.words or lines.chat or lines.emergency or lines.name("en"))


@pytest.mark.parametrize(
    ("typed", "number", "words"),
    [("85258", "85258", ""), (" +1 (555) 010-0188 ", "+15550100188", ""), ("HOME to 741741", "", "HOME to 741741")],
)
def test_a_regions_own_text_line_stands_instead_of_the_countrys(typed, number, words):
    lines = crisis_lines("US", text=typed)
    assert (lines.call, lines.text, lines.words) == ("988", number, words)
    assert lines.spanish_word == ""  # AYUDA is a word of 988, not of every line
    assert lines.spanish_key == "2"


def test_a_regions_own_chat_stands_instead_of_the_countrys():
    assert crisis_lines("US", chat="https://chat.example/").chat == "https://chat.example/"
    assert crisis_lines("DE", chat="https://chat.example/").chat == "https://chat.example/"


def test_every_number_of_the_table_can_be_dialled():
    for lines in COUNTRIES.values():
        for number in (lines.call, lines.text, lines.emergency, lines.veterans_text):
            assert number.isascii()
            assert number.isdigit() or not number


NOTHING_OF_ITS_OWN = {"crisis_phone": "", "crisis_text": "", "crisis_chat": ""}


@pytest.mark.parametrize("own", [
    {"crisis_phone": "555-010-0199"}, {"crisis_text": "HOME to 741741"}, {"crisis_chat": "https://chat.example/"},
])  # fmt: skip
def test_any_line_of_its_own_is_enough_where_none_was_looked_up(own):
    clinic = {"name": "Hafen", "country": "DE", **NOTHING_OF_ITS_OWN}
    assert without_a_line([{**clinic, **own}]) == []
    assert without_a_line([{**clinic, **dict.fromkeys(own, " ")}]) == ["Hafen (DE)"]
    assert without_a_line([{**clinic, "country": "ca"}, {**clinic, "country": ""}]) == ["Hafen (no country)"]


def test_a_check_names_each_clinic_whose_patients_would_see_no_line(world):
    assert checks.clinics_without_a_crisis_line(["default"]) == []
    Clinic.objects.filter(pk=world.clinic.pk).update(country="DE", **NOTHING_OF_ITS_OWN)
    (found,) = checks.clinics_without_a_crisis_line(["default"])
    assert (found.id, found.is_serious()) == ("intake.W002", False)
    assert "Harbor Clinic (DE)" in found.msg
    assert "Elsewhere" not in found.msg
    assert "crisis_phone" in found.hint
    assert found.id in {one.id for one in run_checks(databases=["default"])}
    assert checks.clinics_without_a_crisis_line([]) == []


def test_the_check_waits_for_the_columns_it_reads(world, monkeypatch):
    """`migrate` of an older installation runs it before they are there."""
    monkeypatch.setattr(checks, "LINES", (*checks.LINES, "column_to_come"))
    assert checks.clinics_without_a_crisis_line(["default"]) == []
