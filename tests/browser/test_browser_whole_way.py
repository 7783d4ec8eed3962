"""The main job in a real browser, by touch: from the link in a message to the fields in the chart."""

import re

import pytest
from playwright.sync_api import expect
from serving import until
from staff_story import DOCUMENTS, SEVERAL_DAYS, invited

from config.demo.answers import AFTER, BEFORE
from escalation.models import Incident, Page
from intake.models import Packet

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FORMS = (
    "demographics", "insurance", "presenting-concerns", "medical-history", "allergies", "medications", "social-needs",
    "substance-use", "phq-9", "gad-7", "safety", "dast-10",
)  # fmt: skip
ANSWERS = {**BEFORE, **AFTER}
DANGER = "phq9-q9"


def sign_everything(phone) -> None:
    phone.go_on()
    for slug in DOCUMENTS:
        phone.at(f"/i/packet/{slug}/")
        phone.sign()


def answer_dangerously(phone) -> None:
    """The PHQ-9 with its ninth question last, at a moment without a network: help doesn't wait for one."""
    answers = dict(ANSWERS["phq-9"])
    assert answers.pop(DANGER) == SEVERAL_DAYS
    phone.answer(answers)
    phone.saved()
    help_panel = phone.find("#crisis")
    expect(help_panel).to_be_hidden()
    phone.page.route("**/*", lambda route: route.abort())
    phone.option(DANGER, SEVERAL_DAYS).tap()
    expect(help_panel).to_be_visible()
    expect(help_panel.get_by_role("link", name="Call 988")).to_have_attribute("href", "tel:988")
    expect(help_panel.locator("[data-told]")).to_be_hidden()
    phone.page.unroute("**/*")
    expect(help_panel.locator("[data-told]")).to_be_visible()
    help_panel.locator(".button[data-close]").tap()
    expect(help_panel).to_be_hidden()
    phone.saved()


def test_a_patient_finishes_by_touch_and_a_clinician_answers_before_she_has(house, dispatcher, clinic, phone):
    invitation, patient = invited(clinic), phone()
    patient.open(f"/i/#{invitation.token}")
    patient.at("/i/packet/")
    assert invitation.token not in patient.page.url
    sign_everything(patient)
    for slug in FORMS[: FORMS.index("phq-9")]:
        patient.at(f"/i/packet/{slug}/")
        patient.answer(ANSWERS[slug])
        patient.leave_part()
    patient.at("/i/packet/phq-9/")
    answer_dangerously(patient)
    patient.go_on()
    patient.at("/i/packet/gad-7/")

    letter = house.post.next_letter()
    invitation.packet.refresh_from_db()
    assert invitation.packet.state == Packet.State.IN_PROGRESS
    assert Page.objects.filter(state="delivered").exists()
    doctor = phone()
    take_it(doctor, clinic, incident_link(letter.body))

    patient.go("/i/packet/review/")
    first = patient.find(".parts a").first
    expect(first).to_contain_text("Feeling nervous")
    first.tap()
    patient.at(r"/i/packet/gad-7/\?at=gad7-q1#q-gad7-q1")
    for slug in ("gad-7", "safety", "dast-10"):
        patient.at(f"/i/packet/{slug}/")
        patient.answer(ANSWERS[slug])
        patient.leave_part()
    patient.at("/i/packet/review/")
    patient.go_on()
    patient.at("/i/packet/done/")
    assert patient.kept() == []
    copies_can_be_saved(patient)

    file_it(doctor, house, clinic)


def test_a_patient_finishes_without_javascript(clinic, phone):
    """With the code from paper: the link's secret is in a fragment, which only a script can read."""
    invitation, patient = invited(clinic), phone(java_script_enabled=False)
    patient.open("/i/", code=invitation.code)
    patient.at("/i/packet/")
    sign_everything(patient)
    for slug in FORMS:
        patient.at(f"/i/packet/{slug}/")
        if slug == "phq-9":
            tell_of_danger(patient)
        patient.answer_by_pages(ANSWERS[slug])
        if slug == "phq-9":  # and once more on the way out, because the danger still stands
            patient.find("main").get_by_role("link", name="I am safe, continue").tap()
    patient.at("/i/packet/review/")
    patient.go_on()
    patient.at("/i/packet/done/")


def tell_of_danger(patient) -> None:
    """Help stands on the very next page, whatever else that page asks."""
    patient.give(DANGER, SEVERAL_DAYS)
    patient.go_on()
    expect(patient.find("main")).to_contain_text("You are not alone.")
    assert Incident.objects.exists()


def incident_link(body: str) -> str:
    found = re.search(r"http\S+/incidents/\w+/", body)
    assert found
    return found[0]


def take_it(doctor, clinic, link) -> None:
    """From the mail to the documented outcome: sign in, one tap, a few words."""
    doctor.go(link)
    doctor.sign_in(clinic.clinician.email)
    doctor.at(r"/incidents/\w+/")
    doctor.page.get_by_role("button", name="I am taking this").tap()
    expect(doctor.find("main")).to_contain_text("Casey Clinician")
    doctor.find("[name=kind]").first.wait_for()
    doctor.find("[name=kind][value=reached_safe]").check()
    doctor.find("[name=note]").fill("Called; safe for now, plan agreed, visit today.")
    doctor.page.get_by_role("button", name="Sign and save").tap()
    expect(doctor.find("main")).to_contain_text("Signed Casey Clinician, LCSW")


def copies_can_be_saved(patient) -> None:
    """The finish page hands out what was signed, once it is sealed."""
    links = patient.find("a[download]")
    until(lambda: bool(patient.page.reload()) and links.count() == len(DOCUMENTS), "the copies to be sealed")
    address = links.first.get_attribute("href")
    reply = patient.context.request.get(address)
    assert (reply.status, reply.headers["content-type"]) == (200, "application/pdf")
    assert reply.body().startswith(b"%PDF-")
    with patient.page.expect_download() as saving:
        links.first.tap()
    assert saving.value.suggested_filename == f"{DOCUMENTS[0]}.pdf"


def file_it(doctor, house, clinic) -> None:
    """The clinician reads, approves, and the chart has all of it, read back."""
    doctor.go("/staff/inbox/")
    doctor.find(f'a[href*="{clinic.patient.id}"]').first.tap()
    filing = doctor.find("#filing[data-total]")
    filing.wait_for()
    total = filing.get_attribute("data-total")
    doctor.page.get_by_role("button", name="Approve and file").tap()
    expect(filing).to_have_attribute("data-verified", str(total), timeout=60_000)
    filed = house.chart.all()
    assert len(filed) == int(str(total))
    assert {"Patient", "QuestionnaireResponse", "Observation", "Consent", "DocumentReference"} <= {
        one["resourceType"] for one in filed
    }
