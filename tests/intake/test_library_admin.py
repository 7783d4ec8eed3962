"""The form library in the admin: for who manages the clinic's settings; to the desk and to strangers it isn't there."""

import packets as given
import pytest
from personas import prove, signed_in

from audit.models import Event
from core.models import Clinic, Program
from intake.models import FormRule, InstrumentRight, Packet
from intake.services import library, rules

RULES, RIGHTS = "/admin/intake/formrule/", "/admin/intake/instrumentright/"


@pytest.fixture
def ona(world):
    library.publish_library(actor=given.SEED)
    return signed_in(world.operator)


def typed(world, **changed):
    return {
        "clinic": world.clinic.pk, "form": "pc-ptsd-5", "position": 130, "is_active": "on",
        "program": "", "min_age": "", "max_age": "", "every_days": "90", **changed,
    }  # fmt: skip


@pytest.mark.parametrize("who", ["front_desk", "clinician", "compliance", "stranger_desk", "stranger"])
@pytest.mark.parametrize("page", [RULES, f"{RULES}add/", RIGHTS, f"{RIGHTS}add/"])
def test_nobody_but_the_clinics_administrator_finds_these_pages(world, ona, who, page):
    """The desk above all: a rule says which screening stands behind a section's number."""
    assert ona.get(page).status_code == 200
    answer = signed_in(getattr(world, who)).get(page)
    assert answer.status_code == 404 or answer["Location"].startswith("/admin/login/")


def test_the_desk_is_not_told_of_them(world, ona):
    page = signed_in(world.front_desk).get("/admin/").content.decode()
    assert RULES not in page and RIGHTS not in page
    mine = ona.get("/admin/").content.decode()
    assert RULES in mine and "/admin/core/patient/" not in mine


def test_a_rule_is_made_by_the_service_and_beside_the_default_ones(world, ona):
    answer = ona.post(f"{RULES}add/", typed(world, visit_types=["new", "telehealth"], min_age="18"))
    assert answer.status_code == 302
    made = FormRule.objects.get(form="pc-ptsd-5")
    assert (made.min_age, made.every_days, made.visit_types) == (18, 90, ["new", "telehealth"])
    assert FormRule.objects.filter(clinic=world.clinic, form="phq-9", every_days=14).exists()
    assert Event.objects.filter(action="form.rule_saved", object_id=str(made.pk)).exists()
    page = ona.get(RULES).content.decode()
    assert "130. Primary Care PTSD Screen" in page and "from 18" in page


def test_a_rule_is_changed_and_never_deleted(world, ona):
    ona.post(f"{RULES}add/", typed(world))
    made = FormRule.objects.get(form="pc-ptsd-5")
    ona.post(f"{RULES}{made.pk}/change/", typed(world, is_active="", every_days="30"))
    made.refresh_from_db()
    assert (made.is_active, made.every_days) == (False, 30)
    assert ona.post(f"{RULES}{made.pk}/delete/").status_code == 404
    assert FormRule.objects.filter(pk=made.pk).exists()


def test_what_does_not_fit_is_refused_in_words(world, ona):
    elsewhere = Program.objects.create(clinic=world.other_clinic, name="X", public_name="X", legal_name="X")
    page = ona.post(f"{RULES}add/", typed(world, program=elsewhere.pk)).content.decode()
    assert "Select a valid choice" in page
    page = ona.post(f"{RULES}add/", typed(world, max_age="17")).content.decode()
    assert "asked from the age of 18 only" in page
    ona.post(f"{RULES}add/", typed(world))
    page = ona.post(f"{RULES}add/", typed(world)).content.decode()
    assert "There is a rule for this form already." in page
    assert FormRule.objects.filter(form="pc-ptsd-5").count() == 1


def test_another_clinics_rule_does_not_exist(world, ona):
    made = rules.save_rule(
        rule=FormRule(clinic=world.other_clinic, form="pc-ptsd-5", position=1), by=world.operator
    )  # fmt: skip
    assert ona.get(f"{RULES}{made.pk}/change/").status_code == 404
    assert "Elsewhere" not in ona.get(RULES).content.decode()
    page = ona.post(f"{RULES}add/", typed(world, clinic=world.other_clinic.pk)).content.decode()
    assert "Select a valid choice" in page


def test_the_right_to_an_instrument_is_confirmed_in_the_exact_words(world, ona):
    page = ona.get(f"{RIGHTS}add/").content.decode()
    for slug, statement in rules.terms().items():
        assert slug in page
        assert statement.replace("'", "&#x27;") in page
    refused = ona.post(f"{RIGHTS}add/", {"clinic": world.clinic.pk, "instrument": "dast-10"})
    assert refused.status_code == 200 and not InstrumentRight.objects.exists()
    ona.post(f"{RIGHTS}add/", {"clinic": world.clinic.pk, "instrument": "dast-10", "confirmed": "on"})
    right = InstrumentRight.objects.get()
    assert (right.statement, right.confirmed_by) == (rules.terms()["dast-10"], world.operator)
    assert ona.get(f"{RIGHTS}{right.pk}/change/").status_code == 200
    assert ona.post(f"{RIGHTS}{right.pk}/delete/").status_code == 404


def test_what_is_left_out_is_said_until_it_is_confirmed(world, ona):
    left_out = "DAST-10 is left out of every packet of Harbor Clinic"
    assert left_out in ona.get(RULES).content.decode()
    assert left_out in ona.get(RIGHTS).content.decode()
    rules.confirm_right(clinic=world.clinic, instrument="dast-10", by=world.operator)
    assert left_out not in ona.get(RULES).content.decode()


def test_the_administrator_finds_the_rules_from_home(ona):
    assert 'href="/admin/"' in ona.get("/staff/").content.decode()
    assert RULES in ona.get("/admin/").content.decode()


@pytest.mark.parametrize("page", [RULES, RIGHTS])
def test_an_address_asks_nothing_here_either(world, ona, page):
    rules.save_rule(rule=FormRule(clinic=world.clinic, form="pc-ptsd-5", position=1), by=world.operator)
    rules.confirm_right(clinic=world.clinic, instrument="dast-10", by=world.operator)
    for question in ("q=phq", "q=%00", "e=1"):
        assert "/change/" not in ona.get(f"{page}?{question}").content.decode()
    assert "/change/" in ona.get(page).content.decode()


def test_a_clinic_whose_patients_would_see_no_crisis_line_is_named(world, ona):
    told = "Patients of Harbor Clinic (DE) see no crisis line"
    assert told not in ona.get(RULES).content.decode()
    Clinic.objects.update(country="DE", crisis_phone="")
    page = ona.get(RULES).content.decode()
    assert told in page
    assert "Elsewhere" not in page


# --- the reachability gate: what can page somebody goes live only where each step reaches somebody ---


@pytest.fixture
def lapsed(world, ona):
    """Patients are invited here, and no step of the ladder reaches anybody by a proved contact point."""
    given.publish(world)
    given.invite(world)
    return ona


def test_a_rule_for_a_form_that_pages_waits_until_somebody_can_be_reached(world, lapsed):
    page = lapsed.post(f"{RULES}add/", typed(world, form="c-ssrs-screener")).content.decode()
    assert "Harbor Clinic can&#x27;t be given this form yet." in page
    assert not FormRule.objects.exists()
    with pytest.raises(library.FormRefused):
        rules.save_rule(rule=FormRule(clinic=world.clinic, form="c-ssrs-screener", position=1), by=world.operator)
    prove(world.clinic, world.clinician, world.backup, world.supervisor)
    assert lapsed.post(f"{RULES}add/", typed(world, form="c-ssrs-screener")).status_code == 302


def test_a_form_without_risk_and_a_rule_that_is_switched_off_are_never_held_up(world, lapsed):
    assert lapsed.post(f"{RULES}add/", typed(world, form="insurance", is_active="on")).status_code == 302
    off = FormRule.objects.get(form="phq-9")
    assert lapsed.post(f"{RULES}{off.pk}/change/", typed(world, form="phq-9", is_active="")).status_code == 302
    assert not FormRule.objects.get(form="phq-9").is_active


def test_a_right_is_not_confirmed_while_nobody_can_be_reached(world, lapsed):
    clinic = world.other_clinic
    given.invite(world)  # at the first clinic: the other one has invited nobody and is still being set up
    assert rules.confirm_right(clinic=clinic, instrument="dast-10", by=world.stranger).clinic == clinic
    Packet.objects.update(clinic=clinic)
    with pytest.raises(library.FormRefused, match="can't be given this form yet"):
        rules.confirm_right(clinic=clinic, instrument="audit-c", by=world.stranger)
