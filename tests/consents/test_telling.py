"""The log of what staff told by phone, fax, on paper or in person: the same gate, the same ledger, both accountings."""

import csv
import inspect
import io
import re
import uuid
from datetime import datetime, timedelta

import pytest
from consent_screen import TEST
from django.urls import reverse
from personas import signed_in
from test_disclosing import SHARING
from test_privacy import expiring
from test_privacy import tell as in_emergency

import consents.selectors
import consents.services
from audit.models import Event
from consents import policy
from consents.models import Disclosure, PrivacyTask
from consents.policy import NOTICE, Hipaa, Recipient, Role
from consents.rules.reasons import WORDS
from consents.services import NotYetTold, Told, disclosing, emergencies
from core import clock
from ehr.services import basis

BAY = Recipient("Bay Hospital", Hipaa.COVERED_ENTITY, Role.TREATING)


def tell(screen, **changed):
    said = {
        "key": uuid.uuid4(), "recipient": BAY, "address": "555-010-0188", "purpose": "TREAT",
        "categories": ("substance_use", "medications"), "channel": "phone", "at": clock.now(),
        "told_by": "Casey Clinician", "what": "Her medicines and when she comes", "notice_given": True,
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
        "categories": ["results"], "what": "That she was tested",
    }  # fmt: skip
    for who in ("clinician", "front_desk", "stranger", "operator"):
        assert signed_in(getattr(screen.world, who)).post(address, said).status_code == 404
    officer = signed_in(screen.world.compliance)
    for name in ("categories", "what"):
        assert officer.post(address, said | {name: ""}).status_code == 422
    assert "has not come yet" in officer.post(address, said | {"at": "2999-01-05T10:00"}).content.decode()
    assert not Disclosure.objects.exists()
    page = officer.post(address, said, follow=True).content.decode()
    assert "No permission covered this: the patient had signed no permission for it." in page
    assert "Bay Hospital" in page and "not covered" in page
    listing = reverse("consents:accounting", args=[screen.world.patient.id, "other", "html"])
    page = officer.get(listing).content.decode()
    assert "no permission covered it: the patient had signed no permission for it" in page
    assert "Jan. 5, 2026, 10:00 AM" in page and "That she was tested" in page


def test_what_ended_in_the_minute_that_was_typed_had_ended(screen):
    """A page asks for the minute: in which order the two came is not known, and the "no" stands."""
    signed = screen.decide(SHARING)
    consents.services.revoke(signature=signed, why="revoked", note="", actor=TEST)
    at = clock.now().replace(second=0, microsecond=0)
    earlier = expiring(signed, expiry="none", signed_at=at - timedelta(hours=1))
    assert tell(screen, at=at)[1] == ()
    row = consents.services.revoke(signature=earlier, why="revoked", note="", actor=TEST)
    minute = row.at.replace(second=0, microsecond=0)
    assert tell(screen, at=minute)[1] == ("revoked",)
    assert tell(screen, at=minute - timedelta(minutes=1))[1] == ()


def test_the_patients_list_says_what_was_told_in_the_words_that_were_typed_and_when(screen):
    """45 CFR 164.528(b)(2): the date of the disclosure, not of the entry, and a description."""
    at = clock.now() - timedelta(days=400)
    tell(screen, at=at)
    in_emergency(screen.world, disclosed_at=at - timedelta(days=1), what="Her blood thinner")
    given = consents.services.account(patient=screen.world.patient, report="hipaa", actor=TEST)
    assert [(line.at, line.what) for line in given.lines] == [
        (at - timedelta(days=1), "Her blood thinner"), (at, "Her medicines and when she comes"),
    ]  # fmt: skip
    assert all(line.written_at > at + timedelta(days=399) for line in given.lines)
    rows = list(csv.DictReader(io.StringIO(consents.services.as_csv(given, "America/New_York"))))
    assert datetime.fromisoformat(rows[1]["Date and time"]) == at.replace(microsecond=0)
    assert rows[1]["Date and time"].endswith(("-05:00", "-04:00"))
    assert rows[0]["Basis"] == "a medical emergency (42 CFR 2.51)"


def test_every_reason_that_the_gate_can_give_has_words():
    code = r'"([a-z]+(?:-[a-z0-9]+)+)"'
    given = {*re.findall(code, inspect.getsource(policy)), *re.findall(code, inspect.getsource(disclosing))}
    assert len(given) > 25
    assert not given - {"expired", *WORDS}
    assert not {emergencies.BASIS, basis.REVOCATION_TOLD, basis.EMERGENCY_DOCUMENTED} - {*WORDS}


def test_nothing_is_chosen_beforehand_that_decides_whether_a_permission_covers_it(screen):
    address = reverse("consents:told", args=[screen.world.patient.id])
    officer = signed_in(screen.world.compliance)
    assert officer.get(address).content.decode().count("Choose…") == 4
    answer = officer.post(address, {"role": "", "hipaa": "", "program": "", "purpose": ""})
    assert (answer.status_code, answer.content.decode().count("This field is required.") > 4) == (422, True)
    assert not Disclosure.objects.exists()
