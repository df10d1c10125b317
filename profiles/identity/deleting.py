"""Deleting people, with all that is known of them."""

from collections.abc import Collection

from lib.transactions import retried
from profiles.models import Profile
from workspaces.models import Workspace


@retried
def delete_people(workspace: Workspace, ids: Collection[int]) -> int:
    """Delete those of ``workspace`` whose profile ids are in ``ids``; return how many there were.

    A statement a table, whatever their number. Audiences, cohorts and lists have them no longer as
    soon as it is committed. It cannot be undone.
    """
    people = Profile.objects.in_workspace(workspace).filter(pk__in=set(ids)).order_by("pk")
    # Held first, in the order of their ids: nobody adds to them while they go.
    held = list(people.select_for_update().values_list("pk", flat=True))
    Profile.objects.filter(pk__in=held).delete()
    return len(held)
