"""The log of what staff told by phone, fax, on paper or in person: the same gate, the same ledger, both accountings."""

import uuid
from datetime import timedelta

import pytest
from consent_screen import TEST
from django.urls import reverse
from personas import signed_in
from test_disclosing import SHARING

import consents.selectors
import consents.services
from audit.models import Event
from consents.models import Disclosure, PrivacyTask
from consents.policy import NOTICE, Hipaa, Recipient, Role
from consents.services import NotYetTold, Told
from core import clock

BAY = Recipient("Bay Hospital", Hipaa.COVERED_ENTITY, Role.TREATING)


def tell(screen, **changed):
    said = {
        "key": uuid.uuid4(), "recipient": BAY, "address": "555-010-0188", "purpose": "TREAT",
        "categories": ("substance_use", "medications"), "channel": "phone", "at": clock.now(),
        "told_by": "Casey Clinician", "notice_given": True,
    }  # fmt: skip
    world = screen.world
    return consents.services.write_down(
        patient=world.patient, program=world.program, told=Told(**(said | changed)), user=world.compliance
    )


def listed(screen, report):
    return [line.recipient for line in
            consents.services.account(patient=screen.world.patient, report=report, actor=TEST).lines]  # fmt: skip


def test_what_a_consent_covers_stands_in_the_ledger_under_it_and_in_the_accounting_of_three_years(screen):
    signature = screen.decide(SHARING)
    row, reasons = tell(screen)
    assert (reasons, row.signature, row.basis, row.state) == ((), signature, "part2-consent", "sent")
    assert (row.told_by, row.recorded_by, row.channel) == ("Casey Clinician", screen.world.compliance, "phone")
    assert row.summary == "medications, substance use; told by telephone"
    assert NOTICE in row.statement and "Scope of the patient" in row.statement
    assert tell(screen, notice_given=False)[0].statement == ""
    assert (listed(screen, "part2"), listed(screen, "hipaa")) == (["Bay Hospital"] * 2, [])
    assert Event.objects.filter(action="disclosure.told").count() == 2
    assert consents.selectors.shared_under(signature.id)[0].recipient == "Bay Hospital"


def test_what_none_covers_is_written_down_as_such_and_waits_for_somebody(screen):
    row, reasons = tell(screen)
    assert (reasons, row.basis, row.is_part2) == (("no-part2-consent",), "uncovered: no-part2-consent", True)
    assert PrivacyTask.objects.get(kind="uncovered").ref == row.id
    assert (listed(screen, "part2"), listed(screen, "hipaa")) == ([], ["Bay Hospital"])
    assert '"uncovered":["no-part2-consent"]' in Event.objects.get(action="disclosure.told").context


def test_the_given_time_decides_and_the_same_click_twice_is_one_row(screen):
    signature = screen.decide(SHARING)
    before, key = clock.now(), uuid.uuid4()
    consents.services.revoke(signature=signature, why="revoked", note="", actor=TEST)
    assert tell(screen, at=before, key=key)[1] == tell(screen, at=before, key=key)[1] == ()
    assert tell(screen)[1] == ("revoked",)
    assert tell(screen, at=before - timedelta(days=1))[1] == ("no-part2-consent",)
    with pytest.raises(NotYetTold):
        tell(screen, at=clock.now() + timedelta(hours=1))
    assert Disclosure.objects.count() == 3


def test_a_limit_binds_also_what_needs_no_consent(screen):
    screen.world.program.part2_status = "not_part2"
    assert tell(screen, categories=("attendance",), purpose="PATRQT")[0].basis == "not-a-part2-record"
    assert listed(screen, "hipaa") == ["Bay Hospital"]
    wish = consents.services.ask_restriction(
        patient=screen.world.patient, actor=TEST, scope="Not Bay", is_self_paid=False, recipients=["Bay Hospital"],
        purposes=[], categories=[],
    )  # fmt: skip
    consents.services.decide_restriction(request=wish, user=screen.world.compliance, agrees=True, note="Yes")
    assert tell(screen, categories=("attendance",))[1] == ("restricted",)


def test_the_officer_writes_it_on_a_page_that_says_plainly_what_no_permission_covered(screen):
    address = reverse("consents:told", args=[screen.world.patient.id])
    said = {
        "key": uuid.uuid4(), "at": "2026-01-05T10:00", "channel": "fax", "told_by": "Casey",
        "recipient": "Bay Hospital", "role": "treating_provider", "hipaa": "ce",
        "program": screen.world.program.id, "purpose": "TREAT",
        "categories": ["results"],
    }  # fmt: skip
    for who in ("clinician", "front_desk", "stranger", "operator"):
        assert signed_in(getattr(screen.world, who)).post(address, said).status_code == 404
    officer = signed_in(screen.world.compliance)
    assert officer.post(address, said | {"categories": []}).status_code == 422
    assert "has not come yet" in officer.post(address, said | {"at": "2999-01-05T10:00"}).content.decode()
    assert not Disclosure.objects.exists()
    page = officer.post(address, said, follow=True).content.decode()
    assert "No permission covered this (no-part2-consent)" in page
    assert "Bay Hospital" in page and "not covered" in page
    listing = reverse("consents:accounting", args=[screen.world.patient.id, "other", "html"])
    assert "uncovered" in officer.get(listing).content.decode()
