"""The people of a workspace as of one instant: the one door to every size and every list.

    with people_of(workspace) as people:
        audience = load_tree(segment.tree).audience(people)

All that is read through one ``People`` is read in one snapshot of the database, so its numbers
agree with each other, whatever a partner's sync is writing meanwhile. A page cannot wait for a
filter that nobody asked before on a large workspace: it opens ``people_of(workspace, within=PAGE)``
and asks ``people.size``, which then answers with an estimate while a job builds the bitmap.
"""

import random
import threading
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import batched
from time import monotonic
from typing import NamedTuple
from uuid import UUID
from weakref import WeakValueDictionary
from zoneinfo import ZoneInfo

from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.models import TextField
from django.db.models.functions import Cast
from django.utils import timezone
from pyroaring import BitMap

from profiles.models import RANDOM_BUCKETS, Profile
from segments.audiences import backlog, bitmaps, reading
from segments.audiences.bitmaps import Leaf, Snapshot
from segments.audiences.estimates import Size, estimated
from segments.filters.base import Filter, InvalidTree, Node, NotReady, Query, Since, changed_in
from segments.filters.everyone import EVERYONE, spread
from segments.filters.operators import MINUTE
from segments.models import MOST_NESTED, LeafBuild, Segment
from segments.trees.tree import Tree, read_tree
from workspaces.models import Workspace

#: Past this many changed people a leaf is built anew: looking at them one by one costs more.
MOST_CAUGHT_UP = 100_000
#: So many whose answer may flip are looked at each minute: in less than a tenth of a second.
MOST_RESTLESS = 20_000
#: After this many, or so long, a caught-up leaf is stored again, so that other processes and the
#: next start need not repeat it.
WORTH_STORING = 1_000
STORED_EVERY = timedelta(hours=6)
#: No filter may hold a page for longer, and none a job. Milliseconds.
STATEMENT_TIMEOUT_MS = 20_000
JOB_TIMEOUT_MS = 120_000
#: Seconds that a page gives to leaves which are not ready, before it answers with estimates.
PAGE = 0.1
#: Seconds that a page gives to the leaves which are ready but for what changed since.
CATCH_UP = 0.1
#: What took longer than a page could wait is not tried again within a page for so many seconds.
SLOW_FOR = 600.0
MOST_SLOW = 10_000
#: So many seconds a page gives to another value of a filter of which one was just slow:
#: most likely it is slow too, and the time is better spent on its estimate.
SHORT_TRY = 0.03
LATELY = 60.0
#: An estimate looks at about so many people: at 10,000 it is 1 % of everyone off at most, 95 times
#: in 100. A workspace of no more people than this is never estimated.
SLICE = 10_000
#: How many random buckets are looked at to learn about how many people there are.
PILOT_BUCKETS = 10
#: Seconds that a page gives to all its estimates; but less, though not below ``LESS_TIME``, where
#: with the leaves tried before it would have its numbers later than after ``ANSWER_TIME``.
SLICE_TIME = 0.2
LESS_TIME = 0.15
ANSWER_TIME = 0.25
#: Seconds below which nothing new is begun.
LEAST_TIME = 0.02
#: Seconds that a page gives to all leaves of a workspace too small for estimates: only a regular
#: expression made to be slow takes them.
SMALL_TIME = 0.3
#: Seconds that a page gives to all that it asks of a few people alone, and how many filters it asks
#: in one statement: PostgreSQL plans 300 filters in 35 ms together, and in 29 ms 100 at a time.
ALONE_TIME = 0.2
ASKED_AT_ONCE = 100


class People:
    """The people of ``workspace`` in one snapshot of the database. Made by ``people_of``."""

    def __init__(
        self,
        workspace: Workspace,
        snapshot: Snapshot,
        within: float | None,
        now: datetime,
        *,
        alone: bool,
    ) -> None:
        self.workspace = workspace
        self.snapshot = snapshot
        self.now = now
        self.worth_storing: dict[str, Leaf] = {}
        self.waiting: dict[str, Filter] = {}
        self.failed: dict[str, tuple[Filter, DatabaseError]] = {}
        # Within a transaction that writes, one snapshot may show two states.
        self._alone = alone
        self._stores_all = False
        self._begun = monotonic()
        self._deadline = None if within is None else self._begun + within
        self._small_time = SMALL_TIME
        self._names: dict[Filter, str] = {}
        self._audiences: dict[Node, BitMap] = {}
        self._leaves: dict[str, BitMap] = {}
        self._changed: dict[str, BitMap | None] = {}
        self._trees: dict[str, str] = {}
        self._segments: dict[str, BitMap | None] = {}
        self._listed: set[str] = set()
        self._depth = 0

    def everyone(self) -> BitMap:
        """Return the ids of all people of the workspace."""
        return self.leaf(EVERYONE)

    def audience(self, node: Node) -> BitMap:
        """Return the ids of the people whom ``node`` means, worked out once."""
        if node not in self._audiences:
            self._audiences[node] = node.audience(self)
        return self._audiences[node]

    def name_of(self, item: Filter) -> str:
        """Return the fingerprint of ``item``."""
        if item not in self._names:
            self._names[item] = item.fingerprint(self.workspace)
        return self._names[item]

    def leaf(self, item: Filter) -> BitMap:
        """Return the ids of those for whom ``item`` holds, its negation left aside.

        Raises ``NotReady`` if that would take longer than ``within``, ``DatabaseError`` if it
        cannot be answered at all.
        """
        name = self.name_of(item)
        if not self._was_asked(name):
            self._make_ready({name: item})
        if name in self.waiting:
            raise NotReady(item)
        if name in self.failed:
            raise self.failed[name][1]
        return self._leaves[name]

    def build(self, item: Filter) -> None:
        """Bring the leaf ``item`` up to date and store it, however fresh the stored one is: whoever
        asked for it has an older one, and waits.

        Raises ``DatabaseError`` if it cannot be answered.
        """
        self._stores_all = True
        self.leaf(item)

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
            self._trees = {str(key): text for key, text in stored}
        if str(pk) not in self._trees:
            raise InvalidTree(f"no segment has the id {pk}")
        return read_tree(self._trees[str(pk)])

    def size(self, node: Node) -> Size | None:
        """Return how many people ``node`` means: estimated while a bitmap of it is not ready.

        None is when not even a part of the people could be asked in the time of a page.
        """
        try:
            return Size(len(self.audience(node)))
        except NotReady:
            if not self._is_large:
                return None
            part = self.slice
            with suppress(NotReady):
                return estimated(len(part.audience(node)), len(part.everyone()), part.share)
            return None

    def sample(self, node: Node, most: int = 10) -> list[Profile]:
        """Return up to ``most`` people whom ``node`` means, drawn at random, ordered by id."""
        with suppress(NotReady):
            return sample(self.audience(node), most)
        if not self._is_large:
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

    def among(self, ids: BitMap, within: float | None = None) -> "Some":
        """Return the same instant narrowed to the people of ``ids``, whatever has no bitmap yet.

        ``within`` is how many seconds all that is asked of them may take.
        """
        return Some(self, ids, within=within)

    def prepare(self, nodes: Iterable[Node]) -> None:
        """Bring the bitmaps of all ``nodes`` up to date together: a few statements for them all.

        Whoever asks for many sizes calls it first. Nothing is raised for what cannot be answered.
        """
        wanted = {self.name_of(EVERYONE): EVERYONE} | self._leaves_in(nodes)
        self._make_ready({name: leaf for name, leaf in wanted.items() if not self._was_asked(name)})

    @cached_property
    def pending(self) -> dict[str, LeafBuild | None]:
        """The leaves that are not ready, each with the build that was asked for, if any was."""
        builds = LeafBuild.objects.in_bulk(list(self.waiting))
        return {name: builds.get(name) for name in self.waiting}

    @cached_property
    def slice(self) -> "Some":
        """A random part of the people, the same for every number of this instant.

        It is empty when nobody can be drawn in the time that a page gives to estimates.
        """
        known, now = self._known_everyone(), monotonic()
        until = now + min(max(self._begun + ANSWER_TIME - now, LESS_TIME), SLICE_TIME)
        try:
            with transaction.atomic(), _statement_timeout(SLICE_TIME / 2):
                part, share = self._drawn(known)
        except OperationalError:
            part, share = BitMap(), 0.0
        return Some(self, part, share, until - monotonic())

    def _drawn(self, known: BitMap | None) -> tuple[BitMap, float]:
        """Draw people by their buckets; return them, and which part of everyone they are.

        Everyone is ``known``, or found out about from a few.
        """
        buckets = PILOT_BUCKETS
        if known is None:
            pilot = self._in_buckets(PILOT_BUCKETS)
            buckets = PILOT_BUCKETS * SLICE // max(len(pilot), 1)
        elif known:
            buckets = RANDOM_BUCKETS * SLICE // len(known)
        buckets = min(max(buckets, 1), RANDOM_BUCKETS)
        part = self._in_buckets(buckets)
        return part, len(part) / len(known) if known else buckets / RANDOM_BUCKETS

    def _known_everyone(self) -> BitMap | None:
        with suppress(NotReady):
            return self.leaf(EVERYONE)
        return None

    def _in_buckets(self, buckets: int) -> BitMap:
        return reading.read([spread(buckets).query(self.workspace, self.now)])[0]

    def _leaves_in(self, nodes: Iterable[Node]) -> dict[str, Filter]:
        """Return the leaves of ``nodes`` by name, those left out that name what does not exist."""
        found: dict[str, Filter] = {}
        for node in nodes:
            with suppress(InvalidTree):
                found |= {self.name_of(leaf): leaf for leaf in node.leaves(self)}
        return found

    @property
    def used(self) -> Iterable[str]:
        """The names of the leaves that were read."""
        return self._leaves.keys()

    # How bitmaps are made ready

    def _was_asked(self, name: str) -> bool:
        return name in self._leaves or name in self.waiting or name in self.failed

    def _make_ready(self, wanted: dict[str, Filter]) -> None:
        """Bring each of ``wanted`` up to date, or build it, or put it among ``waiting``."""
        self._catch_up(wanted, bitmaps.recall(wanted, self.snapshot, self.now))
        for name, item in wanted.items():
            if not self._was_asked(name):
                self._build_in_turn(name, item)

    def _catch_up(self, wanted: dict[str, Filter], known: dict[str, Leaf]) -> None:
        """Bring up to date what is ``known``, but for what must be built anew.

        That is all of it when a page has no time to find out who changed.
        """
        if self._deadline is None or not known:
            self._catch_up_all(wanted, known)
            return
        left = max(self._deadline - monotonic(), CATCH_UP)
        with suppress(OperationalError), transaction.atomic(), _statement_timeout(left):
            self._catch_up_all(wanted, known)

    def _catch_up_all(self, wanted: dict[str, Filter], known: dict[str, Leaf]) -> None:
        looks = self._looks(wanted, known)
        if heavy := {n: leaf for n, leaf in known.items() if _is_much(looks[n])}:
            # A job or another process may have done it, and stored what is newer than what is here.
            newer = bitmaps.reload(heavy, self.snapshot, self.now)
            known |= newer
            looks |= self._looks(wanted, newer)
        together = self._caught_up_together(wanted, known, looks)
        for name, look in looks.items():
            if name in together and look is not None:
                self._keep(name, together[name], look)
            elif look is not None:
                self._refresh(name, wanted[name], known[name], look)

    def _build_in_turn(self, name: str, item: Filter) -> None:
        """Build a leaf: the threads of this process one after the other, not all at once.

        A page does not wait for its turn longer than for a leaf.
        """
        turn = _turns.setdefault(name, threading.Lock())
        waited = not turn.acquire(blocking=False)
        if waited and not turn.acquire(timeout=self._patience):
            self.waiting[name] = item
            return
        try:
            if waited and (built := bitmaps.remembered([name], self.snapshot, self.now)):
                # Another thread has built it.
                self._catch_up({name: item}, built)
            if not self._was_asked(name):
                self._refresh(name, item, None, BitMap())
        finally:
            turn.release()

    @property
    def _patience(self) -> float:
        """How many seconds may go by until the deadline; -1 is any number, as for a lock."""
        return -1.0 if self._deadline is None else max(self._deadline - monotonic(), 0.0)

    def _refresh(self, name: str, item: Filter, known: Leaf | None, look: BitMap) -> None:
        """Catch up or build one leaf, in the time that is left if that is bounded."""
        try:
            leaf = self._moved_on(known) if known and not look else self._read(item, known, look)
        except NotReady:
            self.waiting[name] = item
        except DatabaseError as error:
            self.failed[name] = (item, error)
        else:
            self._keep(name, leaf, look)

    def _keep(self, name: str, leaf: Leaf, look: BitMap) -> None:
        if self._is_worth_storing(leaf, look):
            leaf = self.worth_storing[name] = replace(leaf, stored_at=self.now)
        bitmaps.cached.put(name, leaf)
        self._leaves[name] = leaf.bitmap

    def _is_worth_storing(self, leaf: Leaf, look: BitMap) -> bool:
        age = self.now - leaf.stored_at if leaf.stored_at else STORED_EVERY
        return self._stores_all or len(look) >= WORTH_STORING or age >= STORED_EVERY

    def _moved_on(self, known: Leaf) -> Leaf:
        if (known.snapshot, known.moment) == (self.snapshot, self.now):
            return known
        return replace(known, snapshot=self.snapshot, moment=self.now)

    def _read(self, item: Filter, known: Leaf | None, look: BitMap) -> Leaf:
        with self._time_left(item):
            return self._caught_up([(item, known, look)])[0] if known else self._built(item)

    def _built(self, item: Filter) -> Leaf:
        until = item.settled_until(self.now)
        flips = item.restless(self.workspace, self.now, until) if until else None
        queries = [item.query(self.workspace, self.now), *([flips] if flips else [])]
        bitmap, *flipping = reading.read(queries)
        restless = flipping[0] if flipping else BitMap()
        if until and len(restless) > MOST_RESTLESS:
            until, restless = self._sooner(item, until, len(restless))
        return Leaf(bitmap, self.snapshot, self.now, until, restless)

    def _sooner(self, item: Filter, until: datetime, many: int) -> tuple[datetime, BitMap]:
        """Know the restless for a shorter time where they are ``many``: they are looked at each
        minute, which would soon be more work than to build the leaf anew more often.
        """
        sooner = self.now + max((until - self.now) * MOST_RESTLESS / many, MINUTE)
        flips = item.restless(self.workspace, self.now, sooner)
        return sooner, reading.read([flips])[0] if flips else BitMap()

    def _caught_up_together(
        self, wanted: dict[str, Filter], known: dict[str, Leaf], looks: dict[str, BitMap | None]
    ) -> dict[str, Leaf]:
        """Catch up all leaves with few people to look at in one statement: a few milliseconds.

        When one of them cannot be answered nothing is returned: each is then asked by itself.
        """
        few = {name: look for name, look in looks.items() if look and not _is_much(look)}
        if not few:
            return {}
        try:
            with transaction.atomic():
                leaves = self._caught_up([(wanted[n], known[n], few[n]) for n in few])
        except DatabaseError:
            return {}
        return dict(zip(few, leaves, strict=True))

    def _caught_up(self, asked: list[tuple[Filter, Leaf, BitMap]]) -> list[Leaf]:
        queries = [
            reading.narrowed(item.query(self.workspace, self.now), look) for item, _, look in asked
        ]
        flips = {
            at: reading.narrowed(query, look)
            for at, (item, leaf, look) in enumerate(asked)
            if leaf.until and (query := item.restless(self.workspace, self.now, leaf.until))
        }
        found = reading.read([*queries, *flips.values()])
        restless = dict(zip(flips, found[len(asked) :], strict=True))
        return [
            replace(
                self._moved_on(leaf),
                bitmap=bitmaps.replaced(leaf.bitmap, look, found[at]),
                restless=bitmaps.replaced(leaf.restless, look, restless.get(at, BitMap())),
            )
            for at, (_, leaf, look) in enumerate(asked)
        ]

    def _looks(self, wanted: dict[str, Filter], known: dict[str, Leaf]) -> dict[str, BitMap | None]:
        """Return, by leaf, whom to look at again; None is too many, and the leaf is built anew.

        Leaves over the same data ask the same, and all is asked in one statement.
        """
        asked: dict[str, tuple[Query, ...]] = {}
        for name, leaf in known.items():
            if leaf.snapshot != self.snapshot or not self._alone:
                since = self._since(leaf)
                changed = wanted[name].changed_since(self.workspace, since)
                asked[name] = (changed, traces_since(self.workspace, since))
        queries = {repr(query): query for both in asked.values() for query in both}
        new = {said: query for said, query in queries.items() if said not in self._changed}
        found = reading.read_counted([_limited(query) for query in new.values()])
        for said, (ids, rows) in zip(new, found, strict=True):
            # A person may have many rows: what was cut off shows in the rows alone.
            self._changed[said] = ids if rows <= MOST_CAUGHT_UP else None
        looks = {}
        for name, leaf in known.items():
            parts = [self._changed[repr(query)] for query in asked.get(name, ())]
            parts += [leaf.restless] if leaf.moment != self.now else []
            looks[name] = _union(parts)
        return looks

    def _since(self, leaf: Leaf) -> Since:
        """Return which marks ``leaf`` may not have seen. A reader that writes sees its own too."""
        token = leaf.snapshot.xmin
        return Since(token, self.snapshot.xmax) if self._alone else Since(token)

    @contextmanager
    def _time_left(self, item: Filter) -> Iterator[None]:
        """Bound what is read inside by the deadline, and remember what was too slow for it.

        Raises ``NotReady`` when time is up.
        """
        if self._deadline is None:
            with transaction.atomic():
                yield
            return
        begun, name = monotonic(), self.name_of(item)
        left = self._deadline - begun if self._is_large else self._small_time
        if left < LEAST_TIME or _slow.get(name, 0.0) > begun:
            raise NotReady(item)
        alike = f"{self.workspace.pk} {item.key} {item.operator}"
        if _slow.get(alike, 0.0) > begun:
            left = min(left, SHORT_TRY)
        try:
            with transaction.atomic(), _statement_timeout(left):
                yield
        except OperationalError as error:
            if len(_slow) > MOST_SLOW:
                _slow.clear()
            now = monotonic()
            _slow[name], _slow[alike] = now + SLOW_FOR, now + LATELY
            raise NotReady(item) from error
        finally:
            self._small_time -= monotonic() - begun

    @cached_property
    def _is_large(self) -> bool:
        """Tell whether there are so many people that an estimate is worth its while."""
        known = self._leaves.get(self.name_of(EVERYONE))
        if known is not None:
            return len(known) > SLICE
        everyone = Profile.objects.in_workspace(self.workspace).order_by()
        try:
            with transaction.atomic(), _statement_timeout(CATCH_UP):
                return everyone[SLICE : SLICE + 1].exists()
        except OperationalError:  # even this has to wait
            return True


class Some(People):
    """Some of the people: what is not known of them is asked of them alone.

    ``share`` is which part of everyone they are, ``within`` how many seconds all filters may take.
    """

    def __init__(
        self, whole: People, ids: BitMap, share: float = 0.0, within: float | None = None
    ) -> None:
        super().__init__(whole.workspace, whole.snapshot, within, whole.now, alone=whole._alone)
        self.share = share
        self._whole = whole
        self._ids = ids

    def everyone(self) -> BitMap:
        return self._ids

    def tree(self, pk: str | UUID) -> Tree:
        return self._whole.tree(pk)

    def prepare(self, nodes: Iterable[Node]) -> None:
        """Ask about all ``nodes`` in a few statements."""
        tests, queries = {}, {}
        for name, item in self._leaves_in(nodes).items():
            if name in self._whole._leaves:
                continue
            if test := item.test(self.now):
                tests[name] = test
            else:
                queries[name] = item.query(self.workspace, self.now)
        self._ask(tests, lambda some: reading.tested(some, self._ids))
        self._ask(queries, lambda some: reading.read_among(some, self._ids))

    def _ask(
        self, asked: dict[str, Query], read: Callable[[Collection[Query]], list[BitMap]]
    ) -> None:
        """Read what is ``asked``, ``ASKED_AT_ONCE`` filters a statement; those of one statement in
        vain if one of them cannot be answered.

        A statement may take half of the time that is left: the rest is for asking one by one.
        """
        for part in batched(asked.items(), ASKED_AT_ONCE):
            left = self._time_to_ask()
            half = None if left is None else left / 2
            with suppress(DatabaseError), transaction.atomic(), _statement_timeout(half):
                found = read([query for _name, query in part])
                self._leaves |= zip((name for name, _query in part), found, strict=True)

    def leaf(self, item: Filter) -> BitMap:
        name = self.name_of(item)
        if name in self._whole._leaves:
            return self._whole._leaves[name] & self._ids
        if name in self.waiting:
            raise NotReady(item)
        if name not in self._leaves:
            try:
                self._leaves[name] = self._asked(item)
            except OperationalError as error:
                self.waiting[name] = item
                raise NotReady(item) from error
        return self._leaves[name]

    def _asked(self, item: Filter) -> BitMap:
        left = self._time_to_ask()
        if left is not None and left < LEAST_TIME:
            raise NotReady(item)
        with transaction.atomic(), _statement_timeout(left):
            return reading.read([self._narrowed(item)])[0]

    def _narrowed(self, item: Filter) -> Query:
        return reading.narrowed(item.query(self.workspace, self.now), self._ids)

    def _time_to_ask(self) -> float | None:
        """Return how many seconds are left; None if that is not bounded."""
        return None if self._deadline is None else self._deadline - monotonic()


#: What took longer than a page could wait, and until when that is believed: leaves by name, and by
#: workspace, filter and operator what is alike.
_slow: dict[str, float] = {}
#: Who builds a leaf in this process: a lock is there as long as somebody holds or awaits it.
_turns: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()


@contextmanager
def _statement_timeout(seconds: float | None) -> Iterator[None]:
    """Cancel a statement inside that takes longer; None leaves the time as it is."""
    if seconds is None:
        yield
        return
    with connection.cursor() as cursor:
        set_timeout = "select set_config('statement_timeout', %s, true)"
        cursor.execute(set_timeout, [str(max(1, int(seconds * 1000)))])
        yield
        cursor.execute(set_timeout, [str(STATEMENT_TIMEOUT_MS)])


def _union(parts: Iterable[BitMap | None]) -> BitMap | None:
    """Return all of ``parts`` together, or None if one of them, or all together, is too many."""
    together = BitMap()
    for part in parts:
        if part is None:
            return None
        together |= part
    return together if len(together) <= MOST_CAUGHT_UP else None


def _is_much(look: BitMap | None) -> bool:
    """Tell whether so many are to be looked at that somebody may have done and stored it."""
    return look is None or len(look) > WORTH_STORING


def _limited(query: Query) -> Query:
    return Query(f"{query.sql} limit {MOST_CAUGHT_UP + 1}", query.params)


def traces_since(workspace: Workspace, since: Since) -> Query:
    """Select the people who were deleted, or lost a row, ``since``."""
    return changed_in("profiles_trace", "profile_id", workspace, since)


def this_minute() -> datetime:
    """Return the start of the present minute: within it, an answer about relative times stands."""
    return timezone.now().replace(second=0, microsecond=0)


def _opened(timeout_ms: int, *, alone: bool) -> Snapshot:
    """Take the snapshot of a transaction that has just begun: one way to the server and back."""
    isolate = "set transaction isolation level repeatable read, read only; " if alone else ""
    take = (
        "select pg_current_snapshot()::text, pg_current_xact_id_if_assigned()::text, "
        "set_config('statement_timeout', %s, true)"
    )
    with connection.cursor() as cursor:
        cursor.execute(isolate + take, [str(timeout_ms)])
        if alone:
            cursor.nextset()
        snapshot, writer, _timeout = cursor.fetchone()
    return replace(Snapshot.parse(snapshot), writer=int(writer) if writer else None)


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
    people = None
    try:
        with transaction.atomic():
            snapshot = _opened(timeout_ms, alone=outermost)
            here = (now or this_minute()).astimezone(ZoneInfo(workspace.time_zone))
            people = People(workspace, snapshot, within, here, alone=outermost)
            yield people
    finally:
        # Also when one filter failed: the others were built, or are to be.
        if people is not None and not connection.needs_rollback:
            _hand_over(people)


def _hand_over(people: People) -> None:
    """Keep what was built, and see to what could not be."""
    if people.worth_storing:
        bitmaps.store(people.workspace.pk, people.worth_storing)
    if people.waiting:
        backlog.ask_for(people.workspace, people.waiting)
    if people.failed:
        backlog.note_failures(people.workspace, people.failed)
    bitmaps.note_use(people.used)


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
    with suppress(DatabaseError), people_of(workspace, within=PAGE) as people:
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
