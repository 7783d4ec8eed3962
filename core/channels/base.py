"""What every channel is: `deliver(message)` returns a receipt, or raises ChannelError and says whether for good."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Message:
    """A fixed text for one person. `reference` is the same for every repeat, so that duplicates are harmless."""

    to: str
    subject: str
    body: str
    reference: str


@dataclass(frozen=True)
class Receipt:
    """The provider took it: not that a device showed it, nor that a human read it."""

    provider_id: str


class ChannelError(Exception):
    """It was not taken. `permanent`: the same message to the same address can't succeed later."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent


class Channel(Protocol):
    def deliver(self, message: Message) -> Receipt: ...
