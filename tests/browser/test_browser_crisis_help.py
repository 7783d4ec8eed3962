"""The crisis help while things change under it: it stands still, says what is true now, and nothing covers it."""

import packets as given
import pytest
from playwright.sync_api import expect
from serving import until

from escalation import services
from escalation.models import Incident, Whereabouts
from intake.services.packets import present

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SAVES = "**/phq-9/save*"
CONCERNS = "/i/packet/presenting-concerns/"


@pytest.fixture
def invitation(clinic):
    return given.invite(clinic)


@pytest.fixture
def patient(invitation, phone):
    patient = phone()
    patient.let_in(invitation)
    return patient


@pytest.fixture
def panel(patient):
    return patient.find("#crisis")


def at_the_phq9(patient):
    patient.go("/i/packet/phq-9/")


def in_danger(patient):
    at_the_phq9(patient)
    patient.option("phq9-q9", given.SEVERAL).tap()
    expect(patient.find("#crisis [data-told]")).to_be_visible()


def close(panel):
    panel.get_by_role("link", name="Close").tap()
    expect(panel).to_be_hidden()


def kept():
    return [(one.place, one.number) for one in Whereabouts.objects.order_by("at")]


def places(panel):
    return [one.bounding_box() for one in panel.locator(".help-lines a").all()]


def test_no_button_to_call_moves_when_the_reply_comes(patient, panel):
    at_the_phq9(patient)
    held = []
    patient.page.route(SAVES, lambda route: held.append(route))
    with patient.page.expect_request(SAVES):
        patient.option("phq9-q9", given.SEVERAL).tap()
    before = places(panel)
    assert len(before) == 5 and all(before)
    held[0].continue_()
    expect(panel.locator("[data-told]")).to_be_visible()
    assert places(panel) == before


@pytest.mark.parametrize("path", ["/i/packet/", "/i/packet/phq-9/"])
def test_while_an_incident_is_open_help_says_so_and_asks_again_without_what_was_typed(
    patient, panel, clinic, invitation, path
):
    in_danger(patient)
    panel.get_by_label("Where are you right now?").fill("By the old bridge")
    patient.press(panel.get_by_role("button", name="Send this"))
    patient.context.clear_cookies()
    patient.let_in(invitation)
    patient.go(path)
    patient.find(".bar a[href='#crisis']").tap()
    expect(panel).to_contain_text("We have alerted the clinic’s care team")
    expect(panel.locator("[data-untold]")).to_be_hidden()
    expect(panel.get_by_label("Where are you right now?")).to_have_value("")
    assert "old bridge" not in patient.page.content()
    who = {"user": clinic.clinician, "actor": given.SEED}
    services.resolve(incident_id=Incident.objects.get().id, kind="reached_safe", note="Reached, and safe.", **who)
    patient.page.reload()
    patient.find(".bar a[href='#crisis']").tap()
    expect(panel.locator("[data-told]")).to_be_hidden()
    expect(panel.get_by_label("Where are you right now?")).to_be_hidden()


@pytest.fixture
def on_a_shared_phone(patient):
    patient.page.clock.install()
    patient.go("/i/packet/")
    patient.press("[name=whose][value=shared]")
    in_danger(patient)
    return patient


def test_left_alone_the_numbers_stay_in_sight_and_where_the_patient_is_goes_out_before_the_page_closes(
    on_a_shared_phone, panel
):
    patient = on_a_shared_phone
    panel.get_by_label("Where are you right now?").fill("By the old bridge")
    patient.page.clock.run_for(4 * 60_000 + 10_000)
    expect(panel).to_contain_text("this page will close in 1 minute")
    expect(patient.find("#idle")).to_be_hidden()
    panel.locator("a[href='tel:988']").tap(trial=True)
    until(lambda: kept() == [("By the old bridge", "")], "what was typed to be sent")
    panel.get_by_label("Best number to reach you now?").fill("555 010 0190")
    patient.page.clock.run_for(10_000)
    expect(panel.locator("[data-still]")).to_be_visible()  # typing by script is no finger
    patient.page.clock.run_for(60_000)
    patient.at("/i/")
    until(lambda: kept()[1:] == [("By the old bridge", "555 010 0190")], "the rest to be sent")


def test_a_page_that_begins_with_the_help_is_not_covered_either(on_a_shared_phone, panel):
    patient = on_a_shared_phone
    patient.go("/i/packet/here/")
    place = patient.find("main").get_by_label("Where are you right now?")
    place.fill("By the old bridge")
    place.tap(trial=True)  # two frames: the scrolling to it is over, which would count as a sign of life later on
    patient.page.clock.run_for(4 * 60_000 + 10_000)
    expect(panel.locator("[data-still]")).to_be_visible()
    expect(patient.find("#idle")).to_be_hidden()
    until(lambda: kept() == [("By the old bridge", "")], "what was typed to be sent")


def test_a_touch_keeps_it_open(on_a_shared_phone, panel):
    patient = on_a_shared_phone
    patient.page.clock.run_for(4 * 60_000 + 10_000)
    expect(panel.locator("[data-still]")).to_be_visible()
    panel.locator("#crisis-title").tap()
    patient.page.clock.run_for(6000)
    expect(panel.locator("[data-still]")).to_be_hidden()


def test_a_quick_exit_takes_along_where_the_patient_is(patient, panel):
    in_danger(patient)
    panel.get_by_label("Where are you right now?").fill("By the old bridge")
    close(panel)
    patient.find("#leave button").tap()
    patient.at("/i/closed/")
    until(lambda: kept() == [("By the old bridge", "")], "what was typed to be sent")


def test_without_a_connection_words_that_nobody_reads_bring_the_numbers_onto_the_page(patient, panel):
    patient.go(CONCERNS)
    unheard = patient.find("#unheard")
    patient.context.set_offline(True)
    patient.find("main input[type=radio]").first.evaluate("field => field.click()")
    expect(patient.find("#saving")).to_contain_text("Not saved yet")
    expect(unheard).to_be_hidden()  # nothing was written
    patient.find("textarea").first.fill("I want to kill myself tonight")
    patient.find("textarea").first.blur()
    patient.context.set_offline(False)
    expect(panel).to_be_visible()
    close(panel)
    patient.context.set_offline(True)
    patient.find("textarea").first.fill("I feel a little better")
    expect(unheard).to_be_visible()
    assert {one.get_attribute("href") for one in unheard.locator("a").all()} == {"tel:988", "sms:988", "tel:911"}
    expect(panel).to_be_hidden()
    patient.look("unheard")
    patient.context.set_offline(False)
    expect(unheard).to_be_hidden()


def write(patient, nth, words):
    box = patient.find("textarea").nth(nth)
    heard = patient.page.evaluate("window.replies")
    box.fill(words)
    box.blur()
    patient.page.wait_for_function("(heard) => window.replies > heard", arg=heard)


def test_a_new_danger_opens_it_again_and_the_same_one_does_not(patient, panel):
    patient.go(CONCERNS)
    write(patient, 0, "I want to die")
    expect(panel).to_be_visible()
    close(panel)
    write(patient, 0, "I want to die. I can't sleep either.")
    expect(panel).to_be_hidden()
    write(patient, 1, "I want to kill myself tonight, I have pills")
    expect(panel).to_be_visible()


def test_the_way_on_waits_until_the_help_that_opened_was_closed(patient, panel):
    patient.go(CONCERNS)
    patient.find("textarea").first.fill("I want to kill myself tonight")
    patient.find("main .actions .main").tap()
    expect(panel).to_be_visible()
    patient.at(CONCERNS)
    with patient.page.expect_event("load"):
        panel.get_by_role("link", name="I am safe, continue").tap()


def test_there_is_more_below_is_shown_and_nothing_lies_over_the_last_words(patient, panel):
    in_danger(patient)
    onward = panel.get_by_role("button", name="Where are you right now?")
    expect(onward).to_be_in_viewport()
    onward.tap()
    expect(panel.get_by_label("Where are you right now?")).to_be_focused()
    panel.evaluate("panel => panel.scrollTo(0, panel.scrollHeight)")
    send, words, foot = (
        patient.find(css).bounding_box() for css in ("#here button", "#here + p", "#crisis > .actions")
    )
    assert send["y"] + send["height"] <= words["y"]
    assert words["y"] + words["height"] <= foot["y"]


def test_without_a_connection_it_says_that_the_clinic_does_not_know_and_then_that_it_does(patient, panel):
    at_the_phq9(patient)
    patient.context.set_offline(True)
    patient.option("phq9-q9", given.SEVERAL).tap()
    expect(panel.locator("[data-late]")).to_contain_text("the clinic does not know of it")
    before = places(panel)
    patient.look("crisis-late")
    patient.context.set_offline(False)
    expect(panel.locator("[data-told]")).to_be_visible()
    expect(panel.locator("[data-late]")).to_be_hidden()
    assert places(panel) == before


def test_save_and_go_on_without_a_connection_says_that_it_waits_and_goes_on_by_itself(patient):
    at_the_phq9(patient)
    patient.context.set_offline(True)
    patient.option("phq9-q1", given.NOT_AT_ALL).tap()
    expect(patient.find("#line")).to_contain_text("No connection")
    patient.find("main .actions .main").tap()
    expect(patient.find("#saving")).to_contain_text("We go on by ourselves")
    expect(patient.find("#saving")).to_be_in_viewport(ratio=1)
    with patient.page.expect_event("load"):
        patient.context.set_offline(False)


def test_whoever_answers_for_a_patient_is_not_spoken_to_as_the_one_in_danger(invitation, phone):
    mother = phone()
    mother.go(f"/i/#{invitation.token}")
    mother.find("summary").tap()
    mother.find("#respondent_name").fill("Ana Núñez")
    mother.find("#relationship").select_option("parent")
    mother.find("#birth_date").fill("03/15/1990")
    mother.go_on()
    in_danger(mother)
    panel = mother.find("#crisis")
    expect(panel).to_contain_text("Thank you for telling us.")
    expect(panel).not_to_contain_text("You are not alone")
    expect(panel).not_to_contain_text("I am safe")
    expect(panel.get_by_label("Where is the patient right now?")).to_be_visible()
    mother.look("crisis-for-somebody")


def test_one_question_at_a_time_the_answers_after_a_dangerous_one_are_not_interrupted(invitation, phone):
    patient = phone()
    present(packet=invitation.packet, presentation="guided")
    patient.let_in(invitation)
    patient.go("/i/packet/phq-9/?at=phq9-q9")
    patient.find("button.reply[data-risk]").first.tap()
    expect(patient.find("#crisis [data-told]")).to_be_visible()
    with patient.page.expect_event("load"):
        patient.find("#crisis").get_by_role("link", name="I am safe, continue").tap()
    with patient.page.expect_event("load"):
        patient.find("button.reply").first.tap()


def test_one_question_at_a_time_keeps_what_it_belongs_to_in_sight(invitation, phone):
    patient = phone()
    present(packet=invitation.packet, presentation="guided")
    patient.open(f"/i/#{invitation.token}")
    for fragment in ("", "#q-phq9-q9"):
        patient.go(f"/i/packet/phq-9/?at=phq9-q9{fragment}")
        expect(patient.find(".stem").first).to_be_in_viewport(ratio=1)
