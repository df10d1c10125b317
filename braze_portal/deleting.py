"""Deleting closed workspaces, in portions.

In one request it would hold all that is known of everybody in memory, and everybody's rows until
the last is gone.
"""

from django.utils import timezone

from cohorts.models import CohortImport, DataImportKey
from profiles.identity.deleting import delete_people
from profiles.models import Profile
from workspaces.models import Workspace

#: So many people, or lines of the ledger, go in a transaction.
PORTION = 1_000


def go_on() -> None:
    """Delete the workspaces that are closed. Whoever is stopped goes on at the next run."""
    left = list(Workspace.objects.filter(deleting_since__isnull=False))
    for workspace in left:
        keys = DataImportKey.objects.in_workspace(workspace).live()
        keys.update(invalidated_at=timezone.now())
    while left:
        left = [workspace for workspace in left if _some_goes(workspace)]


def _some_goes(workspace: Workspace) -> bool:
    """Delete a portion; where nothing large is left delete the workspace, return False."""
    people = Profile.objects.in_workspace(workspace).values_list("pk", flat=True)
    if portion := list(people[:PORTION]):
        delete_people(workspace, portion)
        return True
    calls = CohortImport.objects.in_workspace(workspace).order_by().values_list("pk", flat=True)
    if portion := list(calls[:PORTION]):
        CohortImport.objects.filter(pk__in=portion).delete()
        return True
    workspace.delete()
    return False
