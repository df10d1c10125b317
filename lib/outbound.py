"""Calling URLs that members typed in: the one way in which the portal calls out.

Only http and https, only public addresses (``lib.outbound_guard``) unless the operator allows more,
no redirect followed, no proxy of the environment, always a time-out, never more than the beginning
of an answer.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from ssl import SSLContext
from typing import Any, Self

import httpcore
import httpx
from django.utils.translation import gettext_noop as _

from lib.outbound_guard import (
    TOO_LONG,
    GuardedBackend,
    OutboundError,
    Refused,
    Unreachable,
    call_ends,
)

__all__ = ["Client", "OutboundError", "Refused", "Response", "Unreachable", "check_url", "post"]

NO_CONNECTION = _("The connection could not be made: %(why)s")
BROKEN_OFF = _("The connection was lost, or the answer was not HTTP: %(why)s")

TIMEOUT_SECONDS = 30  # from looking up the name to the last byte
ANSWER_BYTES = 64 * 1024  # what follows is not read
#: Nothing is unpacked here: a small answer cannot become a large one.
HEADERS = {"User-Agent": "braze-portal", "Accept-Encoding": "identity"}


@dataclass(frozen=True)
class Response:
    """An answer: its status, its headers, and the first ``ANSWER_BYTES`` of its body."""

    status_code: int
    headers: httpx.Headers
    content: bytes

    @property
    def is_success(self) -> bool:
        return 200 <= self.status_code < 300

    @property
    def text(self) -> str:
        """The body as text, for people to read; what is not UTF-8 is marked."""
        return self.content.decode("utf-8", "replace").replace("\x00", "\N{REPLACEMENT CHARACTER}")


@lru_cache(maxsize=256)
def check_url(url: str) -> httpx.URL:
    """Return ``url``, read, if it is one that could be called, whatever its name leads to.

    Raises Refused.
    """
    try:
        parts = httpx.URL(url)
    except (httpx.InvalidURL, TypeError, ValueError) as error:
        raise Refused(_("This is not a URL")) from error
    if parts.scheme not in {"http", "https"} or not parts.host:
        raise Refused(_("A URL begins with https:// or http:// and names a host"))
    if parts.userinfo:
        raise Refused(_("A URL must not hold a user name or a password"))
    return parts


class Client:
    """Keeps its connections for the next call. For one thread at a time; close it when done."""

    def __init__(self) -> None:
        self._client = httpx.Client(
            transport=_Transport(), headers=HEADERS, follow_redirects=False, trust_env=False
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self._client.close()

    def post(
        self,
        url: str,
        *,
        content: bytes,
        headers: Mapping[str, str] | None = None,
        timeout: float = TIMEOUT_SECONDS,
    ) -> Response:
        """POST ``content`` to ``url`` and return the answer, whatever its status.

        ``timeout`` is in seconds and covers the whole call. Raises Refused where we do not call,
        and Unreachable where no answer came.
        """
        address = check_url(url)
        token = call_ends.set(time.monotonic() + timeout)
        try:
            with self._client.stream(
                "POST", address, content=content, headers=headers, timeout=timeout
            ) as answer:
                return Response(answer.status_code, answer.headers, _beginning(answer))
        except httpx.TimeoutException as error:
            raise Unreachable(TOO_LONG) from error
        except httpx.HTTPError as error:
            message = NO_CONNECTION if isinstance(error, httpx.ConnectError) else BROKEN_OFF
            raise Unreachable(message, why=str(error) or type(error).__name__) from error
        finally:
            call_ends.reset(token)


def post(
    url: str,
    *,
    content: bytes,
    headers: Mapping[str, str] | None = None,
    timeout: float = TIMEOUT_SECONDS,
) -> Response:
    """POST once, as ``Client.post`` does, over a connection of its own."""
    with Client() as client:
        return client.post(url, content=content, headers=headers, timeout=timeout)


def _beginning(answer: httpx.Response) -> bytes:
    read = bytearray()
    for piece in answer.iter_raw():
        read += piece
        if len(read) >= ANSWER_BYTES:
            break
    return bytes(read[:ANSWER_BYTES])


class _Transport(httpx.HTTPTransport):
    """httpx's own, over a pool that connects through the guard; httpx has no setting for it."""

    def __init__(self) -> None:
        pool: Any = httpcore.ConnectionPool(
            ssl_context=_certificates(), network_backend=GuardedBackend(), keepalive_expiry=60
        )
        self._pool = pool


@cache
def _certificates() -> SSLContext:
    """The certificates that TLS trusts. Loading them takes as long as many calls."""
    return httpx.create_ssl_context()
