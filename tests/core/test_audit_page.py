"""Who saw what: for the compliance officer of that clinic, names of staff and ids of patients, and nothing else."""

import pytest
from personas import signed_in

from audit.models import Event
from core import clock

PAGE = "/audit/"


@pytest.fixture
def corin(world):
    signed_in(world.clinician).get(f"/staff/patients/{world.patient.id}/")
    return signed_in(world.compliance)


def test_the_officer_sees_who_read_whom(world, corin):
    page = corin.get(PAGE).content.decode()
    assert "Casey Clinician" in page
    assert "patient.read" in page
    assert f"?patient={world.patient.id}" in page


def test_names_and_answers_of_patients_are_not_shown(corin):
    page = corin.get(PAGE).content.decode()
    for word in ("Rosa", "Núñez", "1990-03-15", "MRN-1001"):
        assert word not in page


def test_one_patients_story_includes_the_lists_that_named_her(world, corin):
    signed_in(world.front_desk).get("/admin/core/patient/")
    page = corin.get(f"{PAGE}?patient={world.patient.id}").content.decode()
    assert "Dana Desk" in page
    assert "All days" in page
    assert "document.published" not in page


def test_a_day_is_a_day_in_utc(corin):
    today = clock.now().date()
    assert "Casey Clinician" in corin.get(f"{PAGE}?day={today.isoformat()}").content.decode()
    assert "Nothing was recorded" in corin.get(f"{PAGE}?day=2020-01-01").content.decode()


@pytest.mark.parametrize("question", ["day=yesterday", "patient=rosa", "page=999", "page=x"])
def test_a_question_that_cannot_be_read_is_no_error(corin, question):
    assert corin.get(f"{PAGE}?{question}").status_code == 200


@pytest.mark.parametrize("who", ["front_desk", "clinician", "supervisor", "stranger", "stranger_desk"])
def test_to_everybody_else_the_log_does_not_exist(world, who):
    assert signed_in(getattr(world, who)).get(PAGE).status_code == 404


def test_another_clinics_events_are_not_shown(world, corin):
    world.compliance.memberships.update(clinic=world.other_clinic)
    page = corin.get(PAGE).content.decode()
    assert str(world.patient.id) not in page
    assert "Casey Clinician" not in page


def test_reading_the_log_is_in_the_log(world, corin):
    corin.get(PAGE)
    assert Event.objects.filter(action="audit.read", actor_id=str(world.compliance.id)).count() == 1


def test_the_log_can_only_be_read(corin):
    assert corin.post(PAGE).status_code == 405
