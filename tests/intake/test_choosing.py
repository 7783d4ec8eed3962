"""Which forms a visit asks for: age, program, visit type, and what was answered lately."""

from datetime import date

import pytest

from intake.rules.choosing import DEFAULTS, Rule, Visit, choose, too_young_or_old, whole_years

ADULT = Visit(age=36, program="p1", visit_type="new")


def chosen(rules, visit=ADULT, ages=(), withheld=(), unspoken=()):
    return choose(rules, visit, ages=dict(ages), withheld=withheld, unspoken=unspoken)


def test_forms_are_asked_in_the_order_of_the_rules_and_once():
    assert chosen([Rule("b"), Rule("a"), Rule("b")]) == ("b", "a")


@pytest.mark.parametrize(("age", "asked"), [(11, False), (12, True), (17, True), (18, False)])
def test_both_ends_of_an_age_range_are_included(age, asked):
    visit = Visit(age=age, program="p1", visit_type="new")
    assert chosen([Rule("teen", min_age=12, max_age=17)], visit) == (("teen",) if asked else ())


@pytest.mark.parametrize(("age", "asked"), [(17, False), (18, True), (90, True)])
def test_an_instrument_refuses_an_age_it_is_not_for_whatever_the_rule_says(age, asked):
    visit = Visit(age=age, program="p1", visit_type="new")
    assert chosen([Rule("phq-9", min_age=12)], visit, ages={"phq-9": (18, None)}) == (("phq-9",) if asked else ())


def test_what_an_instrument_refuses_is_told_with_the_reason_and_what_no_rule_asks_is_not():
    rules = [Rule("phq-9"), Rule("gad-7", min_age=18), Rule("dast-10", visit_types=frozenset({"follow_up"}))]
    ages = dict.fromkeys(("phq-9", "gad-7", "dast-10"), (18, None))
    child = Visit(age=12, program="p1", visit_type="new")
    why = "It is for ages 18 and over, and the patient was 12 when invited."
    assert too_young_or_old(rules, child, ages=ages) == (("phq-9", why),)
    assert too_young_or_old(rules, ADULT, ages=ages) == ()
    assert "18 to 64" in too_young_or_old(rules, child, ages={"phq-9": (18, 64)})[0][1]


def test_a_form_whose_right_is_not_confirmed_is_left_out():
    assert chosen([Rule("dast-10"), Rule("gad-7")], withheld={"dast-10"}) == ("gad-7",)


def test_an_instrument_without_words_in_the_packets_language_is_asked_only_with_an_interpreter():
    rules = [Rule("phq-9"), Rule("gad-7"), Rule("c-ssrs-screener", with_interpreter=True)]
    assert chosen(rules, unspoken={"gad-7", "c-ssrs-screener"}) == ("phq-9", "c-ssrs-screener")


@pytest.mark.parametrize(("visit_type", "asked"), [("new", ()), ("telehealth", ("video",)), ("follow_up", ())])
def test_a_rule_holds_for_its_visits_only(visit_type, asked):
    visit = Visit(age=36, program="p1", visit_type=visit_type)
    assert chosen([Rule("video", visit_types=frozenset({"telehealth"}))], visit) == asked


@pytest.mark.parametrize(("days", "asked"), [(None, True), (0, False), (14, False), (15, True)])
def test_phq_9_is_asked_when_the_last_one_is_older_than_14_days(days, asked):
    since = {} if days is None else {"phq-9": days}
    visit = Visit(age=36, program="p1", visit_type="new", days_since=since)
    assert chosen([Rule("phq-9", every_days=14)], visit) == (("phq-9",) if asked else ())


def test_a_form_without_an_interval_is_asked_each_time():
    visit = Visit(age=36, program="p1", visit_type="new", days_since={"safety": 0})
    assert chosen([Rule("safety")], visit) == ("safety",)


def test_a_programs_own_rule_replaces_the_general_one_of_that_form_only():
    rules = [Rule("phq-9"), Rule("gad-7"), Rule("phq-9", program="p1", visit_types=frozenset({"follow_up"}))]
    assert chosen(rules) == ("gad-7",)
    assert chosen(rules, Visit(age=36, program="p2", visit_type="new")) == ("phq-9", "gad-7")


def test_a_rule_of_another_program_does_not_hold():
    assert chosen([Rule("audit-c", program="p2")]) == ()


def test_a_new_adult_is_asked_these_forms_in_this_order():
    assert chosen(DEFAULTS) == (
        "demographics", "insurance", "presenting-concerns", "medical-history", "allergies", "medications",
        "social-needs", "substance-use", "phq-9", "gad-7", "safety", "dast-10",
    )  # fmt: skip


def test_a_follow_up_is_short_and_a_video_visit_asks_whether_it_will_work():
    follow_up = chosen(DEFAULTS, Visit(36, "p1", "follow_up", {"demographics": 30, "insurance": 30, "allergies": 30}))
    assert follow_up == ("medications", "phq-9", "gad-7", "safety")
    assert "telehealth-readiness" in chosen(DEFAULTS, Visit(36, "p1", "telehealth"))


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        (date(2008, 11, 25), date(2026, 11, 24), 17),
        (date(2008, 11, 25), date(2026, 11, 25), 18),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
    ],
)
def test_age_is_in_whole_years(born, on, years):
    assert whole_years(born, on) == years
