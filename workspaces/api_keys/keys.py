"""The keys of the REST API: making them, and finding out whose a call is."""

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from lib.statements import prepared_cursor
from workspaces.models import RestApiKey, User, Workspace

#: "Last used" is written no more often than this: a busy key would wait for its own row.
USE_NOTED_EVERY = timedelta(seconds=10)
#: How many characters of a secret are stored as they are, to find the key by. They are hex digits.
LOOKUP = 8

# In plain SQL: to write it anew for each call would take the ORM 0.4 ms, as long as the rest of its
# checks. The columns stand in the order of the models.
FIND = """
select key.id, key.digest, key.permissions, key.allow_list, key.expires_at, key.last_used_at,
    workspace.id, workspace.uid, workspace.slug, workspace.name, workspace.time_zone
from workspaces_restapikey as key
join workspaces_workspace as workspace on workspace.id = key.workspace_id
where key.lookup = %s
"""
KEY_FIELDS = ("id", "digest", "permissions", "allow_list", "expires_at", "last_used_at")
WORKSPACE_FIELDS = ("id", "uid", "slug", "name", "time_zone")


def generate_api_key(
    workspace: Workspace,
    *,
    name: str,
    permissions: Sequence[str],
    allow_list: Sequence[str] = (),
    expires_at: datetime | None = None,
    created_by: User | None = None,
    secret: str = "",
) -> tuple[RestApiKey, str]:
    """Make a key; return it and its secret, drawn at random unless given. It is kept nowhere.

    ``permissions`` are of ``all_permissions()``; ``allow_list`` holds IP addresses and networks.
    """
    secret = secret or str(UUID(bytes=secrets.token_bytes(16)))
    key = RestApiKey.objects.create(
        workspace=workspace,
        name=name,
        lookup=secret[:LOOKUP],
        digest=_digest(secret),
        permissions=list(permissions),
        allow_list=list(allow_list),
        expires_at=expires_at,
        created_by=created_by,
    )
    return key, secret


def find(secret: str) -> RestApiKey | None:
    """Return the live key whose secret is ``secret``, with its workspace, or None."""
    # What is not ASCII is no key of ours, and may be what PostgreSQL cannot be asked for.
    lookup = secret[:LOOKUP] if secret.isascii() and secret.isprintable() else ""
    with prepared_cursor() as cursor:
        cursor.execute(FIND, [lookup])
        row = cursor.fetchone()
    if row is None:
        return None
    of_key, of_workspace = row[: len(KEY_FIELDS)], row[len(KEY_FIELDS) :]
    key = RestApiKey.from_db(connection.alias, KEY_FIELDS, of_key)
    key.workspace = Workspace.from_db(connection.alias, WORKSPACE_FIELDS, of_workspace)
    return key if opens(key, secret) and key.is_live(timezone.now()) else None


def opens(key: RestApiKey, secret: str) -> bool:
    """Tell whether ``secret`` is that of ``key``, in a time that does not tell how nearly."""
    return hmac.compare_digest(key.digest, _digest(secret))


def note_use(key: RestApiKey, address: str | None) -> None:
    """Remember when a key was used, and from where: the newest call, give or take some seconds."""
    now = timezone.now()
    if key.last_used_at and key.last_used_at > now - USE_NOTED_EVERY:
        return
    # Asked again in the statement: of several calls at once only one writes.
    outdated = Q(last_used_at=None) | Q(last_used_at__lte=now - USE_NOTED_EVERY)
    RestApiKey.objects.filter(outdated, pk=key.pk).update(last_used_at=now, last_used_ip=address)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
