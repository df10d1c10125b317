"""Issuing keys of the REST API and taking them back, each on record."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from workspaces import audit
from workspaces.api_keys.keys import generate_api_key
from workspaces.models import RestApiKey, User, Workspace


class NameTaken(Exception):
    """A key of the workspace has this name already."""


@transaction.atomic
def issue_api_key(
    workspace: Workspace,
    *,
    name: str,
    permissions: Sequence[str],
    allow_list: Sequence[str] = (),
    expires_at: datetime | None = None,
    by: User,
) -> tuple[RestApiKey, str]:
    """Make a key under a name that no other has; return it and its secret, which is kept nowhere.

    Raises ``NameTaken``. So a form that is sent twice makes one key.
    """
    Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
    if RestApiKey.objects.in_workspace(workspace).filter(name=name).exists():
        raise NameTaken(name)
    key, secret = generate_api_key(
        workspace,
        name=name,
        permissions=permissions,
        allow_list=allow_list,
        expires_at=expires_at,
        created_by=by,
    )
    _record("Added REST API key", key, by)
    return key, secret


@transaction.atomic
def delete_api_key(key: RestApiKey, *, by: User) -> None:
    """Delete a key for good. Nothing happens if another call deleted it first."""
    deleted, _by_model = RestApiKey.objects.filter(pk=key.pk).delete()
    if deleted:
        _record("Removed REST API key", key, by)


def _record(action: str, key: RestApiKey, by: User) -> None:
    detail = {"permissions": key.permissions, "addresses": key.allow_list}
    audit.record(key.workspace, by, action, key.name, **detail)
