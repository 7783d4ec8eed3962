"""The picker as people use it: by touch, by keyboard, without a network and without a script."""

import json
import re

import packets as given
import pytest
from playwright.sync_api import expect
from serving import until

from intake.models import Response

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HERE = "/i/packet/medications/"
NAME, DOSE = "med-list[0].med-name", "med-list[0].med-dose"


def box(patient):
    return patient.field(NAME).first


def at_the_first_medicine(patient, invitation):
    patient.let_in(invitation)
    patient.go(HERE)
    if patient.find("#questions").count() and not box(patient).count():
        patient.option("med-any", given.YES).tap()
        patient.press('[name="!add"][value="med-list"]')
    return box(patient)


def stored(packet):
    responses = Response.objects.filter(step__packet=packet, step__slug="medications")
    return json.dumps(list(responses.values_list("answers", flat=True)))


def test_by_touch_a_name_is_chosen_from_the_list_and_an_unusual_amount_is_asked_about(clinic, phone):
    invitation, patient = given.invite(clinic), phone(name="picker-")
    name = at_the_first_medicine(patient, invitation)
    name.tap()
    name.press_sequentially("sertr")
    choice = patient.page.get_by_role("option", name="sertraline")
    expect(choice).to_be_visible()
    assert choice.evaluate("(one) => one.getBoundingClientRect().height") >= 48
    patient.look("open")
    choice.tap()
    expect(name).to_have_value("sertraline")
    expect(patient.find(".terms")).to_be_hidden()
    until(lambda: "36437" in stored(invitation.packet), "the name to be stored")  # the letters may have been before
    patient.field(DOSE).first.fill("2500")
    with patient.page.expect_response("**/save*"):
        patient.field(f"{DOSE}!unit").select_option("mg")
    sure = patient.page.get_by_role("group", name=re.compile("You typed 2500 mg"))
    sure.get_by_text("Yes").tap()
    patient.saved()
    patient.look("unusual")
    patient.field(DOSE).first.fill("25")
    patient.field(DOSE).first.blur()
    expect(sure).to_have_count(0)
    patient.saved()
    assert "2500" not in stored(invitation.packet)
    assert patient.kept() == []


def test_by_keyboard_the_list_opens_moves_chooses_and_closes(clinic, phone):
    invitation = given.invite(clinic, "es")
    patient = phone(name="picker-es-")
    name = at_the_first_medicine(patient, invitation)
    keys = patient.page.keyboard
    name.focus()
    keys.type("des")
    expect(name).to_have_attribute("aria-expanded", "true")
    expect(patient.find(".picker [role=status]")).to_have_text("Opciones en la lista: 2")
    keys.press("ArrowDown")
    keys.press("ArrowDown")
    keys.press("ArrowUp")
    first = patient.page.get_by_role("option").first
    expect(first).to_have_attribute("aria-selected", "true")
    expect(name).to_have_attribute("aria-activedescendant", first.get_attribute("id"))
    keys.press("Escape")
    expect(name).to_have_attribute("aria-expanded", "false")
    expect(name).to_have_value("des")
    keys.press("ArrowDown")
    expect(first).to_be_visible()
    keys.press("ArrowDown")
    chosen = first.text_content()
    patient.look("open")
    keys.press("Enter")
    expect(name).to_have_value(chosen)
    expect(name).to_be_focused()
    until(lambda: chosen in stored(invitation.packet), "the name to be stored")  # the letters may have been before


def test_without_a_network_the_box_takes_words_and_nothing_breaks(clinic, phone):
    invitation, patient = given.invite(clinic), phone()
    name = at_the_first_medicine(patient, invitation)
    name.focus()
    with patient.page.expect_response("**/i/terms"):
        patient.page.keyboard.type("sertaline")
    patient.page.route("**/i/terms", lambda route: route.abort())
    patient.page.keyboard.type(" tea")
    name.blur()
    patient.saved()
    assert "sertaline tea" in stored(invitation.packet)


def test_one_question_at_a_time_what_was_meant_is_asked_before_going_on(clinic, phone):
    invitation, patient = given.invite(clinic), phone(name="picker-guided-")
    at_the_first_medicine(patient, invitation)
    patient.press('[name="!presentation"][value="guided"]')
    patient.go(f"{HERE}?at={NAME}")
    box(patient).fill("sertaline")
    patient.look("open")
    box(patient).blur()
    patient.go_on()
    near = patient.page.get_by_role("group", name="Did you mean one of these?")
    expect(near.get_by_label("No, keep my words: sertaline")).to_be_checked()
    patient.look("near")
    near.get_by_text("sertraline", exact=True).tap()
    until(lambda: "36437" in stored(invitation.packet), "the name to be stored")
    patient.go_on()
    expect(patient.find("h1")).to_contain_text("How much do you take")
    assert "36437" in stored(invitation.packet)


def test_without_a_script_what_was_meant_is_asked_on_the_page(clinic, phone):
    invitation = given.invite(clinic)
    patient = phone(name="picker-plain-", java_script_enabled=False)
    patient.go("/i/")
    patient.find("#code").fill(invitation.code)
    patient.find("#birth_date").fill("03/15/1990")
    patient.go_on()
    patient.go(HERE)
    patient.option("med-any", given.YES).tap()
    patient.go_on()
    patient.press('[name="!add"][value="med-list"]')
    box(patient).fill("sertaline")
    patient.go_on()
    near = patient.page.get_by_role("group", name="Did you mean one of these?")
    expect(near.get_by_text("No, keep my words: sertaline")).to_be_visible()
    near.get_by_text("sertraline", exact=True).tap()
    patient.go_on()
    assert "36437" in stored(invitation.packet)
    patient.go(HERE)
    expect(box(patient)).to_have_value("sertraline")
