"""Merging one person into another, as Braze does: what the one kept lacks is filled in."""

from datetime import datetime

from lib.transactions import retried
from profiles import custom_size
from profiles.models import (
    Alias,
    Device,
    Event,
    FormerExternalId,
    GroupSubscription,
    Merge,
    Profile,
    PushToken,
)
from profiles.standard import ATTRIBUTES
from workspaces.models import Workspace

#: What is taken over where the person kept has none of it. Columns in one tuple say one thing
#: together: a subscription and when it began, a place on the map.
TAKEN_OVER = (
    ("external_id",),
    *(
        (each.column, each.since_column) if each.since_column else (each.column,)
        for each in ATTRIBUTES
        if not each.is_of_address
    ),
    ("longitude", "latitude"),
)
#: What is known of an e-mail address, rather than of the person: it goes where the address goes.
OF_ADDRESS = (
    "email_hard_bounced_at",
    *(each.column for each in ATTRIBUTES if each.is_of_address),
)
_UNKNOWN = Profile()


class NotMerged(ValueError):
    """One of the two is not there any more, or both are the same person. Nothing was changed."""


@retried
def merge(workspace: Workspace, *, merged: int, kept: int) -> None:
    """Merge the profile with the id ``merged`` into ``kept``, both of ``workspace``.

    The person kept wins wherever both have a value, an alias of the same label or a subscription to
    the same group. Events, devices and push tokens move. Other rooms move what they hold by a
    trigger on ``Merge``. Then the profile ``merged`` is deleted, all in one transaction. Raises
    ``NotMerged``.
    """
    merge_held(*hold(workspace, merged=merged, kept=kept))


def hold(workspace: Workspace, *, merged: int, kept: int) -> tuple[Profile, Profile]:
    """Return both profiles, held until the transaction ends. Raises ``NotMerged``."""
    people = Profile.objects.in_workspace(workspace)
    held = {}
    # In the order of their ids, so that two merges crosswise wait and never deadlock. The one kept
    # is held so that others may go on adding rows about that person.
    for pk in sorted((merged, kept)):
        held[pk] = people.select_for_update(no_key=pk == kept).filter(pk=pk).first()
    one, other = held[merged], held[kept]
    if one is None or other is None or merged == kept:
        raise NotMerged
    return one, other


def merge_held(merged: Profile, kept: Profile) -> None:
    """Do what ``merge`` does with two profiles that are held, within the caller's transaction."""
    _move_rows(merged, kept)
    _fill(merged, kept)
    # Whoever became part of the one is part of the other now.
    Merge.objects.filter(kept=merged).update(kept=kept)
    Merge.objects.create(workspace_id=kept.workspace_id, merged_id=merged.pk, kept=kept)
    merged.delete()
    # After the deletion: it may have the external id of the profile that is gone now.
    kept.save()


def _move_rows(merged: Profile, kept: Profile) -> None:
    for model in (Event, Device, PushToken):
        model.objects.filter(profile=merged).update(profile=kept)
    labels = Alias.objects.filter(profile=kept).values("label")
    Alias.objects.filter(profile=merged).exclude(label__in=labels).update(profile=kept)
    if kept.external_id is None:
        FormerExternalId.objects.filter(profile=merged).update(profile=kept)
    groups = GroupSubscription.objects.filter(profile=kept).values("group")
    GroupSubscription.objects.filter(profile=merged).exclude(group__in=groups).update(profile=kept)


def _fill(merged: Profile, kept: Profile) -> None:
    for columns in TAKEN_OVER:
        if all(getattr(kept, column) == getattr(_UNKNOWN, column) for column in columns):
            for column in columns:
                setattr(kept, column, getattr(merged, column))
    if kept.email.lower() == merged.email.lower():
        for column in OF_ADDRESS:
            setattr(kept, column, _later(getattr(merged, column), getattr(kept, column)))
    # Where both together are too much, the person kept has enough of their own.
    if custom_size.fits(both := merged.custom | kept.custom):
        kept.custom = both


def _later(*moments: datetime | None) -> datetime | None:
    return max((moment for moment in moments if moment), default=None)
