"""Every type of question in both presentations: by touch, by keyboard alone, without JavaScript; looked at in both
languages."""

from urllib.parse import urlsplit

import every_type
import pytest
from every_type import ANSWERS, STORED
from phone import ONWARD, Phone, ends_with
from playwright.sync_api import expect
from test_browser_keyboard import tab_to

from intake import engine, selectors
from intake.models import FormVersion, Response, Step
from intake.services import packets
from intake.templatetags.questions import control
from intake.views.patient import address

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FORM = f"/i/packet/{every_type.SLUG}/"
KEYBOARD = {"has_touch": False, "is_mobile": False}


@pytest.fixture
def begun(clinic, phone):
    """Makes a phone that is at the form, in that presentation."""

    def begin(presentation: str, language: str = "en", **settings) -> tuple[Phone, object]:
        invitation = every_type.invited(clinic, language)
        packets.present(packet=invitation.packet, presentation=presentation)
        patient = phone(**settings)
        patient.let_in(invitation)
        patient.go(FORM)
        return patient, invitation.packet

    return begin


def sends_it(patient, packet, press) -> None:
    patient.at("/i/packet/review/")
    press(patient.find(ONWARD))
    patient.at("/i/packet/done/")
    assert every_type.stored(Response.objects.get(packet=packet).answers) == STORED


def is_at_the_form(patient) -> bool:
    return urlsplit(patient.page.url).path == FORM


def brought_up(patient, key) -> None:
    """What an answer brings up on its own page, once the server has said so."""
    if key == "above":
        patient.field("below").wait_for()


def by_pages(patient, give, press) -> None:
    """Section by section; an entry is added where one is needed."""
    waiting = dict(ANSWERS)
    while is_at_the_form(patient):
        while here := [key for key in waiting if patient.field(key).count()]:
            give(here[0], waiting.pop(here[0]))
        adding = patient.find('[name="!add"][value="people"]')
        press(adding if "people[0].who" in waiting and adding.count() else patient.find(ONWARD))
    assert not waiting


def by_turns(patient, give, press) -> None:
    """Question by question: a reply is pressed, anything else is given and then sent."""
    waiting = dict(ANSWERS)
    while is_at_the_form(patient):
        key = patient.find("[name='!at']").get_attribute("value")
        names = [name for name in (key, f"{key}!declined") if name in waiting]
        entry = any(name.startswith(f"{key}[") for name in waiting)
        if names:
            answer = waiting.pop(names[0])
            if patient.find(f'button.reply[name="{names[0]}"]').count():
                press(patient.find(f'button.reply[name="{names[0]}"]{ends_with(str(answer))}'))
            else:
                give(names[0], answer)
                press(patient.find(ONWARD))
        else:
            skip = patient.find("[name='!skip']")
            press(patient.find("[name='!add']") if entry else skip if skip.count() else patient.find(ONWARD))
    assert not waiting, waiting


WAYS = {"page": by_pages, "guided": by_turns}


@pytest.mark.parametrize("presentation", WAYS)
def test_every_type_by_touch(begun, presentation):
    patient, packet = begun(presentation)

    def give(key, answer):
        with patient.page.expect_response("**/save*"):
            patient.give(key, answer)
        brought_up(patient, key)

    WAYS[presentation](patient, give if presentation == "page" else patient.give, patient.press)
    sends_it(patient, packet, patient.press)
    assert patient.kept() == []


@pytest.mark.parametrize("presentation", WAYS)
def test_every_type_without_javascript(begun, presentation):
    patient, packet = begun(presentation, java_script_enabled=False)
    WAYS[presentation](patient, patient.give, patient.press)
    sends_it(patient, packet, patient.press)


@pytest.mark.parametrize("presentation", WAYS)
def test_every_type_by_keyboard_alone(begun, presentation):
    patient, packet = begun(presentation, **KEYBOARD)
    page, keys = patient.page, patient.page.keyboard

    def give(key, answer):
        for text in [answer] if isinstance(answer, str) else answer:
            field = patient.field(key).first
            kind = field.get_attribute("type")
            if kind == "radio" and not patient.option(key, text).count():
                field, kind = patient.find(f'[data-own][name="{key}"]'), None
            if kind in ("radio", "checkbox"):
                choose(page, patient, key, text, kind)
            elif field.evaluate("field => field.localName") == "select":
                tab_to(page, field)
                keys.type(text[:1].upper())
            else:
                tab_to(page, field)
                keys.insert_text(text)
        if presentation == "page":
            brought_up(patient, key)

    def press(button):
        tab_to(page, button)
        with page.expect_event("load"):
            keys.press("Enter")

    WAYS[presentation](patient, give, press)
    sends_it(patient, packet, press)


def choose(page, patient, key, text, kind) -> None:
    """Tab to a set of radio buttons stops at its first; arrows go on from there."""
    wanted = patient.option(key, text).locator("input")
    if kind == "checkbox":
        tab_to(page, wanted)
        page.keyboard.press("Space")
    else:
        tab_to(page, patient.field(key).first)
        page.keyboard.press("Space")
        while not wanted.is_checked():
            page.keyboard.press("ArrowDown")


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("presentation", WAYS)
def test_everybody_can_use_every_type(begun, presentation, language):
    patient, packet = begun(presentation, language, locale=language)
    view = selectors.form_view(packet, every_type.SLUG, language)
    turns = engine.turns(view.pages)
    kinds = {(turn.kind, control(turn.node)): turn.key for turn in turns}.values()
    for key in kinds if presentation == "guided" else [page.section.id for page in view.pages]:
        patient.go(address(every_type.SLUG, key))
        patient.look(f"{language}-{presentation}-{key}")
    wrong = {"day": "soon", "count": "many"}
    for key, text in wrong.items():
        patient.go(address(every_type.SLUG, key))
        patient.give(key, text)
        expect(patient.find(f"[id='e-{key}']")).to_be_visible()
        patient.look(f"{language}-{presentation}-{key}-wrong")


def test_a_marked_reply_opens_the_help_before_anything_is_sent_and_goes_on_after_it(clinic, phone):
    invitation, patient = every_type.given.invite(clinic), phone()
    packets.present(packet=invitation.packet, presentation="guided")
    patient.let_in(invitation)
    patient.go("/i/packet/phq-9/?at=phq9-q9")
    patient.page.route("**/*", lambda route: route.abort())
    patient.find('button[name="phq9-q9"][data-risk]').first.tap()
    panel = patient.find("#crisis")
    expect(panel).to_be_visible()
    expect(panel.locator("[data-told]")).to_be_hidden()
    patient.page.unroute("**/*")
    expect(patient.find("#crisis [data-told], #crisis [data-untold]").locator("visible=true")).to_have_count(1)
    panel.locator(".button[data-close]").tap()
    patient.at("/i/packet/phq-9/")
    expect(patient.find("[name='!at']")).to_have_value("phq9-difficulty")
    expect(patient.find("main")).not_to_contain_text("You are not alone")


def test_a_quick_reply_without_a_network_is_kept_on_the_page_and_goes_on_when_it_is_back(clinic, phone):
    invitation, patient = every_type.given.invite(clinic), phone()
    packets.present(packet=invitation.packet, presentation="guided")
    patient.let_in(invitation)
    patient.go("/i/packet/phq-9/?at=phq9-q1")
    patient.context.set_offline(True)
    patient.find('button[name="phq9-q1"]').nth(1).tap()
    expect(patient.find("#saving")).to_contain_text("Not saved yet")
    patient.context.set_offline(False)
    expect(patient.find("[name='!at']")).to_have_value("phq9-q2")
    expect(patient.find(".said")).to_have_text("Several days")


def test_changing_the_presentation_keeps_the_question(begun):
    patient, _ = begun("guided")
    patient.go(address(every_type.SLUG, "slide"))
    patient.press("[name='!presentation']")
    assert urlsplit(patient.page.url).fragment == "q-slide"
    expect(patient.find("[id='q-slide']")).to_be_in_viewport()
    patient.field("open").last.focus()
    patient.press("[name='!presentation']")
    expect(patient.find("[name='!at']")).to_have_value("open")


def test_what_was_typed_is_shown_as_understood_while_the_patient_is_still_there(begun):
    patient, _ = begun("page")
    patient.go(address(every_type.SLUG, "day"))
    read = patient.find("[id='r-day']")
    expect(read).to_be_hidden()
    patient.give("day", "3/15/90")
    expect(read).to_have_text("We read this as: March 15, 1990")
    patient.give("day", "soon")
    expect(patient.find("[id='e-day']")).to_be_visible()
    expect(read).to_be_hidden()


def test_what_the_server_replies_moves_nothing_away_under_a_finger(begun):
    patient, _ = begun("guided")
    for key in ("name", "count", "moment", "dose"):
        patient.go(address(every_type.SLUG, key))
        before = patient.find(ONWARD).bounding_box(), patient.find(".bar").bounding_box()
        patient.answer({key: ANSWERS[key]})
        patient.saved()
        assert (patient.find(ONWARD).bounding_box(), patient.find(".bar").bounding_box()) == before


TOTAL = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression"
TWICE = {"language": "text/fhirpath", "expression": "%resource.item.where(linkId='n').answer.value * 2"}


def test_what_is_calculated_follows_the_answers_while_the_page_is_open(clinic, phone):
    invitation, patient = every_type.given.invite(clinic), phone()
    number = every_type.item("n", "integer", "A number", "Un número")
    total = {"url": TOTAL, "valueExpression": TWICE}
    twice = every_type.item("twice", "integer", "Twice that", "El doble", total, readOnly=True)
    definition = {**every_type.FORM, "item": [number, twice]}
    form = FormVersion.objects.create(slug="twice", version="1", definition=definition, sha256="0" * 64)
    Step.objects.create(packet=invitation.packet, position=99, what=Step.What.FORM, slug="twice", form=form)
    patient.let_in(invitation)
    patient.go("/i/packet/twice/")
    expect(patient.find("#q-twice [data-said]")).to_have_text("Nothing yet")
    for typed, shown in (("21", "42"), ("5", "10"), ("", "Nothing yet")):
        patient.answer({"n": typed})
        expect(patient.find("#q-twice [data-said]")).to_have_text(shown)
        expect(patient.field("n")).to_have_value(typed)
        patient.saved()
        expect(patient.find("#saving")).to_have_text("Saved")
