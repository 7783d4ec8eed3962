"""Without a network nothing is lost, and nothing of the patient is left in the browser."""

import packets as given
import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def at_the_phq9(clinic, phone):
    patient = phone()
    patient.open(f"/i/#{given.invite(clinic).token}")
    patient.go("/i/packet/phq-9/")
    return patient


def test_an_answer_given_offline_is_said_to_be_unsaved_and_stored_when_the_network_is_back(at_the_phq9):
    patient = at_the_phq9
    patient.answer({"phq9-q1": given.NOT_AT_ALL})
    patient.context.set_offline(True)
    for number in (2, 3):
        patient.option(f"phq9-q{number}", given.NOT_AT_ALL).tap()
    expect(patient.find("#saving")).to_contain_text("Not saved yet")
    patient.find("main button.main").tap()
    patient.gallery.look(patient.page, "offline")
    for number in (1, 2, 3):
        expect(patient.option(f"phq9-q{number}", given.NOT_AT_ALL).locator("input")).to_be_checked()
    patient.context.set_offline(False)
    patient.at("/i/packet/gad-7/")
    patient.go("/i/packet/phq-9/")
    for number in (1, 2, 3):
        expect(patient.option(f"phq9-q{number}", given.NOT_AT_ALL).locator("input")).to_be_checked()
    patient.answer({"phq9-q4": given.NOT_AT_ALL})
    patient.saved()


def test_whoever_takes_up_the_phone_afterwards_finds_nothing(at_the_phq9):
    patient = at_the_phq9
    patient.answer({f"phq9-q{number}": given.SEVERAL for number in range(1, 9)})
    patient.saved()
    assert patient.kept() == []
    assert all(cookie["httpOnly"] for cookie in patient.context.cookies() if cookie["name"] != "language")
    patient.find("#leave button").tap()
    patient.at("/i/closed/")
    assert "Candor" not in patient.page.title()
    for _ in range(3):
        patient.page.go_back()
        expect(patient.find("#questions")).to_have_count(0)
    patient.go("/i/packet/phq-9/")
    patient.at("/i/")
    assert patient.kept() == []


def test_a_page_left_alone_asks_and_then_closes_itself(clinic, phone):
    patient = phone()
    patient.page.clock.install()
    patient.open(f"/i/#{given.invite(clinic).token}")
    patient.go("/i/packet/phq-9/")
    patient.page.clock.run_for(19 * 60_000 + 10_000)
    expect(patient.find("#idle")).to_be_visible()
    patient.look("idle")
    patient.find("#idle button").tap()
    expect(patient.find("#idle")).to_be_hidden()
    patient.page.clock.run_for(20 * 60_000 + 10_000)
    patient.at("/i/")
    patient.go("/i/packet/phq-9/")
    patient.at("/i/")
