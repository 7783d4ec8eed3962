"""Which channel carries a page. A name without a channel is a permanent failure: the ladder goes on."""

from collections.abc import Callable

from core.channels.base import Channel, ChannelError
from core.channels.email import EmailChannel

CHANNELS: dict[str, Callable[[], Channel]] = {"email": EmailChannel}


def channel_for(name: str) -> Channel:
    """Raises ChannelError (permanent) for a channel that this installation doesn't have."""
    try:
        return CHANNELS[name]()
    except KeyError:
        raise ChannelError("no such channel", permanent=True) from None
