"""Which IP addresses the portal may call: checked on the very connection that is made.

A URL names a host. A look-up gives its addresses, and the next look-up may give others. So the
addresses of one look-up are judged, and the connection is made to one that passed. TLS and the Host
header still see the name.
"""

import socket
import time
from collections.abc import Iterable
from contextvars import ContextVar
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from ssl import SSLContext
from typing import Any

import httpcore
from django.conf import settings
from django.utils.translation import gettext_noop as _

from lib.wording import Sentence

type Address = IPv4Address | IPv6Address

#: Networks in whose last 32 bits an IPv4 address travels: mapped, compatible, NAT64.
CARRIERS = tuple(map(ip_network, ("::ffff:0:0/96", "::/96", "64:ff9b::/96")))
#: Those of them by which one reaches it today.
LIVE_CARRIERS = (CARRIERS[0], CARRIERS[2])
#: All that IPv6 has of addresses for single machines. Nothing outside of it is public.
UNICAST = ip_network("2000::/3")
#: What the registries of special-purpose addresses take out of the public ones, reachable or not:
#: relays and anycast services are nobody's receiver. Written out, so that it does not depend on the
#: release of Python. `tests/lib/test_special_addresses.py` holds it against every row.
SPECIAL = tuple(
    map(
        ip_network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/3",  # multicast, and what is reserved
            "2001::/23",
            "2001:db8::/32",
            "2002::/16",
            "2620:4f:8000::/48",
            "3fff::/20",
        ),
    )
)
#: Public by its number, yet it gives away a machine's secrets to whoever asks from inside (Azure).
METADATA = frozenset({ip_address("168.63.129.16")})

TOO_LONG = _("The answer took too long")

#: When the call that is under way must be over, by the monotonic clock.
call_ends: ContextVar[float] = ContextVar("call_ends")


class OutboundError(Exception):
    """A call without an answer. ``permanent`` if trying again cannot help."""

    permanent = False

    def __init__(self, text: str, **words: str) -> None:
        self.sentence = Sentence(text, **words)
        super().__init__(self.sentence)


class Unreachable(OutboundError):
    """No answer: the look-up, the connection, TLS or the answer failed, or took too long."""


class Refused(OutboundError):
    """We do not call there: not an http(s) URL, or an address that is not public."""

    permanent = True


def is_allowed(text: str) -> bool:
    """Tell whether the portal may connect to the IP address ``text``.

    Public addresses, and whatever lies in a network of ``settings.OUTBOUND_ALLOW``.
    """
    address = ip_address(text)
    faces = {address, *_carried(address)}
    if any(face in network for face in faces for network in settings.OUTBOUND_ALLOW):
        return True
    return all(_is_public(face) for face in faces)


def _is_public(address: Address) -> bool:
    if address.version == 6 and address not in UNICAST:
        # Its IPv4 address is judged beside it.
        return any(address in carrier for carrier in LIVE_CARRIERS)
    return address not in METADATA and not any(address in network for network in SPECIAL)


def _carried(address: Address) -> Iterable[IPv4Address]:
    """Give the IPv4 addresses that an IPv6 address stands for."""
    if isinstance(address, IPv4Address):
        return
    if any(address in carrier for carrier in CARRIERS):
        yield IPv4Address(int(address) & 0xFFFF_FFFF)
    if address.sixtofour:
        yield address.sixtofour


def resolve(host: str, port: int) -> list[str]:
    """Return the IP addresses of ``host`` that may be called, in the order to try them.

    Raises Refused where it has addresses but none of them may be called, Unreachable where it has
    none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Unreachable(_("The name %(host)s was not found"), host=host) from error
    # In the order of the look-up, each once.
    addresses = list(dict.fromkeys(str(sockaddr[0]) for *_ignored, sockaddr in found))
    allowed = [address for address in addresses if is_allowed(address)]
    if not allowed:
        # The address stays unsaid: a member must not learn what names lead to inside our network.
        raise Refused(_("%(host)s leads to an address that is not public"), host=host)
    return allowed


class GuardedBackend(httpcore.NetworkBackend):
    """Connects only to addresses that were judged, and ends every call in time."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        failure: httpcore.NetworkError | httpcore.TimeoutException | None = None
        addresses = resolve(host, port)
        # Each has its share of the time: the first may be silent and the second may answer.
        share = _left(timeout) / len(addresses)
        for address in addresses:
            try:
                stream = self._inner.connect_tcp(
                    address, port, _left(share), local_address, socket_options
                )
            except (httpcore.NetworkError, httpcore.TimeoutException) as error:
                failure = error
            else:
                return TimedStream(stream)
        assert failure is not None  # resolve gives at least one address
        raise failure

    def connect_unix_socket(self, *args: Any, **kwargs: Any) -> httpcore.NetworkStream:
        raise Refused(_("Unix sockets are not called"))


class TimedStream(httpcore.NetworkStream):
    """A stream on which all reads and writes of a call share its time.

    A server that sends a byte now and then cannot hold us longer than one that sends none.
    """

    def __init__(self, inner: httpcore.NetworkStream) -> None:
        self._inner = inner

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, _left(timeout))

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = _left(timeout)
        return TimedStream(self._inner.start_tls(ssl_context, server_hostname, left))

    def close(self) -> None:
        self._inner.close()

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)


def _left(timeout: float | None) -> float:
    """Return the seconds left of the call under way, at most ``timeout``."""
    left = call_ends.get() - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout(TOO_LONG)
    return left if timeout is None else min(left, timeout)
