"""What every benchmark is given."""

from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property

from django.db import connection
from pyroaring import BitMap

from benchmarks.worlds.portal import Portal, running
from segments.audiences import bitmaps
from segments.audiences.people import people_of
from workspaces.models import Workspace


@dataclass
class Bench:
    """One run: over which database, with how many users.

    ``server`` is the address of another database on the same server. What ``ending`` holds is
    closed at the end of the run.
    """

    server: str
    url: str
    users: int
    workspace: Workspace
    ending: ExitStack

    @cached_property
    def portal(self) -> Portal:
        """The portal that serves them, started when it is first needed."""
        return self.ending.enter_context(running())

    def everyone(self) -> BitMap:
        """Return the ids of all people."""
        with people_of(self.workspace) as people:
            return people.everyone()


def forget_bitmaps() -> None:
    """Make every leaf cold, in PostgreSQL and in this process."""
    with connection.cursor() as cursor:
        cursor.execute("truncate segments_leafbitmap")
    bitmaps.cached.clear()
