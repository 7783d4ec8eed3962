"""Channels without a network: the inbox, the canary's sink, and what tests and rehearsals use."""

from core.channels.base import ChannelError, Message, Receipt


class InboxChannel:
    """The page's own row is the message: the inbox shows open incidents first. It wakes nobody."""

    def deliver(self, message: Message) -> Receipt:
        return Receipt(provider_id=message.reference)

    def accepts(self, address: str) -> bool:
        return not address


class SinkChannel:
    """Where a canary's page ends: it went the whole way and reaches nobody. No contact point can name it."""

    def deliver(self, message: Message) -> Receipt:
        return Receipt(provider_id=message.reference)

    def accepts(self, address: str) -> bool:
        return False


class MemoryChannel:
    """Keeps what it was given, and fails when told to."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.failure: ChannelError | None = None

    def deliver(self, message: Message) -> Receipt:
        if self.failure:
            raise self.failure
        self.sent.append(message)
        return Receipt(provider_id=str(len(self.sent)))

    def accepts(self, address: str) -> bool:
        return bool(address)
