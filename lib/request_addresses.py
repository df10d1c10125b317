"""Where a request comes from."""

from ipaddress import ip_address

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str | None:
    """Return the caller's IP address. The proxy's word counts only where one is known to stand."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_TLS:
        address = request.META.get("HTTP_X_FORWARDED_FOR", address).rpartition(",")[2]
    try:
        found = ip_address(address.strip().partition("%")[0])
    except ValueError:
        return None
    # A socket that listens for both kinds gives an IPv4 caller as ::ffff:192.0.2.1.
    return str(getattr(found, "ipv4_mapped", None) or found)


def rest_endpoint(request: HttpRequest) -> str:
    """Return what partners and API clients call: the setting, or where the page was opened."""
    return settings.REST_ENDPOINT or f"{request.scheme}://{request.get_host()}"
