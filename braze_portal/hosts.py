"""The names by which the portal may be called, for Django's ``ALLOWED_HOSTS``.

What a request calls us goes into links and into what partners are told to call, so a name that
somebody made up is refused.
"""

import socket
from collections.abc import Iterable, Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

import psutil

#: One can always call one's own machine by these.
LOCAL = ("localhost", ".localhost", "127.0.0.1", "[::1]")
#: To listen on one of these is to listen on all addresses of the machine.
EVERYWHERE = {"", "0.0.0.0", "::"}  # noqa: S104


def allowed(*, served: str, named: Iterable[str], urls: Iterable[str]) -> list[str]:
    """Return the allowed hosts: what is listened on, what an operator named, and the hosts of
    ``urls`` that an operator named for something else.

    ``served`` is the address that the web server listens on; empty where that is not known.
    """
    own = _of_machine() if served in EVERYWHERE else [_as_host(served)]
    others = (urlsplit(url).hostname or "" for url in urls)
    found = [*LOCAL, *own, *named, *(_as_host(host.removeprefix("*")) for host in others)]
    return list(dict.fromkeys(filter(None, found)))


def _of_machine() -> Iterator[str]:
    """The name of this machine, and its addresses."""
    yield socket.gethostname().lower()
    for addresses in psutil.net_if_addrs().values():
        for each in addresses:
            if each.family in {socket.AF_INET, socket.AF_INET6}:
                yield _as_host(each.address.partition("%")[0])


def _as_host(address: str) -> str:
    """Return ``address`` as a Host header has it: IPv6 in brackets, and short."""
    try:
        found = ip_address(address)
    except ValueError:
        return address.lower()
    return f"[{found}]" if found.version == 6 else str(found)
