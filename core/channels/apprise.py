"""Chat and push through Apprise: it says taken or not taken and nothing more, so that a page is known as accepted only.

A closed list of services, of the more than a hundred that Apprise knows: others write files, run commands or send
unencrypted.
"""

from apprise import AppriseAsset, NotifyType
from apprise.plugins.base import NotifyBase
from apprise.plugins.custom_json import NotifyJSON
from apprise.plugins.ntfy import NotifyNtfy
from apprise.plugins.opsgenie import NotifyOpsgenie
from apprise.plugins.pagerduty import NotifyPagerDuty
from apprise.plugins.pushover import NotifyPushover
from apprise.plugins.slack import NotifySlack
from apprise.plugins.workflows import NotifyWorkflows
from django.conf import settings

from core.channels.base import ChannelError, Message, Receipt

SERVICES: dict[str, type[NotifyBase]] = {
    "jsons": NotifyJSON,
    "ntfys": NotifyNtfy,
    "opsgenie": NotifyOpsgenie,
    "pagerduty": NotifyPagerDuty,
    "pover": NotifyPushover,
    "slack": NotifySlack,
    "workflows": NotifyWorkflows,
}
UNENCRYPTED: dict[str, type[NotifyBase]] = {"json": NotifyJSON, "ntfy": NotifyNtfy}
# A neutral sender: Apprise would name itself and show its logo.
ASSET = AppriseAsset(app_id="Alerts", app_desc="Alerts", app_url="", image_url_mask="", image_url_logo="")


class AppriseChannel:
    """The address is an Apprise URL, e.g. ntfys://host/topic; a redirect is not followed."""

    def deliver(self, message: Message) -> Receipt:
        urgency = NotifyType.SUCCESS if "taken" in message.facts else NotifyType.FAILURE
        if not service(message.to).notify(body=message.body, title=message.subject, notify_type=urgency):
            raise ChannelError("not taken", permanent=False)
        return Receipt(provider_id=message.reference)

    def accepts(self, address: str) -> bool:
        try:
            service(address)
        except ChannelError:
            return False
        return True


def service(address: str) -> NotifyBase:
    """The service that an address names. Raises ChannelError (permanent) for one that can't be used."""
    known = {**SERVICES, **UNENCRYPTED} if settings.DEVELOPMENT else SERVICES
    kind = known.get(address.partition("://")[0])
    parts = kind.parse_url(address) if kind else None
    if kind is None or not parts:
        raise ChannelError("unusable address", permanent=True)
    try:
        return kind(**{**parts, "asset": ASSET, "redirect": False})
    except TypeError as error:  # how Apprise refuses an address
        raise ChannelError("unusable address", permanent=True) from error
