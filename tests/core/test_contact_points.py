"""How staff are reached: set up by the clinic's administrator, proved by the person, unknown to everybody else."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.core.checks.registry import registry
from django.db import IntegrityError, transaction
from personas import signed_in
from receiving import receiving

import core.services
from audit.actions import Actor
from audit.models import Event
from core import clock
from core.channels.memory import MemoryChannel
from core.models import ContactPoint, Vendor
from escalation.checks import reaching

POINTS, VENDORS, PROVE = "/admin/core/contactpoint/", "/admin/core/vendor/", "/staff/contact/"
SEED = Actor.system("test")


@pytest.fixture
def vendor(world):
    until = clock.now().date() + timedelta(days=30)
    row = Vendor(clinic=world.clinic, name="Texts Inc", scope="texts and calls", baa_until=until)
    return core.services.save_vendor(vendor=row, actor=SEED)


@pytest.fixture
def ona(world):
    return signed_in(world.operator)


@pytest.fixture
def form(world, vendor):
    return {
        "clinic": str(world.clinic.pk), "user": str(world.clinician.pk), "kind": "sms", "address": "+15550100142",
        "vendor": str(vendor.pk), "rank": "1",
    }  # fmt: skip


@pytest.fixture
def point(world, vendor):
    row = ContactPoint(
        clinic=world.clinic, user=world.clinician, kind="sms", address="+15550100142", vendor=vendor, rank=1
    )
    return core.services.save_contact_point(point=row, actor=SEED)


def lapse():
    Vendor.objects.update(baa_until=clock.now().date() - timedelta(days=1))


def test_an_operator_records_a_vendor_and_a_contact_point_with_evidence_that_names_no_address(ona, form, world):
    vendor = {"clinic": form["clinic"], "name": "Calls Inc", "scope": "calls", "baa_until": "2099-12-31"}
    assert ona.post(f"{VENDORS}add/", vendor).status_code == 302
    assert ona.post(f"{POINTS}add/", form).status_code == 302
    point = ContactPoint.objects.get()
    assert (point.address, point.is_active, point.verified_at) == ("+15550100142", True, None)
    assert Event.objects.filter(action="vendor.saved").count() == 2
    (event,) = Event.objects.filter(action="contact.saved")
    assert (event.object_id, event.clinic_id) == (str(point.pk), world.clinic.pk)
    assert "0142" not in event.context
    assert (
        "+15550100142" not in ona.get(POINTS).content.decode() + ona.get(f"{POINTS}{point.pk}/change/").content.decode()
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"vendor": ""}, "Record the vendor that carries these messages first"),
        ({"address": "555 010 0142"}, "Write the number with its country"),
        ({"kind": "email"}, "Write an e-mail address"),
        ({"kind": "apprise", "address": "file:///etc/passwd"}, "Write the address of a service"),
        ({"kind": "in_app"}, "leave it empty"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(ona, form, change, says):
    page = ona.post(f"{POINTS}add/", {**form, **change})
    assert page.status_code == 200
    assert says in page.content.decode()
    assert not ContactPoint.objects.exists()


def test_a_lapsed_agreement_lets_nothing_be_switched_on_and_switches_nothing_off(ona, form, point):
    lapse()
    assert "has ended" in ona.post(f"{POINTS}add/", form).content.decode()
    change, off = {"vendor": form["vendor"], "rank": "2"}, f"{POINTS}{point.pk}/change/"
    assert ona.post(off, {**change, "is_active": "on"}).status_code == 302
    assert ContactPoint.objects.get().rank == 2
    assert ona.post(off, change).status_code == 302
    assert not ContactPoint.objects.get().is_active
    assert "has ended" in ona.post(off, {**change, "is_active": "on"}).content.decode()


def test_the_database_holds_that_a_vendor_channel_in_use_names_its_vendor(point):
    with pytest.raises(IntegrityError, match="a_vendor_channel_in_use"), transaction.atomic():
        ContactPoint.objects.update(vendor=None)
    ContactPoint.objects.update(vendor=None, is_active=False)


def test_an_address_is_never_changed(point):
    point.address = "+15550100199"
    assert core.services.save_contact_point(point=point, actor=SEED).address == "+15550100142"
    assert ContactPoint.objects.get().address == "+15550100142"


def test_people_and_vendors_of_another_clinic_are_refused(world, point, vendor):
    point.pk, point._state.adding = None, True
    stranger = ContactPoint(clinic=world.clinic, user=world.stranger, kind="email", address="a@b.test")
    assert "can't answer" in core.services.contact_fault(stranger)
    elsewhere = ContactPoint(clinic=world.other_clinic, user=world.stranger, kind="sms", address="+15550100142")
    elsewhere.vendor = vendor
    with pytest.raises(core.services.Refused, match="another clinic"):
        core.services.save_contact_point(point=elsewhere, actor=SEED)


@pytest.mark.parametrize("who", ["front_desk", "clinician", "supervisor", "compliance", "stranger_desk"])
def test_to_everybody_else_these_pages_do_not_exist(world, point, vendor, who):
    client = signed_in(getattr(world, who))
    addresses = [POINTS, VENDORS, f"{POINTS}{point.pk}/change/", f"{VENDORS}{vendor.pk}/change/", f"{POINTS}add/"]
    assert {client.get(address).status_code for address in addresses} <= {302, 403, 404}
    assert "Texts Inc" not in "".join(client.get(address, follow=True).content.decode() for address in addresses)
    assert client.post(f"{POINTS}{point.pk}/test/").status_code in (302, 403, 404)
    assert ContactPoint.objects.get().test_code == ""


def test_the_operators_home_offers_no_patients(ona, point):
    home = ona.get("/admin/").content.decode()
    assert "Contact points" in home
    assert "Invite a patient" not in home


# --- proving that it arrives ----------------------------------------------------------------------------


def test_a_test_says_a_code_and_a_link_and_the_person_proves_it_once(ona, world, point, settings):
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.TWILIO_FROM = "AC1", "tok", "+15550100100"
    with receiving() as provider:
        settings.TWILIO_BASE_URL = provider.url
        page = ona.post(f"{POINTS}{point.pk}/test/", follow=True).content.decode()
    assert "Sent." in page
    kept = ContactPoint.objects.get()
    assert kept.test_code in provider.received[0].body
    assert kept.test_code not in page
    assert (kept.last_test_delivered_at is None, kept.verified_at) == (False, None)

    casey, blake = signed_in(world.clinician), signed_in(world.backup)
    for client, code in ((blake, kept.test_code), (casey, "WRONG234"), (casey, "")):
        assert "not the code" in client.post(PROVE, {"code": code}).content.decode()
    assert ContactPoint.objects.get().verified_at is None
    assert casey.get(PROVE).status_code == 200
    assert casey.post(PROVE, {"code": f" {kept.test_code.lower()} "}).status_code == 302
    assert ContactPoint.objects.get().verified_at
    assert "not the code" in casey.post(PROVE, {"code": kept.test_code}).content.decode()
    assert [event.action for event in Event.objects.filter(action__startswith="contact.").order_by("at")] == [
        "contact.saved", "contact.tested", "contact.verified",
    ]  # fmt: skip


@pytest.mark.parametrize("who", ["front_desk", "compliance", "operator"])
def test_who_answers_no_pages_proves_nothing(world, who):
    client = signed_in(getattr(world, who))
    assert (client.get(PROVE).status_code, client.post(PROVE, {"code": ""}).status_code) == (404, 404)


def test_when_it_was_proved_stands_there_by_the_clinics_clock_with_its_zone(ona, world, point):
    type(world.clinic).objects.update(time_zone="America/New_York")
    at = datetime(2020, 1, 15, 7, 7, tzinfo=UTC)
    ContactPoint.objects.update(verified_at=at, last_test_delivered_at=at)
    for page in (POINTS, f"{POINTS}{point.pk}/change/"):
        assert ona.get(page).content.decode().count("Jan 15, 2020, 2:07 AM EST") == 2, page


def test_the_admins_history_is_by_the_clinics_clock_and_says_so(ona, form, world):
    type(world.clinic).objects.update(time_zone="Asia/Kathmandu")
    ona.post(f"{POINTS}add/", form)
    made = ContactPoint.objects.get()
    LogEntry.objects.update(action_time=datetime(2020, 1, 15, 7, 7, tzinfo=UTC))
    page = ona.get(f"{POINTS}{made.pk}/history/").content.decode()
    assert "by the clock of Asia/Kathmandu" in page
    assert "Jan. 15, 2020, 12:52 p.m." in page
    assert signed_in(world.stranger_desk).get(f"{POINTS}{made.pk}/history/").status_code in (302, 404)


def test_a_test_that_is_not_taken_says_why_and_proves_nothing(ona, point, settings):
    settings.TWILIO_ACCOUNT_SID = ""
    page = ona.post(f"{POINTS}{point.pk}/test/", follow=True).content.decode()
    assert "The test was not taken: no provider is set up." in page
    assert ContactPoint.objects.get().last_test_delivered_at is None


@pytest.mark.parametrize(("kind", "words"), [("email", "Code {code}."), ("voice", "Code {spelled}.")])
def test_the_words_of_a_test_are_fixed(world, point, kind, words, settings):
    settings.BASE_URL = "https://office.example"
    ContactPoint.objects.update(kind=kind)
    box = MemoryChannel()
    core.services.send_test(point=point, actor=SEED, channels=lambda _name: box)
    code = ContactPoint.objects.get().test_code
    said = words.format(code=code, spelled=", ".join(code))
    end = (
        "Sign in and enter it."
        if kind == "voice"
        else "\n\nSign in and enter it: https://office.example/staff/contact/"
    )
    (message,) = box.sent
    assert message.body.strip() == f"This is a test. {said}{' ' if kind == 'voice' else ''}{end}"
    assert message.subject == f"Test {code}"
    assert not mail.outbox


def test_the_check_names_lapsed_vendors_and_missing_accounts(point, settings):
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN, settings.TWILIO_FROM = "AC1", "tok", ""
    assert reaching(None) == []
    assert [one.id for one in reaching(["default"])] == ["escalation.W008"]
    assert "TWILIO_FROM" in reaching(["default"])[0].msg
    lapse()
    assert [one.id for one in reaching(["default"])] == ["escalation.W007", "escalation.W008"]
    assert "Texts Inc" in reaching(["default"])[0].msg
    ContactPoint.objects.update(is_active=False)
    assert reaching(["default"]) == []
    assert reaching in registry.get_checks()
