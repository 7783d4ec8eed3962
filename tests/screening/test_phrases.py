"""Possible signs of danger in free text: how much of the corpus is found, and what no wording may do.

The corpus was written for the project before the list was tuned to it; what `why` calls "held out" was never tuned to.
One person wrote both, so the figures are better than a stranger's text would give: they guard against going backwards.
"""

import json
import sys
import unicodedata
from pathlib import Path

import pytest

from screening.rules import phrases, words

DATA = Path(__file__).parent / "data"
LANGUAGES = ("en", "es")


def corpus(language, *, held_out=None):
    rows = json.loads((DATA / f"phrases.{language}.json").read_text(encoding="utf-8"))
    return [row for row in rows if held_out is None or row["why"].startswith("held out") == held_out]


def graded(text, **who):
    found = phrases.hits(text, **who)
    return "page" if any(hit.pages for hit in found) else "review" if found else "none"


def test_the_corpus_is_large_and_a_third_of_it_is_hard():
    rows = [row for language in LANGUAGES for row in corpus(language)]
    assert len(rows) >= 300 and len({row["text"] for row in rows}) == len(rows)
    assert sum(row["expect"] != "page" for row in rows) * 3 >= len(rows)
    assert all(row["expect"] in ("page", "review", "none") and row["why"] for row in rows)
    assert sum(len(corpus(language, held_out=True)) for language in LANGUAGES) == 100


@pytest.mark.parametrize("wanted", [("page",), ("page", "review")])
@pytest.mark.parametrize(("held_out", "precision", "recall"), [(False, 0.96, 0.98), (True, 0.92, 0.88)])
@pytest.mark.parametrize("language", LANGUAGES)
def test_precision_and_recall_do_not_fall(language, held_out, precision, recall, wanted):
    rows = [(row["text"], row["expect"], graded(row["text"])) for row in corpus(language, held_out=held_out)]
    right = [row for row in rows if row[1] in wanted and row[2] in wanted]
    wrong = [row for row in rows if (row[1] in wanted) != (row[2] in wanted)]
    assert len(right) >= precision * sum(got in wanted for _, _, got in rows), wrong
    assert len(right) >= recall * sum(expected in wanted for _, expected, _ in rows), wrong


def spelt(pattern):
    """The first reading of a pattern: each first word, everything optional said, nothing in the gaps."""
    slots = [words._slot(one, phrases._LIST["words"]) for one in pattern.split()]
    names = [one.rstrip("?").split("/")[0] for one in pattern.split() if one.strip(".")]
    assert len(names) == sum(not slot.is_gap for slot in slots)
    return " ".join(phrases._LIST["words"].get(name, name).split("/")[0] for name in names)


@pytest.mark.parametrize("block", phrases._BLOCKS, ids=lambda block: f"{block['group']}, {block['urgency']}")
def test_no_phrase_of_the_list_is_dead(block):
    said = [spelt(pattern) for pattern in (*block["en"], *block["es"])]
    assert [text for text in said if not phrases.hits(text.replace("#", "5"), by_other=True)] == []
    assert block["urgency"] in ("critical", "high", "medium") and block["person"] in ("self", "any", "other")


@pytest.mark.parametrize("text", [
    "I WANT TO DIE", "I want to\ndie", "I just want to... die", "I want to d\u200bie", "I wаnt to die; I want to dïë",
    "i wantt tooo dieee", "I’m going to kill myself", "I w4nt to d1e",
    unicodedata.normalize("NFD", "Ya no quiero más vivir"),
    "x" * 9000 + " I want to die", "word " * 58 + "I want to die " + "word " * 70,
])  # fmt: skip
def test_no_way_of_writing_hides_it(text):
    assert graded(text) == "page"


@pytest.mark.parametrize(("text", "expected"), [
    ("I don't want to die", "review"), ("I don't want to die. I want to kill myself.", "page"),
    ("I tried to kill myself 12 years ago", "review"), ("I tried to kill myself 12 days ago", "page"),
    ("I tried to kill myself", "page"), ("I tried to kill myself in 2009", "review"),
    ("I wanted to die years ago and I still do", "page"),
    ('My brother said "I want to die"', "review"), ('I said "I want to die"', "page"),
    ("No quiero morir pero tengo un plan para matarme", "page"),
    ("We kill time", "none"), ("We kill time and I want to kill myself", "page"),
])  # fmt: skip
def test_what_is_doubtful_is_read_by_a_person_and_takes_nothing_from_what_is_plain(text, expected):
    assert graded(text) == expected
    assert all(hit.urgency == "medium" for hit in phrases.hits(text) if not hit.pages)


@pytest.mark.parametrize("text", ["He says he wants to die", "Mi hija quiere morir", "My son is suicidal"])
def test_who_answers_decides_whom_the_words_are_about(text):
    assert (graded(text), graded(text, by_other=True)) == ("review", "page")


def test_plan_and_attempt_are_more_urgent_than_a_thought():
    (plan,) = phrases.hits("I have a plan to kill myself")
    (thought,) = phrases.hits("I think about suicide")
    assert (plan.urgency, thought.urgency) == ("critical", "high")


def test_the_sentence_is_quoted_as_written_and_typing_on_is_no_new_hit():
    first, later = phrases.hits("Well. I wánt to die"), phrases.hits("Well. I wánt to die, since my wife left!  Bye.")
    assert later[0].sentence == "I wánt to die, since my wife left!"
    assert (first[0].words, first[0].urgency) == (later[0].words, later[0].urgency)


def test_a_text_full_of_them_gives_the_worst_five():
    text = " ".join(f"{n} times I don't want to die." for n in range(9)) + " I have a plan to kill myself."
    found = phrases.hits(text)
    assert len(found) == phrases.MOST and found[-1].urgency == "critical"


@pytest.mark.parametrize("text", [
    "kill myself no ", "I want to die. ", "want ... ", "voices the ", "was ago years when i ", "\n ",
    "want to to ", "a'",
])  # fmt: skip
def test_the_work_grows_with_the_length_and_no_faster(text):
    def work(length):
        calls = 0

        def count(_frame, event, _arg):
            nonlocal calls
            calls += event in ("call", "c_call")

        said = (text * length)[:length]
        sys.setprofile(count)
        try:
            phrases.hits(said)
        finally:
            sys.setprofile(None)
        return calls

    assert work(4000) <= 4.6 * work(1000) + 500
