"""Who is calling: the two keys that travel in the body of every call."""

from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from rest_framework.exceptions import APIException

from cohorts import keys
from cohorts.models import DataImportKey, PartnerApiKey, SealedKey

#: "Last used" is written no more often than this, unless the address changes.
USE_NOTED_EVERY = timedelta(seconds=10)


class UnknownCaller(APIException):
    """A call whose keys do not stand. ``key`` is the Data Import Key it came with, if it is one."""

    status_code = 401

    def __init__(self, detail: str, key: DataImportKey | None) -> None:
        super().__init__(detail)
        self.key = key


def authenticate(partner: str, body: dict[str, Any]) -> DataImportKey:
    """Return the Data Import Key of a call to the partner with the slug ``partner``.

    Raises ``UnknownCaller`` with the message that Braze documents.
    """
    secret = body.get("client_secret")
    api_key = _find(PartnerApiKey.objects.select_related("partner"), body.get("partner_api_key"))
    key = _find(DataImportKey.objects.defer("ciphertext"), secret)
    if api_key is None:
        raise UnknownCaller("Invalid Partner API key", key)
    if api_key.partner.slug != partner:
        raise UnknownCaller("Unauthorized access", key)
    if key is None or not key.is_live(timezone.now()):
        raise UnknownCaller("Invalid client secret", key)
    if key.partner_id != api_key.partner_id:
        masked = keys.mask(str(secret))
        raise UnknownCaller(f"Partner not enabled for client with client secret: {masked}", key)
    return key


def note_use(key: DataImportKey, address: str | None, now: datetime) -> None:
    """Remember that ``key`` was used, and from where: what an admin watches during a rotation."""
    stale = now - USE_NOTED_EVERY
    if key.last_used_at and key.last_used_at > stale and key.last_used_ip == address:
        return
    # Asked again in the statement: of several calls at once only one writes.
    outdated = Q(last_used_at=None) | Q(last_used_at__lte=stale) | ~Q(last_used_ip=address)
    DataImportKey.objects.filter(outdated, pk=key.pk).update(last_used_at=now, last_used_ip=address)


def client_address(request: HttpRequest) -> str | None:
    """Return the caller's IP address. The proxy's word counts only where one is known to stand."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.BEHIND_TLS:
        address = request.META.get("HTTP_X_FORWARDED_FOR", address).rpartition(",")[2]
    try:
        return str(ip_address(address.strip().partition("%")[0]))
    except ValueError:
        return None


def _find[K: SealedKey](queryset: QuerySet[K], secret: Any) -> K | None:
    return keys.find(queryset, secret) if isinstance(secret, str) else None
