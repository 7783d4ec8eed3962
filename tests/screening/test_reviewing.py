"""Findings that page nobody are looked at by somebody who is named, in time, or a supervisor hears of it."""

from datetime import timedelta

import packets as given
import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from personas import signed_in

import core.services
import screening.services
from audit.models import Event
from config.management.commands.dispatch import JOBS
from core import clock
from escalation.models import Incident
from screening import selectors
from screening.access import review_items_for
from screening.models import ReviewItem, ScreeningResult

SEVERE = {f"gad7-q{n}": ["LA6571-9"] for n in range(1, 8)}
CALM = {f"gad7-q{n}": ["LA6568-5"] for n in range(1, 8)}


def prologue(world):
    packet = given.invite(world).packet
    given.sign(packet, "share-permission")
    return packet


@pytest.fixture
def packet(story):
    return story


@pytest.fixture
def item(packet):
    given.answer(packet, "gad-7", SEVERE)
    return ReviewItem.objects.get()


def make_late(item, *, by=timedelta(hours=1)):
    ReviewItem.objects.filter(pk=item.pk).update(due_at=clock.now() - by)


def rows(user):
    return selectors.to_review(review_items_for(user), user)


def text(user, address):
    return signed_in(user).get(address).content.decode()


# --- who, and by when ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("slug", "answers", "within"),
    [
        ("phq-9", {**{f"phq9-q{n}": ["LA6571-9"] for n in range(1, 9)}, "phq9-q9": [given.NOT_AT_ALL]}, {"hours": 24}),
        ("gad-7", SEVERE, {"days": 7}),
    ],
)
def test_a_finding_names_a_reviewer_of_the_care_team_and_is_due_by_its_urgency(world, packet, slug, answers, within):
    given.answer(packet, slug, answers)
    item = ReviewItem.objects.get()
    assert item.reviewer == world.clinician
    assert item.due_at - item.opened_at == timedelta(**within)
    assert Event.objects.filter(action="review.opened").count() == 1


def test_what_pages_is_an_incident_and_no_review_item(packet):
    given.answer(packet, "phq-9", {"phq9-q9": [given.SEVERAL]})
    assert Incident.objects.count() == 1
    assert not ReviewItem.objects.exists()


def test_the_same_finding_from_the_same_answers_makes_no_second_item_even_after_a_review(world, packet, item):
    screening.services.review(item=item, user=world.clinician)
    given.answer(packet, "gad-7", CALM)
    given.answer(packet, "gad-7", SEVERE)
    assert ReviewItem.objects.count() == 1
    assert ScreeningResult.objects.count() == 3


def test_other_answers_with_a_finding_make_another_item(packet, item):
    given.answer(packet, "gad-7", {"gad7-q1": ["LA6570-1"]})
    assert ReviewItem.objects.count() == 2


@pytest.mark.parametrize(
    ("without", "named"),
    [((), "clinician"), (("care_team",), "backup"), (("care_team", "clinician", "backup"), "supervisor")],
)
def test_without_a_care_team_the_least_loaded_clinician_is_named_else_a_supervisor(world, packet, without, named):
    given.answer(packet, "gad-7", SEVERE)  # the clinician has one to review already
    for who in without:
        if who == "care_team":
            core.services.leave_care_team(patient=world.patient, user=world.clinician)
        else:
            getattr(world, who).memberships.update(is_active=False)
    given.answer(packet, "gad-7", {"gad7-q1": ["LA6570-1"]})
    assert ReviewItem.objects.latest("opened_at").reviewer == getattr(world, named)


def test_where_nobody_may_look_the_item_stands_without_a_name_and_is_counted(world, packet):
    for who in (world.clinician, world.backup, world.supervisor):
        who.memberships.update(is_active=False)
    given.answer(packet, "gad-7", SEVERE)
    assert ReviewItem.objects.get().reviewer is None
    assert [one.name for one in selectors.weekly(world.clinic.id).loads] == [""]


def test_nothing_of_the_care_team_changes_because_somebody_was_named(world, packet):
    core.services.leave_care_team(patient=world.patient, user=world.clinician)
    given.answer(packet, "gad-7", SEVERE)
    assert core.selectors.care_team(world.patient) == set(), "the front desk would learn of the finding"


# --- nothing ages unseen ------------------------------------------------------------------------------


def test_what_is_overdue_goes_to_the_supervisor_once(world, item):
    assert screening.services.raise_overdue() == 0
    make_late(item)
    assert (screening.services.raise_overdue(), screening.services.raise_overdue()) == (1, 0)
    item.refresh_from_db()
    assert item.raised_to == world.supervisor
    assert Event.objects.filter(action="review.raised").count() == 1
    assert "screening.services.raise_overdue" in JOBS


def test_what_was_reviewed_is_never_raised_and_the_first_review_stands(world, item):
    screening.services.review(item=item, user=world.clinician, note="Called her.")
    make_late(item)
    assert screening.services.raise_overdue() == 0
    with pytest.raises(screening.services.AlreadyReviewed):
        screening.services.review(item=item, user=world.backup)
    item.refresh_from_db()
    assert (item.reviewed_by, item.note) == (world.clinician, "Called her.")


def test_the_week_says_what_is_overdue_what_was_reviewed_and_how_soon(world, packet, item, capsys):
    given.answer(packet, "gad-7", {"gad7-q1": ["LA6570-1"]})
    late = ReviewItem.objects.exclude(pk=item.pk).get()
    ReviewItem.objects.filter(pk=item.pk).update(opened_at=clock.now() - timedelta(hours=3))
    screening.services.review(item=item, user=world.backup)
    make_late(late)
    week = selectors.weekly(world.clinic.id)
    assert (week.opened, week.reviewed, week.in_time, week.waiting, week.overdue) == (2, 1, 1, 1, 1)
    assert week.median_hours == 3.0
    assert [(one.name, one.waiting, one.overdue, one.reviewed) for one in week.loads] == [
        ("Blake Backup", 0, 0, 1),
        ("Casey Clinician", 1, 1, 0),
    ]
    assert list(selectors.overdue(world.clinic.id)) == [late]
    call_command("weekly_report", clinic=world.clinic.id)
    out = capsys.readouterr().out
    assert "overdue now: 1" in out
    assert "Rosa" not in out
    with pytest.raises(CommandError, match="id looks like"):
        call_command("weekly_report", clinic="zz")


def test_a_review_says_who_and_when_or_the_database_refuses(item):
    with pytest.raises(IntegrityError), transaction.atomic():
        ReviewItem.objects.filter(pk=item.pk).update(state="reviewed")


# --- what it costs ------------------------------------------------------------------------------------


def cost(packet, changes):
    with CaptureQueriesContext(connection) as asked:
        given.answer(packet, "gad-7", changes)
    return len(asked)


def test_an_answer_without_a_finding_pays_nothing_for_reviews_and_a_finding_a_fixed_price(packet):
    given.answer(packet, "gad-7", CALM)  # whatever is read once per process
    with CaptureQueriesContext(connection) as asked:
        given.answer(packet, "gad-7", {"gad7-q1": ["LA6569-3"]})
    said = " ".join(one["sql"] for one in asked)
    assert "reviewitem" not in said
    assert said.count("screening_ruleversion") == 1, "the clinic's rules ride in the statement that reads the step"
    assert cost(packet, SEVERE) - len(asked) <= 8


def test_the_list_costs_the_same_however_long_it_is(world, packet, item, django_assert_num_queries):
    with CaptureQueriesContext(connection) as few:
        assert len(rows(world.clinician)) == 1
    for points in ("LA6570-1", "LA6569-3"):
        given.answer(packet, "gad-7", {"gad7-q1": [points]})
    with django_assert_num_queries(len(few)):
        assert len(rows(world.clinician)) == 3


# --- pages --------------------------------------------------------------------------------------------


def test_the_inbox_and_the_patients_page_list_it_with_reviewer_and_due_time(world, item):
    for address in ("/staff/inbox/", f"/staff/patients/{world.patient.id}/"):
        page = text(world.clinician, address)
        row = page[page.index(f'id="review-{item.id}"') :]
        assert "Casey Clinician, by " in row
        assert "priority awaiting sign-off" in row


def test_a_clinician_marks_it_reviewed_and_it_leaves_the_inbox(world, item):
    client = signed_in(world.clinician)
    address = f"/staff/reviews/{item.id}/"
    assert "The GAD-7 total is 21" in client.get(address).content.decode()
    page = client.post(address, {"note": "Talked it over."}, follow=True).content.decode()
    assert "Marked as reviewed." in page
    assert "Talked it over." in page
    assert str(item.id) not in client.get("/staff/inbox/").content.decode()
    assert "already" in client.post(address, {"note": "Again."}, follow=True).content.decode()
    assert Event.objects.filter(action="screening.read", object_type="screening.ReviewItem").count() >= 1


def test_to_everybody_else_there_is_no_such_item(world, item):
    for who in ("stranger", "backup", "front_desk", "compliance", "operator"):
        client = signed_in(getattr(world, who))
        for method in ("get", "post"):
            assert getattr(client, method)(f"/staff/reviews/{item.id}/").status_code == 404, who
    item.refresh_from_db()
    assert item.state == "open"


def test_whoever_is_named_may_open_the_item_and_not_the_patient(world, packet):
    core.services.leave_care_team(patient=world.patient, user=world.clinician)
    given.answer(packet, "gad-7", SEVERE)
    named = ReviewItem.objects.get().reviewer
    client = signed_in(named)
    assert client.get(f"/staff/reviews/{ReviewItem.objects.get().id}/").status_code == 200
    assert client.get(f"/staff/patients/{world.patient.id}/").status_code == 404


def test_what_a_substance_use_section_says_is_not_told_to_a_supervisor(world, packet):
    given.answer(packet, "dast-10", {f"dast10-q{n}": [given.YES] for n in range(1, 11)})
    found = ReviewItem.objects.filter(is_sensitive=True)
    assert found.exists()
    page = text(world.supervisor, "/staff/inbox/")
    assert "Only the care team may open what was found." in page
    assert "DAST" not in page
    assert signed_in(world.supervisor).get(f"/staff/reviews/{found[0].id}/").status_code == 404
    assert "DAST-10" in text(world.clinician, "/staff/inbox/")


def test_the_week_is_for_supervisors_with_names_and_for_compliance_with_counts(world, item):
    make_late(item)
    assert "Rosa" in text(world.supervisor, "/staff/reviews/week/")
    counted = text(world.compliance, "/staff/reviews/week/")
    assert "Overdue now" in counted
    assert "Rosa" not in counted
    for who in (world.clinician, world.stranger, world.front_desk, world.operator):
        assert signed_in(who).get("/staff/reviews/week/").status_code == 404


# --- where a result comes from ------------------------------------------------------------------------


def test_a_result_names_the_form_the_packet_and_the_result_it_replaces(packet, item):
    first = ScreeningResult.objects.get()
    given.answer(packet, "gad-7", CALM)
    second = ScreeningResult.objects.exclude(pk=first.pk).get()
    form = packet.steps.get(slug="gad-7").form
    assert (second.packet_ref, second.form_ref, second.form_sha256) == (packet.id, form.id, form.sha256)
    assert (first.amends, second.amends) == (None, first.id)
    with pytest.raises(Exception, match="only grows|permission denied"), transaction.atomic():
        ScreeningResult.objects.filter(pk=first.pk).update(amends=second.id)
