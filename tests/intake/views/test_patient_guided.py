"""One question at a time: choosing is answering, nothing is skipped or lost, and pages are one tap away."""

from datetime import timedelta

import every_type
import packets as given
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from patient_pages import at, at_after, converse, opened, reply, sign

import escalation.services.duty
from core import clock
from core.permissions import GRANTS, Permission, Role
from intake import engine, selectors
from intake.models import Packet, Response, Step
from intake.services import packets

PHQ9 = "/i/packet/phq-9/"
FORM = f"/i/packet/{every_type.SLUG}/"
MOST_QUERIES = {"page": 18, "guided": 18, "overview": 12, "review": 15}  # one for the help: is an alert open?


def prologue(world):
    invitation = given.invite(world)
    packets.present(packet=invitation.packet, presentation="guided")
    return invitation, opened(invitation)


@pytest.fixture
def invitation(story):
    return story[0]


@pytest.fixture
def browser(story):
    return story[1]


def test_a_section_says_why_it_asks_and_who_will_see_it_before_it_starts(browser):
    page = browser.go(PHQ9)
    assert at(browser) == "phq9-items"
    assert "Who will see this" in page.text
    assert "No AI reads your answers" in page.text
    assert "phq9-q1" not in page.names
    browser.press()
    assert at(browser) == "phq9-q1"
    assert "Over the last 2 weeks" in browser.page.text


def test_choosing_is_answering_and_going_on_and_back_shows_what_was_chosen(browser, invitation):
    browser.go(f"{PHQ9}?at=phq9-q1")
    reply(browser, "phq9-q1", given.SEVERAL)
    assert at(browser) == "phq9-q2"
    assert "Several days" in browser.page.text  # the question before, as in a conversation
    page = browser.press(name="!back", value="1")
    assert at(browser) == "phq9-q1"
    assert page.html.count("chosen") == 1
    browser.press(name="!skip", value="1")
    assert at(browser) == "phq9-q2"
    [answered] = Response.objects.values_list("answers", flat=True)
    assert "LA6569-3" in str(answered)


def test_a_question_left_for_later_keeps_its_answer_and_is_named_by_the_review(browser):
    browser.go(f"{PHQ9}?at=phq9-q1")
    browser.press(name="!skip", value="1")
    assert at(browser) == "phq9-q2"
    page = browser.go("/i/packet/review/")
    assert f"{PHQ9}?at=phq9-q1#q-phq9-q1" in page.links
    browser.go(f"{PHQ9}?at=phq9-q1")
    assert at(browser) == "phq9-q1"


def test_declining_is_a_reply_like_any_other(browser, invitation):
    browser.go(f"{PHQ9}?at=phq9-q1")
    reply(browser, "phq9-q1", given.SEVERAL)
    browser.press(name="!back", value="1")
    browser.press(name="phq9-q1!declined", value="declined")
    assert at(browser) == "phq9-q2"
    view = selectors.form_view(invitation.packet, "phq-9", "en")
    node = next(turn.node for turn in engine.turns(view.pages) if turn.key == "phq9-q1")
    assert (node.is_declined, node.values) == (True, ())


def test_a_dangerous_answer_opens_the_help_at_once_and_only_once(browser):
    browser.go(f"{PHQ9}?at=phq9-q9")
    page = reply(browser, "phq9-q9", given.SEVERAL)
    assert "You are not alone. Help is here right now." in page.text
    onward = next(link for link in page.links if "phq9-difficulty" in link)
    browser.go(onward)
    assert at(browser) == "phq9-difficulty"
    assert "tel:988" in browser.page.links
    reply(browser, "phq9-difficulty", "LA6572-7")
    assert browser.url.startswith("/i/packet/gad-7/")
    browser.go(f"{PHQ9}?at=phq9-q9")
    assert "You are not alone" in reply(browser, "phq9-q9", given.SEVERAL).text


@pytest.mark.parametrize("key", ["phq9-q4", "phq9-q9"])
def test_the_presentation_changes_at_any_time_and_keeps_the_place(browser, invitation, key):
    browser.go(f"{PHQ9}?at={key}")
    page = browser.press(name="!presentation", value="page")
    assert browser.url == f"{PHQ9}?at={key}"
    assert f"q-{key}" in page.ids
    assert {"phq9-q1", "phq9-q9"} <= page.names
    invitation.packet.refresh_from_db()
    assert invitation.packet.presentation == "page"
    browser.press({"phq9-q1": given.SEVERAL}, "!presentation", "guided")
    assert at(browser) == "phq9-q2"  # the first one of the section that is still open


def test_any_phone_goes_on_where_the_patient_was(browser, invitation):
    browser.go(f"{PHQ9}?at=phq9-q3")
    reply(browser, "phq9-q3", given.SEVERAL)
    again = packets.reissue(packet=invitation.packet, by=invitation.packet.invited_by)
    other = opened(again)
    assert "Welcome back. You were at: " in other.page.text
    assert f"{PHQ9}?at=phq9-q4" in other.page.links
    assert "Welcome back" not in other.go("/i/packet/").text
    assert at_after(other, f"{PHQ9}?at=phq9-q4") == "phq9-q4"
    invitation.packet.refresh_from_db()
    assert invitation.packet.place == "phq-9#phq9-q4"
    other.go("/i/packet/review/")
    assert "You were about to check and send." in other.go("/i/packet/").text


def test_no_title_tells_what_is_asked(browser):
    for key in ("phq9-items", "phq9-q9"):
        assert browser.go(f"{PHQ9}?at={key}").title == browser.go("/i/packet/phq-9/").title
        assert browser.page.title.endswith("· Your forms")
        assert "PHQ" not in browser.page.title


def test_the_time_left_goes_down_with_what_is_answered(browser, invitation):
    def left():
        return sum(step.seconds_left for step in selectors.steps(invitation.packet, "en"))

    before = left()
    given.answer(invitation.packet, "phq-9")
    assert left() < before
    assert "minutes left" in browser.go("/i/packet/").text


def test_a_stranger_is_shown_the_way_in_and_another_form_is_not_found(browser, world):
    every_type.invited(world)
    assert Client().get(f"{FORM}?at=flag")["Location"] == "/i/?closed#main"
    assert Client().post(FORM, {"!at": "flag", "flag": "true"})["Location"] == "/i/?closed#main"
    assert browser.go("/i/packet/nothing/?at=flag") and browser.response.status_code == 404
    assert not Response.objects.exists()


def test_hostile_posts_change_nothing(browser, invitation):
    token = dict(browser.go(f"{PHQ9}?at=phq9-q1").fields)["csrfmiddlewaretoken"]
    for posted in (
        {"!at": "phq9-q1", "phq9-q1": "nothing"},
        {"!at": "x" * 300, "!back": "1"},
        {"!at": "nothing[3].here", "nothing[3].here": "x"},
        {"!presentation": "loud"},
        {"!at": "phq9-q1", "!add": "phq9-q1"},
        {"!at": "phq9-q1", "!remove": "phq9-q1[0]"},
    ):
        reply_ = browser.client.post(PHQ9, posted | {"csrfmiddlewaretoken": token})
        assert reply_.status_code in (200, 302, 409, 422), posted
    assert browser.client.post(PHQ9, {"!at": "phq9-q1", "phq9-q1": given.SEVERAL}).status_code == 403
    assert not [one for one in Response.objects.values_list("answers", flat=True) if "LA" in str(one)]
    invitation.packet.refresh_from_db()
    assert invitation.packet.presentation == "guided"


def test_who_will_see_it_follows_the_permissions_and_the_roster(browser, world, monkeypatch):
    page = browser.go(PHQ9)
    assert "the clinicians on your care team, their supervisors. Not the front desk." in page.text
    assert "the clinician on call is told" not in page.text  # nobody is rostered
    escalation.services.duty.put_on_call(
        clinic=world.clinic,
        user=world.clinician,
        level="on_call",
        starts_at=clock.now() - timedelta(hours=1),
        actor=given.SEED,
    )
    assert "the clinician on call is told" in browser.go(PHQ9).text
    held_now = GRANTS[Role.FRONT_DESK]
    monkeypatch.setitem(GRANTS, Role.FRONT_DESK, held_now | {Permission.SEE_CLINICAL})
    page = browser.go(PHQ9)
    assert "the front desk" in page.text
    assert "Not the front desk." not in page.text


def test_who_will_see_it_follows_the_consents(browser, invitation, world):
    page = browser.go(PHQ9)
    assert "Nobody else gets it unless you sign the permission to share" in page.text
    sign(browser, "share-permission")
    for path in (PHQ9, "/i/packet/dast-10/"):
        assert "You signed the permission to share" in browser.go(path).text
    world.program.part2_status = "not_part2"
    world.program.save()
    assert "Others get it only as the privacy notice says." in browser.go(PHQ9).text
    assert "You signed the permission to share" in browser.go("/i/packet/dast-10/").text


def test_a_signed_page_can_be_read_again_before_sending(browser, world):
    sign(browser, "treatment")
    page = browser.go("/i/packet/treatment/")
    assert "I agree to care at Harbor Clinic" in page.text
    assert "decision" not in page.names


def test_the_pages_ask_the_database_as_often_however_long_the_form_is(browser, invitation):
    def asked(path, expected):
        browser.go(path)
        with CaptureQueriesContext(connection) as queries:
            browser.go(path)
        assert len(queries) <= MOST_QUERIES[expected], [one["sql"][:90] for one in queries]

    asked("/i/packet/", "overview")
    asked("/i/packet/review/", "review")
    asked(f"{PHQ9}?at=phq9-q2", "guided")
    asked("/i/packet/insurance/", "guided")
    packets.present(packet=invitation.packet, presentation="page")
    asked(PHQ9, "page")
    asked("/i/packet/demographics/", "page")


def test_going_past_the_last_question_finishes_the_part(browser, invitation):
    answers = {f"phq9-q{n}": given.NOT_AT_ALL for n in range(1, 10)}
    browser.go(PHQ9)
    converse(browser, answers, PHQ9)
    assert browser.url.startswith("/i/packet/gad-7/")
    assert Step.objects.get(packet=invitation.packet, slug="phq-9").state == "done"
    assert Packet.objects.get(pk=invitation.packet.pk).state == "in_progress"


def test_saving_a_question_without_an_answer_says_so_once(browser):
    browser.go("/i/packet/demographics/?at=demo-given")
    page = browser.press()
    assert browser.url.endswith("at=demo-given")
    assert "Nothing is filled in here yet. One answer is still needed." in page.text
    browser.press()
    assert not browser.url.endswith("at=demo-given")


def test_a_quick_reply_names_the_words_that_the_help_opens_with(browser):
    assert 'data-risk="others"' in browser.go("/i/packet/safety/?at=safe-harm-others").html
    assert 'data-risk="self"' in browser.go("/i/packet/phq-9/?at=phq9-q9").html
