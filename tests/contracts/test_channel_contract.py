"""One promise for every channel: taken means a receipt; else it says whether for good, for now, or unknown.

Memory, the inbox and real adapters against real receivers on loopback: an SMTP server, and an HTTP receiver that is
Twilio's API, the clinic's webhook, Apprise's JSON target and a self-hosted ntfy in turn. None of it is the provider.
"""

import json
import socket
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiosmtpd.controller import Controller
from receiving import receiving

from core.channels import twilio, webhook
from core.channels.apprise import AppriseChannel
from core.channels.base import Channel, ChannelError, Message
from core.channels.email import EmailChannel
from core.channels.memory import InboxChannel, MemoryChannel
from core.channels.registry import CHANNELS, channel_for
from core.channels.twilio import SmsChannel, VoiceChannel
from core.channels.webhook import WebhookChannel

WORDS = Message(
    to="",
    subject="Alert CODE2345",
    body="Alert CODE2345, site S<1>.\n",
    reference="CODE2345",
    facts={"code": "CODE2345", "site": "S1", "by": "2026-11-26 01:30 EST", "link": "https://office.example/x"},
    callback="https://office.example/callbacks/pages/1/",
)


@dataclass
class Rig:
    """A channel with the address it delivers to here, and how its far end is told to refuse or to be busy."""

    channel: Channel
    to: str
    far_end: Any

    def deliver(self):
        return self.channel.deliver(replace(WORDS, to=self.to))


class Mailbox:
    """An SMTP server's far end with the same two knobs as the HTTP receiver."""

    def __init__(self):
        self.received, self.status, self.answer = [], 200, {}

    async def handle_RCPT(self, server, session, envelope, address, options):
        if self.status != 200:
            return "550 no such user" if self.status == 400 else "451 try later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        self.received.append(envelope.content.decode())
        return "250 OK"


@pytest.fixture
def http(settings):
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC1", "token"
    settings.TWILIO_FROM, settings.WEBHOOK_KEY, settings.DEVELOPMENT = "+15550100100", "key", True
    with receiving() as receiver:
        settings.TWILIO_BASE_URL = receiver.url
        yield receiver


@pytest.fixture
def smtp(settings):
    mailbox = Mailbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", port
    yield mailbox
    controller.stop()


WIRED = {"smtp", "sms", "voice", "webhook", "json", "ntfy"}


@pytest.fixture(params=["memory", "in_app", *sorted(WIRED)])
def rig(request):
    name = request.param
    if name == "memory":
        return Rig(MemoryChannel(), "anybody", None)
    if name == "in_app":
        return Rig(InboxChannel(), "", None)
    if name == "smtp":
        return Rig(EmailChannel(), "casey@office.example", request.getfixturevalue("smtp"))
    http = request.getfixturevalue("http")
    bare = http.url.removeprefix("http://")
    return {
        "sms": Rig(SmsChannel(), "+15550100142", http),
        "voice": Rig(VoiceChannel(), "+15550100142", http),
        "webhook": Rig(WebhookChannel(), f"{http.url}/pages", http),
        "json": Rig(AppriseChannel(), f"json://{bare}/pages", http),
        "ntfy": Rig(AppriseChannel(), f"ntfy://{bare}/alerts?mode=private", http),
    }[name]


def test_what_is_taken_gives_a_receipt_and_arrives_once(rig):
    assert rig.channel.accepts(rig.to)
    assert isinstance(rig.deliver().provider_id, str)
    if rig.far_end:
        assert len(rig.far_end.received) == 1
        assert "CODE2345" in str(rig.far_end.received)


@pytest.mark.parametrize("rig", sorted(WIRED), indirect=True)
def test_a_busy_far_end_is_for_now(rig):
    rig.far_end.status = 503
    with pytest.raises(ChannelError) as caught:
        rig.deliver()
    assert (caught.value.permanent, caught.value.unknown) == (False, False)


@pytest.mark.parametrize("rig", ["smtp", "sms", "voice", "webhook"], indirect=True)
def test_an_address_that_the_far_end_refuses_is_for_good(rig):
    rig.far_end.status, rig.far_end.answer = 400, {"code": 21211, "message": "canary"}
    with pytest.raises(ChannelError) as caught:
        rig.deliver()
    assert caught.value.permanent
    assert "canary" not in caught.value.reason


@pytest.mark.parametrize("rig", ["sms", "voice", "webhook"], indirect=True)
def test_a_lost_reply_is_unknown_and_no_connection_is_for_now(rig, settings):
    rig.far_end.hangs_up = True
    with pytest.raises(ChannelError) as caught:
        rig.deliver()
    assert (caught.value.permanent, caught.value.unknown) == (False, True)
    settings.TWILIO_BASE_URL = "http://127.0.0.1:1"
    rig.to = "http://127.0.0.1:1/" if isinstance(rig.channel, WebhookChannel) else rig.to
    with pytest.raises(ChannelError) as caught:
        rig.deliver()
    assert (caught.value.permanent, caught.value.unknown) == (False, False)


@pytest.mark.parametrize("rig", ["sms", "voice", "webhook", "json"], indirect=True)
def test_a_redirect_is_not_followed(rig):
    rig.far_end.status = 307
    with pytest.raises(ChannelError):
        rig.deliver()
    assert "/elsewhere" not in [one.path for one in rig.far_end.received]


# --- what each one sends ------------------------------------------------------------------------------


def sent_form(http):
    (one,) = http.received
    assert one.headers["authorization"].startswith("Basic ")
    return one.path, parse_qs(one.body)


def test_a_text_is_one_form_with_the_words_and_where_to_report(http):
    http.answer = {"sid": "SM1"}
    assert SmsChannel().deliver(replace(WORDS, to="+15550100142")).provider_id == "SM1"
    path, form = sent_form(http)
    assert path == "/2010-04-01/Accounts/AC1/Messages.json"
    assert form == {
        "To": ["+15550100142"], "From": ["+15550100100"], "Body": [WORDS.body], "StatusCallback": [WORDS.callback],
    }  # fmt: skip


def test_a_call_says_the_words_twice_and_nothing_in_them_is_markup(http):
    http.answer = {"sid": "CA1"}
    assert VoiceChannel().deliver(replace(WORDS, to="+15550100142")).provider_id == "CA1"
    path, form = sent_form(http)
    assert path == "/2010-04-01/Accounts/AC1/Calls.json"
    (twiml,) = form["Twiml"]
    assert twiml.count("<Say>Alert CODE2345, site S&lt;1&gt;.") == 2
    assert form["StatusCallbackEvent"] == ["initiated", "ringing", "answered", "completed"]


def test_a_callback_that_the_provider_could_not_reach_is_left_out(http):
    SmsChannel().deliver(replace(WORDS, to="+15550100142", callback="http://127.0.0.1:8000/callbacks/pages/1/"))
    assert "StatusCallback" not in sent_form(http)[1]


@pytest.mark.parametrize(("code", "permanent"), [(21610, True), (21614, True), (20003, False), (None, False)])
def test_only_codes_that_say_the_number_cannot_be_reached_are_for_good(http, code, permanent):
    http.status, http.answer = 401, {"code": code}
    with pytest.raises(ChannelError) as caught:
        SmsChannel().deliver(replace(WORDS, to="+15550100142"))
    assert caught.value.permanent is permanent


def test_without_an_account_a_text_is_refused_for_good(http, settings):
    settings.TWILIO_AUTH_TOKEN = ""
    with pytest.raises(ChannelError, match="no provider"):
        SmsChannel().deliver(replace(WORDS, to="+15550100142"))
    assert http.received == []


def test_the_webhook_sends_the_four_facts_signed_with_a_time(http):
    WebhookChannel().deliver(replace(WORDS, to=f"{http.url}/pages"))
    (one,) = http.received
    assert json.loads(one.body) == WORDS.facts
    assert one.headers["x-signature"] == webhook.signature(one.headers["x-timestamp"], one.body, "key")
    assert webhook.signature(one.headers["x-timestamp"], one.body, "another") != one.headers["x-signature"]


def test_outside_development_webhooks_and_services_must_be_encrypted(http, settings):
    settings.DEVELOPMENT = False
    for channel, to in ((WebhookChannel(), http.url), (AppriseChannel(), "json://127.0.0.1/x")):
        assert not channel.accepts(to)
        with pytest.raises(ChannelError) as caught:
            channel.deliver(replace(WORDS, to=to))
        assert caught.value.permanent
    assert http.received == []


def test_apprise_sends_the_subject_and_the_words_and_no_name_of_its_own(http):
    AppriseChannel().deliver(replace(WORDS, to=f"json://{http.url.removeprefix('http://')}/pages"))
    (one,) = http.received
    told = json.loads(one.body)
    assert (told["title"], told["message"]) == (WORDS.subject, WORDS.body.strip())
    assert "candor" not in one.body.lower()
    assert "apprise" not in one.body.lower()


@pytest.mark.parametrize(
    "address", ["", "file:///etc/passwd", "syslog://", "mailto://a:b@c.example", "slack://x", "json://"]
)
def test_only_services_on_the_list_are_addresses(settings, address):
    assert not AppriseChannel().accepts(address)


def test_every_channel_that_is_named_can_be_loaded_and_others_cannot():
    for name in CHANNELS:
        assert hasattr(channel_for(name), "deliver")
    with pytest.raises(ChannelError) as caught:
        channel_for("pigeon")
    assert caught.value.permanent


# --- reports -----------------------------------------------------------------------------------------


def test_the_signature_is_that_of_twilios_published_example():
    params = {
        "CallSid": ["CA1234567890ABCDE"], "Caller": ["+12349013030"], "Digits": ["1234"],
        "From": ["+12349013030"], "To": ["+18005551212"],
    }  # fmt: skip
    unsorted = dict(reversed(params.items()))
    signed = twilio.signature("https://mycompany.com/myapp.php?foo=1&bar=2", unsorted, "12345")
    assert signed == "0/KCTR6DLpKmkAf8muzZqo1nDgQ="
