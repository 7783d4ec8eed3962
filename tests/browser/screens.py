"""Makes docs/screens anew: `./run screens`. Each kind of patient's page, in both presentations and both languages.

Invented people; a phone of 390 × 844. The README's pictures are made by readme_pictures.py.
"""

import re
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import packets as given
import pytest
from phone import ONWARD, Phone
from PIL import Image
from playwright.sync_api import expect
from serving import ROOT

import consents.services
import consents.services.sealing
from intake.services import packets

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FOLDER = ROOT / "docs" / "screens" / "patient"
COLOURS = 32
MOST_BYTES = 3_000_000  # the whole folder
DANGER = "phq9-q9"
Keep = Callable[[str], None]


def keeper(phone: Phone, language: str) -> Keep:
    """Keeps what is on the screen, as small as it gets."""

    def keep(name: str) -> None:
        with Image.open(BytesIO(phone.page.screenshot())) as picture:
            picture.convert("RGB").quantize(COLOURS).save(FOLDER / f"{name}-{language}.png", optimize=True)

    return keep


@pytest.mark.parametrize("language", ["en", "es"])
def test_pictures_of_every_kind_of_page(clinic, phone, language):
    FOLDER.mkdir(parents=True, exist_ok=True)
    given.with_interpreter(clinic)
    invitation = packets.invite(
        patient=clinic.patient,
        program=clinic.program,
        site=clinic.site,
        language=language,
        invited_by=clinic.front_desk,
    )
    patient = phone(locale=language)
    keep = keeper(patient, language)
    the_way_in(patient, keep, invitation)
    documents(patient, keep)
    sections(patient, keep)
    one_question_at_a_time(patient, keep)
    help_now(patient, keep)
    the_end(patient, keep, invitation.packet)


def the_way_in(patient: Phone, keep: Keep, invitation: packets.Invitation) -> None:
    patient.go("/i/")
    keep("link-code")
    patient.go(f"/i/#{invitation.token}")
    expect(patient.find("#code")).to_be_hidden()
    keep("link")
    patient.find("#birth_date").fill("03/16/1990")
    patient.press(ONWARD)
    keep("link-refused")
    patient.find("#birth_date").fill("03/15/1990")
    patient.go_on()
    patient.at("/i/packet/")
    keep("overview")
    patient.go("/i/packet/dast-10/")
    keep("locked")


def documents(patient: Phone, keep: Keep) -> None:
    for slug in given.DOCUMENTS:
        patient.go(f"/i/packet/{slug}/")
        if slug == "treatment":
            keep("document")
            patient.find("#statements").evaluate("(one) => one.scrollIntoView()")
            keep("document-signing")
        patient.sign()
    patient.go("/i/packet/treatment/")
    keep("document-decided")


def sections(patient: Phone, keep: Keep) -> None:
    for slug in ("demographics", "medications", "phq-9"):
        patient.go(f"/i/packet/{slug}/")
        keep(f"section-{slug}")
    patient.answer({"phq9-q1": given.SEVERAL})
    saved(patient)
    patient.context.set_offline(True)
    patient.option("phq9-q2", given.SEVERAL).tap()
    expect(patient.find("#saving")).not_to_have_text("")
    expect(patient.find("#saving.late")).to_be_visible()
    keep("section-offline")
    patient.context.set_offline(False)
    saved(patient)


def saved(patient: Phone) -> None:
    expect(patient.find("#saving")).to_have_text(re.compile("^(Saved|Guardado)"))


def one_question_at_a_time(patient: Phone, keep: Keep) -> None:
    patient.press("[name='!presentation'][value=guided]")
    keep("guided-question")
    patient.go("/i/packet/gad-7/")
    keep("guided-section")
    patient.go("/i/packet/medications/")
    keep("guided-medications")
    patient.press("[name='!presentation'][value=page]")


def help_now(patient: Phone, keep: Keep) -> None:
    patient.go("/i/packet/phq-9/")
    patient.option(DANGER, given.SEVERAL).tap()
    expect(patient.find("#crisis [data-told]")).to_be_visible()
    keep("crisis-help")
    patient.find("#crisis .button[data-close]").tap()


def the_end(patient: Phone, keep: Keep, packet) -> None:
    patient.go("/i/packet/review/")
    keep("review-missing")
    for slug, answers in given.ANSWERS.items():
        given.answer(packet, slug, answers)
    patient.go("/i/packet/review/")
    keep("review")
    patient.go_on()
    patient.at("/i/packet/done/")
    keep("done-preparing")
    consents.services.sealing.seal_due()
    patient.page.reload()
    keep("done")
    patient.find("#leave button").tap()
    patient.at("/i/closed/")
    keep("closed")


def test_the_pictures_stay_small():
    assert sum(one.stat().st_size for one in Path(FOLDER.parent).rglob("*.png")) < MOST_BYTES
