"""Help is on the page before any network is asked, says only what is true, and a quick exit leaves nothing to find."""

from urllib.parse import urlsplit

import packets as given
import pytest
from playwright.sync_api import expect
from serving import until

from escalation.models import Shift, Whereabouts
from intake.models import Response
from intake.services.packets import present

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LINES = {"tel:988", "sms:988", "https://988lifeline.org/", "tel:911", "tel:5550100199"}


@pytest.fixture
def at_the_phq9(clinic, phone):
    patient = phone()
    patient.let_in(given.invite(clinic))
    patient.go("/i/packet/phq-9/")
    return patient


def test_help_opens_the_moment_a_risk_answer_is_chosen_with_the_network_cut(at_the_phq9):
    patient = at_the_phq9
    panel = patient.find("#crisis")
    patient.context.set_offline(True)
    patient.option("phq9-q9", given.NOT_AT_ALL).tap()
    expect(panel).to_be_hidden()
    patient.option("phq9-q9", given.SEVERAL).tap()
    expect(panel).to_be_visible(timeout=1000)
    shown = {one.get_attribute("href") for one in panel.locator(".help-lines a").all()}
    assert shown == LINES
    for words in (panel.locator("[data-told]"), panel.locator("[data-untold]")):
        expect(words).to_be_hidden()  # nothing is stored, so nothing is claimed
    panel.get_by_role("link", name="I am safe, continue").tap()
    expect(panel).to_be_hidden()
    expect(patient.option("phq9-q9", given.SEVERAL).locator("input")).to_be_checked()


def test_a_quick_reply_opens_it_as_fast(clinic, phone):
    """One question at a time, where a tap answers and goes on: it goes on only when the panel was closed."""
    invitation, patient = given.invite(clinic), phone()
    present(packet=invitation.packet, presentation="guided")
    patient.let_in(invitation)
    patient.go("/i/packet/phq-9/?at=phq9-q9")
    patient.context.set_offline(True)
    patient.find("button.reply[data-risk]").first.tap()
    expect(patient.find("#crisis")).to_be_visible(timeout=1000)
    assert patient.page.url.endswith("at=phq9-q9")


@pytest.mark.parametrize("is_rostered", [True, False])
def test_the_panel_says_that_the_team_was_told_only_when_somebody_is_on_duty(at_the_phq9, is_rostered):
    patient, panel = at_the_phq9, at_the_phq9.find("#crisis")
    if not is_rostered:
        Shift.objects.all().delete()
    patient.option("phq9-q9", given.SEVERAL).tap()
    true, untrue = ("told", "untold") if is_rostered else ("untold", "told")
    expect(panel.locator(f"[data-{true}]")).to_be_visible()
    expect(panel.locator(f"[data-{untrue}]")).to_be_hidden()


def test_where_the_patient_is_is_asked_once_a_danger_is_stored(at_the_phq9):
    patient, panel = at_the_phq9, at_the_phq9.find("#crisis")
    patient.find(".bar a[href='#crisis']").tap()
    expect(panel.get_by_label("Where are you right now?")).to_be_hidden()
    panel.get_by_role("link", name="Close").tap()
    patient.option("phq9-q9", given.SEVERAL).tap()
    expect(panel.get_by_label("Where are you right now?")).to_be_visible()
    patient.look("crisis-where")
    panel.get_by_label("Where are you right now?").fill("By the old bridge")
    panel.get_by_label("Best number to reach you now?").fill("555 010 0190")
    patient.press(panel.get_by_role("button", name="Send this"))
    expect(patient.find("main")).to_contain_text("We kept what you told us")
    patient.look("crisis-where-kept")
    assert [(one.place, one.number) for one in Whereabouts.objects.all()] == [("By the old bridge", "555 010 0190")]
    patient.press(patient.page.get_by_role("link", name="I am safe, continue"))
    patient.at("/i/packet/phq-9/")


def by_the_bridge(patient):
    """A danger is stored, and where the patient is stands in the panel, not sent."""
    panel = patient.find("#crisis")
    patient.option("phq9-q9", given.SEVERAL).tap()
    panel.get_by_label("Where are you right now?").fill("By the old bridge")
    return panel.get_by_role("button", name="Send this")


def kept():
    return [one.place for one in Whereabouts.objects.all()]


def test_what_was_pressed_without_a_connection_is_sent_by_itself_when_it_is_back(at_the_phq9):
    patient, send = at_the_phq9, by_the_bridge(at_the_phq9)
    patient.context.set_offline(True)
    send.tap()
    expect(patient.find("#crisis [data-unsent]")).to_contain_text("Not sent yet")  # the page's own line is covered
    patient.find("#crisis").get_by_role("link", name="I am safe, continue").tap()
    patient.option("phq9-q1", given.SEVERAL).tap()  # goes along, and no dialog of the browser stops it
    assert kept() == []
    patient.context.set_offline(False)
    expect(patient.find("main")).to_contain_text("We kept what you told us")
    assert kept() == ["By the old bridge"]
    assert "phq9-q1" in str(Response.objects.get().answers)


def test_a_second_press_counts_while_the_first_one_is_looked_into(at_the_phq9):
    """A quick thumb meets that when the connection comes back, and an idle machine."""
    patient, send, held = at_the_phq9, by_the_bridge(at_the_phq9), []
    patient.page.route("**/health/live*", lambda route: route.continue_() if held else held.append(route))
    with patient.page.expect_request("**/health/live*"):
        send.tap()
    send.tap()
    held[0].abort()
    expect(patient.find("main")).to_contain_text("We kept what you told us")
    assert kept() == ["By the old bridge"]


def test_a_network_that_takes_everything_and_gives_no_reply_loses_no_press(at_the_phq9):
    patient = at_the_phq9
    patient.page.clock.install()
    patient.page.reload()
    send, held = by_the_bridge(patient), []
    patient.page.route("**/health/live*", lambda route: held.append(route))
    with patient.page.expect_request("**/health/live*"):
        send.tap()
    patient.page.clock.run_for(12_500)  # longer than the page waits for a reply
    expect(patient.find("#crisis [data-unsent]")).to_contain_text("Not sent yet")
    patient.page.unroute_all()
    patient.page.clock.run_for(3000)  # until it asks again
    expect(patient.find("#line")).to_contain_text("You are connected again.")
    patient.page.clock.run_for(400)
    expect(patient.find("main")).to_contain_text("We kept what you told us")
    assert kept() == ["By the old bridge"]


def test_a_quick_exit_ends_the_session_on_the_server_and_takes_the_pages_place_in_the_history(at_the_phq9):
    patient = at_the_phq9
    before = patient.page.evaluate("history.length")
    old_cookies = patient.context.cookies()
    patient.find("#leave button").tap()
    patient.at("/i/closed/")
    assert patient.page.evaluate("history.length") == before
    assert patient.find("body").inner_text().strip() == "This page is closed."
    patient.context.add_cookies(old_cookies)  # whoever copied them

    def is_ended():  # the page does not wait for it to leave
        patient.go("/i/packet/phq-9/")
        return urlsplit(patient.page.url).path == "/i/"

    until(is_ended, "the server to have ended the session")


def test_a_shared_phone_closes_sooner_and_is_asked_to_remember_nothing(clinic, phone):
    patient = phone()
    patient.page.clock.install()
    patient.open(f"/i/#{given.invite(clinic).token}")
    patient.press("[name=whose][value=shared]")
    expect(patient.find("[name=whose]")).to_have_count(0)
    patient.go("/i/packet/demographics/")
    remembered = patient.find("#questions [autocomplete]:not([autocomplete=off])")
    expect(remembered).to_have_count(0)
    patient.page.clock.run_for(4 * 60_000 + 10_000)
    expect(patient.find("#idle")).to_be_visible()
    patient.page.clock.run_for(60_000)
    patient.at("/i/")


def test_a_thought_of_harming_others_opens_it_with_words_of_its_own(at_the_phq9):
    patient, panel = at_the_phq9, at_the_phq9.find("#crisis")
    patient.go("/i/packet/safety/")
    patient.context.set_offline(True)
    patient.option("safe-harm-others", given.YES).tap()
    expect(panel.get_by_role("heading", name="Thank you for telling us.")).to_be_visible()
    expect(panel).to_contain_text("988 is there for any mental health crisis.")
    expect(panel.get_by_text("You are not alone.")).to_be_hidden()
    panel.get_by_role("link", name="I am safe, continue").tap()
    patient.find(".bar a[href='#crisis']").tap()
    expect(panel.get_by_text("You are not alone.")).to_be_visible()
    expect(panel.get_by_text("988 is there for any")).to_be_hidden()
