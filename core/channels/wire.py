"""One POST of a channel: hard time-outs, no redirects, and a plain word for whatever goes wrong."""

from collections.abc import Mapping

import httpx

from core.channels.base import ChannelError

# The lease of a page (PAGE_LEASE_SECONDS) has to outlast both.
TIMEOUT = httpx.Timeout(8.0, connect=3.0)


def post(url: str, *, content: str, headers: Mapping[str, str], auth: tuple[str, str] | None = None) -> httpx.Response:
    """The reply, whatever its status below 500 except 429. Raises ChannelError.

    Not connected, too many or a server's error: for now. Connected and no reply: unknown, it may have been taken.
    """
    try:
        reply = httpx.post(
            url, content=content, headers=dict(headers), auth=auth, timeout=TIMEOUT, follow_redirects=False
        )
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise ChannelError("unusable address", permanent=True) from error
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise ChannelError(type(error).__name__, permanent=False) from error
    except httpx.HTTPError as error:
        raise ChannelError(type(error).__name__, permanent=False, unknown=True) from error
    if reply.status_code == httpx.codes.TOO_MANY_REQUESTS or reply.is_server_error:
        raise ChannelError(f"status {reply.status_code}", permanent=False)
    return reply
