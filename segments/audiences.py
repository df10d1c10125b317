"""The people of a workspace as of one instant: the one door to every size and every list.

    with people_of(workspace) as people:
        audience = load_tree(segment.tree).audience(people)

All that is read through one ``People`` is read in one snapshot of the database, so its numbers
agree with each other, whatever a partner's sync is writing meanwhile.
"""

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from pyroaring import BitMap

from profiles.models import Profile
from segments import bitmaps
from segments.bitmaps import Leaf, Snapshot
from segments.fields import nothing
from segments.filters import Filter, InvalidTree, Operator, Query
from segments.models import Segment
from segments.tree import Tree, load_tree
from workspaces.models import Workspace

#: Past this many changed people a leaf is built anew: looking at them one by one costs more.
MOST_CAUGHT_UP = 100_000
#: After this many a caught-up leaf is stored again, so that other processes need not repeat it.
WORTH_STORING = 1_000
#: No filter may hold a page or the database for longer.
STATEMENT_TIMEOUT_MS = 20_000


@dataclass(frozen=True)
class Everyone(Filter):
    """The whole workspace: what negation subtracts from. Not offered in the menu."""

    kind = "everyone"
    operators: ClassVar[dict[str, Operator]] = {"are": Operator("", nothing)}

    def query(self, workspace: Workspace, now: datetime) -> Query:
        return Query("select id from profiles_profile where workspace_id = %s", (workspace.pk,))


EVERYONE = Everyone("", "are", ())


class People:
    """The people of ``workspace`` in one snapshot of the database. Made by ``people_of``."""

    def __init__(self, workspace: Workspace, snapshot: Snapshot) -> None:
        self.workspace = workspace
        self.snapshot = snapshot
        # Relative times are measured from the start of the minute: within it, an answer stands.
        self.now = timezone.now().replace(second=0, microsecond=0)
        self.worth_storing: dict[str, Leaf] = {}
        self._leaves: dict[str, BitMap] = {}
        self._changed: dict[str, BitMap] = {}
        self._trees: dict[str, dict[str, Any]] = {}
        self._segments: dict[str, BitMap | None] = {}

    def everyone(self) -> BitMap:
        """Return the ids of all people of the workspace."""
        return self.leaf(EVERYONE)

    def leaf(self, item: Filter) -> BitMap:
        """Return the ids of those for whom ``item`` holds, its negation left aside."""
        name = item.fingerprint(self.workspace)
        if name not in self._leaves:
            minute = self.now if item.drifts else None
            known = bitmaps.recall(name, self.snapshot, minute)
            changed = self._changed_for(item, known.snapshot) if known else None
            if known is None or changed is None:
                leaf = self._built(item, minute)
                self.worth_storing[name] = leaf
            else:
                leaf = self._caught_up(item, known, changed)
                if len(changed) >= WORTH_STORING:
                    self.worth_storing[name] = leaf
            bitmaps.cached.put(name, leaf)
            self._leaves[name] = leaf.bitmap
        return self._leaves[name]

    def segment(self, pk: str | UUID) -> BitMap:
        """Return the ids of the people of a segment of this workspace.

        Raises ``InvalidTree`` when there is no such segment or it contains itself.
        """
        key = str(pk)
        if key not in self._segments:
            self._segments[key] = None
            self._segments[key] = self._tree(key).audience(self)
        found = self._segments[key]
        if found is None:
            raise InvalidTree(f"the segment {key} contains itself")
        return found

    def _tree(self, key: str) -> Tree:
        if not self._trees:
            # All at once: segments name each other, and there are a few hundred at most.
            stored = Segment.objects.in_workspace(self.workspace).values_list("pk", "tree")
            self._trees = {str(pk): tree for pk, tree in stored}
        if key not in self._trees:
            raise InvalidTree(f"no segment has the id {key}")
        return load_tree(self._trees[key])

    def _built(self, item: Filter, minute: datetime | None) -> Leaf:
        bitmap = bitmaps.read(item.query(self.workspace, self.now))
        return Leaf(bitmap, self.snapshot, minute)

    def _caught_up(self, item: Filter, known: Leaf, changed: BitMap) -> Leaf:
        bitmap = known.bitmap
        if changed:
            query = item.query(self.workspace, self.now)
            bitmap = (bitmap - changed) | bitmaps.read_within(query, changed)
        return Leaf(bitmap, self.snapshot, known.minute)

    def _changed_for(self, item: Filter, since: Snapshot) -> BitMap | None:
        """Return whom to look at again, or None when they are too many."""
        query = item.changed_since(self.workspace, since.xmin) | deleted_since(
            self.workspace, since.xmin
        )
        asked = repr(query)  # leaves over the same data ask the same
        if asked not in self._changed:
            limited = Query(f"{query.sql} limit {MOST_CAUGHT_UP + 1}", query.params)
            self._changed[asked] = bitmaps.read(limited)
        changed = self._changed[asked]
        return changed if len(changed) <= MOST_CAUGHT_UP else None


def deleted_since(workspace: Workspace, token: int) -> Query:
    """Select the people who were deleted since the transaction ``token``."""
    return Query(
        "select profile_id from profiles_deletedprofile "
        "where workspace_id = %s and changed >= %s::xid8",
        (workspace.pk, str(token)),
    )


@contextmanager
def people_of(workspace: Workspace) -> Iterator[People]:
    """Open a snapshot of the people of ``workspace``; keep the bitmaps that it had to build.

    Inside, nothing may be written. A filter that takes longer than ``STATEMENT_TIMEOUT_MS``
    raises ``django.db.OperationalError``.
    """
    outermost = not connection.in_atomic_block
    with transaction.atomic(), connection.cursor() as cursor:
        if outermost:
            cursor.execute("set transaction isolation level repeatable read, read only")
        cursor.execute(
            "select pg_current_snapshot()::text, set_config('statement_timeout', %s, true)",
            [str(STATEMENT_TIMEOUT_MS)],
        )
        people = People(workspace, Snapshot.parse(cursor.fetchone()[0]))
        yield people
    if people.worth_storing:
        bitmaps.store(workspace.pk, people.worth_storing)


def sample(audience: BitMap, most: int = 10) -> list[Profile]:
    """Return up to ``most`` people of ``audience``, drawn at random, ordered by id."""
    ranks = random.sample(range(len(audience)), min(most, len(audience)))
    return list(Profile.objects.filter(pk__in=[audience[rank] for rank in ranks]).order_by("pk"))


def sizes(workspace: Workspace, segments: Iterable[Segment]) -> tuple[dict[UUID, int], int | None]:
    """Return the size of each of ``segments`` by its id, and of everyone, all of one snapshot.

    Left out is what cannot be answered: because it names what is gone, or takes too long.
    """
    found: dict[UUID, int] = {}
    everyone = None
    with suppress(DatabaseError), people_of(workspace) as people:
        everyone = len(people.everyone())
        for segment in segments:
            with suppress(InvalidTree):
                found[segment.pk] = len(people.segment(segment.pk))
    return found, everyone
