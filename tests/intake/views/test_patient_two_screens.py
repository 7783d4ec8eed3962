"""Two tabs, two devices, one form: what the other one changed is told and asked about, never overwritten in silence."""

import packets as given
import pytest
from patient_pages import answer, autosave, opened, sign

from escalation.models import Incident
from intake.models import Response
from intake.services import submission

FORM = "/i/packet/demographics/"
ELSEWHERE = "This answer was changed on another screen."


def prologue(world):
    invitation = given.invite(world)
    both = opened(invitation), opened(invitation)
    for one in both:
        one.go(FORM)
    return invitation, both


@pytest.fixture
def invitation(story):
    return story[0]


@pytest.fixture
def screens(story):
    """Two devices on the same page, drawn at the same moment."""
    return story[1]


def says(text):
    return text in str(Response.objects.get(step__slug="demographics").answers)


def test_a_change_that_the_page_has_not_seen_is_told_and_not_overwritten(screens):
    phone, tablet = screens
    assert autosave(phone, "demographics", {"demo-given": ["Rosa"]}).status_code == 200
    refused = autosave(tablet, "demographics", {"demo-given": ["Rosita"], "demo-family": ["Núñez"]})
    told = refused.json()["conflicts"]
    assert refused.status_code == 409
    assert told["demo-given"]["words"].startswith(f"{ELSEWHERE} It now says: Rosa.")
    assert told["demo-given"]["now"]["demo-given"] == ["Rosa"]
    assert set(told) == {"demo-given"}
    assert says("Rosa") and not says("Rosita")
    assert says("Núñez")  # the other answer of the same post is kept


def test_once_told_the_patient_decides(screens):
    phone, tablet = screens
    autosave(phone, "demographics", {"demo-given": ["Rosa"]})
    revision = autosave(tablet, "demographics", {"demo-given": ["Rosita"]}).json()["revision"]
    mine = autosave(tablet, "demographics", {"demo-given": ["Rosita"]}, told={"demo-given": revision})
    assert mine.status_code == 200
    assert says("Rosita")
    # and now the first one is the older screen: it wrote the answer once, but not last
    assert autosave(phone, "demographics", {"demo-given": ["Rosalía"]}).status_code == 409
    # what changed once more after the telling is told once more
    assert autosave(phone, "demographics", {"demo-given": ["R."]}, told={"demo-given": revision}).status_code == 409


def test_danger_told_on_the_screen_that_was_not_heard_still_reaches_a_human(invitation):
    phone, tablet = opened(invitation), opened(invitation)
    for one in (phone, tablet):
        one.go("/i/packet/phq-9/")
    autosave(phone, "phq-9", {"phq9-q9": [given.NOT_AT_ALL]})
    assert not Incident.objects.exists()
    reply = autosave(tablet, "phq-9", {"phq9-q9": [given.SEVERAL]})
    assert (reply.status_code, reply.json()["risk"]) == (409, True)
    assert Incident.objects.get().source_ref == invitation.packet.id
    autosave(tablet, "phq-9", {"phq9-q9": ["LA6570-1"]})
    assert Incident.objects.count() == 1


def test_one_screen_may_change_its_own_answer_as_often_as_it_likes(screens):
    for name in ("R", "Ro", "Rosa"):
        assert autosave(screens[0], "demographics", {"demo-given": [name]}).status_code == 200


def test_the_same_answer_on_both_screens_is_no_conflict_and_no_new_revision(screens):
    for one in screens:
        assert autosave(one, "demographics", {"demo-given": ["Rosa"]}).json()["revision"] == 1


def test_a_repeat_of_the_key_is_told_the_same(screens):
    phone, tablet = screens
    key = given.uuid.uuid4()
    autosave(phone, "demographics", {"demo-given": ["Rosa"]})
    first = autosave(tablet, "demographics", {"demo-given": ["Rosita"], "demo-family": ["N"]}, key=key)
    again = autosave(tablet, "demographics", {"demo-given": ["Rosita"], "demo-family": ["N"]}, key=key)
    assert (first.status_code, first.json()) == (again.status_code, again.json())


def test_a_page_that_does_not_say_what_it_has_seen_overwrites_nothing(screens, invitation):
    autosave(screens[0], "demographics", {"demo-given": ["Rosa"]})
    nameless = opened(invitation)
    page = nameless.go(FORM)
    page.fields = [(name, value) for name, value in page.fields if name not in ("!client", "!revision")]
    assert autosave(nameless, "demographics", {"demo-given": ["Rita"]}).status_code == 409
    nameless.press({"demo-given": "Rita"})
    assert nameless.response.status_code == 409
    assert says("Rosa") and not says("Rita")


def test_a_plain_form_keeps_what_another_screen_answered_where_the_patient_touched_nothing(screens):
    phone, tablet = screens
    autosave(phone, "demographics", {"demo-given": ["Rosa"]})
    tablet.press({"demo-family": "Núñez"})  # its page still shows an empty first name, and posts it
    assert says("Rosa") and says("Núñez")
    assert ELSEWHERE not in tablet.page.text


def test_a_plain_form_is_shown_again_with_the_truth_and_with_what_was_typed(screens):
    phone, tablet = screens
    autosave(phone, "demographics", {"demo-given": ["Rosa"], "demo-sex": ["female"]})
    male = next(one for one in tablet.page.choices["demo-sex"] if one.endswith("|male"))
    tablet.press({"demo-given": "Rosita", "demo-sex": male, "demo-family": "Núñez"})
    assert tablet.response.status_code == 409
    assert f"{ELSEWHERE} It now says: Rosa." in tablet.page.text
    typed = dict(tablet.page.fields)
    assert (typed["demo-given"], typed["demo-sex"], typed["demo-family"]) == ("Rosita", male, "Núñez")
    assert says("Rosa") and not says("Rosita") and says("Núñez")
    tablet.press({}, "!keep", "demo-sex")  # keep that one; the name that was typed is sent again: the patient's word
    assert says("Rosita") and says("female")


def test_an_entry_that_moved_up_is_not_overwritten_by_its_old_number(screens, invitation):
    phone, tablet = screens
    phone.go("/i/packet/medications/")
    autosave(phone, "medications", {"med-any": [given.YES]})
    for name in ("Sertraline", "Lithium"):
        phone.go("/i/packet/medications/")
        phone.press(name="!add", value="med-list")
        last = max(one for one in phone.page.names if one.endswith(".med-name"))
        autosave(phone, "medications", {last: [name]})
    tablet.go("/i/packet/medications/")
    phone.go("/i/packet/medications/")
    phone.press(name="!remove", value="med-list[0]")
    refused = autosave(tablet, "medications", {"med-list[0].med-name": ["Sertraline 50"]})
    assert refused.status_code == 409
    assert "Lithium" in refused.json()["conflicts"]["med-list[0].med-name"]["words"]


def test_the_words_are_in_the_patients_language(world, invitation):
    phone, tablet = opened(invitation), opened(invitation)
    tablet.go(FORM)
    tablet.press(name="!language", value="es")
    for one in (phone, tablet):
        one.go(FORM)
    autosave(phone, "demographics", {"demo-given": ["Rosa"]})
    words = autosave(tablet, "demographics", {"demo-given": ["Rosita"]}).json()["conflicts"]["demo-given"]["words"]
    assert "otra pantalla" in words and "Rosa" in words


def test_what_was_reviewed_is_what_is_sent(invitation):
    given.complete(invitation.packet)
    phone, tablet = opened(invitation), opened(invitation)
    phone.go("/i/packet/review/")
    tablet.go(FORM)
    autosave(tablet, "demographics", {"demo-given": ["Rita"]})
    autosave(tablet, "demographics", {"demo-given": ["Rita"]})
    phone.press()
    assert phone.response.status_code == 409
    assert "Something was changed on another screen" in phone.page.text
    assert invitation.packet.__class__.objects.get().state == "in_progress"
    phone.press()
    assert phone.url == "/i/packet/done/"


def test_a_page_reviewed_before_the_answers_changed_and_were_sent_is_told_so(invitation):
    given.complete(invitation.packet)
    phone, tablet = opened(invitation), opened(invitation)
    old = phone.go("/i/packet/review/")
    assert autosave_then_send(tablet) == "/i/packet/done/"
    phone.page = old
    phone.press()
    assert phone.response.status_code == 409
    assert "Your forms were sent already" in phone.page.text


def autosave_then_send(browser):
    browser.go(FORM)
    given_name = autosave(browser, "demographics", {"demo-given": ["Rita"]})
    assert given_name.status_code in (200, 409)
    browser.go("/i/packet/review/")
    browser.press()
    return browser.url


def test_nothing_is_signed_or_sent_before_what_is_unconfirmed(world, invitation):
    browser = opened(invitation)
    browser.go("/i/packet/treatment/")
    ticked = {"statement": browser.page.choices["statement"], "signer_name": "Rosa Núñez"}
    browser.page.fields.append(("!unconfirmed", str(given.uuid.uuid4())))
    browser.press(ticked, "decision", "signed")
    assert browser.response.status_code == 409
    assert "Nothing was signed yet." in browser.page.text
    assert "Some of your answers are not saved yet." in browser.page.text
    assert dict(browser.page.fields)["signer_name"] == "Rosa Núñez"
    stored_key = given.uuid.uuid4()
    submission.save_answers(
        packet_id=invitation.packet.id, slug="demographics", key=stored_key, changes={"demo-given": ["Rosa"]}
    )
    browser.page.fields.append(("!unconfirmed", str(stored_key)))
    browser.press(ticked, "decision", "signed")
    assert browser.url != "/i/packet/treatment/"


@pytest.mark.parametrize("pending", ["not a key", "1,2", "x" * 5000])
def test_what_is_no_key_counts_as_unconfirmed(invitation, pending):
    given.complete(invitation.packet)
    browser = opened(invitation)
    browser.go("/i/packet/review/")
    browser.page.fields.append(("!unconfirmed", pending))
    browser.press()
    assert browser.response.status_code == 409
    assert "not saved yet" in browser.page.text


def test_another_patients_key_confirms_nothing(world, invitation):
    other = given.invite(world)
    key = given.uuid.uuid4()
    given.answer(other.packet, "demographics", {"demo-given": ["Rosa"]}, key=key)
    browser = opened(invitation)
    browser.go("/i/packet/treatment/")
    browser.page.fields.append(("!unconfirmed", str(key)))
    browser.press({"statement": browser.page.choices["statement"], "signer_name": "Rosa Núñez"}, "decision", "signed")
    assert browser.response.status_code == 409


def test_a_patient_with_javascript_off_signs_and_answers_as_ever(invitation):
    browser = opened(invitation)
    sign(browser, "treatment")
    answer(browser, "insurance", given.ANSWERS["insurance"])
    assert Response.objects.filter(step__slug="insurance").exists()
