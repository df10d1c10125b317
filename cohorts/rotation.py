"""The keys of a partner as an admin sees them, and how far the change of one for the next is."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from cryptography.fernet import InvalidToken
from django.db import transaction

from cohorts import keys
from cohorts.models import DataImportKey, Partner
from lib.masking import mask
from workspaces.models import User, Workspace


class NameTaken(Exception):
    """A live key of the partner has this name already."""


class Step(IntEnum):
    """What is to be done next, in the order of a rotation."""

    GENERATE = 1
    HAND_OVER = 2
    WATCH = 3
    INVALIDATE = 4
    DONE = 5


@dataclass(frozen=True)
class KeyRow:
    """A key, whether it can be called with now, and as much of its secret as anyone may see."""

    key: DataImportKey
    live: bool
    hint: str


def key_rows(workspace: Workspace, partner: Partner, now: datetime) -> list[KeyRow]:
    found = DataImportKey.objects.in_workspace(workspace).filter(partner=partner)
    rows = [KeyRow(key, key.is_live(now), _hint(key)) for key in found.select_related("created_by")]
    return sorted(rows, key=lambda row: not row.live)


def next_step(live: Sequence[DataImportKey]) -> Step:
    """Tell how far a rotation is, from the live keys, newest first."""
    if len(live) < 2:
        return Step.GENERATE
    newest, *older = live
    if newest.last_used_at is None:
        return Step.HAND_OVER
    if any(key.last_used_at and key.last_used_at > newest.last_used_at for key in older):
        return Step.WATCH
    return Step.DONE if all(key.expires_at for key in older) else Step.INVALIDATE


def add_key(
    workspace: Workspace, partner: Partner, *, name: str, created_by: User
) -> tuple[DataImportKey, str]:
    """Generate a key under a name that no live key has; return it and its secret.

    Raises ``NameTaken``. So a form that is sent twice makes one key.
    """
    with transaction.atomic():
        Workspace.objects.select_for_update(no_key=True).get(pk=workspace.pk)
        live = DataImportKey.objects.in_workspace(workspace).live().filter(partner=partner)
        if live.filter(name=name).exists():
            raise NameTaken(name)
        return keys.generate_import_key(workspace, partner, name=name, created_by=created_by)


def _hint(key: DataImportKey) -> str:
    try:
        return mask(keys.reveal(key))
    except InvalidToken:
        # Sealed under a data key that this installation no longer has.
        return mask("")
