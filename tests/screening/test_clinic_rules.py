"""A clinic's own rules add and tighten, nothing lowers what is built in; one drafts, another approves."""

from html import unescape

import packets as given
import pytest
from django.db import DatabaseError, IntegrityError, transaction
from personas import prove, signed_in

import screening.services
from core.models import Membership
from escalation.models import Incident
from screening import instruments, rules, selectors
from screening.instruments.questions import OWN_WORDS
from screening.models import PrioritySignOff, ReviewItem, RuleVersion
from screening.rules import clinic
from screening.rules.priorities import PROPOSALS
from screening.scoring import score

SEVERAL = {f"gad7-q{n}": "LA6569-3" for n in range(1, 8)}  # a total of 7


def rule(instrument="gad-7", kind="total_gte", at_least=7, urgency="medium", pages=False, item=""):
    return {
        "instrument": instrument, "kind": kind, "item": item, "at_least": at_least, "urgency": urgency, "pages": pages,
    }  # fmt: skip


def found(one, instrument, answers):
    return clinic.findings([one], 3, instrument, score(instrument, answers), answers)


# --- what a rule says ---------------------------------------------------------------------------------


def test_each_kind_holds_from_its_limit_on_and_says_why():
    for one, holds in (
        (rule(at_least=7), True),
        (rule(at_least=8), False),
        (rule(kind="item_gte", item="gad7-q1", at_least=1), True),
        (rule(kind="item_gte", item="gad7-q1", at_least=2), False),
        (rule(kind="band_gte", at_least="mild"), True),
        (rule(kind="band_gte", at_least="moderate"), False),
        (rule(instrument="phq-9", at_least=1), False),
    ):
        assert bool(found(one, "gad-7", SEVERAL)) is holds, one
    (told,) = found(rule(), "gad-7", SEVERAL)
    assert told.because == "The GAD-7 total is 7, at or above 7 (the clinic's own rules, version 3)."


def test_an_item_rule_holds_without_a_total_and_a_total_rule_does_not():
    answers = {"gad7-q1": "LA6571-9"}
    assert found(rule(kind="item_gte", item="gad7-q1", at_least=3), "gad-7", answers)
    assert not found(rule(at_least=1), "gad-7", answers)


def test_a_reversed_item_counts_as_it_enters_the_total():
    assert found(rule("dast-10", "item_gte", 1, item="dast10-q3"), "dast-10", {"dast10-q3": given.NO})
    assert not found(rule("dast-10", "item_gte", 1, item="dast10-q3"), "dast-10", {"dast10-q3": given.YES})


@pytest.mark.parametrize(
    ("one", "words"),
    [
        (rule("phq-9", "item_gte", 1, "medium", item="phq9-q9"), "suicide-item-positive"),
        (rule("phq-9", "item_gte", 2, "high", pages=True, item="phq9-q9"), "suicide-item-positive"),
        (rule("c-ssrs-screener", "band_gte", "high", "high", pages=True), "suicide-risk-high"),
        (rule("phq-9", "total_gte", 21, "medium"), "severe-depression"),
        (rule("phq-9", "band_gte", "severe", "high"), "severe-depression"),
        (rule(at_least=0), "from 1 to 21"),
        (rule(at_least=22), "from 1 to 21"),
        (rule(at_least=True), "from 1 to 21"),
        (rule(kind="item_gte", item="phq9-q1", at_least=1), "belongs to PHQ-9, not to GAD-7"),
        (rule("phq-9", "item_gte", 1, item="phq9-difficulty"), "no points"),
        (rule("c-ssrs-screener", "total_gte", 1), "no total"),
        (rule(kind="band_gte", at_least="minimal"), "“At least” is one of these of GAD-7: Mild, Moderate, Severe"),
        (rule("who-5"), "these instruments"),
        (rule(kind="off"), "the kind is one of"),
        (rule(urgency="none"), "the urgency is one of"),
        (rule(urgency="critical"), "critical pages"),
        (rule(urgency="info", pages=True), "only shown"),
        ({"instrument": "phq-9", "off": True}, "give exactly"),
        ("phq-9 off", "give exactly"),
    ],
)
def test_what_lowers_switches_off_or_makes_no_sense_is_refused_with_a_sentence(one, words):
    (fault,) = clinic.faults([one])
    assert words in fault


def test_what_is_sooner_more_urgent_or_new_is_taken():
    assert clinic.faults([
        rule("phq-9", "total_gte", 15, "medium"),
        rule("phq-9", "total_gte", 20, "high", pages=True),
        rule("phq-9", "item_gte", 3, "critical", pages=True, item="phq9-q9"),
        rule("c-ssrs-screener", "band_gte", "low", "high", pages=True),
        rule("audit-c", "band_gte", "positive", "medium"),
    ]) == ()  # fmt: skip
    assert clinic.faults("no list") == ("The rules must be a list.",)


def test_the_built_in_findings_are_the_same_whatever_the_rules_say(world):
    """Exactly what `weigh` calls: no argument of it takes the clinic's rules."""
    answers = {"phq9-q9": "LA6569-3"}
    (finding,) = rules.findings("phq-9", score("phq-9", answers), answers)
    assert finding.pages
    assert not [name for name in RuleVersion.__dict__ if "off" in name or "disabled" in name]


# --- one drafts, another approves ---------------------------------------------------------------------


@pytest.fixture
def draft(world):
    paging = rule(at_least=7, urgency="high", pages=True)
    return screening.services.draft_rules(clinic=world.clinic, rules=[paging, rule(at_least=5)], by=world.operator)


def test_a_draft_changes_nothing_and_approved_rules_find_and_page(world, draft):
    packet = given.invite(world).packet
    answers = {key: [code] for key, code in SEVERAL.items()}
    given.answer(packet, "gad-7", answers)
    assert not Incident.objects.exists()
    screening.services.approve_rules(version=draft, by=world.supervisor)
    given.answer(packet, "gad-7", {"gad7-q1": ["LA6570-1"]})
    assert Incident.objects.get().snapshot["triggers"][0]["code"] == "clinic-rule"
    assert ReviewItem.objects.get().finding.because.startswith("The GAD-7 total is 8, at or above 5")


def test_newer_rules_hold_from_the_next_answer_on_and_those_of_another_clinic_never(world, draft):
    screening.services.approve_rules(version=draft, by=world.supervisor)
    empty = screening.services.draft_rules(clinic=world.clinic, rules=[], by=world.operator)
    assert selectors.clinic_rules(world.clinic.id).version == 1
    screening.services.approve_rules(version=empty, by=world.supervisor)
    assert selectors.clinic_rules(world.clinic.id) == selectors.ClinicRules(2, ())
    assert selectors.clinic_rules(world.other_clinic.id) is selectors.NO_RULES
    with pytest.raises(screening.services.AlreadyApproved):
        screening.services.approve_rules(version=draft, by=world.backup)


def test_whoever_drafted_does_not_approve_neither_by_the_service_nor_by_the_database(world, draft):
    with pytest.raises(screening.services.SameAuthor):
        screening.services.approve_rules(version=draft, by=world.operator)
    with pytest.raises(IntegrityError), transaction.atomic():
        RuleVersion.objects.filter(pk=draft.pk).update(approved_by=world.operator, effective_at="2026-01-01T00:00Z")


@pytest.mark.parametrize("approved", [False, True])
def test_the_database_keeps_rules_as_they_were_drafted(world, draft, approved):
    if approved:
        screening.services.approve_rules(version=draft, by=world.supervisor)
    for change in (lambda row: row.update(rules=[]), lambda row: row.delete(), lambda row: row.update(version=9)):
        with pytest.raises(DatabaseError, match="rules never change"), transaction.atomic():
            change(RuleVersion.objects.filter(pk=draft.pk))
    if approved:
        with pytest.raises(DatabaseError, match="rules never change"), transaction.atomic():
            RuleVersion.objects.filter(pk=draft.pk).update(approved_by=None, effective_at=None)


def test_rules_that_lower_are_not_even_drafted(world):
    with pytest.raises(screening.services.InvalidRules, match="not lower it or switch it off"):
        screening.services.draft_rules(
            clinic=world.clinic, rules=[rule("phq-9", "item_gte", 1, item="phq9-q9")], by=world.operator
        )
    assert not RuleVersion.objects.exists()


# --- the admin and the supervisor's page --------------------------------------------------------------


def test_an_operator_drafts_in_the_admin_sees_what_would_have_held_and_a_supervisor_approves(world):
    given.answer(given.invite(world).packet, "gad-7", {key: [code] for key, code in SEVERAL.items()})
    desk = signed_in(world.operator)
    add = "/admin/screening/ruleversion/add/"
    assert desk.get(add).status_code == 200
    typed = {"form-TOTAL_FORMS": "1", "form-INITIAL_FORMS": "0", "form-0-instrument": "gad-7", "form-0-item": ""}
    typed |= {"form-0-kind": "total_gte", "form-0-at_least": "15", "form-0-urgency": "medium"}
    assert "not lower it or switch it off" in desk.post(add, typed).content.decode()
    page = desk.post(add, typed | {"form-0-at_least": "6"}, follow=True).content.decode()
    assert "has to approve it" in page
    assert '<td class="number">1</td>' in page
    assert "drafted by" in signed_in(world.supervisor).get("/staff/priorities/").content.decode()
    draft = RuleVersion.objects.get()
    approve = f"/staff/priorities/rules/{draft.id}/approve/"
    for who in (world.clinician, world.stranger, world.front_desk, world.operator):
        assert signed_in(who).post(approve).status_code == 404
    supervisor = signed_in(world.supervisor)
    refused = supervisor.post(approve, follow=True).content.decode()
    assert "be put in force yet. Step 1 (On call) pages" in refused and "without a verified contact point" in refused
    assert selectors.clinic_rules(world.clinic.id).version == 0
    prove(world.clinic, world.supervisor)
    assert "is in force" in supervisor.post(approve, follow=True).content.decode()
    assert selectors.clinic_rules(world.clinic.id).version == 1


def typed_rows(*rows):
    """As a browser sends the form: whatever is not filled in comes as it stood there."""
    blank = {"instrument": "", "kind": "item_gte", "item": "", "at_least": "", "urgency": "medium"}
    sent = {"form-TOTAL_FORMS": str(len(rows)), "form-INITIAL_FORMS": "0"}
    for number, row in enumerate(rows):
        sent |= {f"form-{number}-{name}": value for name, value in {**blank, **row}.items()}
    return sent


def test_rules_left_empty_are_absent_and_what_is_wrong_stands_beside_its_rule_in_words(world):
    desk, add = signed_in(world.operator), "/admin/screening/ruleversion/add/"
    shown = unescape(desk.get(add).content.decode())
    assert '<option value="gad7-q1">GAD-7: Feeling nervous' in shown
    total = {"instrument": "gad-7", "kind": "total_gte", "at_least": "6"}
    wrong = {"instrument": "gad-7", "item": "phq9-q1", "at_least": "1"}
    page = unescape(desk.post(add, typed_rows(total, {}, wrong)).content.decode())
    rows = page.split("<legend>Rule ")
    assert "This question belongs to PHQ-9, not to GAD-7." in rows[3]
    assert "errorlist" not in rows[1] + rows[2]
    page = unescape(desk.post(add, typed_rows({"urgency": "high"}, {})).content.decode())
    assert "or leave the whole rule empty" in page and not RuleVersion.objects.exists()
    band = {"instrument": "gad-7", "kind": "band_gte", "at_least": "moderate"}
    for words in ("MODERATE", "Moderate "):
        page = unescape(desk.post(add, typed_rows(total, {}, band | {"at_least": words}), follow=True).content.decode())
        assert "GAD-7: the total is at least 6" in page and "GAD-7: Moderate or worse" in page
        assert "at_least" not in page and "gad-7" not in page
    assert RuleVersion.objects.latest("version").rules == [
        rule(at_least=6), rule(kind="band_gte", at_least="moderate"),
    ]  # fmt: skip


def test_a_waiting_draft_is_seen_by_who_may_approve_it_and_its_author_reads_why_not(world, draft):
    line = "waits for your approval"
    supervisor = signed_in(world.supervisor)
    assert line in supervisor.get("/staff/inbox/").content.decode()
    for who in (world.clinician, world.stranger):
        assert line not in signed_in(who).get("/staff/inbox/").content.decode()
    Membership.objects.create(user=world.operator, clinic=world.clinic, role="supervisor")
    author = signed_in(world.operator)
    assert line not in author.get("/staff/inbox/").content.decode()
    page = author.get("/staff/priorities/").content.decode()
    assert "You drafted this version, so somebody else has to approve it" in page
    assert f"/{draft.id}/approve/" not in page
    assert f"/{draft.id}/approve/" in supervisor.get("/staff/priorities/").content.decode()
    screening.services.approve_rules(version=draft, by=world.supervisor)
    assert line not in supervisor.get("/staff/inbox/").content.decode()


def test_to_the_front_desk_and_to_another_clinics_people_there_are_no_rules(world, draft):
    for who in (world.front_desk, world.compliance, world.stranger_desk):
        client = signed_in(who)
        for page in ("", "add/", f"{draft.id}/change/"):
            assert client.get(f"/admin/screening/ruleversion/{page}").status_code == 404, (who, page)


# --- sign-off -----------------------------------------------------------------------------------------


def sign(user, clinic, **changed):
    typed = {"clinic": clinic.id, "instrument": "gad-7", "code": "severe-anxiety", "urgency": "medium", **changed}
    return signed_in(user).post("/staff/priorities/sign/", typed, follow=True)


def test_a_priority_awaits_sign_off_until_a_supervisor_signs_it_with_credentials(world):
    packet = given.invite(world).packet
    given.answer(packet, "gad-7", {f"gad7-q{n}": ["LA6571-9"] for n in range(1, 8)})
    client = signed_in(world.clinician)
    page = f"/staff/patients/{world.patient.id}/"
    assert "priority awaiting sign-off" in client.get(page).content.decode()
    assert "Signed." in sign(world.supervisor, world.clinic, note="As we do it.").content.decode()
    assert "awaiting sign-off" not in client.get(page).content.decode()
    row = PrioritySignOff.objects.get()
    assert (row.signed_by, row.credentials, row.note) == (world.supervisor, "MD", "As we do it.")
    sign(world.supervisor, world.clinic)
    assert PrioritySignOff.objects.count() == 1
    with pytest.raises(DatabaseError), transaction.atomic():
        PrioritySignOff.objects.update(urgency="info")


def test_only_a_supervisor_of_the_clinic_signs_and_only_what_stands(world):
    for who in (world.clinician, world.stranger, world.front_desk, world.compliance, world.operator):
        assert sign(who, world.clinic).status_code == 404
        assert signed_in(who).get("/staff/priorities/").status_code == 404
    assert sign(world.supervisor, world.other_clinic).status_code == 404
    assert "has changed" in sign(world.supervisor, world.clinic, urgency="info").content.decode()
    world.supervisor.credentials = ""
    world.supervisor.save()
    assert "names no credentials" in sign(world.supervisor, world.clinic).content.decode()
    assert not PrioritySignOff.objects.exists()


def test_every_finding_that_there_is_can_be_signed():
    proposed = {(one.instrument, one.code) for one in PROPOSALS}
    flags = {(key, flag.code) for key, each in instruments.ASSESSED.items() for flag in each.flags}
    assert proposed == flags | {("", rules.DECLINED), (OWN_WORDS.key, rules.POSSIBLE)}
