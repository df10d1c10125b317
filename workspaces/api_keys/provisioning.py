"""The REST API key that ``manage.py provision`` prints, made where it is missing.

A key is stored as a digest and can be shown to no one again. This one can: it begins with its
look-up part, drawn at random, and the rest follows from that, the workspace and a data key.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from uuid import UUID

from django.db import transaction

from lib.data_keys import derived
from workspaces import audit
from workspaces.api_keys import keys
from workspaces.models import RestApiKey, Workspace, WorkspaceQuerySet
from workspaces.permissions import all_permissions

KEY_NAME = "Provisioned"


@transaction.atomic
def provision_api_key(workspace: Workspace) -> str:
    """Return the secret of a key that lives without an end and may do everything from anywhere.

    It is the same at each call, until the key is deleted. That it was made or shown goes on
    record.
    """
    # Two that provision at once end with the same key.
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
    for key in _unlimited(workspace):
        for secret in _secrets(workspace, key.lookup):
            if keys.opens(key, secret):
                audit.record(workspace, None, "Revealed REST API key", key.name)
                return secret
    secret = next(_secrets(workspace, secrets.token_hex(keys.LOOKUP // 2)))
    key, _ = keys.generate_api_key(
        workspace, name=KEY_NAME, permissions=all_permissions(), secret=secret
    )
    audit.record(workspace, None, "Added REST API key", key.name)
    return secret


def _unlimited(workspace: Workspace) -> WorkspaceQuerySet[RestApiKey]:
    own = RestApiKey.objects.in_workspace(workspace).filter(name=KEY_NAME, created_by=None)
    return own.filter(permissions__contains=list(all_permissions()), allow_list=[], expires_at=None)


def _secrets(workspace: Workspace, lookup: str) -> Iterator[str]:
    """Give the secret that begins with ``lookup`` under every data key, the newest first."""
    for data_key in derived(b"rest api key"):
        rest = hmac.new(data_key, f"{workspace.uid} {lookup}".encode(), hashlib.sha256).hexdigest()
        yield str(UUID(lookup + rest[: 32 - len(lookup)]))
