"""Without a network nothing is lost, and nothing of the patient is left in the browser."""

import re

import packets as given
import pytest
from phone import ONWARD
from playwright.sync_api import expect

from consents.models import Signature
from intake.models import Packet, Response

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def at_the_phq9(clinic, phone):
    patient = phone()
    patient.let_in(given.invite(clinic))
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


def test_forms_that_met_no_network_are_not_sent_later_by_themselves_and_the_page_says_what_to_do(clinic, phone):
    invitation, patient = given.invite(clinic), phone()
    given.complete(invitation.packet)
    patient.let_in(invitation)
    patient.go("/i/packet/review/")
    patient.context.set_offline(True)
    patient.find(ONWARD).tap()
    expect(patient.find("#line")).to_have_text(re.compile("^Nothing was sent: there is no connection"))
    patient.context.set_offline(False)
    expect(patient.find("#line")).to_have_text("You are connected again. Please press the button again.")
    assert not Packet.objects.filter(state=Packet.State.SUBMITTED).exists()
    patient.press(ONWARD)
    patient.at("/i/packet/done/")


def test_what_is_still_being_typed_is_not_called_wrong_before_the_field_is_left(clinic, phone):
    patient = phone()
    patient.let_in(given.invite(clinic))
    patient.go("/i/packet/demographics/?at=demo-contact")
    number, wrong = patient.field("demo-phone"), patient.find("[id='e-demo-phone']")
    with patient.page.expect_response("**/save*"):
        number.press_sequentially("555")
    patient.saved()
    expect(wrong).to_be_hidden()
    number.blur()
    expect(wrong).to_be_visible()
    with patient.page.expect_response("**/save*"):
        number.press_sequentially("0100142")
    patient.saved()
    expect(wrong).to_be_hidden()


def test_half_a_page_says_that_it_keeps_nothing_by_itself_and_works_by_its_button(clinic, phone):
    patient = phone()
    patient.let_in(given.invite(clinic))

    def half(route):
        reply = route.fetch()
        route.fulfill(response=reply, body=reply.text().split("<script")[0])

    by_hand = patient.find(".by-hand")
    patient.go("/i/packet/phq-9/")
    expect(by_hand).to_be_hidden()
    patient.page.route("**/i/packet/phq-9/", half)
    patient.page.reload()
    expect(by_hand).to_be_visible()
    patient.page.unroute("**/i/packet/phq-9/")
    patient.option("phq9-q1", given.SEVERAL).tap()
    patient.press(ONWARD)
    expect(chosen(patient, "phq9-q1", given.SEVERAL)).to_be_checked()


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
    patient.let_in(given.invite(clinic))
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


# --- two screens --------------------------------------------------------------------------------------------

FIRST, SECOND = given.NOT_AT_ALL, given.SEVERAL


def chosen(patient, key, code):
    return patient.option(key, code).locator("input")


def test_two_tabs_the_older_one_is_told_and_the_patient_keeps_or_saves(at_the_phq9):
    old = at_the_phq9
    tab = old.context.new_page()
    tab.goto(old.page.url)
    with tab.expect_response("**/save*"):
        tab.locator(f'label:has([name="phq9-q1"][value$="{FIRST}"])').tap()
    with old.page.expect_response("**/save*") as told:
        old.option("phq9-q1", SECOND).tap()
    assert told.value.status == 409
    words = old.find("#e-phq9-q1")
    expect(words).to_contain_text("This answer was changed on another screen.")
    expect(chosen(old, "phq9-q1", SECOND)).to_be_checked()  # what was chosen here is still here
    old.find("#choice-phq9-q1 button").first.tap()
    expect(chosen(old, "phq9-q1", FIRST)).to_be_checked()
    expect(words).to_be_hidden()
    assert FIRST in str(Response.objects.get().answers)
    with tab.expect_response("**/save*"):
        tab.locator(f'label:has([name="phq9-q2"][value$="{FIRST}"])').tap()
    with old.page.expect_response(lambda reply: "/save" in reply.url and reply.status == 409):
        old.option("phq9-q2", SECOND).tap()
    with old.page.expect_response("**/save*") as mine:
        old.find("#choice-phq9-q2 button").last.tap()
    assert mine.value.status == 200
    assert SECOND in str(Response.objects.get().answers)


def test_another_device_is_told_on_the_page_that_a_press_of_the_button_brings(clinic, phone):
    invitation = given.invite(clinic)
    one, other = phone("one"), phone("other", java_script_enabled=False)
    for patient in (one, other):
        patient.let_in(invitation)
        patient.go("/i/packet/phq-9/")
    one.answer({"phq9-q1": FIRST})
    one.saved()
    other.give("phq9-q1", SECOND)
    other.go_on()
    expect(other.find("#e-phq9-q1")).to_contain_text("changed on another screen")
    other.press('[name="!keep"]')
    expect(chosen(other, "phq9-q1", FIRST)).to_be_checked()


# --- slow, gone and back ------------------------------------------------------------------------------------


def test_the_banner_says_what_requests_find_and_links_and_signing_wait(at_the_phq9):
    patient = at_the_phq9
    banner = patient.find("#line")
    expect(banner).to_be_hidden()
    patient.context.route("**/*", lambda route: route.abort() if is_ours(route) else route.continue_())
    patient.option("phq9-q1", FIRST).tap()  # the browser believes that it is online
    expect(banner).to_contain_text("No connection right now.")
    expect(patient.find("#saving")).to_contain_text("Not saved yet")
    patient.find("header a").first.tap()  # the overview waits as well
    expect(chosen(patient, "phq9-q1", FIRST)).to_be_checked()
    assert patient.kept() == []
    patient.context.unroute_all()
    patient.at("/i/packet/")
    assert FIRST in str(Response.objects.get().answers)


def is_ours(route):
    return route.request.resource_type in ("fetch", "document")


def test_signing_without_a_connection_signs_nothing_and_keeps_what_was_typed(clinic, phone):
    patient = phone()
    patient.let_in(given.invite(clinic))
    patient.go("/i/packet/treatment/")
    for box in patient.find("label:has([name=statement])").all():
        box.tap()
    patient.find("[name=signer_name]").fill("Rosa Núñez")
    patient.context.route("**/*", lambda route: route.abort())
    patient.find("[name=decision][value=signed]").tap()
    expect(patient.find("#line")).to_contain_text("No connection right now.")
    assert patient.find("[name=signer_name]").input_value() == "Rosa Núñez"
    assert not Signature.objects.exists()
    patient.context.unroute_all()
    expect(patient.find("#line")).to_contain_text("You are connected again.")
    patient.press("[name=decision][value=signed]")
    assert Signature.objects.count() == 1


def test_a_second_press_signs_when_the_first_one_found_no_server(clinic, phone):
    patient, held = phone(), []
    patient.let_in(given.invite(clinic))
    patient.go("/i/packet/treatment/")
    for box in patient.find("label:has([name=statement])").all():
        box.tap()
    patient.find("[name=signer_name]").fill("Rosa Núñez")
    patient.page.route("**/health/live*", lambda route: route.continue_() if held else held.append(route))
    with patient.page.expect_request("**/health/live*"):
        patient.find("[name=decision][value=signed]").tap()
    patient.find("[name=decision][value=signed]").tap()
    with patient.page.expect_event("load"):
        held[0].abort()
    assert Signature.objects.count() == 1


def test_nothing_is_signed_while_another_tab_waits_for_a_reply(at_the_phq9):
    patient = at_the_phq9
    tab = patient.context.new_page()
    tab.goto(f"{patient.base}/i/packet/treatment/")
    patient.page.route("**/save*", lambda route: route.abort())
    patient.option("phq9-q1", FIRST).tap()
    expect(patient.find("#saving")).to_contain_text("Not saved yet")
    for box in tab.locator("label:has([name=statement])").all():
        box.tap()
    tab.locator("[name=signer_name]").fill("Rosa Núñez")
    tab.locator("[name=decision][value=signed]").tap()
    expect(tab.locator("main")).to_contain_text("Some of your answers are not saved yet.")
    assert not Signature.objects.exists()
    patient.page.unroute_all()
    patient.saved()
    with tab.expect_event("load"):
        tab.locator("[name=decision][value=signed]").tap()
    assert Signature.objects.count() == 1


def test_a_slow_connection_is_said_until_the_reply_is_there(at_the_phq9):
    patient = at_the_phq9
    patient.page.clock.install()
    held = []
    patient.page.route("**/save*", lambda route: held.append(route))
    with patient.page.expect_request("**/save*"):
        patient.option("phq9-q1", FIRST).tap()
    patient.page.clock.run_for(1600)
    expect(patient.find("#saving")).to_have_text("Saving…")
    expect(patient.find("#line")).to_be_hidden()
    patient.page.clock.run_for(2400)
    expect(patient.find("#line")).to_have_text("Your connection is slow. We keep trying.")
    held[0].continue_()
    patient.saved()
    expect(patient.find("#line")).to_be_hidden()
    assert FIRST in str(Response.objects.get().answers)


def test_signing_waits_for_a_slow_connection_and_says_so(clinic, phone):
    patient = phone()
    patient.let_in(given.invite(clinic))
    patient.page.clock.install()
    patient.go("/i/packet/treatment/")
    held = []
    patient.page.route("**/health/live*", lambda route: held.append(route))
    for box in patient.find("label:has([name=statement])").all():
        box.tap()
    patient.find("[name=signer_name]").fill("Rosa Núñez")
    with patient.page.expect_request("**/health/live*"):
        patient.find("[name=decision][value=signed]").tap()
    patient.page.clock.run_for(4000)
    expect(patient.find("#line")).to_have_text("Your connection is slow. We keep trying.")
    assert not Signature.objects.exists()
    with patient.page.expect_event("load"):
        held[0].continue_()
    assert Signature.objects.count() == 1


def test_back_to_a_page_that_refused_something_shows_it_again_and_no_error_of_the_browser(clinic, phone):
    patient = phone()
    patient.let_in(given.invite(clinic))
    patient.go("/i/packet/treatment/")
    patient.press("[name=decision][value=signed]")  # nothing is ticked, no name is typed
    expect(patient.find("main")).to_contain_text("Nothing was signed yet.")
    patient.go("/i/packet/")
    patient.page.go_back()
    expect(patient.find("#statements")).to_be_visible()
