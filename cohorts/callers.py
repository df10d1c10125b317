"""Who is calling: the two keys that travel in the body of every call."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Q
from django.utils import timezone
from rest_framework.exceptions import APIException

from cohorts import keys
from cohorts.models import DataImportKey
from lib.masking import mask
from lib.statements import Statements

statements = Statements.beside(__file__, prepared=True)
#: "Last used" is written no more often than this, unless the address changes.
USE_NOTED_EVERY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Caller:
    """A Data Import Key, and the workspace and partner for which it was made."""

    key_id: int
    workspace_id: int
    partner_id: int


class UnknownCaller(APIException):
    """A call whose keys do not stand. ``caller`` is whose Data Import Key it came with."""

    status_code = 401

    def __init__(self, detail: str, caller: Caller | None) -> None:
        super().__init__(detail)
        self.caller = caller


def authenticate(partner: str, body: dict[str, Any], address: str | None) -> Caller:
    """Return who makes a call to the partner with the slug ``partner``, and note the key's use.

    ``address`` is the IP address that the call comes from. Raises ``UnknownCaller`` with the
    message that Braze documents.
    """
    secret = body.get("client_secret")
    api_partner, slug, *found, live, noted = _find(body.get("partner_api_key"), secret, address)
    caller = Caller(*found) if found[0] else None
    if api_partner is None:
        raise UnknownCaller("Invalid Partner API key", caller)
    if slug != partner:
        raise UnknownCaller("Unauthorized access", caller)
    if caller is None or not live:
        raise UnknownCaller("Invalid client secret", caller)
    if caller.partner_id != api_partner:
        message = "Partner not enabled for client with client secret: "
        raise UnknownCaller(message + mask(str(secret)), caller)
    if not noted:
        _note_use(caller, address)
    return caller


def _find(partner_api_key: Any, client_secret: Any, address: str | None) -> Any:
    return statements.one(
        "find",
        partner_api_key=_digests(partner_api_key),
        client_secret=_digests(client_secret),
        noted_every=USE_NOTED_EVERY,
        address=address,
    )


def _digests(secret: Any) -> list[str]:
    return keys.digests(secret) if isinstance(secret, str) else [""]


def _note_use(caller: Caller, address: str | None) -> None:
    """Remember when a key was used, and from where: what an admin watches during a rotation."""
    now = timezone.now()
    # Asked again in the statement: of several calls at once only one writes.
    outdated = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_NOTED_EVERY)
    DataImportKey.objects.filter(outdated | ~Q(last_used_ip=address), pk=caller.key_id).update(
        last_used_at=now, last_used_ip=address
    )
