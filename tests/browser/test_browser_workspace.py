"""The workspace in a real browser: found by name, opened by key, compared with the chart, read under glass."""

import uuid

import packets as given
import pytest
import staff_story
from playwright.sync_api import expect

import ehr.services
from ehr.adapters.memory import MemoryGateway
from ehr.services.connecting import connect_sandbox
from intake.services import submission
from intake.services.entries import add_entry

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDE = {"width": 1280, "height": 900}


@pytest.fixture
def packet(clinic):
    connect_sandbox(clinic=clinic.clinic, base_url="http://127.0.0.1:9/fhir")
    packet = staff_story.invited(clinic).packet
    given.complete(packet)
    given.answer(packet, "phq-9", staff_story.PHQ9)
    given.answer(packet, "allergies", {"all-any": [given.YES]})
    add_entry(packet=packet, slug="allergies", key="all-list")
    given.answer(
        packet, "allergies", {"all-list[0].all-substance": ["Penicillin"], "all-list[0].all-reaction": ["rash"]}
    )
    submission.submit(packet=packet, key=uuid.uuid4())
    ehr.services.planning.plan_packet(packet.id)
    ehr.services.read_charts_due(connect=lambda *_, **__: MemoryGateway())
    return packet


def test_a_patient_is_found_and_opened_by_keys_and_every_page_can_be_used(clinic, packet, phone):
    doctor = phone(name="workspace-")
    doctor.go("/staff/inbox/")
    doctor.sign_in(clinic.clinician.email)
    keys = doctor.page.keyboard
    doctor.find("#narrow summary").tap()
    doctor.look("narrow")
    keys.press("j")
    keys.press("j")
    assert doctor.page.evaluate("document.activeElement.id") == f"packet-{packet.id}"
    keys.press("Enter")
    doctor.at(f"/staff/patients/{clinic.patient.id}/")
    doctor.find("#filing[data-total]").wait_for()
    expect(doctor.find("#chart-lists")).to_contain_text("does not know this patient")
    doctor.look("patient")
    doctor.find("#entries summary").first.tap()
    doctor.find("details[id^=edit-] summary").first.tap()
    doctor.look("correct")
    keys.press("i")
    doctor.at("/staff/inbox/")
    keys.press("/")
    expect(doctor.find("#words")).to_be_focused()
    keys.type("núñez")
    keys.press("Enter")
    doctor.at("/staff/find/")
    doctor.look("found")
    doctor.page.set_viewport_size(WIDE)
    doctor.go(f"/staff/patients/{clinic.patient.id}/")
    doctor.find("#filing[data-total]").wait_for()
    doctor.look("patient-wide")


def test_outside_the_care_team_a_reason_opens_the_page_and_compliance_reviews_it(clinic, packet, phone):
    other, officer = phone(name="outside-"), phone(name="officer-")
    other.go("/staff/inbox/")
    other.sign_in(clinic.backup.email)
    other.find("#words").fill("MRN-1001")
    other.press("#find button")
    other.press(f"a[href$='{clinic.patient.id}/open/']")
    other.look("not-on-the-team")
    other.page.set_viewport_size(WIDE)
    assert other.find("main section.card").bounding_box()["width"] > 400, "on a laptop it is as wide as its column"
    other.find("[name=why][value=covering]").check()
    other.find("[name=words]").fill("Casey is ill today.")
    other.press("main form button.main")
    other.at(f"/staff/patients/{clinic.patient.id}/")
    other.look("under-glass")
    officer.go("/staff/opened/")
    officer.sign_in(clinic.compliance.email)
    officer.look("opened")
    officer.find("[name=finding][value=justified]").check()
    officer.find("[name=note]").fill("Spoke with Blake.")
    officer.press("main form button.main")
    expect(officer.find("main")).to_contain_text("Spoke with Blake.")
