"""Who reads an answer, from the permissions, the program and the consents."""

import pytest

from core.permissions import GRANTS, Permission, Role
from intake.policy import Outside, categories, is_protected, readers


@pytest.mark.parametrize(
    ("protected", "permitted", "outside"),
    [(False, False, Outside.NOTICE), (True, True, Outside.PERMITTED), (True, False, Outside.NOBODY)],
)
def test_outside_the_clinic_a_protected_record_needs_the_patients_permission(protected, permitted, outside):
    assert readers(protected=protected, permitted=permitted, told_of_danger=False).outside is outside


def test_inside_the_clinic_it_is_whoever_the_table_lets_see_clinical_records(monkeypatch):
    found = readers(protected=False, permitted=False, told_of_danger=False)
    assert (found.inside, found.not_inside) == ((Role.CLINICIAN, Role.SUPERVISOR), (Role.FRONT_DESK,))
    monkeypatch.setitem(GRANTS, Role.FRONT_DESK, frozenset({Permission.SEE_CLINICAL}))
    found = readers(protected=False, permitted=False, told_of_danger=False)
    assert (found.inside, found.not_inside) == ((Role.FRONT_DESK, Role.CLINICIAN, Role.SUPERVISOR), ())


def test_whoever_is_on_call_is_named_only_where_somebody_on_duty_is_told_of_danger():
    assert readers(protected=False, permitted=False, told_of_danger=True).on_call
    assert not readers(protected=False, permitted=False, told_of_danger=False).on_call


def test_a_substance_use_section_is_protected_in_any_program_and_needs_both_categories():
    assert is_protected("sud", whole_intake=False)
    assert is_protected("", whole_intake=True)
    assert not is_protected("sensitive", whole_intake=False)
    assert categories("sud") == {"intake_answers", "substance_use"}
    assert categories("") == {"intake_answers"}
