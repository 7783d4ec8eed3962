"""Patients at the front desk: found by what people say, written by the services, of one's own clinic only."""

import re
from datetime import date

import packets as given
import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from guardian.shortcuts import get_users_with_perms
from personas import signed_in

import core.services
from audit.actions import Actor
from audit.models import Event
from core.models import Membership, Patient
from core.permissions import Role

LIST = "/admin/core/patient/"
NEW = {
    "given_name": "Ana", "family_name": "Lima", "birth_date": "1984-02-29", "sex": "female",
    "phone": "555 010 0188", "email": "", "mrn": "", "language": "es",
}  # fmt: skip


@pytest.fixture
def dana(world):
    return signed_in(world.front_desk)


def register(world, name, clinic=None, **details):
    return core.services.register_patient(
        clinic=clinic or world.clinic,
        given_name="Noa",
        family_name=name,
        birth_date=date(1980, 1, 1),
        actor=Actor.system("test"),
        **details,
    )


def page_of(patient):
    return f"{LIST}{patient.pk}/change/"


def test_nothing_clinical_is_registered():
    registered = {model._meta.label for model in admin.site._registry}
    rooms = ("core.", "intake.", "screening.", "escalation.", "ehr.", "audit.", "simple_history.", "guardian.")
    # Closed to the desk: test_library_admin, test_contact_points, test_roster_admin, test_clinic_rules,
    # test_connection_admin
    for_the_administrator = {
        "intake.FormRule", "intake.InstrumentRight", "core.Vendor", "core.ContactPoint", "escalation.Ladder",
        "escalation.Override", "escalation.Rotation", "screening.RuleVersion", "ehr.Connection",
    }  # fmt: skip
    assert {label for label in registered if label.startswith(rooms)} - for_the_administrator == {
        "core.Patient", "intake.Packet",
    }  # fmt: skip
    assert not {label for label in registered if "Historical" in label or "Signature" in label}


def test_the_desks_home_starts_with_finding_a_patient(dana, world):
    page = dana.get("/admin/").content.decode()
    assert f'action="{LIST}find/"' in page.split('class="module')[0]
    assert f'{LIST}add/"' in page
    assert "standing=unfinished" in page


def test_a_patients_page_leads_to_the_invitation(dana, world):
    page = dana.get(page_of(world.patient)).content.decode()
    assert f'<a class="main" href="/admin/intake/packet/invite/{world.patient.pk}/">' in page


def test_the_desk_sees_its_two_lists_and_nothing_else(dana):
    page = dana.get("/admin/").content.decode()
    assert LIST in page
    assert "/admin/intake/packet/" in page
    for word in ("Groups", "Email", "Authenticator", "Site", "Users"):
        assert f">{word}" not in page


@pytest.mark.parametrize("words", [
    "nunez", "ROSA", "(555) 010-0142", "rosa@example.test", "mrn-1001", "Rosa Núñez",
    "Núñez 03/15/1990", "nunez 1990-03-15",
])  # fmt: skip
def test_one_patient_is_found_by_what_people_say_and_no_word_of_it_stands_in_an_address(dana, world, words):
    reply = dana.post(f"{LIST}find/", {"words": words})
    assert (reply.status_code, reply["Location"]) == (302, page_of(world.patient))


def test_several_are_listed_by_their_ids(dana, world):
    twins = [register(world, "Same"), register(world, "Same")]
    register(world, "Other")
    reply = dana.post(f"{LIST}find/", {"words": "same"}, follow=True)
    assert "same" not in reply.redirect_chain[0][0].lower()
    page = reply.content.decode()
    assert all(str(one.pk) in page for one in twins)
    assert "Other" not in page


@pytest.mark.parametrize(
    "words", ["Nun", "nobody", "", "-", "\x00", "😀", "Núñez 1990-03-16", "1990-03-15", "call 0142"]
)
def test_whoever_is_not_named_exactly_is_not_found(dana, world, words):
    register(world, "Blank")  # no phone, e-mail or MRN: an empty reading of the words must not match it
    page = dana.post(f"{LIST}find/", {"words": words}, follow=True).content.decode()
    assert "Nobody was found" in page


@pytest.mark.parametrize("page", [LIST, "/admin/intake/packet/"])
def test_what_an_address_asks_shows_nobody_and_says_so(dana, world, page):
    given.invite(world)
    asked = ["q=nunez", "q=%00", "q=%20%00", "q=%ED%A0%80", "q=-", f"q={'x' * 5000}", "e=1", "id__in=%00"]
    for question in asked:
        reply = dana.get(f"{page}?{question}", follow=True)
        if reply.status_code != 400:  # the packets' list takes no ids
            text = reply.content.decode()
            assert "/change/" not in text, question
            assert "Nothing is looked up by an address" in text, question
    assert not Event.objects.filter(action="patient.read").exists()
    for question in ("", "?q=", "?q=%20+"):
        assert "/change/" in dana.get(f"{page}{question}").content.decode()


@pytest.mark.parametrize("question", [
    "family_name_ix=x", "mrn_ix__startswith=a", "packets__state=filed", "incidents__state=resolved",
    "screening_results__instrument=phq9", "created_at__gte=2020-01-01",
])  # fmt: skip
def test_an_address_cannot_ask_what_the_page_does_not_offer(dana, question):
    reply = dana.get(f"{LIST}?{question}")
    assert reply.status_code in (302, 400)


def test_the_sex_is_chosen_and_never_guessed(dana):
    page = dana.get(f"{LIST}add/").content.decode()
    (offered,) = re.findall(r'(?s)<select name="sex".*?</select>', page)
    assert re.findall(r'<option value="(\w*)"', offered)[0] == "", "what a browser selects when nobody has chosen"
    assert "selected>Female" not in offered


def test_who_cares_for_the_last_patient_is_not_chosen_for_the_next(dana, world):
    assert "checked" in dana.get(page_of(world.patient)).content.decode()
    assert "checked" not in dana.get(f"{LIST}add/").content.decode()


def test_registering_goes_through_the_service(dana, world):
    reply = dana.post(f"{LIST}add/", {**NEW, "clinic": world.clinic.pk, "care_team": [world.backup.pk]})
    ana = Patient.objects.latest("created_at")
    assert reply["Location"] == page_of(ana)
    assert (ana.given_name, ana.birth_date, ana.language, ana.clinic) == ("Ana", "1984-02-29", "es", world.clinic)
    assert set(get_users_with_perms(ana)) == {world.backup}
    created = Event.objects.get(action="patient.created", actor_id=str(world.front_desk.id))
    assert created.patient_id == ana.pk


def test_changing_goes_through_the_service_and_the_indexes_follow(dana, world):
    typed = {**NEW, "birth_date": "1990-03-15", "family_name": "Ortega", "mrn": "MRN-1001", "care_team": []}
    assert dana.post(page_of(world.patient), typed).status_code == 302
    found = dana.post(f"{LIST}find/", {"words": "ortega 1990-03-15"})
    assert found["Location"] == page_of(world.patient)
    changed = Event.objects.filter(action="patient.changed", actor_id=str(world.front_desk.id)).order_by("at")
    assert "family_name" in changed[0].context
    assert "Ortega" not in changed[0].context
    assert str(world.clinician.id) in changed[1].context, "who left the care team is evidence"


@pytest.mark.parametrize(("field", "typed"), [
    ("birth_date", "2090-01-01"), ("birth_date", "1850-01-01"), ("birth_date", "soon"), ("phone", "12345"),
    ("mrn", "mrn 1001"), ("family_name", ""), ("sex", "no"), ("sex", ""), ("language", "xx"),
])  # fmt: skip
def test_what_cannot_be_right_is_refused(dana, world, field, typed):
    reply = dana.post(f"{LIST}add/", {**NEW, "clinic": world.clinic.pk, field: typed})
    assert reply.status_code == 200
    assert "errorlist" in reply.content.decode()
    assert Patient.objects.count() == 1


def test_only_the_fields_of_the_page_can_be_written(dana, world):
    before = Patient.objects.get(pk=world.patient.pk)
    forged = {"id": world.other_clinic.pk, "clinic": world.other_clinic.pk, "family_name_ix": "x", "created_at": "2020"}
    dana.post(page_of(world.patient), {**NEW, "birth_date": "1990-03-15", **forged})
    after = Patient.objects.get(pk=world.patient.pk)
    assert (after.clinic_id, after.created_at) == (before.clinic_id, before.created_at)
    assert after.family_name_ix not in ("x", before.family_name_ix)


def test_nobody_of_another_clinic_can_be_put_on_the_care_team(dana, world):
    reply = dana.post(page_of(world.patient), {**NEW, "birth_date": "1990-03-15", "care_team": [world.stranger.pk]})
    assert reply.status_code == 200
    assert set(get_users_with_perms(world.patient)) == {world.clinician}


def test_a_patient_cannot_be_registered_at_another_clinic(dana, world):
    reply = dana.post(f"{LIST}add/", {**NEW, "clinic": world.other_clinic.pk})
    assert reply.status_code == 200
    assert Patient.objects.count() == 1


def test_another_clinics_patient_does_not_exist(world):
    drew = signed_in(world.stranger_desk)
    for what in ("change", "history"):
        assert drew.get(f"{LIST}{world.patient.pk}/{what}/").status_code == 404
    assert drew.post(page_of(world.patient), NEW).status_code == 404
    assert "Rosa" not in drew.get(LIST).content.decode()
    assert drew.get(f"{LIST}?id__in={world.patient.pk}").content.decode().count("Rosa") == 0
    assert "Nobody was found" in drew.post(f"{LIST}find/", {"words": "nunez"}, follow=True).content.decode()


def test_there_is_no_deleting(dana, world):
    assert dana.post(f"{LIST}{world.patient.pk}/delete/", {"post": "yes"}).status_code == 404
    dana.post(LIST, {"action": "delete_selected", "_selected_action": [world.patient.pk], "post": "yes"})
    assert Patient.objects.filter(pk=world.patient.pk).exists()


@pytest.mark.parametrize("who", ["clinician", "supervisor", "compliance"])
@pytest.mark.parametrize("marked_as_staff", [False, True])
def test_the_admin_is_the_desks_alone_whatever_django_says_of_an_account(world, who, marked_as_staff):
    user = getattr(world, who)
    user.is_staff = user.is_superuser = marked_as_staff
    user.save()
    client = signed_in(user)
    for address in (LIST, f"{LIST}add/", page_of(world.patient), "/admin/intake/packet/"):
        reply = client.get(address)
        assert reply.status_code in (302, 403, 404)
        assert b"Rosa" not in reply.content


def test_a_desk_that_is_a_clinician_elsewhere_sees_its_own_desk_only(world):
    Membership.objects.create(user=world.front_desk, clinic=world.other_clinic, role=Role.CLINICIAN)
    register(world, "Foreign", clinic=world.other_clinic)
    assert "Foreign" not in signed_in(world.front_desk).get(LIST).content.decode()


def test_each_page_of_the_list_leaves_one_event_with_everybody_on_it(dana, world):
    other = register(world, "Zamora")
    dana.get(LIST)
    event = Event.objects.get(action="patient.read")
    assert {str(world.patient.pk), str(other.pk)} <= set(event.context.replace('"', " ").split())
    assert "Zamora" not in event.context


def test_opening_a_patient_leaves_an_event(dana, world):
    dana.get(page_of(world.patient))
    assert Event.objects.get(action="patient.read").patient_id == world.patient.pk


def test_the_number_of_queries_does_not_grow_with_the_list(dana, world):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            assert dana.get(LIST).status_code == 200
        return len(asked)

    few = queries()
    for n in range(5):
        register(world, f"Family{n}")
    assert queries() == few


def test_the_clinics_page_title_and_log_hold_no_name(dana, world):
    page = dana.get(page_of(world.patient)).content.decode()
    assert "<h1>Rosa Núñez</h1>" in page
    assert "Rosa" not in page.split("<title>")[1].split("</title>")[0]
    dana.post(page_of(world.patient), {**NEW, "birth_date": "1990-03-15"})
    history = dana.get(f"{LIST}{world.patient.pk}/history/").content.decode()
    assert "Ana" not in history
    assert "Rosa" not in history


@pytest.mark.parametrize("field", ["packets", "secret", "id"])
def test_a_made_up_way_to_pick_a_row_is_refused_and_never_an_error_of_ours(world, field):
    reply = signed_in(world.front_desk).get("/admin/core/patient/", {"_to_field": field})
    assert reply.status_code == 400
