"""Whoever helps on the clinic's tablet sees what is answered with their help, and nothing that was answered before."""

import io

import packets as given
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from patient_pages import answer, autosave, opened, sign, states
from personas import signed_in, staff
from PIL import Image
from plain_browser import PlainBrowser

from audit.models import Event
from consents.models import Signature
from core.adapters.pictures import developed
from core.permissions import Role
from escalation.models import Incident
from intake.models import Overruled, Packet, Photo, Response
from intake.selectors.reaching import how_to_reach
from intake.services import packets, photos

SECRET = "Zanzibar"
CLOSED = "This part was begun without the person who helps here"


def prologue(world):
    return given.invite(world)


@pytest.fixture
def invitation(story):
    return story


def helped(world, packet, user=None, *, how="I help"):
    """The desk hands the tablet over, and types the date of birth that it knows."""
    browser = PlainBrowser()
    browser.client = signed_in(user or world.front_desk)
    browser.client.post(f"/admin/intake/packet/{packet.pk}/tablet/", {"helps": how} if how else {})
    browser.go("/i/tablet/")
    browser.press({"birth_date": "3/15/1990"})
    assert browser.url == "/i/packet/"
    return browser


def card():
    made = io.BytesIO()
    Image.new("RGB", (40, 20), "red").save(made, "JPEG")
    return made.getvalue()


@pytest.fixture
def at_home(invitation):
    """She has answered alone: a name, the insurance with its card, and item nine."""
    packet = invitation.packet
    for slug in given.DOCUMENTS:
        given.sign(packet, slug)
    given.answer(packet, "demographics", {"demo-preferred": [SECRET]})
    given.answer(packet, "phq-9", {**given.ANSWERS["phq-9"], "phq9-q9": [given.SEVERAL]})
    packets.remember_place(packet=packet, slug="phq-9", key="phq9-q9")
    return packet


@pytest.mark.parametrize("presentation", ["page", "guided"])
def test_what_was_answered_alone_is_on_no_page_of_a_helped_sitting(world, at_home, presentation):
    packets.present(packet=at_home, presentation=presentation)
    browser = helped(world, at_home)
    assert "You were at" not in browser.page.text
    for path in (
        "demographics/",
        "demographics/?at=demo-preferred",
        "phq-9/",
        "phq-9/?at=phq9-q9",
        "phq-9/?at=phq9-q10",
    ):
        page = browser.go(f"/i/packet/{path}")
        assert CLOSED in page.text
        assert "open your link on your own" in page.text
        assert SECRET not in page.html
        assert "phq9-q" not in page.html
        assert "checked" not in page.html
    for path in ("/i/packet/", "/i/packet/review/"):
        page = browser.go(path)
        assert SECRET not in page.html
        assert "Answered before. It is not shown here." in page.text
        assert "demo-given" not in page.html, "not which of its answers are missing either"
        assert "This part isn’t finished." in page.text
        assert "phq9-q" not in page.html


def test_a_save_to_it_is_refused_and_told_nothing(world, at_home):
    browser = helped(world, at_home)
    browser.go("/i/packet/gad-7/")
    before = list(Response.objects.order_by("id").values_list("answers", "revision"))
    for slug, changes in (("demographics", {"demo-preferred": ["X"]}), ("phq-9", {"phq9-q9": [given.NOT_AT_ALL]})):
        refused = autosave(browser, slug, changes)
        assert (refused.status_code, list(refused.json())) == (409, ["detail"])
        assert SECRET not in refused.content.decode()
        token = dict(browser.page.fields)["csrfmiddlewaretoken"]
        posted = {"csrfmiddlewaretoken": token, **{key: texts[0] for key, texts in changes.items()}}
        reply = browser.client.post(f"/i/packet/{slug}/", posted)
        assert CLOSED in reply.content.decode()
        assert SECRET not in reply.content.decode()
    assert list(Response.objects.order_by("id").values_list("answers", "revision")) == before
    assert not Overruled.objects.exists()


def test_no_photo_of_it_is_shown_taken_or_removed(world, at_home):
    given.answer(at_home, "insurance", {"ins-have": ["true"]})
    kept = photos.keep(packet_id=at_home.id, slug="insurance", key="ins-card-front", picture=developed(card()))
    browser = helped(world, at_home)
    assert browser.client.get(f"/i/photos/{kept.id}.jpg").status_code == 404
    token = dict(browser.go("/i/packet/gad-7/").fields)["csrfmiddlewaretoken"]
    sent = {"ins-card-front!photo": SimpleUploadedFile("a.jpg", card()), "!photo-here": "ins-card-front"}
    for posted in (sent, {"!photo-remove": str(kept.id), "!photo-here": "ins-card-front"}):
        reply = browser.client.post("/i/packet/insurance/photo", {"csrfmiddlewaretoken": token, **posted})
        assert reply.status_code == 404
    assert Photo.objects.get() == kept
    assert opened_here(at_home, world).client.get(f"/i/photos/{kept.id}.jpg").status_code == 200


def opened_here(packet, world):
    """The patient, with a new link at home."""
    return opened(packets.reissue(packet=packet, by=world.front_desk))


def test_a_part_that_is_begun_with_help_stays_open_until_it_is_changed_elsewhere(world, at_home, invitation):
    browser = helped(world, at_home)
    answer(browser, "presenting-concerns", {"con-reason": "I cannot sleep"})
    page = browser.go("/i/packet/presenting-concerns/")
    assert "I cannot sleep" in page.html
    assert autosave(browser, "presenting-concerns", {"con-reason": ["I sleep badly"]}).status_code == 200
    again = helped(world, at_home)  # the tablet was left idle
    assert "I sleep badly" in again.go("/i/packet/presenting-concerns/").html
    home = opened_here(at_home, world)
    home.go("/i/packet/presenting-concerns/")
    assert autosave(home, "presenting-concerns", {"con-reason": [SECRET]}).status_code == 200
    for tablet in (browser, again):
        refused = autosave(tablet, "presenting-concerns", {"con-reason": ["I sleep"]}, page=page)
        assert (refused.status_code, list(refused.json())) == (409, ["detail"])
        assert CLOSED in tablet.go("/i/packet/presenting-concerns/").text
        assert SECRET not in tablet.go("/i/packet/review/").html
    assert SECRET in home.go("/i/packet/presenting-concerns/").html
    assert SECRET in home.go("/i/packet/demographics/").html, "the patient alone sees all of it"


def test_what_one_helper_wrote_down_is_closed_to_another(world, at_home):
    answer(helped(world, at_home), "presenting-concerns", {"con-reason": "I cannot sleep"})
    other = staff(world.clinic, Role.FRONT_DESK, "erin@clinic.test", "Erin Desk")
    assert CLOSED in helped(world, at_home, other).go("/i/packet/presenting-concerns/").text


def test_who_goes_on_alone_on_the_tablet_answers_what_the_helper_will_not_see(world, at_home):
    browser = helped(world, at_home)
    answer(browser, "presenting-concerns", {"con-reason": "I cannot sleep"})
    token = dict(browser.go("/i/packet/gad-7/").fields)["csrfmiddlewaretoken"]
    browser.client.post("/i/tablet/alone/gad-7/", {"csrfmiddlewaretoken": token})
    browser.go("/i/packet/gad-7/")
    assert autosave(browser, "gad-7", {"gad7-q1": [given.SEVERAL]}).status_code == 200
    assert CLOSED not in browser.go("/i/packet/gad-7/").text
    assert "I cannot sleep" in browser.go("/i/packet/presenting-concerns/").html
    assert CLOSED in browser.go("/i/packet/phq-9/").text, "one tap is not a proof of who holds it"
    assert Response.objects.get(step__slug="gad-7").assisted_by is None
    assert CLOSED in helped(world, at_home).go("/i/packet/gad-7/").text
    event = Event.objects.get(action="packet.respondent", context__contains='"alone":true')
    assert str(world.front_desk.id) in event.context


def test_a_tablet_in_the_patients_hands_alone_shows_what_they_answered(world, at_home):
    browser = helped(world, at_home, how="")
    assert SECRET in browser.go("/i/packet/demographics/").html
    assert Event.objects.filter(action="packet.on_tablet", actor_id=str(world.front_desk.id)).exists()
    assert Event.objects.filter(action="packet.opened", actor_kind="patient").exists()


def test_parts_that_are_closed_and_complete_are_sent_and_one_that_is_not_is_named_only(world, at_home, invitation):
    for slug in given.ANSWERS.keys() - {"demographics"}:
        given.answer(at_home, slug)
    browser = helped(world, at_home)
    page = browser.go("/i/packet/review/")
    assert "One thing is still needed" in page.text
    assert "This part isn’t finished. To see it or change it, open your link on your own." in page.text
    assert "demo-" not in page.html
    given.answer(at_home, "demographics")
    page = browser.go("/i/packet/review/")
    assert "Look it over or change it" not in page.text
    browser.press()
    assert browser.url.startswith("/i/tablet/back/?sent")
    assert states(invitation)
    assert Packet.objects.get(pk=at_home.pk).state == "submitted"


def test_the_opening_is_the_helpers_and_so_is_what_they_wrote_down(world, at_home):
    browser = helped(world, at_home)
    answer(browser, "gad-7", {"gad7-q1": given.SEVERAL})
    event = Event.objects.get(action="packet.opened")
    assert (event.actor_kind, event.actor_id) == ("staff", str(world.front_desk.id))
    saved = Event.objects.filter(action="step.saved").order_by("at")
    assert str(world.front_desk.id) not in saved.first().context
    assert str(world.front_desk.id) in saved.last().context
    log = PlainBrowser()
    log.client = signed_in(world.compliance)
    assert "Dana Desk packet.opened" in log.go(f"/audit/?patient={world.patient.id}").text


def test_a_document_can_be_signed_with_help_and_says_so_and_at_home_not(world, invitation):
    sign(helped(world, invitation.packet), "treatment")
    sign(opened(invitation), "privacy-notice")
    with_help = Signature.objects.get(source_ref=invitation.packet.id, version__document__slug="treatment").evidence
    alone = Signature.objects.get(source_ref=invitation.packet.id, version__document__slug="privacy-notice").evidence
    assert (with_help["answered_by"], with_help["assisted_by"]) == ("staff", str(world.front_desk.id))
    assert (alone["answered_by"], alone["assisted_by"]) == ("patient", "")


def test_the_way_back_from_the_crisis_help_names_no_question(world, at_home):
    browser = helped(world, at_home)
    token = dict(browser.page.fields)["csrfmiddlewaretoken"]
    packets.remember_place(packet=at_home, slug="phq-9", key="phq9-q9")
    reply = browser.client.post("/i/packet/here/", {"csrfmiddlewaretoken": token, "place": "At home"})
    assert "phq9-q9" not in reply.content.decode()
    assert Incident.objects.exists()


def test_who_helped_is_said_of_what_was_answered_with_help_and_since_then(world, at_home):
    """She answered item nine alone at two in the morning; the desk opened it afterwards."""
    browser = helped(world, at_home)
    incident, clinician = Incident.objects.get(), signed_in(world.clinician)

    def pages():
        told = PlainBrowser()
        told.client = clinician
        incidents, patients = f"/incidents/{incident.code}/", f"/staff/patients/{world.patient.id}/"
        return told.go(incidents).text, told.go(patients).text

    assert not any("Dana Desk" in page for page in pages())
    answer(browser, "gad-7", {"gad7-q1": given.SEVERAL})
    since = Response.history.filter(assisted_by=world.front_desk).earliest("history_date").history_date
    on_incident, on_patient = pages()
    assert "the patient, partly helped by Dana Desk" in on_incident
    assert "Answered by the patient, partly helped by Dana Desk" in on_patient
    assert on_patient.count("With the help of Dana Desk") == 1
    [fact] = [one for one in how_to_reach(world.patient, at_home.id) if one.label == "Answered by"]
    assert fact.at == since
