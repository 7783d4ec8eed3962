"""Blanks, paths, sexes, triage, refusals and the working."""

from itertools import product

import pytest

from screening import instruments, scoring
from screening.instruments.base import Sex
from screening.scoring import AnswersError, Incomplete, Score, score

YES, NO = "LA33-6", "LA32-8"
NOT_AT_ALL, SEVERAL, MORE_THAN_HALF, NEARLY = "LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"


def phq9(code=NOT_AT_ALL, **changed):
    return {f"phq9-q{n}": code for n in range(1, 10)} | {f"phq9-{key}": value for key, value in changed.items()}


def cssrs(**answers):
    return {f"cssrs-{key.replace('_', '-')}": value for key, value in answers.items()}


def pcptsd5(gate, *items):
    return {"pcptsd5-gate": gate} | {f"pcptsd5-q{n}": code for n, code in enumerate(items, start=1)}


def auditc(first, second, third):
    firsts = ("LA6270-8", "LA18926-8", "LA18927-6", "LA18928-4", "LA18929-2")
    seconds = ("LA15694-5", "LA15695-2", "LA18930-0", "LA18931-8", "LA18932-6")
    thirds = ("LA6270-8", "LA18933-4", "LA18876-5", "LA18891-4", "LA18934-2")
    return {"auditc-q1": firsts[first], "auditc-q2": seconds[second], "auditc-q3": thirds[third]}


def finished(key, answers, sex: Sex = "unknown") -> Score:
    result = score(key, answers, sex=sex)
    assert isinstance(result, Score)
    return result


def unfinished(key, answers) -> Incomplete:
    result = score(key, answers)
    assert isinstance(result, Incomplete)
    return result


def line(result, link_id):
    return next(each for each in result.working if each.link_id == link_id)


# Blanks


@pytest.mark.parametrize("key", instruments.REGISTRY)
def test_no_answers_at_all_is_incomplete_and_never_a_zero(key):
    result = unfinished(key, {})
    assert result.missing
    assert result.band is None


@pytest.mark.parametrize("blank", [f"phq9-q{n}" for n in range(1, 10)])
def test_one_blank_scored_item_withholds_the_total_and_is_named(blank):
    answers = phq9(NEARLY)
    del answers[blank]
    result = unfinished("phq-9", answers)
    assert result.missing == (blank,)
    assert line(result, blank) == (blank, None, None, False, "unanswered")


def test_the_unscored_difficulty_item_is_accepted_and_adds_nothing():
    result = finished("phq-9", phq9(SEVERAL, difficulty="LA6574-3"))
    assert result.total == 9
    assert line(result, "phq9-difficulty") == (
        "phq9-difficulty",
        "LA6574-3",
        None,
        False,
        "Extremely difficult: not scored",
    )


def test_a_blank_difficulty_item_is_not_missing():
    result = finished("phq-9", phq9())
    assert line(result, "phq9-difficulty").rule == "unanswered, not scored"


def test_an_abstainers_skipped_audit_items_are_missing_until_the_form_records_the_zeros():
    never = {"audit-q1": "LA6270-8", "audit-q9": "no", "audit-q10": "no"}
    assert unfinished("audit", never).missing == tuple(f"audit-q{n}" for n in range(2, 9))
    zeros = {"audit-q2": "LA15694-5"} | {f"audit-q{n}": "LA6270-8" for n in range(3, 9)}
    assert finished("audit", never | zeros).total == 0


# The working


def test_the_working_shows_each_items_answer_and_points():
    result = finished("phq-9", phq9(q9=MORE_THAN_HALF))
    assert line(result, "phq9-q9") == ("phq9-q9", MORE_THAN_HALF, 2, False, "More than half the days = 2")
    assert sum(each.value or 0 for each in result.working) == result.total


def test_the_working_shows_the_reversal():
    no_to_all = {f"dast10-q{n}": NO for n in range(1, 11)}
    assert line(score("dast-10", no_to_all), "dast10-q3") == (
        "dast10-q3",
        NO,
        1,
        True,
        "No = 0, reversed: 1 - 0 = 1",
    )


def test_detail_gives_plain_json_values():
    assert scoring.detail(score("gad-2", {"gad2-q1": NEARLY, "gad2-q2": NOT_AT_ALL})) == {
        "total": 3,
        "band": "positive",
        "positive": True,
        "missing": [],
        "working": [
            {"linkId": "gad2-q1", "answer": NEARLY, "value": 3, "reversed": False, "rule": "Nearly every day = 3"},
            {"linkId": "gad2-q2", "answer": NOT_AT_ALL, "value": 0, "reversed": False, "rule": "Not at all = 0"},
        ],
    }


# Sex-dependent cut-offs


@pytest.mark.parametrize(("sex", "cutoff"), [("male", 4), ("female", 3), ("unknown", 3), ("other", 3)])
@pytest.mark.parametrize("total", [2, 3, 4])
def test_audit_c_is_positive_from_the_cut_off_of_the_sex(sex, cutoff, total):
    result = finished("audit-c", auditc(total, 0, 0), sex)
    assert (result.total, result.cutoff) == (total, cutoff)
    assert result.positive == (total >= cutoff)
    assert result.band == ("positive" if total >= cutoff else "negative")


@pytest.mark.parametrize(("sex", "positive"), [("male", False), ("female", True), ("unknown", True), ("other", True)])
def test_pc_ptsd_5_total_of_three_depends_on_sex_but_its_band_does_not(sex, positive):
    result = finished("pc-ptsd-5", pcptsd5(YES, YES, YES, YES, NO, NO), sex)
    assert (result.total, result.band, result.positive) == (3, "positive-sensitive", positive)


def test_a_mistyped_sex_is_refused():
    with pytest.raises(ValueError, match="male, female, other, unknown"):
        score("audit-c", auditc(3, 0, 0), sex="Male")


# PC-PTSD-5 gate


def test_no_to_the_trauma_gate_is_a_total_of_zero_with_nothing_missing():
    result = finished("pc-ptsd-5", pcptsd5(NO))
    assert (result.total, result.band, result.positive) == (0, "negative", False)
    assert line(result, "pcptsd5-q1").rule == "not asked: only after Yes to pcptsd5-gate"


def test_answers_beside_a_no_at_the_gate_stay_in_the_working_and_add_nothing():
    result = finished("pc-ptsd-5", pcptsd5(NO, YES, YES, YES, YES, YES))
    assert result.total == 0
    assert line(result, "pcptsd5-q1") == (
        "pcptsd5-q1",
        YES,
        None,
        False,
        "not counted: asked only after Yes to pcptsd5-gate",
    )


def test_yes_to_the_gate_makes_each_blank_item_missing():
    assert unfinished("pc-ptsd-5", pcptsd5(YES, NO, NO)).missing == ("pcptsd5-q3", "pcptsd5-q4", "pcptsd5-q5")


def test_an_unanswered_gate_is_missing_whatever_follows_it():
    answers = pcptsd5(YES, NO, NO, NO, NO, NO)
    del answers["pcptsd5-gate"]
    assert unfinished("pc-ptsd-5", answers).missing == ("pcptsd5-gate",)


# C-SSRS triage


def test_a_complete_screen_without_any_yes_is_none_and_has_no_total():
    result = finished("c-ssrs-screener", cssrs(q1=NO, q2=NO, q6=NO))
    assert (result.total, result.band, result.positive, result.cutoff) == (None, "none", None, None)


@pytest.mark.parametrize(
    ("answers", "level"),
    [
        (cssrs(q1=YES, q2=NO, q6=NO), "low"),
        (cssrs(q1=NO, q2=YES, q3=NO, q4=NO, q5=NO, q6=NO), "low"),
        (cssrs(q1=NO, q2=YES, q3=YES, q4=NO, q5=NO, q6=NO), "moderate"),
        (cssrs(q1=NO, q2=NO, q6=YES, q6_recent=NO), "moderate"),
        (cssrs(q1=NO, q2=YES, q3=NO, q4=YES, q5=NO, q6=NO), "high"),
        (cssrs(q1=NO, q2=YES, q3=NO, q4=NO, q5=YES, q6=NO), "high"),
        (cssrs(q1=NO, q2=NO, q6=YES, q6_recent=YES), "high"),
    ],
)
def test_the_level_is_the_gravest_yes(answers, level):
    result = finished("c-ssrs-screener", answers)
    assert (result.total, result.band, result.positive) == (None, level, None)


@pytest.mark.parametrize("asked", ["q3", "q4", "q5"])
def test_questions_three_to_five_are_missing_only_after_yes_to_two(asked):
    rest = {"q3": NO, "q4": NO, "q5": NO}
    del rest[asked]
    assert unfinished("c-ssrs-screener", cssrs(q1=NO, q2=YES, q6=NO, **rest)).missing == (f"cssrs-{asked}",)
    assert isinstance(score("c-ssrs-screener", cssrs(q1=NO, q2=NO, q6=NO, **rest)), Score)


def test_an_unanswered_question_two_leaves_three_to_five_unasked():
    result = unfinished("c-ssrs-screener", cssrs(q1=NO, q6=NO))
    assert result.missing == ("cssrs-q2",)
    assert line(result, "cssrs-q3").rule == "not asked: only after Yes to cssrs-q2"


@pytest.mark.parametrize("off_path", ["q3", "q4", "q5"])
def test_a_yes_off_the_path_still_counts(off_path):
    result = score("c-ssrs-screener", cssrs(q1=NO, q2=NO, q6=NO, **{off_path: YES}))
    assert result.band == ("moderate" if off_path == "q3" else "high")


def test_recent_behavior_counts_even_beside_a_no_to_question_six():
    assert score("c-ssrs-screener", cssrs(q1=NO, q2=NO, q6=NO, q6_recent=YES)).band == "high"


def test_behavior_of_unknown_date_is_high_and_says_so():
    result = unfinished("c-ssrs-screener", cssrs(q1=NO, q2=NO, q6=YES))
    assert (result.band, result.missing) == ("high", ("cssrs-q6-recent",))
    assert line(result, "cssrs-q6-recent").rule == "unanswered, counts as Yes: high"


@pytest.mark.parametrize(
    ("answers", "at_least"),
    [
        (cssrs(q2=YES, q3=YES), "moderate"),
        (cssrs(q2=YES, q4=YES), "high"),
        (cssrs(q6=YES, q6_recent=NO), "moderate"),
        (cssrs(q5=YES), "high"),
        (cssrs(q1=YES), None),
        (cssrs(q1=NO, q2=YES, q3=NO), None),
        (cssrs(q1=NO, q2=NO), None),
    ],
)
def test_an_incomplete_screen_keeps_a_grave_level_and_never_says_low_or_none(answers, at_least):
    result = unfinished("c-ssrs-screener", answers)
    assert result.band == at_least


def test_a_no_turned_into_a_yes_never_takes_a_grave_level_away():
    order = {None: 0, "none": 0, "low": 0, "moderate": 1, "high": 2}
    keys = ("q1", "q2", "q3", "q4", "q5", "q6", "q6_recent")
    for choice in product((None, NO, YES), repeat=len(keys)):
        answers = cssrs(**{key: code for key, code in zip(keys, choice, strict=True) if code})
        now = order[score("c-ssrs-screener", answers).band]
        for link_id in [link_id for link_id, code in answers.items() if code == NO]:
            assert order[score("c-ssrs-screener", answers | {link_id: YES}).band] >= now


# What doesn't fit


def test_an_unknown_item_is_refused_with_the_items_that_exist():
    with pytest.raises(AnswersError, match="'phq9-q10' is not a PHQ-9 item; its items are phq9-q1, phq9-q2"):
        score("phq-9", phq9(q10=SEVERAL))


@pytest.mark.parametrize("wrong", ["LA33-6", "", " ", "la6568-5", "2", 2, 2.0, True, None, ["LA6568-5"]])
def test_an_answer_the_item_does_not_offer_is_refused_with_those_it_does(wrong):
    with pytest.raises(AnswersError) as refused:
        score("phq-9", phq9(q3=wrong))
    assert str(refused.value) == (
        "phq9-q3 takes one of these answers: LA6568-5 (Not at all), LA6569-3 (Several days), "
        "LA6570-1 (More than half the days), LA6571-9 (Nearly every day). Leave it out if it was not answered."
    )


def test_an_unscored_answer_is_checked_too():
    with pytest.raises(AnswersError, match="phq9-difficulty takes one of"):
        score("phq-9", phq9(difficulty=SEVERAL))


def test_a_refusal_repeats_no_answer_and_only_plain_characters():
    with pytest.raises(AnswersError) as refused:
        score("phq-9", {"phq9-q1": "my name is Ana"})
    assert "Ana" not in str(refused.value)
    with pytest.raises(AnswersError) as refused:
        score("phq-9", {"\ud800\x1b[31m" + "x" * 500: SEVERAL})
    assert str(refused.value).isascii()
    assert len(str(refused.value)) < 300


def test_an_unknown_instrument_is_refused_with_those_that_exist():
    with pytest.raises(instruments.UnknownInstrument, match="'phq9'. Choose one of: phq-9, phq-2, gad-7"):
        score("phq9", {})


def test_two_phq_2_answers_count_for_the_phq_9_once_something_of_its_own_was_answered():
    two = {"phq2-q1": NEARLY, "phq2-q2": NOT_AT_ALL}
    rest = {f"phq9-q{n}": SEVERAL for n in range(3, 10)}
    assert scoring.answers_to(instruments.get("phq-9"), two) == {}
    result = score("phq-9", scoring.answers_to(instruments.get("phq-9"), two | rest))
    assert isinstance(result, Score) and result.total == 3 + 7
    assert scoring.answers_to(instruments.get("phq-2"), two | rest) == two
