"""What a partner needs to call a workspace, made where it is missing."""

from dataclasses import dataclass

from cryptography.fernet import InvalidToken
from django.db import transaction

from cohorts import keys
from cohorts.models import DataImportKey, Partner, SealedKey
from workspaces import audit
from workspaces.models import Workspace

KEY_NAME = "Provisioned"


@dataclass(frozen=True)
class Secrets:
    """The two secrets that a partner puts in the body of each call."""

    partner_api_key: str
    data_import_key: str


@transaction.atomic
def provision(workspace: Workspace, partner: Partner) -> Secrets:
    """Return the secrets by which ``partner`` calls ``workspace``; make those that are missing.

    The newest Data Import Key that lives without an end is taken. That it was made or shown goes
    on record.
    """
    # Two that provision at once end with the same keys.
    Partner.objects.select_for_update(no_key=True).get(pk=partner.pk)
    return Secrets(_partner_api_key(partner), _data_import_key(workspace, partner))


def _data_import_key(workspace: Workspace, partner: Partner) -> str:
    live = DataImportKey.objects.in_workspace(workspace).live().filter(partner=partner)
    for key in live.filter(expires_at=None):
        if secret := _readable(key):
            audit.record(
                workspace, None, "Revealed Data Import Key", key.name, partner=partner.name
            )
            return secret
    key, secret = keys.generate_import_key(workspace, partner, name=KEY_NAME)
    audit.record(workspace, None, "Generated Data Import Key", key.name, partner=partner.name)
    return secret


def _partner_api_key(partner: Partner) -> str:
    readable = filter(None, map(_readable, partner.api_keys.order_by("-pk")))
    return next(readable, None) or keys.issue_partner_key(partner)[1]


def _readable(key: SealedKey) -> str | None:
    """The secret of ``key``; None if it was sealed under a data key that we no longer have."""
    try:
        return keys.reveal(key)
    except InvalidToken:
        return None
