"""Making, finding and showing the secrets that partners call with.

A secret is stored twice and never as itself: as an HMAC digest, by which a call is looked up, and
as a Fernet token, from which an admin may have it shown again. See ``lib.sealing``.
"""

import secrets
from typing import Any

from django.db.models import QuerySet

from cohorts.models import DataImportKey, Partner, PartnerApiKey, SealedKey
from lib.sealing import digests, seal, unseal
from workspaces.models import User, Workspace


def generate_import_key(
    workspace: Workspace, partner: Partner, *, name: str, created_by: User | None = None
) -> tuple[DataImportKey, str]:
    """Make a live Data Import Key; return it and the secret to hand to the partner."""
    secret = secrets.token_urlsafe(32)
    key = DataImportKey.objects.create(
        workspace=workspace, partner=partner, name=name, created_by=created_by, **_sealed(secret)
    )
    return key, secret


def issue_partner_key(partner: Partner) -> tuple[PartnerApiKey, str]:
    """Make an API key by which ``partner`` says who it is; return it and its secret."""
    secret = secrets.token_urlsafe(32)
    return PartnerApiKey.objects.create(partner=partner, **_sealed(secret)), secret


def find[K: SealedKey](keys: QuerySet[K], secret: str) -> K | None:
    return keys.filter(digest__in=digests(secret)).first()


def reveal(key: SealedKey) -> str:
    """Return the secret of ``key``. The caller writes to the audit log that it was shown."""
    return unseal(key.ciphertext)


def _sealed(secret: str) -> dict[str, Any]:
    return {"digest": digests(secret)[0], "ciphertext": seal(secret)}
