"""The two addresses of a request: the IP address of its caller, and the URL of ours it came to."""

from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """Return the caller's IP address, as ``address_of`` does."""
    return address_of(request.META)


def address_of(environ: Mapping[str, Any]) -> str | None:
    """Return the caller's IP address. The proxy's word counts only where one is known to stand."""
    address = environ.get("REMOTE_ADDR", "")
    if settings.BEHIND_TLS:
        address = environ.get("HTTP_X_FORWARDED_FOR", address).rpartition(",")[2]
    try:
        found = ip_address(address.strip().partition("%")[0])
    except ValueError:
        return None
    # A socket that listens for IPv4 and IPv6 gives an IPv4 caller as ::ffff:192.0.2.1.
    return str(getattr(found, "ipv4_mapped", None) or found)


def rest_endpoint(request: HttpRequest) -> str:
    """Return the URL that partners and clients call: the setting, or the host of ``request``."""
    return settings.REST_ENDPOINT or f"{request.scheme}://{request.get_host()}"
