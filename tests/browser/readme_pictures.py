"""Makes the README's pictures anew: `.venv/bin/python -m pytest tests/browser/readme_pictures.py`. Invented people."""

from datetime import date
from io import BytesIO
from uuid import uuid4

import packets as given
import pytest
import staff_story
from phone import Phone
from PIL import Image
from playwright.sync_api import expect
from serving import ROOT

import consents.services
import consents.services.sealing
import core.services
import ehr.services
from core.models import Patient
from escalation.models import Incident
from intake.services import submission

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FOLDER = ROOT / "docs" / "screens"
SHARP, WIDE = 1.5, {"width": 1100, "height": 800}
MOOD = {f"phq9-q{n}": (given.SEVERAL, "LA6570-1")[n % 2] for n in range(1, 9)}


def named_as_in_the_demo(clinic) -> None:
    """Whoever follows the README meets the same people there."""
    clinic.clinic.name, clinic.clinic.neutral_name = "Harborview Counseling", "Harborview Office"
    clinic.clinic.save()
    for user, name in ((clinic.clinician, "Casey Morgan"), (clinic.backup, "Blake Okafor")):
        user.full_name = name
        user.save()


def keep(phone: Phone, name: str) -> None:
    """What is on the screen, in 64 colours."""
    with Image.open(BytesIO(phone.page.screenshot())) as picture:
        picture.convert("RGB").quantize(64).save(FOLDER / f"{name}.png", optimize=True)


def register(clinic, given_name: str, family_name: str, birth_date: date, mrn: str) -> Patient:
    patient = core.services.register_patient(
        clinic=clinic.clinic,
        given_name=given_name,
        family_name=family_name,
        birth_date=birth_date,
        actor=given.SEED,
        sex="unknown",
        phone="+1 555 010 0155",
        mrn=mrn,
    )
    core.services.join_care_team(patient=patient, user=clinic.clinician)
    return patient


def test_pictures_of_a_patient_who_needs_help_and_of_who_answers(clinic, phone):
    named_as_in_the_demo(clinic)
    marcus = register(clinic, "Marcus", "Bell", date(1978, 11, 2), "MRN-1978")
    thomas = register(clinic, "Thomas", "Åkerström", date(1965, 6, 30), "MRN-1965")
    sent = staff_story.invited(clinic, marcus).packet
    given.complete(sent)
    given.answer(sent, "gad-7", staff_story.GAD7)
    submission.submit(packet=sent, key=uuid4())
    staff_story.invited(clinic, thomas)
    invitation = staff_story.invited(clinic)
    given.complete(invitation.packet)
    pictures_of_the_patient(phone(device_scale_factor=SHARP), invitation)
    pictures_of_the_clinician(phone(device_scale_factor=SHARP), clinic, invitation.packet)


def pictures_of_the_patient(rosa, invitation) -> None:
    rosa.open(f"/i/#{invitation.token}")
    rosa.go("/i/packet/phq-9/")
    rosa.answer(MOOD)
    rosa.find("#q-phq9-q1").evaluate("(one) => one.scrollIntoView()")
    keep(rosa, "phq9-phone")
    rosa.option("phq9-q9", given.SEVERAL).tap()
    expect(rosa.find("#crisis [data-told]")).to_be_visible()
    keep(rosa, "crisis-help")


def pictures_of_the_clinician(casey, clinic, packet) -> None:
    casey.go("/staff/inbox/")
    casey.sign_in(clinic.clinician.email)
    keep(casey, "inbox")
    casey.go(f"/incidents/{Incident.objects.get().code}/")
    keep(casey, "incident")
    casey.press("button.now")
    casey.find("#outcome").evaluate("(one) => one.scrollIntoView()")
    keep(casey, "outcome")
    given.answer(packet, "gad-7", staff_story.GAD7)
    submission.submit(packet=packet, key=uuid4())
    consents.services.sealing.seal_due(limit=9)
    ehr.services.relay_finished()
    casey.page.set_viewport_size(WIDE)
    casey.go(f"/staff/patients/{clinic.patient.id}/")
    casey.find("#filing[data-total]").wait_for()
    keep(casey, "patient")
