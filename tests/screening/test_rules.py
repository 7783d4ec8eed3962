"""Who must hear of a result, how soon, and in which words."""

import pytest

from screening import instruments, rules
from screening.scoring import score

YES, NO = "LA33-6", "LA32-8"
FREQUENCY = ("LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9")


def found(key, answers, sex="unknown"):
    return rules.findings(key, score(key, answers, sex=sex), answers)


def phq9(points=0, **changed):
    answers = {f"phq9-q{n}": FREQUENCY[points] for n in range(1, 10)}
    return answers | {f"phq9-{key}": FREQUENCY[value] for key, value in changed.items()}


@pytest.mark.parametrize("points", [1, 2, 3])
def test_item_nine_above_zero_pages_whatever_the_total(points):
    (finding,) = found("phq-9", phq9(q9=points))
    assert (finding.code, finding.urgency, finding.pages) == ("suicide-item-positive", "high", True)


@pytest.mark.parametrize("points", [1, 2, 3])
def test_item_nine_pages_when_it_is_the_only_answer(points):
    (finding,) = found("phq-9", {"phq9-q9": FREQUENCY[points]})
    assert finding.code == "suicide-item-positive"
    assert finding.pages


def test_item_nine_at_zero_or_blank_finds_nothing():
    assert found("phq-9", phq9()) == ()
    assert found("phq-9", {"phq9-q1": FREQUENCY[3]}) == ()


def test_the_reason_quotes_the_item_the_answer_and_the_source():
    (finding,) = found("phq-9", phq9(q9=1))
    assert finding.because == (
        'PHQ-9 "Thoughts that you would be better off dead or of hurting yourself in some way" was answered '
        '"Several days" (1), at or above the limit of 1 whatever the total '
        "(SPiER PHQ-9 guide: any answer above zero on item 9)."
    )


def test_a_severe_total_is_a_review_item_with_total_and_cut_off():
    severe = next(each for each in found("phq-9", phq9(3, q9=0)) if each.code == "severe-depression")
    assert (severe.urgency, severe.pages) == ("high", False)
    assert severe.because.startswith("The PHQ-9 total is 24, at or above the cut-off of 20 (")


def test_no_total_no_total_finding():
    answers = phq9(3, q9=0)
    del answers["phq9-q1"]
    assert found("phq-9", answers) == ()


@pytest.mark.parametrize(("total", "codes"), [(14, []), (15, ["severe-anxiety"])])
def test_gad_7_from_fifteen_is_a_review_item(total, codes):
    points = [3] * (total // 3) + [total % 3] + [0] * 7
    answers = {f"gad7-q{n}": FREQUENCY[points[n - 1]] for n in range(1, 8)}
    assert [(each.code, each.pages) for each in found("gad-7", answers)] == [(code, False) for code in codes]


def auditc(first, second, third):
    items = instruments.get("audit-c").items
    return {item.link_id: item.options[n].code for item, n in zip(items, (first, second, third), strict=True)}


@pytest.mark.parametrize(
    ("points", "codes"),
    [
        ((0, 0, 0), []),
        ((1, 0, 0), ["points-from-item-1-only"]),
        ((0, 1, 0), []),
        ((4, 1, 0), ["va-brief-intervention"]),
        ((4, 4, 0), ["va-brief-intervention", "high-alcohol-risk"]),
    ],
)
def test_audit_c_findings(points, codes):
    assert [each.code for each in found("audit-c", auditc(*points))] == codes


def test_points_from_item_one_only_is_information():
    (finding,) = found("audit-c", auditc(2, 0, 0))
    assert (finding.urgency, finding.pages) == ("info", False)
    assert finding.because.startswith('All 2 points come from "How often do you have a drink containing alcohol?"')


def cssrs(**answers):
    return {f"cssrs-{key.replace('_', '-')}": code for key, code in answers.items()}


def test_a_high_suicide_risk_is_critical_and_pages():
    (finding,) = found("c-ssrs-screener", cssrs(q1=NO, q2=YES, q3=NO, q4=YES, q5=NO, q6=NO))
    assert (finding.code, finding.urgency, finding.pages) == ("suicide-risk-high", "critical", True)
    assert finding.because.startswith(
        'The C-SSRS screener shows high risk: "Have you had these thoughts and had some intention of acting on them?" '
        "was answered Yes ("
    )


def test_a_moderate_suicide_risk_pages():
    (finding,) = found("c-ssrs-screener", cssrs(q1=NO, q2=NO, q6=YES, q6_recent=NO))
    assert (finding.code, finding.urgency, finding.pages) == ("suicide-risk-moderate", "high", True)
    assert "shows moderate risk" in finding.because


def test_an_incomplete_screen_at_moderate_pages_at_once_and_says_at_least():
    (finding,) = found("c-ssrs-screener", cssrs(q2=YES, q3=YES))
    assert finding.pages
    assert "shows at least moderate risk" in finding.because


def test_behavior_of_unknown_date_pages_as_high_and_says_why():
    (finding,) = found("c-ssrs-screener", cssrs(q6=YES))
    assert finding.code == "suicide-risk-high"
    assert finding.because.startswith(
        'The C-SSRS screener shows high risk: "Have you ever done anything, started to do anything, or prepared to do '
        'anything to end your life?" was answered Yes and "Was this within the past 3 months?" was left blank, which '
        "counts as Yes ("
    )


@pytest.mark.parametrize("answers", [cssrs(q1=YES), cssrs(q1=YES, q2=NO, q6=NO), cssrs(q1=NO, q2=NO, q6=NO), {}])
def test_low_none_and_unknown_levels_find_nothing(answers):
    assert found("c-ssrs-screener", answers) == ()


def test_only_suicide_overdose_and_harm_findings_page():
    codes = {flag.code for each in instruments.ASSESSED.values() for flag in each.flags}
    assert codes >= rules.PAGING
    assert {code for code in codes if code.startswith("suicide")} | {"overdose-in-30-days", "harm-to-others"} == (
        rules.PAGING
    )


@pytest.mark.parametrize(
    ("key", "answers", "code"),
    [
        ("harm-to-others", {"safe-harm-others": YES}, "harm-to-others"),
        ("overdose", {"sub-overdose-ever": YES, "sub-overdose-30": YES}, "overdose-in-30-days"),
    ],
)
def test_a_yes_to_our_own_danger_question_pages_and_is_quoted(key, answers, code):
    (finding,) = found(key, answers)
    assert (finding.code, finding.urgency, finding.pages) == (code, "high", True)
    assert "was answered Yes" in finding.because


@pytest.mark.parametrize(
    ("key", "answers"),
    [
        ("harm-to-others", {"safe-harm-others": NO}),
        ("overdose", {"sub-overdose-ever": NO}),
        ("overdose", {"sub-overdose-ever": YES, "sub-overdose-30": NO}),
        ("overdose", {"sub-overdose-ever": YES}),
    ],
)
def test_no_to_our_own_danger_questions_finds_nothing(key, answers):
    assert found(key, answers) == ()


def test_a_risk_question_left_unanswered_on_purpose_is_for_review_and_pages_nobody():
    (finding,) = rules.declined("phq-9", {"phq9-q9"})
    assert (finding.code, finding.urgency, finding.pages) == ("risk-item-declined", "medium", False)
    assert "would rather not answer" in finding.because and "better off dead" in finding.because
    assert rules.declined("gad-7", {"phq9-q9"}) == ()


def test_dast_10_from_six_and_audit_from_twenty_are_review_items():
    dast = {f"dast10-q{n}": YES for n in range(1, 11)}
    assert [(each.code, each.urgency, each.pages) for each in found("dast-10", dast)] == [
        ("substantial-drug-problem", "high", False)
    ]
    audit = {item.link_id: item.options[2].code for item in instruments.get("audit").items}
    assert [(each.code, each.pages) for each in found("audit", audit)] == [("possible-dependence", False)]
