"""Signing in a real browser: with a finger, by keyboard, without JavaScript; two people; a text that changes."""

import packets as given
import pytest
from patient_pages import new_text
from playwright.sync_api import expect
from test_browser_keyboard import sign_by_keyboard

import consents.services
from consents.models import ConsentRule, Document, Signature
from intake.models import Step

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

TREATMENT = "/i/packet/treatment/"


def draw(phone, *strokes) -> None:
    """With one finger, as the phone's glass reports it."""
    box = phone.find("#pad svg").bounding_box()
    glass = phone.context.new_cdp_session(phone.page)

    def touch(kind, point=None):
        points = [{"x": box["x"] + point[0], "y": box["y"] + point[1]}] if point else []
        glass.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    for first, *rest in strokes:
        touch("touchStart", first)
        for point in rest:
            touch("touchMove", point)
        touch("touchEnd")


def test_a_finger_draws_under_the_agreement_to_sign_on_a_screen_in_spanish(clinic, phone):
    invitation = given.invite(clinic, "es", esign=True)
    patient = phone("signing-")
    patient.let_in(invitation)
    patient.go("/i/packet/privacy-notice/")
    patient.look("closed-es")
    patient.go_on()
    patient.at("/i/packet/esign/")
    assert patient.find("[name=statement]:checked").count() == 0
    sample = patient.find("a[href*='sample.']").get_attribute("href")
    reply = patient.context.request.get(f"{patient.base}{sample}")
    assert reply.body().startswith(b"%PDF-") and sample.endswith("sample.es.pdf")
    patient.find("#pad svg").scroll_into_view_if_needed()
    draw(patient, [(20, 30), (60, 80), (120, 20)], [(150, 40), (151, 41)])
    expect(patient.find("#pad polyline")).to_have_count(2)
    patient.look("esign-es")
    patient.find("#word").fill("jardin")
    patient.find("#signer_name").fill("Rosa Núñez")
    patient.press("[name=decision][value=signed]")  # the line is not ticked: everything else stays
    assert patient.find("#signer_name").input_value() == "Rosa Núñez"
    expect(patient.find("#pad polyline")).to_have_count(2)
    patient.find("#pad button").tap()
    expect(patient.find("#pad polyline")).to_have_count(0)
    patient.find("#pad svg").scroll_into_view_if_needed()
    draw(patient, [(20, 30), (60, 80), (120, 20)])
    patient.find("label:has([name=statement])").tap()
    patient.press("[name=decision][value=signed]")
    patient.at("/i/packet/privacy-notice/")
    kept = Signature.objects.get(kind="esign")
    [stroke] = kept.mark
    assert len(stroke) >= 3 and stroke[0] != stroke[-1] and kept.version.language == "es"
    assert (kept.evidence["mark"], kept.evidence["font_scale"]) == ("drawn", 1.0)
    assert patient.page.evaluate("scrollY") == 0


def test_without_javascript_a_typed_name_signs_and_a_no_is_taken(clinic, phone):
    invitation = given.invite(clinic)
    patient = phone(java_script_enabled=False)
    patient.let_in(invitation)
    patient.go(TREATMENT)
    expect(patient.find("#pad")).to_be_hidden()
    patient.sign()
    kept = Signature.objects.get()
    assert (kept.evidence["mark"], kept.mark, kept.evidence["font_scale"]) == ("typed", None, None)
    patient.at("/i/packet/share-permission/")
    patient.find("summary").filter(has_text="I do not agree").tap()
    patient.press("[name=decision][value=declined]")
    patient.go("/i/packet/share-permission/")
    expect(patient.find("main")).to_contain_text("You said no to this, and that is fine.")
    assert set(Step.objects.filter(sensitivity="sud").values_list("state", flat=True)) == {"skipped"}


def test_a_text_that_changes_while_it_is_read_is_shown_anew_and_nothing_typed_is_lost(clinic, phone):
    invitation = given.invite(clinic)
    patient = phone(has_touch=False, is_mobile=False)
    page, keys = patient.page, patient.page.keyboard
    patient.go(f"/i/#{invitation.token}")
    patient.find("#birth_date").fill("03/15/1990")
    with page.expect_event("load"):
        patient.find("main .main").first.click()
    patient.go(TREATMENT)
    new_text(clinic, "treatment")
    with page.expect_response(lambda reply: reply.status == 409):
        sign_by_keyboard(patient, page, keys)
    expect(patient.find("[role=alert]")).to_contain_text("The text of this page has changed")
    expect(patient.find(".document")).to_contain_text("Now with new words")
    expect(patient.find("[name=statement]:checked")).to_have_count(0)
    expect(patient.find("#signer_name")).to_have_value("Rosa Núñez")
    assert not Signature.objects.exists()
    for box in patient.find("[name=statement]").all():
        box.focus()
        keys.press("Space")
    patient.find("[name=decision][value=signed]").focus()
    with page.expect_event("load"):
        keys.press("Enter")
    patient.at("/i/packet/share-permission/")
    assert Signature.objects.get().version.version == "9.9"


def test_a_minor_and_a_parent_sign_one_after_the_other_on_one_phone(clinic, phone):
    document = Document.objects.get(clinic=clinic.clinic, slug="treatment")
    consents.services.save_rule(rule=ConsentRule(document=document, signer="both"), by=clinic.compliance)
    invitation = given.invite(clinic)
    patient = phone("signing-")
    patient.let_in(invitation)
    patient.go(TREATMENT)
    patient.sign()
    patient.at(TREATMENT)
    expect(patient.find("main")).to_contain_text("Please hand the phone or tablet to your parent")
    expect(patient.find("a[href='/i/packet/']")).to_have_count(0)
    patient.look("guardian")
    patient.find("#capacity").select_option("parent")
    patient.find("#authority").fill("I am her mother and we live together.")
    patient.sign("Marta Núñez")
    expect(patient.find("main")).to_contain_text("Please give the phone or tablet back")
    made = Signature.objects.order_by("signed_at")
    assert [(one.capacity, one.signer_name) for one in made] == [("self", "Rosa Núñez"), ("parent", "Marta Núñez")]
