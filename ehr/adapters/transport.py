"""HTTP as a chart needs it: hard time limits, a size cap, no redirects, TLS always verified, nothing of a body logged.

What matters afterwards is whether the request can have had an effect. A connection that was never made can not; one
that broke, timed out or answered nonsense can, so a write's outcome is then unknown (`UnknownOutcome`).
"""

import socket
import ssl
import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from threading import Timer
from typing import Any
from urllib.parse import urlsplit

import httpx

from ehr.adapters.base import ConnectionFault, TransientError, UnknownOutcome

LONGEST_WAIT = 15 * 60.0
NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol, httpx.ProxyError)


def checked_base_url(url: str, *, allow_loopback: bool = False) -> str:
    """The address without a trailing slash. ValueError, in plain words, unless it is https.

    Plain http is for this machine alone, and only where `allow_loopback` says so (tests, the demo's sandbox chart).
    """
    parts = urlsplit(url)
    if not parts.hostname or parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("Give the chart's address as https://host/path, without a user name, query or fragment.")
    if parts.scheme == "https" or (parts.scheme == "http" and allow_loopback and is_loopback(parts.hostname)):
        return url.rstrip("/")
    raise ValueError("The chart's address must start with https://.")


def is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def retry_after(header: str | None) -> float | None:
    """Seconds from a Retry-After header (RFC 9110: seconds or a date), between 0 and 15 minutes; None if unreadable."""
    if not header:
        return None
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:9]), LONGEST_WAIT)
    try:
        then = parsedate_to_datetime(text)
        seconds = (then - datetime.now(UTC)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


@dataclass(frozen=True, slots=True)
class Answer:
    """A complete answer, of whatever status. Header names are case-insensitive."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def retry_after(self) -> float | None:
        return retry_after(self.headers.get("retry-after"))


class Transport:
    """One connection to one chart, kept open between requests; for one thread at a time."""

    def __init__(
        self,
        *,
        allow_loopback: bool = False,
        connect_seconds: float = 3,
        read_seconds: float = 20,
        total_seconds: float = 30,
        largest_answer: int = 5 * 2**20,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._allow_loopback = allow_loopback
        self._total_seconds = total_seconds
        self._largest_answer = largest_answer
        self._client = httpx.Client(
            timeout=httpx.Timeout(read_seconds, connect=connect_seconds),
            limits=httpx.Limits(max_connections=1),
            follow_redirects=False,
            trust_env=False,
            verify=tls or True,
        )
        self._socket: list[socket.socket] = []
        weakref.finalize(self, self._client.close)

    def send(
        self, method: str, url: str, *, headers: Mapping[str, str], body: bytes | None = None, writing: bool = False
    ) -> Answer:
        """The complete answer. Raises ConnectionFault for an address we don't speak to, TransientError when nothing
        can have happened, UnknownOutcome (only when `writing`) when it can."""
        try:
            checked_base_url(url, allow_loopback=self._allow_loopback)
        except ValueError as error:
            raise ConnectionFault("address-refused") from error
        watch = Timer(self._total_seconds, self._cut)
        watch.daemon = True
        watch.start()
        try:
            return self._exchange(method, url, headers, body)
        except NEVER_SENT as error:
            raise TransientError("unreachable") from error
        except (httpx.RequestError, _AnswerTooLarge) as error:
            reason = _reason(error) if watch.is_alive() else "timeout"
            raise (UnknownOutcome(reason) if writing else TransientError(reason)) from error
        finally:
            watch.cancel()

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        # Undecoded, so that a small compressed answer can't become a large one in memory.
        whole = {"accept-encoding": "identity", "user-agent": "Candor", **headers}
        with self._client.stream(
            method, url, headers=whole, content=body, extensions={"trace": self._remember_socket}
        ) as response:
            received = bytearray()
            for chunk in response.iter_raw():
                received += chunk
                if len(received) > self._largest_answer:
                    raise _AnswerTooLarge
            return Answer(response.status_code, response.headers, bytes(received))

    def _remember_socket(self, event: str, about: Mapping[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = [about["return_value"].get_extra_info("socket")]

    def _cut(self) -> None:
        """End the exchange now: a chart that sends a byte at a time would outlast every limit on a single read."""
        for connected in self._socket:
            try:
                socket.socket.shutdown(connected, socket.SHUT_RDWR)
            except OSError:
                return


class _AnswerTooLarge(Exception):
    """More than we are willing to hold in memory."""


def _reason(error: Exception) -> str:
    if isinstance(error, _AnswerTooLarge):
        return "answer-too-large"
    return "timeout" if isinstance(error, httpx.TimeoutException) else "connection-lost"
