"""How hard a text is to read, and what changed in it: two small pure functions."""

import pytest

from consents.rules import compare, document_files, grade
from consents.rules.reading import _english, _spanish


@pytest.mark.parametrize(("word", "syllables"), [("care", 1), ("people", 2), ("agree", 2), ("the", 1), ("privacy", 3)])
def test_english_syllables(word, syllables):
    assert _english(word) == syllables


@pytest.mark.parametrize(
    ("word", "syllables"),
    [("información", 4), ("día", 2), ("aquí", 2), ("que", 1), ("leer", 2), ("guía", 2), ("cuándo", 2), ("país", 2)],
)
def test_spanish_syllables(word, syllables):
    assert _spanish(word) == syllables


def test_short_words_read_easier_than_long_ones():
    plain = "You may say no. You can stop. We keep it safe."
    heavy = (
        "Authorization for redisclosure notwithstanding, the undersigned hereby acknowledges comprehensive "
        "applicability of confidentiality regulations to institutional documentation."
    )
    assert grade(plain, "en") < 3 < 15 < grade(heavy, "en")
    assert grade("", "en") == 0.0
    assert grade("Puede decir que no. Es gratis.", "es") == 5.0
    assert grade("Establecimiento administrativo correspondiente a confidencialidad institucional.", "es") == 17.0


@pytest.mark.parametrize("source", document_files(("en", "es")), ids=lambda one: f"{one.slug}-{one.language}")
def test_what_ships_stays_below_the_eighth_grade(source):
    assert 0 < grade(source.body, source.language) <= 8


def test_a_rewritten_line_shows_its_words_and_a_new_one_itself():
    lines = compare("## Costs\n\nCare is free here.\n\nGone.", "## Costs\n\nCare is not free here.\n\nAsk us first.")
    assert [line.kind for line in lines] == ["same", "changed", "out", "in"]
    assert lines[1].parts == (("same", "Care is "), ("in", "not "), ("same", "free here."))
    assert lines[3].parts == (("in", "Ask us first."),)


def test_the_same_text_has_no_changes():
    assert {line.kind for line in compare("a\n\nb", "a\nb")} == {"same"}


def test_more_lines_than_before_are_new_lines():
    assert [line.kind for line in compare("one", "one\ntwo\nthree")] == ["same", "in", "in"]
    assert [line.kind for line in compare("one\ntwo", "one")] == ["same", "out"]
