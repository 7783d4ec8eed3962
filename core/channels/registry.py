"""Which channel carries what. Loaded when first used: the chat services' plug-ins are large."""

from django.utils.module_loading import import_string

from core.channels.base import Channel, ChannelError

CHANNELS = {
    "email": "core.channels.email.EmailChannel",
    "sms": "core.channels.twilio.SmsChannel",
    "voice": "core.channels.twilio.VoiceChannel",
    "apprise": "core.channels.apprise.AppriseChannel",
    "webhook": "core.channels.webhook.WebhookChannel",
    "in_app": "core.channels.memory.InboxChannel",
    "sink": "core.channels.memory.SinkChannel",
}


def channel_for(name: str) -> Channel:
    """Raises ChannelError (permanent) for a channel that this installation doesn't have: the ladder goes on."""
    if name not in CHANNELS:
        raise ChannelError("no such channel", permanent=True)
    channel: Channel = import_string(CHANNELS[name])()
    return channel
