"""The channel that tests and rehearsals use: it keeps what it was given, and fails when told to."""

from core.channels.base import ChannelError, Message, Receipt


class MemoryChannel:
    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.failure: ChannelError | None = None

    def deliver(self, message: Message) -> Receipt:
        if self.failure:
            raise self.failure
        self.sent.append(message)
        return Receipt(provider_id=str(len(self.sent)))
