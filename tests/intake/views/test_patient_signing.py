"""Who signs what, in which order, on whose phone; and what is kept of each act."""

import base64
import hashlib
import io
import json
import re
from datetime import datetime

import packets as given
import pytest
from django.urls import reverse
from patient_pages import fill, invited, opened, states
from personas import signed_in
from PIL import Image
from scans import photo, upload

import consents.selectors
import consents.services
from consents.models import ConsentRule, Document, DocumentVersion, Signature
from core import clock
from intake import selectors
from intake.models import Packet, Step
from intake.services import submission

MARK = "[[[10,20],[30,40],[990,400]]]"
TREATMENT, SHARING = "/i/packet/treatment/", "/i/packet/share-permission/"


def ruled(world, slug, signer, must="sign"):
    """This document alone is asked, and signed by them."""
    given.publish(world)
    document = Document.objects.get(clinic=world.clinic, slug=slug)
    rule = ConsentRule(document=document, signer=signer, must=must)
    consents.services.save_rule(rule=rule, by=world.compliance)
    ConsentRule.objects.exclude(pk=rule.pk).update(is_active=False)


def as_guardian(invitation):
    browser = opened(invitation, birth_date="1/1/1901")  # a page to type on
    browser.press(
        {
            "code": invitation.code,
            "birth_date": "3/15/1990",
            "respondent_name": "Marta Núñez",
            "relationship": "parent",
        }
    )
    return browser


# --- what is kept ---------------------------------------------------------------------------------------


def test_everything_that_proves_the_act_is_kept_with_it(world):
    browser = opened(given.invite(world))
    browser.go(TREATMENT)
    fill(browser, mark=MARK, font_scale="1.5")
    kept = Signature.objects.get()
    said = kept.evidence
    assert kept.mark == json.loads(MARK) and said["mark"] == "drawn"
    assert (kept.capacity, kept.authority, kept.signer_name) == ("self", None, "Rosa Núñez")
    assert said["font_scale"] == 1.5
    assert said["time_zone"] == "America/New_York"
    assert datetime.fromisoformat(said["server_time"]).utcoffset() is not None
    assert 0 <= said["seconds_on_page"] < 60 and said["shown_at"][:10] == said["server_time"][:10]
    assert said["handed_over"] is False
    key = browser.client.session.session_key
    assert re.fullmatch("[0-9a-f]{64}", said["session"]) and key not in json.dumps(said)


def test_a_typed_name_alone_signs(world):
    browser = opened(given.invite(world))
    browser.go(TREATMENT)
    fill(browser)
    kept = Signature.objects.get()
    assert kept.mark is None and kept.evidence["mark"] == "typed" and kept.evidence["font_scale"] is None


def test_a_single_letter_is_no_name_and_the_page_says_kindly_what_is(world):
    browser = opened(given.invite(world))
    browser.go("/i/packet/treatment/")
    typed = {"statement": browser.page.choices["statement"], "signer_name": "x"}
    page = browser.press(typed, "decision", "signed")
    assert "Please type your name with at least two letters. If you have one name, it is enough." in page.text
    assert not Signature.objects.exists()
    browser.press({"signer_name": "Li"}, "decision", "signed")
    assert Signature.objects.get().signer_name == "Li"


@pytest.mark.parametrize("scale", ["x", "-1", "0", "1e9", "nan", "inf"])
def test_what_no_page_of_ours_says_of_its_letters_is_not_kept(world, scale):
    browser = opened(given.invite(world))
    browser.go(TREATMENT)
    fill(browser, font_scale=scale)
    assert Signature.objects.get().evidence["font_scale"] is None


@pytest.mark.parametrize("forged", ["another page's", "another packet's", "0:forged", ""])
def test_a_time_that_we_did_not_stamp_is_not_kept(world, forged):
    browser = opened(given.invite(world))
    stamps = {
        "another page's": dict(browser.go("/i/packet/privacy-notice/").fields)["shown"],
        "another packet's": dict(opened(given.invite(world)).go(TREATMENT).fields)["shown"],
    }
    browser.go(TREATMENT)
    fill(browser, shown=stamps.get(forged, forged))
    kept = Signature.objects.get()
    assert kept.evidence["seconds_on_page"] is None and kept.evidence["shown_at"] == "unknown"


@pytest.mark.parametrize("mark", ["[[[1,5000]]]", "<svg/onload=alert(1)>", "{}"])
def test_a_drawing_that_is_none_is_refused_and_what_was_typed_stays(world, mark):
    browser = opened(given.invite(world))
    browser.go(TREATMENT)
    page = fill(browser, mark=mark)
    assert browser.response.status_code == 422
    assert "#pad" in page.links and dict(page.fields)["mark"] == ""
    assert dict(page.fields)["signer_name"] == "Rosa Núñez"
    assert not Signature.objects.exists()
    fill(browser)
    assert Signature.objects.count() == 1


def test_a_new_text_keeps_the_name_and_asks_again_for_every_tick(world):
    browser = opened(given.invite(world))
    page = browser.go(TREATMENT)
    old = DocumentVersion.objects.get(document__slug="treatment", language="en", state="effective")
    DocumentVersion.objects.filter(pk=old.pk).update(state="retired", retired_at=clock.now())
    DocumentVersion.objects.create(
        document=old.document, version="9.9", language="en", title=old.title, state="effective",
        effective_at=clock.now(), html=old.html + "<p>Now with new words.</p>",
        body=re.sub("version: .*", "version: 9.9", old.body, count=1), sha256="0" * 64,
    )  # fmt: skip
    page = fill(browser, mark=MARK)
    fields = dict(page.fields)
    assert browser.response.status_code == 409 and "Now with new words" in page.text
    assert fields["signer_name"] == "Rosa Núñez"
    assert "statement" not in fields and fields["mark"] == ""
    assert not Signature.objects.exists()


# --- by whom --------------------------------------------------------------------------------------------


def test_a_guardian_says_in_what_capacity_and_by_what_right(world):
    browser = as_guardian(given.invite(world))
    page = browser.go(TREATMENT)
    assert dict(page.fields)["capacity"] == "parent"
    page = fill(browser, authority=" ")
    assert browser.response.status_code == 422 and "#authority" in page.links
    fill(browser, capacity="")
    assert "#capacity" in browser.page.links and not Signature.objects.exists()
    fill(browser, signer_name="Marta Núñez")
    kept = Signature.objects.get()
    assert (kept.capacity, kept.authority) == ("parent", "I am her mother and have custody")
    assert kept.evidence["respondent"]["name"] == "Marta Núñez"


def test_where_both_sign_there_are_two_acts_on_two_screens(world):
    ruled(world, "treatment", "both")
    invitation = invited(world)
    browser = opened(invitation)
    page = browser.go(TREATMENT)
    assert "capacity" not in page.names
    page = fill(browser)
    assert browser.url == TREATMENT and "Please hand the phone or tablet to your parent" in page.text
    assert "/i/packet/" not in page.links  # the patient's answers are not one tap away
    assert dict(page.fields)["signer_name"] == "" and "statement" not in dict(page.fields)
    assert states(invitation)["treatment"] == "waiting"
    assert [one.why for one in selectors.missing(invitation.packet, "en") if one.slug == "treatment"] == ["second"]
    page = fill(browser, signer_name="Marta Núñez", capacity="guardian")
    assert "Please give the phone or tablet back" in page.text
    assert states(invitation)["treatment"] == "done"
    made = Signature.objects.order_by("signed_at")
    assert [(one.capacity, one.signer_name) for one in made] == [("self", "Rosa Núñez"), ("guardian", "Marta Núñez")]
    assert [one.evidence["handed_over"] for one in made] == [False, True]
    assert not [one for one in selectors.missing(invitation.packet, "en") if one.slug == "treatment"]


def test_on_a_guardians_packet_the_patient_signs_first_and_gives_the_phone_back(world):
    ruled(world, "treatment", "both")
    invitation = invited(world)
    browser = as_guardian(invitation)
    page = browser.go(TREATMENT)
    assert "Please hand the phone or tablet to the patient" in page.text and "capacity" not in page.names
    page = fill(browser)
    assert "Please give the phone or tablet back" in page.text and dict(page.fields)["capacity"] == "parent"
    fill(browser, signer_name="Marta Núñez")
    assert states(invitation)["treatment"] == "done"
    made = Signature.objects.order_by("signed_at")
    assert [one.evidence["handed_over"] for one in made] == [True, False]
    assert [bool(one.evidence["respondent"]) for one in made] == [False, True]  # who signs, not who answers


def test_a_double_tap_of_the_first_screen_is_not_the_second_signature(world):
    ruled(world, "treatment", "both")
    browser = opened(invited(world))
    page = browser.go(TREATMENT)
    posted = dict(page.fields) | {"signer_name": "Rosa Núñez", "decision": "signed"}
    posted["statement"] = page.choices["statement"]
    for _ in range(2):
        assert browser.client.post(TREATMENT, posted)["Location"] == TREATMENT
    assert [one.capacity for one in Signature.objects.all()] == ["self"]


def test_a_parent_who_declines_after_the_minor_signed_ends_it(world):
    ruled(world, "share-permission", "both", "decide")
    invitation = invited(world)
    browser = opened(invitation)
    browser.go(SHARING)
    fill(browser)
    assert selectors.steps(invitation.packet, "en")[-1].locked  # half a permission opens nothing
    page = browser.press(name="decision", value="declined")
    assert "#capacity" in page.links and not {"#signer_name", "#statements", "#authority"} & set(page.links)
    browser.press({"capacity": "parent"}, "decision", "declined")  # it takes no right to say no
    assert (states(invitation)["share-permission"], states(invitation)["dast-10"]) == ("declined", "skipped")
    assert consents.selectors.part2_signature(world.patient.id, invitation.packet.id) is None
    browser.go(f"{SHARING}?again")
    fill(browser, signer_name="Marta Núñez")
    assert (states(invitation)["share-permission"], states(invitation)["dast-10"]) == ("done", "waiting")


def test_half_a_permission_opens_nothing_and_the_whole_one_does(world):
    ruled(world, "share-permission", "both", "decide")
    packet = invited(world).packet
    given.sign(packet, "share-permission")
    with pytest.raises(submission.StepLocked):
        given.answer(packet, "dast-10")
    given.sign(packet, "share-permission", capacity="parent", authority="I am her mother")
    given.answer(packet, "dast-10")
    minors = Signature.objects.get(capacity="self")
    consents.services.revoke(signature=minors, why="revoked", note="", actor=given.SEED)
    with pytest.raises(submission.StepLocked):
        given.answer(packet, "dast-10", {"dast10-q1": [given.YES]})


def test_where_the_minor_may_consent_alone_nobody_signs_for_them(world):
    ruled(world, "share-permission", "minor_alone", "decide")
    invitation = invited(world)
    guardian = as_guardian(invitation)
    page = guardian.go(SHARING)
    assert "Only the patient can sign this page" in page.text and not page.choices
    token = {"csrfmiddlewaretoken": dict(page.fields)["csrfmiddlewaretoken"]}
    for posted in ({"decision": "signed"}, {"decision": "signed", "role": "patient", "signer_name": "Rosa"}):
        assert guardian.client.post(SHARING, token | posted).status_code == 409
    with pytest.raises(submission.NotTheirs):
        given.sign(invitation.packet, "share-permission", capacity="self")
    with pytest.raises(submission.NotTheirs):
        given.sign(invitation.packet, "share-permission")
    assert "is not asked here" in guardian.go("/i/packet/dast-10/").text
    assert "Only the patient can sign this." in guardian.go("/i/packet/").text
    assert not Signature.objects.exists()
    assert "share-permission" not in {one.slug for one in selectors.missing(invitation.packet, "en")}


def test_a_parent_cannot_sign_before_the_minor_nor_for_them_where_only_the_patient_answers(world):
    ruled(world, "treatment", "both")
    packet = invited(world).packet
    with pytest.raises(submission.NotTheirs):
        given.sign(packet, "treatment", capacity="parent", authority="I am her mother")
    other = given.invite(world).packet
    Step.objects.filter(packet=other, slug="treatment").update(signer="self")
    with pytest.raises(submission.NotTheirs):
        given.sign(other, "treatment", capacity="parent", authority="I am her mother")
    assert not Signature.objects.exists()


def test_a_guardian_signs_on_the_patients_phone_where_the_rule_wants_one(world):
    ruled(world, "treatment", "guardian")
    invitation = invited(world)
    browser = opened(invitation)
    assert "Please hand the phone" in browser.go(TREATMENT).text
    fill(browser, capacity="representative", signer_name="Marta Núñez")
    assert Signature.objects.get().capacity == "representative"
    assert states(invitation)["treatment"] == "done"


def test_what_only_has_to_be_shown_is_read_not_signed(world):
    ruled(world, "privacy-notice", "self", "shown")
    invitation = invited(world)
    browser = opened(invitation)
    page = browser.go("/i/packet/privacy-notice/")
    assert "signer_name" not in page.names and ("decision", "signed") not in page.buttons
    browser.press(name="decision", value="read")
    assert states(invitation)["privacy-notice"] == "done" and not Signature.objects.exists()
    assert "privacy-notice" not in {one.slug for one in selectors.missing(invitation.packet, "en")}
    Packet.objects.update(state="submitted", submitted_at=clock.now())
    assert "privacy-notice" not in {one.slug for one in selectors.steps(invited(world).packet, "en")}


def test_a_notice_that_changed_meanwhile_is_shown_again(world):
    ruled(world, "privacy-notice", "self", "shown")
    browser = opened(invited(world))
    page = browser.go("/i/packet/privacy-notice/")
    posted = dict(page.fields) | {"shown_sha256": "0" * 64, "decision": "read"}
    assert browser.client.post("/i/packet/privacy-notice/", posted).status_code == 409


def test_the_next_packet_asks_only_what_does_not_stand(world):
    first = given.invite(world)
    given.complete(first.packet)
    second = invited(world)
    assert [one.slug for one in selectors.steps(second.packet, "en") if one.what == "consent"] == []
    given.answer(second.packet, "dast-10")  # the permission of the first packet stands


def test_a_permission_that_ended_after_the_invitation_is_no_dead_end(world):
    first = given.invite(world)
    given.complete(first.packet)
    second = invited(world)
    for one in Signature.objects.filter(kind="part2_tpo"):
        consents.services.revoke(signature=one, why="revoked", note="", actor=given.SEED)
    browser = opened(second)
    assert "is not asked here" in browser.go("/i/packet/dast-10/").text


def test_a_photo_of_the_paper_that_proves_the_right_goes_with_the_signature(world):
    browser = as_guardian(given.invite(world))
    page = browser.go(TREATMENT)
    typed = {
        **{name: value for name, value in page.fields if name not in ("proof", "mark", "decision")},
        "statement": page.choices["statement"], "signer_name": "Marta Núñez", "capacity": "parent",
        "authority": "A court made me her guardian", "decision": "signed",
    }  # fmt: skip
    refused = browser.client.post(TREATMENT, {**typed, "proof": upload(b"no photo", "a.jpg")})
    assert refused.status_code == 422 and "We can’t read this file as a photo" in refused.content.decode()
    assert not Signature.objects.exists()
    browser.client.post(TREATMENT, {**typed, "proof": upload(photo(), "a.jpg")})
    kept = Signature.objects.get()
    paper = kept.papers.get()
    content = base64.b64decode(paper.content)
    assert (paper.what, paper.entered_by, paper.sha256) == ("authority", None, hashlib.sha256(content).hexdigest())
    assert kept.evidence["authority_paper_sha256"] == paper.sha256
    assert not Image.open(io.BytesIO(content)).getexif()
    assert consents.services.altered(kept.id) == ()
    assert signed_in(world.clinician).get(reverse("consents:scan", args=[paper.id])).content == content
    for who in (world.front_desk, world.stranger):
        assert signed_in(who).get(reverse("consents:scan", args=[paper.id])).status_code == 404
