"""Each kind of request cut: on the way there, in the middle of its reply, and with all of it on the way back.

Whatever is cut, what is stored is what was given, once; the patient is told, and can go on.
"""

import re

import packets as given
import pytest
from cutting import AFTER, BEFORE, MIDDLE, PLACES, line_to
from phone import ONWARD
from PIL import Image
from playwright.sync_api import Error, expect
from serving import until

from audit.models import Event
from consents.models import Signature
from intake.models import Packet, Photo, Response, SavedAnswer, Submission
from intake.services import packets

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CUT_OFF = re.compile("chrome-error")
SAVE = "POST .*/save"


@pytest.fixture
def line(house):
    with line_to(house.base) as line:
        yield line


@pytest.fixture
def at(clinic, phone, line):
    """Makes a patient on that line who is at that address; `ready` gives the packet what the test needs before."""

    def make(address: str, ready=None, **settings):
        invitation = given.invite(clinic)
        if ready:
            ready(invitation.packet)
        patient = phone(base=line.base, **settings)
        patient.let_in(invitation)
        if not settings:
            patient.page.clock.install()  # a wait for the next try takes no time
        patient.go(address)
        return patient

    return make


def goes(patient, address) -> None:
    """As a tap on a link: a cut leaves an error page or half a page."""
    try:
        patient.page.goto(address, wait_until="commit")
    except Error as cut:
        assert "net::ERR" in cut.message
        expect(patient.page).to_have_url(CUT_OFF)


def again(patient) -> None:
    """A reload, once what the cut has left is a page that can be reloaded."""
    patient.page.evaluate("document.readyState")
    patient.page.reload()


def is_told(patient) -> None:
    expect(patient.find("#saving")).to_contain_text("Not saved yet")


def is_saved(patient) -> None:
    """The next try, whenever it is due, arrives."""
    patient.page.clock.run_for(30_000)
    patient.saved()


# --- opening ------------------------------------------------------------------------------------------------


def test_a_link_that_is_cut_opens_at_the_next_try_and_no_try_is_counted(clinic, phone, line):
    invitation, patient = given.invite(clinic), phone(base=line.base)
    link = f"/i/#{invitation.token}"
    for place in PLACES:
        with line.cut("GET /i/$", place):
            goes(patient, link)
        again(patient)
        patient.find("#birth_date").fill("03/15/1990")
        with line.cut("POST /i/$", place):
            patient.find(ONWARD).tap()
            expect(patient.page).to_have_url(CUT_OFF)
        again(patient)  # the browser sends it once more
        patient.at("/i/packet/")
        patient.context.clear_cookies()
    patient.open(link)  # it is not spent
    patient.at("/i/packet/")
    assert Packet.objects.get().tries == 0


# --- answering ----------------------------------------------------------------------------------------------


def test_a_save_cut_at_the_first_a_middle_and_the_last_place_is_stored_once(at, line):
    patient = at("/i/packet/gad-7/")
    for number in (1, 4, 7):
        for place, code in zip(PLACES, (given.SEVERAL, given.NOT_AT_ALL, given.SEVERAL), strict=True):
            with line.cut(SAVE, place):
                patient.option(f"gad7-q{number}", code).tap()
                is_told(patient)
            is_saved(patient)
    assert stored() == {f"gad7-q{number}": given.SEVERAL for number in (1, 4, 7)}
    assert SavedAnswer.objects.count() == Response.objects.get().revision == 9


def stored():
    """linkId → what stands there."""

    def walk(items):
        for item in items:
            for answer in item.get("answer", []):
                (value,) = [part for name, part in answer.items() if name.startswith("value")]
                yield item["linkId"], value["code"] if isinstance(value, dict) else value
            yield from walk(item.get("item", []))

    return dict(walk(Response.objects.get().answers))


def unlocked(packet):
    given.sign(packet, "share-permission")


FORM = "/i/packet/substance-use/"
QUESTIONS = {  # of each section: what is asked, what brings something up, what doesn't, what is brought up
    "sub-use": ("sub-alcohol", "alcohol-monthly", "alcohol-never", "sub-alcohol-last", "drank-week"),
    "sub-care": ("sub-medicine", "true", "false", "sub-medicine-name", "1819"),
    "sub-safety": ("sub-overdose-ever", given.YES, given.NO, "sub-overdose-30", given.NO),
}
ALL = {
    "sub-alcohol": "alcohol-monthly", "sub-alcohol-last": "drank-week", "sub-medicine": True,
    "sub-medicine-name": "1819", "sub-overdose-ever": given.YES, "sub-overdose-30": given.NO,
}  # fmt: skip


def test_questions_that_come_by_a_reply_that_is_cut_come_with_the_next(at, line):
    patient = at(FORM, unlocked)
    for section, (asked, brings, takes, more, answer) in QUESTIONS.items():
        patient.go(f"{FORM}?at={section}")
        for place in PLACES:
            patient.answer({asked: takes})
            expect(patient.field(more)).to_have_count(0)
            with line.cut(SAVE, place):
                patient.option(asked, brings).tap()
                is_told(patient)
            is_saved(patient)
            patient.field(more).first.wait_for()
        patient.answer({more: answer})
    assert stored() == ALL
    assert SavedAnswer.objects.count() == Response.objects.get().revision == len(QUESTIONS) * (2 * len(PLACES) + 1)


def test_a_whole_page_whose_post_is_cut_is_sent_once_more_by_the_browser_and_stored_once(at, line):
    """Without JavaScript: what was typed is in that request alone."""
    patient = at(FORM, unlocked, java_script_enabled=False)
    for (asked, brings, _, more, answer), place in zip(QUESTIONS.values(), PLACES, strict=True):
        while not patient.field(asked).count():
            patient.go_on()
        patient.give(asked, brings)
        with line.cut(f"POST {FORM}", place), patient.page.expect_event("requestfailed"):
            patient.find(ONWARD).tap()
        if place != MIDDLE:  # then half of the page is there
            expect(patient.page).to_have_url(CUT_OFF)
        again(patient)
        patient.give(more, answer)
    patient.go_on()
    assert stored() == ALL


def test_a_section_whose_page_is_cut_is_there_at_the_next_try_with_its_answers(at, line):
    patient = at("/i/packet/", lambda packet: (unlocked(packet), given.answer(packet, "substance-use")))
    for section in QUESTIONS:
        for place in PLACES:
            with line.cut(f"GET .*at={section}", place):
                goes(patient, f"{FORM}?at={section}")
            patient.go(f"{FORM}?at={section}")
            expect(patient.find("[name='!at']")).to_have_value(section)
            expect(patient.find("#questions :checked").first).to_be_attached()
    assert Response.objects.get().revision == 1


def test_a_quick_reply_that_is_cut_is_kept_and_goes_on(at, line):
    patient = at("/i/packet/", lambda packet: packets.present(packet=packet, presentation="guided"))
    for number, place in zip((1, 4, 7), PLACES, strict=True):
        patient.go(f"/i/packet/gad-7/?at=gad7-q{number}")
        with line.cut(SAVE, place):
            patient.find(f'button[name="gad7-q{number}"][value$="{given.NOT_AT_ALL}"]').tap()
            is_told(patient)
        with line.cut("POST /i/packet/gad-7/([?]|$)", AFTER if place == AFTER else BEFORE):
            patient.page.clock.run_for(30_000)
            expect(patient.page).to_have_url(CUT_OFF)
        again(patient)
        expect(patient.find("[name='!at']")).not_to_have_value(f"gad7-q{number}")
    assert stored() == {f"gad7-q{number}": given.NOT_AT_ALL for number in (1, 4, 7)}


def test_names_whose_reply_is_cut_come_with_the_next_letter_and_the_box_takes_words(at, line):
    patient = at("/i/packet/medications/", lambda packet: given.answer(packet, "medications", {"med-any": [given.YES]}))
    patient.press('[name="!add"][value="med-list"]')
    box = patient.field("med-list[0].med-name").first
    box.focus()
    for place, letters in zip(PLACES, ("se", "r", "t"), strict=True):
        with line.cut("POST /i/terms", place), patient.page.expect_event("requestfailed"):
            patient.page.keyboard.type(letters)
            patient.page.clock.run_for(250)
    patient.page.clock.run_for(1000)
    patient.saved()
    assert "'sert'" in str(Response.objects.get().answers)
    patient.page.keyboard.type("r")
    patient.page.clock.run_for(250)
    patient.page.get_by_role("option", name="sertraline").tap()
    until(lambda: "36437" in str(Response.objects.get().answers), "the name to be stored")


def test_a_photo_that_is_cut_is_said_to_be_unsent_and_kept_once(at, line, tmp_path):
    patient = at("/i/packet/insurance/", lambda packet: given.answer(packet, "insurance", {"ins-have": ["true"]}))
    status = patient.find("[data-photos] [role=status]").first
    for place in PLACES:
        Image.effect_noise((300, 200), 60).convert("RGB").save(tmp_path / "card.jpg")
        with line.cut("POST .*/photo", place):
            patient.find("[name='ins-card-front!photo']").set_input_files(tmp_path / "card.jpg")
            expect(status).to_contain_text("not sent yet")
        patient.page.clock.run_for(30_000)
        expect(status).to_be_empty()
        expect(patient.find("[data-photos] img")).to_have_count(1)
    assert Photo.objects.count() == 1
    kept = Event.objects.filter(action__startswith="photo.").values_list("action", flat=True)
    assert sorted(kept) == ["photo.removed"] * 2 + ["photo.saved"] * 3, "each once, in the place of the one before"


# --- signing and sending ------------------------------------------------------------------------------------


def test_a_signature_that_is_cut_is_one_signature(at, line):
    patient = at("/i/packet/")
    for number, (slug, place) in enumerate(zip(given.DOCUMENTS, (AFTER, BEFORE, AFTER), strict=True), 1):
        patient.go(f"/i/packet/{slug}/")
        for box in patient.find("label:has([name=statement])").all():
            box.tap()
        patient.find("[name=signer_name]").fill("Rosa Núñez")
        with line.cut(f"POST /i/packet/{slug}/$", place):
            patient.find("[name=decision][value=signed]").tap()
            patient.page.clock.run_for(200)
            expect(patient.page).to_have_url(CUT_OFF)
        again(patient)
        expect(patient.find("main h1")).to_be_visible()
        assert Signature.objects.count() == number


@pytest.mark.parametrize("place", [BEFORE, AFTER])
def test_a_submission_that_is_cut_is_one_submission(at, line, place):
    patient = at("/i/packet/review/", given.complete)
    with line.cut("POST /i/packet/review/$", place):
        patient.find(ONWARD).tap()
        patient.page.clock.run_for(200)
        expect(patient.page).to_have_url(CUT_OFF)
    again(patient)
    patient.at("/i/packet/done/")
    assert Submission.objects.count() == 1
