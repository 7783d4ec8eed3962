"""A signed POST to a receiver of the clinic's own, on its own network if it likes, by HTTPS outside development."""

import hashlib
import hmac
import json
import time

from django.conf import settings

from core.channels import wire
from core.channels.base import ChannelError, Message, Receipt


class WebhookChannel:
    """The body is the message's facts as JSON. `X-Signature` is the hex HMAC-SHA-256 of "<X-Timestamp>.<body>" under
    WEBHOOK_KEY; a receiver refuses what is unsigned or older than some minutes."""

    def deliver(self, message: Message) -> Receipt:
        if not settings.WEBHOOK_KEY:
            raise ChannelError("no WEBHOOK_KEY is set", permanent=True)
        if not self.accepts(message.to):
            raise ChannelError("not an https address", permanent=True)
        body = json.dumps(dict(message.facts), sort_keys=True)
        now = str(int(time.time()))
        headers = {
            "Content-Type": "application/json",
            "X-Reference": message.reference,
            "X-Timestamp": now,
            "X-Signature": signature(now, body, settings.WEBHOOK_KEY),
        }
        reply = wire.post(message.to, content=body, headers=headers)
        if not reply.is_success:  # a redirect is not followed: it could lead anywhere
            raise ChannelError(f"status {reply.status_code}", permanent=True)
        return Receipt(provider_id=message.reference)

    def accepts(self, address: str) -> bool:
        return address.startswith("https://") or (settings.DEVELOPMENT and address.startswith("http://"))


def signature(timestamp: str, body: str, key: str) -> str:
    return hmac.new(key.encode(), f"{timestamp}.{body}".encode(), hashlib.sha256).hexdigest()
