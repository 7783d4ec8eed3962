"""Overdose, thoughts of harming others, and a risk question left unanswered on purpose: who hears of it."""

import packets as given
import pytest

import screening.selectors
from escalation.models import Incident
from intake.models import FormRule, Packet, Response
from intake.services import rules, submission

USED = given.ANSWERS["substance-use"]


@pytest.fixture
def packet(world):
    packet = given.invite(world).packet
    for slug in given.DOCUMENTS:
        given.sign(packet, slug)
    return packet


def results(packet, slug):
    return {one.instrument: one for one in screening.selectors.results([Response.objects.get(step__slug=slug).pk])}


@pytest.mark.parametrize(
    ("slug", "told", "code"),
    [
        ("safety", {"safe-harm-others": [given.YES]}, "harm-to-others"),
        ("substance-use", {"sub-overdose-ever": [given.YES], "sub-overdose-30": [given.YES]}, "overdose-in-30-days"),
    ],
)
def test_a_yes_pages_before_anything_is_submitted(packet, slug, told, code):
    assert given.answer(packet, slug, told).risk
    (trigger,) = Incident.objects.get().snapshot["triggers"]
    assert trigger["code"] == code
    assert Packet.objects.get(pk=packet.pk).state == "in_progress"


@pytest.mark.parametrize("told", [{"sub-overdose-ever": [given.NO]}, {"sub-overdose-ever": [given.YES]},
                                  {"sub-overdose-ever": [given.YES], "sub-overdose-30": [given.NO]}])  # fmt: skip
def test_an_overdose_long_ago_pages_nobody(packet, told):
    assert not given.answer(packet, "substance-use", told).risk
    assert not Incident.objects.exists()


def test_overdose_in_30_days_is_asked_after_a_yes_only_and_then_needed(packet):
    given.answer(packet, "substance-use", USED | {"sub-overdose-ever": [given.YES]})
    from_here = [one.key for one in submission.selectors.missing(packet, "en") if one.slug == "substance-use"]
    assert from_here == ["sub-overdose-30"]


@pytest.mark.parametrize(
    ("slug", "key", "instrument"),
    [
        ("phq-9", "phq9-q9", "phq-9"),
        ("safety", "safe-harm-others", "harm-to-others"),
        ("substance-use", "sub-overdose-30", "overdose"),
    ],
)
def test_a_risk_question_left_on_purpose_is_a_review_finding_and_pages_nobody(packet, slug, key, instrument):
    if slug == "substance-use":
        given.answer(packet, slug, {"sub-overdose-ever": [given.YES]})
    saved = given.answer(packet, slug, {f"{key}!declined": ["declined"]})
    assert not saved.risk and not Incident.objects.exists()
    result = results(packet, slug)[instrument]
    assert result.total is None and key in result.missing
    (finding,) = result.findings
    assert (finding.code, finding.urgency, finding.pages) == ("risk-item-declined", "medium", False)


def test_leaving_a_question_on_purpose_lets_the_packet_through_without_a_total(packet):
    given.complete(packet)
    given.answer(packet, "phq-9", {"phq9-q9": [], "phq9-q9!declined": ["declined"]})
    assert not [one for one in submission.selectors.missing(packet, "en") if one.slug == "phq-9"]
    result = results(packet, "phq-9")["phq-9"]
    assert (result.total, result.missing) == (None, ("phq9-q9",))


def test_a_question_without_risk_left_on_purpose_withholds_the_total_and_finds_nothing(packet):
    given.complete(packet)
    given.answer(packet, "gad-7", {"gad7-q3": [], "gad7-q3!declined": ["declined"]})
    result = results(packet, "gad-7")["gad-7"]
    assert (result.total, result.missing, result.findings) == (None, ("gad7-q3",), ())


def test_an_answer_given_after_all_ends_the_review_finding(packet):
    given.answer(packet, "safety", {"safe-harm-others!declined": ["declined"]})
    given.answer(packet, "safety", {"safe-harm-others": [given.NO]})
    assert results(packet, "safety")["harm-to-others"].findings == ()


def test_a_question_left_on_purpose_and_then_no_longer_asked_is_no_finding(packet):
    given.answer(packet, "substance-use", {"sub-overdose-ever": [given.YES]})
    given.answer(packet, "substance-use", {"sub-overdose-30!declined": ["declined"]})
    given.answer(packet, "substance-use", {"sub-overdose-ever": [given.NO]})
    assert results(packet, "substance-use")["overdose"].findings == ()


@pytest.mark.parametrize(("told", "code"), [
    ({"cssrs-q1": [given.YES], "cssrs-q2": [given.YES], "cssrs-q3": [given.YES]}, "suicide-risk-moderate"),
    ({"cssrs-q2": [given.YES], "cssrs-q4": [given.YES]}, "suicide-risk-high"),
])  # fmt: skip
def test_the_c_ssrs_screener_pages_from_its_form(world, told, code):
    given.publish(world)
    rules.save_rule(rule=FormRule(clinic=world.clinic, form="c-ssrs-screener", position=1), by=world.operator)
    packet = given.invite(world).packet
    given.sign(packet, "privacy-notice")
    assert given.answer(packet, "c-ssrs-screener", told).risk
    assert Incident.objects.get().snapshot["triggers"][-1]["code"] == code


def test_c_ssrs_declined_in_part_is_shown_for_review(world):
    given.publish(world)
    rules.save_rule(rule=FormRule(clinic=world.clinic, form="c-ssrs-screener", position=1), by=world.operator)
    packet = given.invite(world).packet
    given.answer(packet, "c-ssrs-screener", {"cssrs-q1": [given.NO], "cssrs-q2!declined": ["declined"]})
    result = results(packet, "c-ssrs-screener")["c-ssrs-screener"]
    assert result.band is None
    assert [one.code for one in result.findings] == ["risk-item-declined"]


def test_the_staged_phq_scores_both_and_its_item_nine_pages(world):
    given.publish(world)
    rules.save_rule(rule=FormRule(clinic=world.clinic, form="phq-2-9", position=1), by=world.operator)
    packet = given.invite(world).packet
    given.answer(packet, "phq-2-9", {"phq2-q1": ["LA6571-9"], "phq2-q2": [given.NOT_AT_ALL]})
    assert {name: one.total for name, one in results(packet, "phq-2-9").items()} == {"phq-2": 3}
    rest = {f"phq9-q{n}": [given.NOT_AT_ALL] for n in range(3, 9)}
    assert given.answer(packet, "phq-2-9", rest | {"phq9-q9": [given.SEVERAL]}).risk
    assert {name: one.total for name, one in results(packet, "phq-2-9").items()} == {"phq-2": 3, "phq-9": 4}
