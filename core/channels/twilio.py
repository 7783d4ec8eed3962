"""Texts and calls through Twilio, or a provider that speaks its API (TWILIO_BASE_URL).

After Twilio's documentation: twilio.com/docs/usage/security (signature; the test has its published example),
/docs/messaging/api/message-resource and /docs/voice/api/call-resource (requests, statuses), /docs/api/errors (codes).
Never tried against Twilio itself: the tests' receiver is of our own making.
"""

import base64
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from html import escape
from urllib.parse import urlencode

from django.conf import settings

from core.channels import wire
from core.channels.base import ChannelError, Message, Receipt, Report

# The number can't be reached by this account, today or tomorrow. Anything else may heal: a wrong token, no funds.
PERMANENT = frozenset(
    {
        21211,  # invalid "To" number
        21214,  # "To" can't be reached
        21215,  # no permission to call that country
        21216,  # not allowed to call that number
        21217,  # not a phone number
        21408,  # no permission to text that country
        21610,  # the recipient said STOP
        21612,  # no route from "From" to "To"
        21614,  # not a mobile number
    }
)
E164 = re.compile(r"\+[1-9][0-9]{7,14}")
RINGS = ("initiated", "ringing", "answered", "completed")
RING_SECONDS = "30"

# How far on each status is. A text that was delivered and one that failed have both ended: the first word stands.
SEQUENCE = {
    "accepted": 1, "scheduled": 1, "queued": 1, "initiated": 1,
    "sending": 2, "sent": 3, "ringing": 3, "in-progress": 4,
    "delivered": 5, "completed": 5, "undelivered": 5, "failed": 5, "busy": 5, "no-answer": 5, "canceled": 5,
    "read": 6,
}  # fmt: skip
ON_DEVICE = frozenset({"in-progress", "delivered", "completed", "read"})
FAILED = frozenset({"undelivered", "failed", "busy", "no-answer", "canceled"})


class SmsChannel:
    def deliver(self, message: Message) -> Receipt:
        return _create("Messages", message, [("Body", message.body)])

    def accepts(self, address: str) -> bool:
        return E164.fullmatch(address) is not None


class VoiceChannel(SmsChannel):
    """Says the words twice. Picked up is not heard: a mailbox picks up too."""

    def deliver(self, message: Message) -> Receipt:
        said = f"<Say>{escape(message.body)}</Say>"
        rings = [("StatusCallbackEvent", ring) for ring in RINGS]
        twiml = f'<Response>{said}<Pause length="1"/>{said}</Response>'
        return _create("Calls", message, [("Twiml", twiml), ("Timeout", RING_SECONDS), *rings])


def _create(resource: str, message: Message, fields: Sequence[tuple[str, str]]) -> Receipt:
    account, token = settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN
    if not (account and token and settings.TWILIO_FROM):
        raise ChannelError("no provider is set up", permanent=True)
    form = [("To", message.to), ("From", settings.TWILIO_FROM), *fields]
    if message.callback.startswith("https://"):  # Twilio refuses the whole message for one that it can't reach
        form.append(("StatusCallback", message.callback))
    reply = wire.post(
        f"{settings.TWILIO_BASE_URL}/2010-04-01/Accounts/{account}/{resource}.json",
        content=urlencode(form),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        auth=(account, token),
    )
    try:
        said = reply.json()
    except ValueError:
        said = {}
    if reply.is_success:
        return Receipt(provider_id=str(said.get("sid", ""))[:80])
    code = said.get("code")
    raise ChannelError(f"provider said {code or reply.status_code}", permanent=code in PERMANENT)


def signature(url: str, params: Mapping[str, Sequence[str]], token: str) -> str:
    """HMAC-SHA1 over the address and each parameter's name and values in order of name, as base64."""
    said = url + "".join(name + value for name in sorted(params) for value in sorted(set(params[name])))
    return base64.b64encode(hmac.new(token.encode(), said.encode(), hashlib.sha1).digest()).decode()


def report(url: str, params: Mapping[str, Sequence[str]], signed: str) -> Report | None:
    """What a callback tells; None when it is not signed with our account's token, or says nothing we know."""
    token = settings.TWILIO_AUTH_TOKEN
    if not token or not hmac.compare_digest(signature(url, params, token).encode(), signed.encode()):
        return None
    status = _first(params, "MessageStatus", "CallStatus")
    provider_id = _first(params, "MessageSid", "CallSid")
    if status not in SEQUENCE or not provider_id:
        return None
    return Report(provider_id[:80], SEQUENCE[status], on_device=status in ON_DEVICE, failed=status in FAILED)


def _first(params: Mapping[str, Sequence[str]], *names: str) -> str:
    return next((params[name][0] for name in names if params.get(name)), "")
