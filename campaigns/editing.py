"""Saving and archiving campaigns and Canvases, each on record."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction

from campaigns.models import SendTo, Targeted
from segments.models import Segment
from workspaces import audit
from workspaces.models import User


@transaction.atomic
def save_draft(draft: Targeted, *, by: User) -> None:
    verb = "Added" if draft._state.adding else "Edited"
    draft.updated_by = by
    draft.created_by = by if draft._state.adding else draft.created_by
    draft.save()
    _record(verb, draft, by)


@transaction.atomic
def save_targeting(
    targeted: Targeted,
    *,
    segments: Iterable[Segment],
    send_to: SendTo,
    trees: dict[str, dict[str, Any]],
    by: User,
) -> None:
    """Store the choices of the Target Audiences step; ``trees`` by the name of their field."""
    for field, tree in trees.items():
        setattr(targeted, field, tree)
    targeted.send_to = send_to
    targeted.updated_by = by
    targeted.save(update_fields=["send_to", "updated_by", "updated_at", *trees])
    targeted.segments.set(segments)
    _record("Edited", targeted, by, step="Target Audiences")


@transaction.atomic
def switch_archived(targeted: Targeted, *, by: User) -> None:
    """Archive ``targeted``, or unarchive it. Nothing happens if another call was first."""
    if targeted.archived_at is None and targeted.archive():
        _record("Archived", targeted, by)
    elif targeted.archived_at is not None and targeted.unarchive():
        _record("Unarchived", targeted, by)


def _record(verb: str, targeted: Targeted, by: User, **detail: str) -> None:
    action = f"{verb} {type(targeted).__name__}"
    audit.record(targeted.workspace, by, action, targeted, id=str(targeted.pk), **detail)
