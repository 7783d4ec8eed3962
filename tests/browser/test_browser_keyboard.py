"""By keyboard alone: every stop can be seen, none is under the bar, and help opens, closes and gives the focus back."""

import packets as given
import pytest
from playwright.sync_api import Locator, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MOST_STOPS = 60
# Whether the focus is there, and what is wrong with where it is: nothing when it can be seen and nothing lies over it.
# The browser scrolls to it in the next frame.
STOP = """async (target) => {
  for (let frame = 0; frame < 2; frame += 1) await new Promise(requestAnimationFrame);
  const here = document.activeElement;
  const shown = here.closest("label") ?? here;
  const style = [here, shown].map((one) => getComputedStyle(one));
  const outlined = style.some((one) => one.outlineStyle !== "none" && parseFloat(one.outlineWidth) >= 2);
  const bar = document.querySelector(".bar");
  const under = !bar.contains(here) && here.getBoundingClientRect().bottom > bar.getBoundingClientRect().top + 1;
  const what = here.outerHTML.slice(0, 120);
  const wrong = [outlined ? "" : `no focus ring on ${what}`, under ? `under the bar: ${what}` : ""].filter(Boolean);
  return [here === target, wrong];
}"""


def tab_to(page, target: Locator) -> None:
    """Press Tab until the focus is there, and look at every stop on the way."""
    target.wait_for()
    for _ in range(MOST_STOPS):
        page.keyboard.press("Tab")
        is_there, wrong = target.evaluate(STOP)
        assert wrong == []
        if is_there:
            return
    raise AssertionError(f"{target} can't be reached by Tab")


def test_link_consent_and_phq9_by_keyboard_alone(clinic, phone):
    invitation = given.invite(clinic)
    patient = phone(has_touch=False, is_mobile=False)
    page, keys = patient.page, patient.page.keyboard
    patient.go(f"/i/#{invitation.token}")
    tab_to(page, patient.find("#birth_date"))
    keys.type("03/15/1990")
    keys.press("Enter")
    patient.at("/i/packet/")
    tab_to(page, page.get_by_role("link", name="Start"))
    keys.press("Enter")
    patient.at("/i/packet/privacy-notice/")
    sign_by_keyboard(patient, page, keys)
    patient.at("/i/packet/treatment/")
    patient.go("/i/packet/phq-9/")
    answer_by_keyboard(patient, page, keys)
    tab_to(page, patient.find("main button.main"))
    keys.press("Enter")
    patient.at("/i/packet/gad-7/")


def sign_by_keyboard(patient, page, keys) -> None:
    for box in patient.find("[name=statement]").all():
        tab_to(page, box)
        keys.press("Space")
        expect(box).to_be_checked()
    tab_to(page, patient.find("[name=signer_name]"))
    keys.type("Rosa Núñez")
    tab_to(page, patient.find("[name=decision][value=signed]"))
    keys.press("Enter")


def answer_by_keyboard(patient, page, keys) -> None:
    """Tab to a question, space for "Not at all", an arrow for "Several days"."""
    for number in range(1, 10):
        choices = patient.field(f"phq9-q{number}")
        tab_to(page, choices.first)
        with page.expect_response("**/save?*"):
            keys.press("Space")
        expect(choices.first).to_be_checked()
    with page.expect_response("**/save?*"):
        keys.press("ArrowDown")
    help_panel = patient.find("#crisis")
    expect(help_panel).to_be_visible()
    assert help_panel.evaluate("(panel) => panel.contains(document.activeElement)")
    keys.press("Escape")
    expect(help_panel).to_be_hidden()
    expect(choices.nth(1)).to_be_focused()
    expect(choices.nth(1)).to_be_checked()
    patient.saved()
