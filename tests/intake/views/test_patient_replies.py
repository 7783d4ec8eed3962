"""What an autosave reply weighs, whatever is answered: the bytes of a phone with two bars."""

import gzip
from collections.abc import Iterator

import packets as given
from patient_pages import autosave, opened
from plain_browser import Page

from intake import selectors
from intake.views.patient import address

MOST = 4 * 1024
HEADERS = 600  # a round number above what is sent with each reply


def ways_to_answer(page: Page) -> Iterator[tuple[str, list[str]]]:
    """The first and the last option of a question that takes one, every box of a question that takes several."""
    for name, values in page.choices.items():
        if name.startswith("!") or name.endswith("!declined"):
            continue
        if f'type="checkbox" data-field name="{name}"' in page.html:
            yield name, values
        else:
            yield name, values[:1]
            yield name, values[-1:]


def test_no_reply_weighs_more_than_4_kilobytes_whatever_brings_up_more_questions(world):
    given.with_interpreter(world)
    invitation = given.invite(world, "es")
    for slug in given.DOCUMENTS:
        given.sign(invitation.packet, slug)
    browser, weights = opened(invitation), {}
    forms = [step.slug for step in selectors.steps(invitation.packet, "es") if step.what == "form"]
    for slug in forms:
        for shown in selectors.form_view(invitation.packet, slug, "es").pages:
            page = browser.go(address(slug, shown.section.id))
            have = {name[2:] for name in page.ids if name.startswith("q-")}
            for name, values in ways_to_answer(page):
                reply = autosave(browser, slug, {name: values}, have=have, page=page)
                assert reply.status_code == 200, (name, reply.content)
                weights[name, *values] = len(gzip.compress(reply.content)) + HEADERS
    assert len(weights) > 100
    assert max(weights.values()) <= MOST, sorted(weights.items(), key=lambda one: -one[1])[:5]
