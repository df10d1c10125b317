"""The people of a workspace as of one instant: the one door to every size and every list.

    with people_of(workspace) as people:
        audience = load_tree(segment.tree).audience(people)

All that is read through one ``People`` is read in one snapshot of the database, so its numbers
agree with each other, whatever a partner's sync is writing meanwhile. A page cannot wait for a
filter that nobody asked before on a large workspace: it opens
``people_of(workspace, within=PAGE_SECONDS)`` and asks ``people.size``, which then answers with an
estimate while a job builds the bitmap.
"""

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from functools import cached_property
from time import monotonic
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils import timezone
from pyroaring import BitMap

from profiles.models import Profile
from segments.audiences import life, patience
from segments.audiences.among import LeavesAmong
from segments.audiences.bitmaps import Snapshot
from segments.audiences.estimates import Size, drawn, estimated
from segments.audiences.leaves import Leaves
from segments.audiences.patience import PAGE_SECONDS, STATEMENT_TIMEOUT_MS, statement_timeout
from segments.filters.base import Filter, InvalidTree, Node, NotReady
from segments.filters.everyone import EVERYONE
from segments.models import MOST_NESTED, LeafBuild, Segment
from segments.trees.tree import Tree, read_tree
from workspaces.models import Workspace


class People:
    """The people of a workspace in one snapshot of the database. Made by ``people_of``.

    Or a part of them: ``share`` is then which part of everyone they are, as far as is known.
    ``trees`` keeps the segments' trees as text, by id, once they are read.
    """

    def __init__(
        self, leaves: Leaves | LeavesAmong, trees: dict[str, str], share: float = 1.0
    ) -> None:
        self.workspace = leaves.workspace
        self.now = leaves.now
        self.leaves = leaves
        self.share = share
        self._trees = trees
        self._audiences: dict[Node, BitMap] = {}
        self._segments: dict[str, BitMap | None] = {}
        self._listed: set[str] = set()
        self._depth = 0

    def everyone(self) -> BitMap:
        """Return the ids of all these people."""
        return self.leaves.everyone()

    def audience(self, node: Node) -> BitMap:
        """Return the ids of the people of ``node``. They are worked out once."""
        if node not in self._audiences:
            self._audiences[node] = node.audience(self)
        return self._audiences[node]

    def leaf(self, item: Filter) -> BitMap:
        """Return the ids of the people for whom ``item`` holds. Its negation is not applied.

        Raises ``NotReady`` if that would take longer than ``within``, ``DatabaseError`` if it
        cannot be answered at all.
        """
        return self.leaves.leaf(item)

    def build(self, item: Filter) -> None:
        """Bring the leaf ``item`` up to date and store it. Raises ``DatabaseError``."""
        self.leaves.whole.build(item)

    def segment(self, pk: str | UUID) -> BitMap:
        """Return the ids of the people of a segment of this workspace.

        Raises ``InvalidTree`` when there is no such segment, it contains itself or nests others too
        deep, ``NotReady`` as ``leaf`` does.
        """
        key = str(pk)
        if key not in self._segments:
            self._segments[key] = None
            try:
                with self._one_deeper():
                    self._segments[key] = self.audience(self.tree(key))
            except (NotReady, InvalidTree, DatabaseError):
                del self._segments[key]
                raise
        found = self._segments[key]
        if found is None:
            raise InvalidTree(f"the segment {key} contains itself")
        return found

    def tree(self, pk: str | UUID) -> Tree:
        """Return the tree of a segment, or raise ``InvalidTree`` when there is no such segment."""
        if not self._trees:
            # All at once: segments name each other, and there are a few hundred at most.
            segments = Segment.objects.in_workspace(self.workspace)
            stored = segments.values_list("pk", Cast("tree", TextField()))
            self._trees.update((str(key), text) for key, text in stored)
        if str(pk) not in self._trees:
            raise InvalidTree(f"no segment has the id {pk}")
        return read_tree(self._trees[str(pk)])

    def size(self, node: Node) -> Size | None:
        """Return how many people are in ``node``: estimated while a bitmap of it is not ready.

        None is when not even a part of the people could be asked in the time of a page.
        """
        try:
            return Size(len(self.audience(node)))
        except NotReady:
            if not self.leaves.is_large:
                return None
            part = self.slice
            with suppress(NotReady):
                return estimated(len(part.audience(node)), len(part.everyone()), part.share)
            return None

    def sample(self, node: Node, most: int = 10) -> list[Profile]:
        """Return up to ``most`` people of ``node``, drawn at random, ordered by id."""
        with suppress(NotReady):
            return sample(self.audience(node), most)
        if not self.leaves.is_large:
            return []
        with suppress(NotReady):
            return sample(self.slice.audience(node), most)
        return []

    def leaves_of(self, pk: str) -> Iterator[Filter]:
        """Give the filters that a segment combines, unless they were given before."""
        if pk not in self._listed:
            self._listed.add(pk)
            with self._one_deeper():
                yield from self.tree(pk).leaves(self)

    @contextmanager
    def _one_deeper(self) -> Iterator[None]:
        """Count a level of nesting inside, or raise ``InvalidTree`` past the deepest."""
        if self._depth == MOST_NESTED:
            raise InvalidTree(f"segments nest each other more than {MOST_NESTED} deep")
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1

    def among(self, ids: BitMap, within: float | None = None) -> "People":
        """Return the same instant narrowed to the people of ``ids``, whatever has no bitmap yet.

        ``within`` is how many seconds all that is asked of them may take.
        """
        return self._part(ids, within, share=0.0)

    def _part(self, ids: BitMap, within: float | None, share: float) -> "People":
        return People(LeavesAmong(self.leaves.whole, ids, within), self._trees, share)

    def prepare(self, nodes: Iterable[Node]) -> None:
        """Bring the bitmaps of all ``nodes`` up to date together: a few statements for them all.

        Call it before asking for many sizes. Nothing is raised for what cannot be answered.
        """
        self.leaves.prepare(self._leaves_in(nodes))

    @cached_property
    def pending(self) -> dict[str, LeafBuild | None]:
        """The leaves that are not ready, each with the build that was asked for, if any was."""
        builds = LeafBuild.objects.in_bulk(list(self.leaves.waiting))
        return {name: builds.get(name) for name in self.leaves.waiting}

    @cached_property
    def slice(self) -> "People":
        """A random part of the people, the same for every number of this instant.

        It is empty when nobody can be drawn in the time that a page gives to estimates.
        """
        everyone = None
        with suppress(NotReady):
            everyone = self.everyone()
        until = monotonic() + self.leaves.whole.patience.for_estimates()
        try:
            with transaction.atomic(), statement_timeout(patience.SLICE_SECONDS / 2):
                part, share = drawn(self.workspace, self.now, everyone)
        except OperationalError:
            part, share = BitMap(), 0.0
        return self._part(part, until - monotonic(), share)

    def _leaves_in(self, nodes: Iterable[Node]) -> dict[str, Filter]:
        """Return the leaves of ``nodes`` by name, those left out that name what does not exist."""
        found: dict[str, Filter] = {}
        for node in nodes:
            with suppress(InvalidTree):
                found |= {self.leaves.name_of(leaf): leaf for leaf in node.leaves(self)}
        return found


def this_minute() -> datetime:
    """Return the start of the present minute: within it, an answer about relative times stands."""
    return timezone.now().replace(second=0, microsecond=0)


def _opened(timeout_ms: int, *, alone: bool) -> Snapshot:
    """Take the snapshot of a transaction that has just begun: one way to the server and back."""
    isolate = "set transaction isolation level repeatable read, read only; " if alone else ""
    take = (
        "select set_config('statement_timeout', %s, true), pg_current_snapshot()::text, "
        "pg_current_xact_id_if_assigned()::text, " + life.COLUMNS + life.SOURCE
    )
    with connection.cursor() as cursor:
        cursor.execute(isolate + take, [str(timeout_ms)])
        if alone:
            cursor.nextset()
        _timeout, snapshot, writer, present, home = cursor.fetchone()
    return Snapshot.parse(snapshot, life=present, home=home, writer=int(writer) if writer else None)


@contextmanager
def people_of(
    workspace: Workspace,
    *,
    within: float | None = None,
    timeout_ms: int = STATEMENT_TIMEOUT_MS,
    now: datetime | None = None,
) -> Iterator[People]:
    """Open a snapshot of the people of ``workspace``; keep the bitmaps that it had to build.

    Inside, nothing may be written. ``within`` is how many seconds may go by for bitmaps that are
    not ready: what takes longer raises ``NotReady`` and is built by a job. Without it, a filter
    that takes longer than ``timeout_ms`` raises ``django.db.OperationalError``. Relative times are
    measured from ``now``, by default the present minute; days begin as the workspace has them.
    """
    outermost = not connection.in_atomic_block
    leaves = None
    try:
        with transaction.atomic():
            snapshot = _opened(timeout_ms, alone=outermost)
            here = (now or this_minute()).astimezone(ZoneInfo(workspace.time_zone))
            leaves = Leaves(workspace, snapshot, within, here, alone=outermost)
            yield People(leaves, {})
    finally:
        # Also when one filter failed: the others were built, or are to be.
        if leaves is not None and not connection.needs_rollback:
            leaves.hand_over()


def sample(audience: BitMap, most: int = 10) -> list[Profile]:
    """Return up to ``most`` people of ``audience``, drawn at random, ordered by id."""
    ranks = random.sample(range(len(audience)), min(most, len(audience)))
    return list(Profile.objects.filter(pk__in=[audience[rank] for rank in ranks]).order_by("pk"))


class Sizes(NamedTuple):
    """Sizes by segment, of everyone, and the builds that those wait for which are not exact."""

    found: dict[UUID, Size | None]
    everyone: Size | None = None
    builds: tuple[LeafBuild | None, ...] = ()


def sizes(workspace: Workspace, segments: Iterable[Segment]) -> Sizes:
    """Return the sizes of ``segments``, all of one snapshot.

    Left out is what cannot be answered: because it names what is gone, or takes too long.
    """
    measured = Sizes({})
    with suppress(DatabaseError), people_of(workspace, within=PAGE_SECONDS) as people:
        trees = {}
        for segment in segments:
            # As it stands in this snapshot: what was read before may be older than what it nests.
            with suppress(InvalidTree):
                trees[segment.pk] = people.tree(segment.pk)
        people.prepare(trees.values())
        everyone = people.size(EVERYONE)
        for pk, tree in trees.items():
            with suppress(InvalidTree, DatabaseError):
                measured.found[pk] = people.size(tree)
        measured = Sizes(measured.found, everyone, tuple(people.pending.values()))
    return measured
