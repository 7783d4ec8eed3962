"""Where are you right now? Asked in the crisis help; kept, read by whoever has the incident, and by nobody else."""

from html import unescape
from uuid import uuid4

import packets as given
import pytest
from patient_pages import answer, opened
from plain_browser import PlainBrowser

from audit.models import Event
from escalation import selectors, services
from escalation.models import Incident, Whereabouts
from intake.models import Packet

HERE = "/i/packet/here/"
TOLD = {"place": "By the old bridge", "number": "555 010 0190"}


def prologue(world):
    invitation = given.invite(world)
    for slug in given.DOCUMENTS:
        given.sign(invitation.packet, slug)
    browser = opened(invitation)
    browser.go("/i/packet/phq-9/")
    return invitation, browser


@pytest.fixture
def invitation(story):
    return story[0]


@pytest.fixture
def browser(story):
    return story[1]


def in_danger(browser):
    answer(browser, "phq-9", {f"phq9-q{n}": given.SEVERAL for n in range(1, 10)})
    return browser


def send(browser, **changed):
    token = dict(browser.page.fields)["csrfmiddlewaretoken"]
    posted = {"key": str(uuid4()), **TOLD, **changed, "csrfmiddlewaretoken": token}
    return browser.client.post(HERE, posted)


def told():
    return [(one.place, one.number) for one in Whereabouts.objects.order_by("at")]


def test_the_crisis_screen_asks_without_a_script_in_both_languages_and_says_that_it_was_kept(browser, invitation):
    page = in_danger(browser).page.html
    for question in ("Where are you right now?", "Best number to reach you now?"):
        assert question in page
    assert f'action="{HERE}"' in page
    reply = send(browser).content.decode()
    assert "We kept what you told us" in reply
    assert 'href="tel:988"' in reply, "the lines stay in sight"
    assert told() == [("By the old bridge", "555 010 0190")]
    browser.press(name="!language", value="es")
    browser.go("/i/packet/phq-9/")
    assert "¿Dónde está en este momento?" in unescape(browser.page.html)


def test_a_lost_reply_is_sent_again_and_kept_once_and_other_words_are_kept_too(browser):
    in_danger(browser)
    key = str(uuid4())
    for _ in range(2):
        assert "We kept" in send(browser, key=key).content.decode()
    send(browser, key=key, place="Now at home")  # by the browser's Back, to the same page
    send(browser, key="no key at all")
    assert told() == [(TOLD["place"], TOLD["number"]), ("Now at home", TOLD["number"]), (TOLD["place"], TOLD["number"])]
    assert Event.objects.filter(action="whereabouts.told").count() == 3


def test_it_joins_the_open_incident_the_latest_first_and_moves_no_clock(browser, invitation):
    in_danger(browser)
    before = Incident.objects.get()
    send(browser)
    send(browser, place="At my sister's", number="")
    after = Incident.objects.get()
    assert [one.place for one in selectors.whereabouts(invitation.packet.id)] == ["At my sister's", TOLD["place"]]
    assert (after.state, after.due_at, after.step) == (before.state, before.due_at, before.step)
    assert len(selectors.triggers(after)) == len(selectors.triggers(before))


def test_told_after_the_incident_was_closed_somebody_is_paged_again(browser, world):
    in_danger(browser)
    first = Incident.objects.get()
    who = {"user": world.clinician, "actor": given.SEED}
    services.resolve(incident_id=first.id, kind="reached_safe", note="She is safe.", **who)
    key = str(uuid4())
    for _ in range(2):
        send(browser, key=key)
    again = Incident.objects.exclude(pk=first.pk).get()
    assert again.state == "notifying"
    assert "told where they are" in selectors.triggers(again)[0].detail["because"]


def test_nothing_typed_is_nothing_told_and_strange_bytes_are_not_an_error(browser):
    in_danger(browser)
    assert "We kept" not in send(browser, place="  ", number="").content.decode()
    assert told() == []
    send(browser, place="a\0b" + "x" * 900, number="9" * 90)
    assert [(len(place), len(number)) for place, number in told()] == [(500, 40)]


def test_a_finished_packet_may_still_tell(browser, world):
    in_danger(browser)
    for slug in given.ANSWERS:
        if slug != "phq-9":
            given.answer(Incident.objects.get() and _packet(), slug)
    browser.go("/i/packet/review/")
    browser.press()
    assert "Where are you right now?" in browser.page.html
    send(browser)
    assert told()


def _packet():
    return Packet.objects.get()


def test_while_an_incident_is_open_its_page_asks_again_and_shows_nothing_of_before(browser, invitation):
    send(in_danger(browser))
    page = browser.go(HERE)
    assert "there may be nobody at the clinic" in page.html.split('class="help-lines"')[1]  # no roster here
    assert "Where are you right now?" in page.text
    for words in TOLD.values():
        assert words not in page.html
    again = opened(invitation)  # without a script: the help at the foot of each page
    assert 'id="here" hidden' not in again.page.html and 'id="here"' in again.page.html
    assert 'data-untold role="status">' in again.page.html
    assert 'data-told role="status" hidden>' in again.page.html


def test_what_was_kept_is_shown_and_a_number_that_is_none_is_kept_and_asked_about(browser):
    in_danger(browser)
    reply = send(browser).content.decode()
    assert "By the old bridge" in reply and "555 010 0190" in reply
    assert "Is that number right?" not in reply
    reply = send(browser, number="abc").content.decode()
    assert "We kept" in reply and "Is that number right?" in reply and "Best number to reach you now?" in reply
    assert told()[-1] == ("By the old bridge", "abc")


def test_leaving_keeps_what_was_typed_and_not_sent(browser):
    in_danger(browser)
    token = dict(browser.page.fields)["csrfmiddlewaretoken"]
    left = {"key": str(uuid4()), **TOLD, "csrfmiddlewaretoken": token}
    assert browser.client.post("/i/leave/", left).status_code == 302
    assert told() == [("By the old bridge", "555 010 0190")]
    PlainBrowser().client.post("/i/leave/", left)  # a stranger, or a session that ended before
    assert len(told()) == 1


def test_whoever_answers_for_the_patient_is_asked_where_the_patient_is(browser):
    in_danger(browser)
    Packet.objects.update(answered_by="guardian", respondent={"name": "Ana Núñez", "relationship": "parent"})
    page = browser.go(HERE).html
    assert "Where is the patient right now?" in page and "Thank you for telling us" in page
    for words in ("You are not alone", "Where are you right now?", "I am safe"):
        assert words not in page


@pytest.mark.parametrize("method", ["get", "head"])
def test_looking_tells_nothing(browser, method):
    assert getattr(browser.client, method)(HERE, TOLD).status_code == 302
    assert told() == []


def test_a_stranger_tells_nothing_and_the_stored_words_are_not_readable(browser, invitation):
    stranger = PlainBrowser()
    stranger.go("/i/")
    assert send(stranger).status_code == 302
    assert told() == []
    send(in_danger(browser))
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT place || number || fingerprint FROM escalation_whereabouts")
        assert "bridge" not in str(cursor.fetchall())
