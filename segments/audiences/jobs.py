"""Building leaves that no page could wait for."""

from time import monotonic

from segments.audiences import backlog
from segments.audiences.patience import JOB_TIMEOUT_MS
from segments.audiences.people import people_of
from segments.filters.judging import revive
from segments.models import LeafBuild

#: After so long a job lets those of other workspaces go first.
TURN_SECONDS = 30.0


def build_waiting(workspace_id: int) -> None:
    """Build the leaves of a workspace that wait, unless another job does."""
    end = monotonic() + TURN_SECONDS
    with backlog.turn(workspace_id) as is_ours:
        if not is_ours:
            return
        while monotonic() < end and (asked := backlog.next_of(workspace_id)):
            build(asked)
    # What was asked for at the last moment found a job that worked, and has none of its own.
    backlog.go_on(workspace_id)


def build(asked: LeafBuild) -> None:
    """Build one leaf that was asked for, or write down why it cannot be built.

    Nothing happens when another worker has built it meanwhile.
    """
    if not backlog.begin(asked):
        return
    try:
        with people_of(asked.workspace, timeout_ms=JOB_TIMEOUT_MS) as people:
            people.build(revive(asked.leaf))
    except Exception as error:  # noqa: BLE001  whatever it is, it must not be tried for ever
        backlog.fail(asked, backlog.reason_of(error))
    else:
        LeafBuild.objects.filter(pk=asked.pk).delete()
