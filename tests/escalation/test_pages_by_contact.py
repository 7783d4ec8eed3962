"""A person is paged by every way the clinic knows; what a provider tells later moves a page on and never back."""

import uuid
from datetime import timedelta
from urllib.parse import parse_qs, urlencode

import pytest
from django.db import connection
from django.test import Client
from personas import signed_in
from receiving import receiving

import core.services
from audit.actions import Actor
from audit.models import Event
from core import clock
from core.channels import twilio
from core.channels.base import ChannelError
from core.channels.memory import MemoryChannel
from core.models import ContactPoint, Vendor
from escalation import services
from escalation.models import Incident, Page

NUMBER = "+15550100142"


@pytest.fixture
def vendor(world):
    until = clock.now().date() + timedelta(days=30)
    return Vendor.objects.create(clinic=world.clinic, name="Texts Inc", scope="texts and calls", baa_until=until)


@pytest.fixture
def reach(world, vendor):
    """Give somebody a contact point; proved unless said otherwise."""

    def add(kind, rank=1, user=None, address=NUMBER, proved=True, **more):
        return ContactPoint.objects.create(
            clinic=world.clinic, user=user or world.clinician, kind=kind, address=address, rank=rank,
            vendor=vendor, verified_at=clock.now() if proved else None, **more,
        )  # fmt: skip

    return add


def pages():
    return [(page.channel, page.state) for page in Page.objects.order_by("round", "due_at", "channel")]


class ByName:
    """A memory channel per name, so that one can fail and the other not."""

    def __init__(self):
        self.boxes = {}

    def __call__(self, name):
        return self.boxes.setdefault(name, MemoryChannel())

    def fails(self, name, **how):
        self(name).failure = ChannelError("told to", **{"permanent": False, **how})


@pytest.fixture
def boxes():
    return ByName()


def send(boxes):
    return services.deliver_due(channels=boxes)


def test_without_contact_points_the_sign_in_address_is_paged(alarm, boxes):
    alarm()
    send(boxes)
    assert [one.to for one in boxes("email").sent] == ["clin@clinic.test"]


def test_every_way_is_paged_at_once_the_lowest_rank_first(alarm, reach, boxes):
    reach("voice", 2)
    reach("sms", 1)
    alarm()
    assert [name for name, _ in pages()] == ["sms", "voice"]
    assert Page.objects.filter(due_at__lte=clock.now()).count() == 2
    send(boxes)
    assert [one.to for one in boxes("sms").sent + boxes("voice").sent] == [NUMBER, NUMBER]


def test_until_one_way_is_proved_the_sign_in_address_is_paged_too(alarm, reach):
    reach("sms", proved=False)
    reach("in_app", 2, address="")
    alarm()
    assert sorted(name for name, _ in pages()) == ["email", "in_app", "sms"]


def test_ways_that_are_off_or_of_another_clinic_are_left_out(alarm, reach, world):
    reach("sms", is_active=False)
    point = reach("voice")
    ContactPoint.objects.filter(pk=point.pk).update(clinic=world.other_clinic)
    alarm()
    assert pages() == [("email", "pending")]


def test_a_lapsed_agreement_alarms_and_stops_no_page(alarm, reach, vendor, boxes, world):
    from core.selectors import lapsed_vendor_channels

    point = reach("sms")
    assert not lapsed_vendor_channels(world.clinic.id)
    Vendor.objects.update(baa_until=clock.now().date() - timedelta(days=1))
    assert list(lapsed_vendor_channels(world.clinic.id)) == [point]
    assert not lapsed_vendor_channels(world.other_clinic.id)
    alarm()
    assert send(boxes) == 1


def test_one_page_for_one_way_in_one_round(alarm, reach):
    from django.db import IntegrityError, transaction

    point = reach("sms")
    incident = alarm()
    for contact in (point, None):
        once = {"incident": incident, "round": 7, "user": point.user, "contact": contact, "due_at": clock.now()}
        Page.objects.create(**once)
        with pytest.raises(IntegrityError, match="one_page_per_kind_round_person_and_contact"), transaction.atomic():
            Page.objects.create(**once)


def test_when_the_first_provider_fails_for_good_the_second_has_it_in_the_same_round(alarm, reach, boxes, paged):
    reach("sms", 1)
    reach("voice", 2)
    alarm()
    boxes.fails("sms", permanent=True)
    send(boxes)
    assert pages() == [("sms", "dead"), ("voice", "delivered")]
    assert set(Page.objects.values_list("round", flat=True)) == {1}
    assert services.advance_due() == 0


def test_a_lost_reply_counts_on_another_way_and_is_tried_again_where_there_is_none(alarm, reach, boxes):
    reach("sms", 1)
    reach("voice", 2)
    alarm()
    boxes.fails("sms", unknown=True)
    send(boxes)
    assert pages() == [("sms", "unknown"), ("voice", "delivered")]
    incident = alarm(packet=uuid.uuid4())
    boxes.fails("voice", unknown=True)
    send(boxes)
    again = Page.objects.filter(incident=incident).values_list("channel", "state")
    assert set(again) == {("sms", "unknown"), ("voice", "retry")}


def test_when_the_other_way_is_dead_what_may_have_gone_out_is_tried_again(alarm, reach, boxes):
    reach("sms", 1)
    reach("voice", 2)
    alarm()
    boxes.fails("sms", unknown=True)
    boxes.fails("voice", permanent=True)
    services.deliver_due(limit=2, channels=boxes)
    assert sorted(pages()) == [("sms", "retry"), ("voice", "dead")]
    boxes("sms").failure = None
    assert send(boxes) == 1


def test_the_inbox_alone_tells_nobody_so_the_ladder_does_not_wait_for_it(alarm, reach, boxes):
    reach("sms", 1)
    reach("in_app", 2, address="")
    alarm()
    boxes.fails("sms", permanent=True)
    send(boxes)
    assert pages() == [("sms", "dead"), ("in_app", "delivered")]
    assert services.advance_due() == 1


def test_an_address_that_does_not_open_is_a_dead_page_and_stops_no_other(alarm, reach, boxes):
    reach("voice", 2)
    broken = reach("sms", 1)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE core_contactpoint SET address = 'v1.gone.AAAA' WHERE id = %s", [broken.pk])
    alarm()
    send(boxes)
    assert pages() == [("sms", "dead"), ("voice", "delivered")]


def test_a_way_switched_off_since_the_step_is_not_used(alarm, reach, boxes):
    point = reach("sms")
    alarm()
    point.is_active = False
    core.services.save_contact_point(point=point, actor=Actor.system("test"))
    assert send(boxes) == 0
    assert Page.objects.get().last_error == "contact point switched off"


# --- what the provider tells ------------------------------------------------------------------------------


@pytest.fixture
def texted(alarm, reach, settings):
    """A page that a Twilio-shaped provider took; `tell(status)` posts its signed callback."""
    settings.BASE_URL, settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "https://office.example", "AC1", "tok"
    settings.TWILIO_FROM = "+15550100100"
    reach("sms")
    with receiving() as provider:
        settings.TWILIO_BASE_URL = provider.url
        provider.status, provider.answer = 201, {"sid": "SM1"}
        alarm()
        services.deliver_due()
        address = parse_qs(provider.received[0].body)["StatusCallback"][0]
    yield address.removeprefix("https://office.example")


def tell(path, status, *, sid="SM1", token="tok", signed=None, field="MessageStatus", **more):
    params = {"MessageSid": sid, field: status, "AccountSid": "AC1", **more}
    signed = signed or twilio.signature(f"https://office.example{path}", {k: [v] for k, v in params.items()}, token)
    return Client(enforce_csrf_checks=True).post(
        path, urlencode(params), content_type="application/x-www-form-urlencoded",
        headers={"X-Twilio-Signature": signed, "X-Forwarded-Proto": "https"},
    ).status_code  # fmt: skip


def page():
    return Page.objects.get()


def test_the_four_levels_are_kept_apart(texted, world, duty):
    assert (page().provider_id, page().state) == ("SM1", "delivered")
    assert page().accepted_at
    assert (page().device_at, page().opened_at) == (None, None)
    assert tell(texted, "delivered") == 204
    assert page().device_at
    assert page().opened_at is None
    incident = Incident.objects.get()
    signed_in(world.backup).get(f"/incidents/{incident.code}/")
    assert page().opened_at is None
    signed_in(world.clinician).get(f"/incidents/{incident.code}/", headers={"HX-Polling": "true"})
    assert page().opened_at is None
    seen = signed_in(world.clinician).get(f"/incidents/{incident.code}/").content.decode()
    assert page().opened_at
    assert "(text message) and opened this incident" in seen
    assert incident.acknowledgements.count() == 0


@pytest.mark.parametrize(
    ("status", "words"),
    [("sent", "handed on, nothing heard"), ("delivered", "it reached the device"), ("undelivered", "did not arrive")],
)
def test_the_timeline_says_the_highest_level_in_words(texted, world, status, words):
    tell(texted, status)
    incident = Incident.objects.get()
    assert words in signed_in(world.backup).get(f"/incidents/{incident.code}/").content.decode()


@pytest.mark.parametrize(
    "order", [["delivered", "sent"], ["delivered", "undelivered"], ["sent", "delivered", "queued", "failed"]]
)
def test_a_late_lower_word_never_goes_back(texted, order):
    assert [tell(texted, status) for status in order] == [204] * len(order)
    assert (page().state, page().provider_seq) == ("delivered", 5)
    assert page().device_at


def test_a_repeated_callback_is_one_event(texted):
    for _ in range(3):
        tell(texted, "delivered")
    assert Event.objects.filter(action="page.reported").count() == 1


def test_what_the_provider_could_not_deliver_hurries_the_ladder(texted, paged):
    tell(texted, "undelivered", ErrorCode="30003")
    assert (page().state, page().last_error) == ("dead", "the provider could not deliver")
    assert services.advance_due() == 1
    assert paged() == ["Casey", "Blake"]


FORGED = [
    {"token": "guessed"}, {"signed": "AAAA"}, {"signed": "é"}, {"sid": "SM2"}, {"status": "on-fire"},
]  # fmt: skip


@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_foreign_or_unknown_callback_changes_nothing(texted, forged):
    before = Page.objects.values().get()
    answer = tell(texted, **{"status": "undelivered", **forged})
    assert answer == (204 if forged.keys() == {"sid"} else 404)
    assert Page.objects.values().get() == before


def test_a_signature_for_one_page_is_none_for_another_and_without_an_account_there_is_none(texted, settings):
    other = "/callbacks/pages/7f1d2c1e-0000-4000-8000-000000000000/"
    params = {"MessageSid": ["SM1"], "MessageStatus": ["delivered"], "AccountSid": ["AC1"]}
    assert tell(texted, "delivered", signed=twilio.signature(f"https://office.example{other}", params, "tok")) == 404
    assert tell(other, "delivered") == 204
    settings.TWILIO_AUTH_TOKEN = ""
    assert tell(texted, "delivered", token="") == 404
    assert page().device_at is None


def test_a_word_for_a_page_whose_reply_was_lost_says_that_it_was_taken(alarm, reach, boxes, settings, texted):
    Page.objects.update(state="unknown", provider_id="", accepted_at=None)
    assert tell(texted, "sent", sid="SM9") == 204
    assert (page().state, page().provider_id) == ("delivered", "SM9")
    assert page().accepted_at


def test_a_phone_that_is_picked_up_has_it_and_one_that_is_busy_has_not(texted):
    tell(texted, "busy", field="CallStatus")
    assert page().state == "dead"
    Page.objects.update(state="delivered", provider_seq=0, last_error="")
    tell(texted, "in-progress", field="CallStatus")
    tell(texted, "failed", field="CallStatus")
    assert page().device_at
    assert page().state == "delivered"
