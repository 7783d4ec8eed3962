"""Every page, looked at: axe, dark colours, 320 pixels, letters of twice the size, the content security policy."""

from uuid import uuid4

import packets as given
import pytest
import staff_story
from django.db import connection, transaction
from phone import ONWARD, PASSWORD, SCREEN
from playwright.sync_api import expect
from serving import until

import consents.services
import consents.services.sealing
from consents.models import Signature
from intake.services import packets, submission
from intake.services.whereabouts import tell_whereabouts

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MORE_THAN_HALF = "LA6570-1"
WIDE = {"width": 1280, "height": 800}
UNREADABLE = {
    "demographics": {"demo-phone": "call me", "demo-zip": "1"},
    "medications": {"med-list[0].med-dose": "some"},
}


@pytest.mark.parametrize("language", ["en", pytest.param("es", marks=pytest.mark.check)])
def test_everybody_can_use_every_page_on_the_way_to_sending(clinic, phone, language):
    given.with_interpreter(clinic)
    invitation = given.invite(clinic, language)
    patient = phone(name=f"{language}-", locale=language)
    look_at_the_way_in(patient, invitation)
    patient.look("overview")
    patient.go("/i/packet/substance-use/")
    patient.look("locked")
    look_at_documents(patient)
    look_at_forms(patient)
    patient.go("/i/packet/review/")
    patient.look("review-missing")
    patient.page.evaluate("document.getElementById('page').submit()")
    expect(patient.find("[role=alert]")).to_be_visible()
    patient.look("review-refused")
    patient.go("/i/packet/nothing/")
    patient.look("404")
    for slug, answers in given.ANSWERS.items():
        given.answer(invitation.packet, slug, answers)
    patient.go("/i/packet/review/")
    patient.look("review-complete")
    submission.submit(packet=invitation.packet, key=uuid4())  # from another screen, with something else on it
    patient.find("[name=reviewed]").evaluate("field => { field.value = '0'.repeat(64) }")
    patient.go_on()
    patient.at("/i/packet/review/")
    patient.look("sent-already")
    patient.go_on()
    patient.at("/i/packet/done/")
    patient.look("done-preparing")
    consents.services.sealing.seal_due()
    patient.page.reload()
    patient.look("done")
    patient.find("#leave button").tap()
    patient.at("/i/closed/")
    patient.look("away")
    patient.go("/i/packet/")
    patient.look("link-closed")
    patient.context.clear_cookies()
    patient.find("#birth_date").fill("03/15/1990")
    patient.go_on()
    patient.look("csrf")


def look_at_the_way_in(patient, invitation) -> None:
    patient.go("/i/")
    patient.look("link-code")
    patient.press(ONWARD)
    patient.look("link-empty")
    patient.go(f"/i/#{invitation.token}")
    expect(patient.find("#code")).to_be_hidden()
    for name, date in (("unreadable-date", "33/33/1990"), ("wrong-date", "03/16/1990")):
        patient.find("#birth_date").fill(date)
        patient.press(ONWARD)
        patient.look(f"link-{name}")
    patient.find("#birth_date").fill("3/15/90")
    patient.go_on()
    patient.at("/i/packet/")


def look_at_documents(patient) -> None:
    for slug in given.DOCUMENTS:
        patient.go(f"/i/packet/{slug}/")
        patient.look(slug)
        patient.press("[name=decision][value=signed]")
        patient.look(f"{slug}-unsigned")
        patient.find("summary").first.tap()
        patient.look(f"{slug}-refusing")
        patient.sign()
    patient.at("/i/packet/demographics/")
    patient.go(f"/i/packet/{given.DOCUMENTS[0]}/")
    patient.look("decided")


def look_at_forms(patient) -> None:
    for slug in given.ANSWERS:
        patient.go(f"/i/packet/{slug}/")
        patient.look(slug)
    patient.go("/i/packet/medications/")
    patient.answer({"med-any": given.YES})
    patient.go("/i/packet/demographics/")
    patient.answer({"demo-has-address": "true"})
    for slug, answers in UNREADABLE.items():
        patient.go(f"/i/packet/{slug}/")
        patient.answer(answers)
        expect(patient.find("[aria-invalid=true]").first).to_be_visible()
        patient.look(f"{slug}-unreadable")
        patient.press(ONWARD)
        patient.look(f"{slug}-problems")
    patient.go("/i/packet/phq-9/")
    patient.option("phq9-q9", given.SEVERAL).tap()
    expect(patient.find("#crisis [data-told]")).to_be_visible()
    patient.look("crisis")


@pytest.mark.parametrize("language", ["en", "es"])
def test_everybody_can_use_the_pages_after_a_no_and_those_of_forms_that_are_somebody_elses_or_closed(
    clinic, phone, language
):
    invitation, patient = given.invite(clinic, language), phone(name=f"{language}-")
    for slug in ("treatment", "share-permission"):
        given.sign(invitation.packet, slug, "declined")
    patient.open(f"/i/#{invitation.token}")
    patient.look("overview-declined")
    for name, slug in (("declined", "treatment"), ("declined-permission", "share-permission"), ("skipped", "dast-10")):
        patient.go(f"/i/packet/{slug}/")
        patient.look(name)
    look_at_the_refusal_of_somebody_else(phone(name=f"{language}-", locale=language), invitation)
    look_at_what_closes_under_the_patients_hands(patient, invitation.packet, clinic.front_desk)


def look_at_what_closes_under_the_patients_hands(patient, packet, desk) -> None:
    """The clinic withdraws the forms while a page of them is being saved."""
    patient.go("/i/packet/demographics/")
    with transaction.atomic():
        packets.withdraw(packet=packet, by=desk)
        patient.find(ONWARD).tap(no_wait_after=True)
        until(is_waited_for, "the server to ask for the packet")
    expect(patient.find("#questions")).to_have_count(0)
    patient.look("closed")


def is_waited_for() -> bool:
    """Whether another session of the database waits for this one."""
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
    with connection.cursor() as cursor:
        cursor.execute(waiting)
        return bool(cursor.fetchone()[0])


def look_at_the_refusal_of_somebody_else(other, invitation) -> None:
    other.go(f"/i/#{invitation.token}")
    other.find("summary").tap()
    other.find("#respondent_name").fill("Marta Núñez")
    other.find("#relationship").select_option("parent")
    other.find("#birth_date").fill("03/15/1990")
    other.go_on()
    expect(other.find("#page")).to_have_count(0)
    other.look("theirs")
    other.go("/i/tablet/back/?sent")
    other.look("tablet-back-sent")


@pytest.mark.parametrize("language", ["en", "es"])
def test_everybody_can_use_the_help_that_needs_no_script(clinic, phone, language):
    """Its scripts don't arrive: axe could not look where scripts are switched off."""
    invitation, patient = given.invite(clinic, language), phone(name=f"{language}-")
    patient.page.route("**/static/js/*", lambda route: route.abort())
    patient.let_in(invitation)
    patient.go("/i/packet/phq-9/")
    patient.find("a[href='#crisis']").first.tap()
    expect(patient.find("#crisis")).to_be_visible()
    patient.look("crisis-plain")
    patient.find("#crisis .button[data-close]").tap()
    patient.give("phq9-q9", given.SEVERAL)
    patient.press(ONWARD)
    patient.look("phq-9-told")
    patient.give("phq9-q9", MORE_THAN_HALF)  # help is a page of its own only for what is new
    patient.press(ONWARD)
    expect(patient.find("#questions")).to_have_count(0)
    patient.look("help")


def test_everybody_can_use_the_staff_pages(clinic, phone):
    packet, _ = staff_story.in_danger(clinic)
    staff_story.measured_before(clinic.patient)
    doctor = phone(name="staff-")
    look_at_the_sign_in(doctor, clinic.clinician)
    pages = {
        "inbox": "/staff/inbox/",
        "patient": f"/staff/patients/{clinic.patient.id}/",
        "folder": f"/staff/privacy/patients/{clinic.patient.id}/folder/",
        "chart": f"/chart/{packet.id}/",
    }
    for width in (None, WIDE):
        for name, path in pages.items():
            doctor.go(path)
            if width:
                doctor.page.set_viewport_size(width)
            doctor.look(f"{name}-wide" if width else name)
    doctor.find("#show-keys").tap()
    doctor.look("keys")
    doctor.page.set_viewport_size(SCREEN)
    others = {
        "password-reset": "/accounts/password/reset/",
        "codes": "/accounts/2fa/",
        "sign-out": "/accounts/logout/",
        "404": "/staff/no/",
    }
    for name, path in others.items():
        doctor.go(path)
        doctor.look(name)


def test_everybody_can_answer_an_incident(clinic, phone):
    """From a page on a phone to its outcome: one tap takes it, and how to reach the patient comes first."""
    packet, incident = staff_story.in_danger(clinic)
    given.answer(packet, "demographics", given.ANSWERS["demographics"] | staff_story.AT_HOME)
    tell_whereabouts(packet=packet, key=uuid4(), place="On the bench by the old bridge", number="555 010 0190")
    doctor = phone(name="staff-")
    doctor.go(f"/incidents/{incident.code}/")
    doctor.sign_in(clinic.clinician.email)
    expect(doctor.find("button.now")).to_be_in_viewport()
    doctor.look("incident")
    doctor.press("button.now")
    doctor.look("incident-taken")
    doctor.find("[name=kind][value=unable_to_reach]").check()
    doctor.find("[name=note]").fill("No answer, left no message.")
    sign = doctor.page.get_by_role("button", name="Sign and save")
    doctor.press(sign)
    doctor.look("incident-when-again")
    doctor.find("[name=again]").select_option("10")
    doctor.press(sign)
    expect(doctor.find("#reach")).to_be_visible()
    doctor.find("[name=kind][value=reached_safe]").check()
    doctor.find("[name=note]").fill("Called; safe for now.")
    doctor.press(sign)
    doctor.look("incident-closed")
    doctor.go("/staff/inbox/")
    doctor.look("inbox-closed")


def test_everybody_can_use_the_pages_about_permissions(clinic, phone):
    """The patient's own, the privacy officer's and, in an emergency, the clinician's."""
    invitation = given.invite(clinic)
    given.complete(invitation.packet)
    signature = Signature.objects.get(kind="part2_tpo")
    patient, officer, doctor = phone(name="patient-"), phone(name="officer-"), phone(name="doctor-")
    patient.open(f"/i/#{invitation.token}")
    for name, path in {"permissions": "", "take-back": f"{signature.id}/"}.items():
        patient.go(f"/i/packet/permissions/{path}")
        patient.look(name)
    patient.find("[name=birth_date]").fill("03/15/1990")
    patient.press(ONWARD)
    patient.look("taken-back")
    about = f"/staff/privacy/patients/{clinic.patient.id}/"
    officer.go("/staff/privacy/")
    officer.sign_in(clinic.compliance.email)
    pages = {"tasks": "/staff/privacy/", "permissions": about, "limits": f"{about}limits/"}
    pages |= {"accounting": f"{about}consented.html", "revoke": f"/staff/privacy/signatures/{signature.id}/"}
    pages |= {"told": f"{about}told/", "papers": f"/staff/patients/{clinic.patient.id}/papers/"}
    pages |= {"paper": f"/staff/papers/{invitation.packet.steps.get(slug='treatment').id}/"}
    for name, path in pages.items():
        officer.go(path)
        officer.look(name)
    doctor.go(f"/staff/patients/{clinic.patient.id}/emergency/")
    doctor.sign_in(clinic.clinician.email)
    doctor.look("emergency")


def look_at_the_sign_in(doctor, user) -> None:
    doctor.go("/staff/")
    doctor.look("login")
    doctor.find("[name=login]").fill(user.email)
    doctor.find("[name=password]").fill("not it")
    doctor.press(ONWARD)
    doctor.look("login-wrong")
    doctor.find("[name=password]").fill(PASSWORD)
    doctor.press(ONWARD)
    doctor.look("code")
    doctor.find("[name=code]").fill("000000")
    doctor.press(ONWARD)
    doctor.look("code-wrong")
    doctor.type_code()
