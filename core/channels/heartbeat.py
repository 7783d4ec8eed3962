"""Tell a monitor outside of this house that paging works. Its silence is what raises the alarm there."""

import logging

import httpx

log = logging.getLogger(__name__)

TIMEOUT = httpx.Timeout(3.0)  # pages wait behind it


def beat(url: str) -> bool:
    """One GET, no redirects; never raises. The address holds a token, so only what went wrong is logged."""
    try:
        reply = httpx.get(url, timeout=TIMEOUT, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        log.error("the heartbeat was not taken (%s)", type(error).__name__)
        return False
    if not reply.is_success:
        log.error("the heartbeat was not taken (status %d)", reply.status_code)
    return reply.is_success
