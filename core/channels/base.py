"""What every channel is: `deliver(message)` returns a receipt, or raises ChannelError and says what may be tried."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Message:
    """A fixed text for one person. `reference` is the same for every repeat, so that duplicates are harmless.

    `facts` are the same words apart, for a channel that sends no text. `callback`: where a provider that can tells how
    far the message came; "" for nowhere.
    """

    to: str
    subject: str
    body: str
    reference: str
    facts: Mapping[str, str] = field(default_factory=dict)
    callback: str = ""


@dataclass(frozen=True)
class Receipt:
    """The provider took it: not that a device showed it, nor that a human read it. `provider_id` may be ""."""

    provider_id: str


@dataclass(frozen=True)
class Report:
    """What a provider tells later. A higher `sequence` is further on; `on_device` and `failed` may both be false."""

    provider_id: str
    sequence: int
    on_device: bool
    failed: bool


class ChannelError(Exception):
    """It was not taken. `permanent`: the same message to the same address can't succeed later.

    `unknown`: the reply was lost, so that it may have been taken after all.
    """

    def __init__(self, reason: str, *, permanent: bool, unknown: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.permanent = permanent
        self.unknown = unknown


class Channel(Protocol):
    def deliver(self, message: Message) -> Receipt: ...

    def accepts(self, address: str) -> bool:
        """Whether this could be an address here; nothing is sent."""
        ...
