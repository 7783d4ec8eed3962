"""Results over time, and schedules: what is due, and what moves the day."""

import uuid
from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from audit.models import Event
from core import clock
from core.models import Patient
from screening import scoring, selectors, services
from screening.models import MeasurementPlan, ScreeningResult
from screening.rendering import FIRST_X, LAST_X, chart

POINTS = ("LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9")


def scored(patient, total, days_ago, *, items=9, source=None, revision=1):
    """A PHQ-9 with this total; with fewer items, unfinished."""
    answers = {f"phq9-q{n}": POINTS[min(3, max(0, total - 3 * (n - 1)))] for n in range(1, items + 1)}
    return ScreeningResult.objects.create(
        patient=patient,
        instrument="phq-9",
        source_ref=source or uuid.uuid4(),
        source_revision=revision,
        answers=answers,
        detail=scoring.detail(scoring.score("phq-9", answers)),
        scored_at=clock.now() - timedelta(days=days_ago),
    )


@pytest.fixture
def patient(world):
    return world.patient


def test_results_stand_in_their_order_with_what_changed_and_an_unfinished_one_is_no_total(
    patient, django_assert_num_queries
):
    scored(patient, 9, 1, items=5)
    scored(patient, 20, 30)
    scored(patient, 9, 2)
    with django_assert_num_queries(1):
        trend = selectors.trends(patient.id)["phq-9"]
    assert [point.total for point in trend.points] == [20, 9, None]
    assert trend.points[1].change.since_first == -11
    assert [point.band_label for point in trend.points] == ["Severe", "Mild", ""]
    assert trend.response_limit == 10


def test_of_one_response_only_the_last_word_counts(patient):
    response = uuid.uuid4()
    scored(patient, 12, 3, source=response)
    scored(patient, 7, 2, source=response, revision=2)
    assert [point.total for point in selectors.trends(patient.id)["phq-9"].points] == [7]


def test_what_is_hidden_leaves_no_point_and_no_instrument(patient):
    hidden = scored(patient, 12, 3)
    assert selectors.trends(patient.id, hidden=[hidden.source_ref]) == {}


def test_the_drawing_runs_in_time_and_the_worst_is_on_top(patient):
    for total, days in ((27, 40), (10, 20), (0, 0)):
        scored(patient, total, days)
    trend = selectors.trends(patient.id)["phq-9"]
    drawn = chart(trend)
    assert [dot.x for dot in drawn.dots] == [FIRST_X, (FIRST_X + LAST_X) // 2, LAST_X]
    assert drawn.dots[0].y == drawn.stripes[-1].top
    assert drawn.dots[2].y == drawn.stripes[0].bottom
    edges = [(stripe.bottom, stripe.top) for stripe in drawn.stripes]
    assert all(lower[1] == upper[0] for lower, upper in zip(edges, edges[1:], strict=False)), "no gap between bands"
    assert drawn.dots[1].is_marked
    assert drawn.response_y is not None


def test_numbers_that_would_cover_each_other_are_left_out_but_never_the_latest(patient):
    for total, days in ((12, 100), (11, 1), (5, 0)):
        scored(patient, total, days)
    assert [dot.label for dot in chart(selectors.trends(patient.id)["phq-9"]).dots] == ["12", "", "5"]


def test_one_total_is_no_trend(patient):
    scored(patient, 12, 3)
    assert chart(selectors.trends(patient.id)["phq-9"]) is None


def plan(world, every_days, instrument="phq-9"):
    services.plan_measurement(patient=world.patient, instrument=instrument, every_days=every_days, user=world.clinician)


def rows(world):
    return selectors.plans(Patient.objects.filter(pk=world.patient.pk))


def test_without_a_result_it_is_due_on_the_day_it_was_planned(world):
    plan(world, 14)
    assert [row.is_due for row in rows(world)] == [True]


@pytest.mark.parametrize(("days_ago", "is_due"), [(15, True), (14, True), (13, False), (0, False)])
def test_a_result_moves_the_day_by_so_many_days_on_the_clinics_calendar(world, days_ago, is_due):
    plan(world, 14)
    scored(world.patient, 5, days_ago)
    (row,) = rows(world)
    assert row.is_due == is_due
    assert (row.next_due_on - row.last_at.date()).days in (13, 14, 15)


def test_an_unfinished_result_moves_nothing(world):
    plan(world, 14)
    scored(world.patient, 5, 0, items=8)
    assert [row.is_due for row in rows(world)] == [True]


def test_a_schedule_is_changed_stopped_and_taken_up_again_in_one_row_with_its_history(world):
    for days in (14, 28, 0, 7):
        plan(world, days)
    assert [(row.every_days, row.set_by) for row in rows(world)] == [(7, "Casey Clinician")]
    (only,) = MeasurementPlan.objects.all()
    assert [(one.every_days, one.is_active) for one in only.history.order_by("history_id")] == [
        (14, True), (28, True), (28, False), (7, True),
    ]  # fmt: skip
    said = Event.objects.filter(action__startswith="measurement.").order_by("at")
    assert [event.action.rpartition(".")[2] for event in said] == ["planned", "planned", "stopped", "planned"]


def test_stopping_what_was_never_planned_is_nothing(world):
    plan(world, 0)
    assert not MeasurementPlan.objects.exists()


@pytest.mark.parametrize("days", [0, 366])
def test_the_database_refuses_a_schedule_outside_a_year(world, days):
    with pytest.raises(IntegrityError, match="within_a_year"), transaction.atomic():
        MeasurementPlan.objects.create(
            patient=world.patient, instrument="phq-9", every_days=days, set_by=world.clinician
        )


def test_nothing_about_substance_use_can_be_put_on_a_schedule():
    assert set(selectors.MEASURED) == {"phq-9", "gad-7"}


def test_schedules_take_the_same_queries_however_many(world, django_assert_num_queries):
    for name in selectors.MEASURED:
        plan(world, 14, name)
    scored(world.patient, 5, 3)
    with django_assert_num_queries(3):
        assert len(rows(world)) == 2
