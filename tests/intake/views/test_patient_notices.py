"""What an owner wants said beside an instrument's words, and the words for a part that isn't in the patient's language.

Each in both presentations.
"""

import re
from html import unescape

import packets as given
import pytest
from patient_pages import opened

from intake.models import FormRule, Packet
from intake.services import rules
from screening import instruments

EVERY = ("phq-9", "phq-2-9", "gad-7", "dast-10", "audit-c", "c-ssrs-screener", "pc-ptsd-5")
BOTH = pytest.mark.parametrize("presentation", ["page", "guided"])


@pytest.fixture
def invitation(world):
    given.publish(world)
    for slug in ("phq-2-9", "c-ssrs-screener", "pc-ptsd-5", "audit-c"):
        rules.save_rule(rule=FormRule(clinic=world.clinic, form=slug, position=200), by=world.operator)
    invitation = given.invite(world)
    for slug in given.DOCUMENTS:
        given.sign(invitation.packet, slug)
    return invitation


def pages(invitation, slugs, **chosen):
    browser = opened(invitation)
    Packet.objects.filter(pk=invitation.packet.pk).update(**chosen)
    for slug in slugs:
        browser.go(f"/i/packet/{slug}/")
        yield slug, unescape(browser.page.html)


@BOTH
def test_an_instrument_shows_its_owners_notice_and_a_form_of_our_own_none(invitation, presentation):
    for slug, page in pages(invitation, (*EVERY, "social-needs"), presentation=presentation):
        instrument = instruments.behind(slug)
        assert instrument.copyright in page if instrument else "opyright" not in page, slug


@BOTH
def test_a_part_without_spanish_says_so_in_spanish_and_is_marked_as_english(invitation, presentation):
    for slug, page in pages(invitation, (*EVERY, "safety"), language="es", presentation=presentation):
        is_foreign = slug not in ("phq-9", "phq-2-9", "safety")
        assert ("Esta parte solo se ha publicado en inglés." in page) is is_foreign, slug
        assert bool(re.search(r'<h1[^>]* lang="en"', page)) is is_foreign, slug
