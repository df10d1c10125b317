"""Leaves as of one snapshot: what is kept of them is recalled and caught up, the rest is built.

A leaf that was changed here is put into the memory of this process at once. ``hand_over`` stores
what other processes should not have to repeat, and has jobs build what could not wait.
"""

import threading
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from weakref import WeakValueDictionary

from django.db import DatabaseError, OperationalError, transaction
from pyroaring import BitMap

from profiles.models import Profile
from segments.audiences import backlog, bitmaps, life, patience, reading
from segments.audiences.bitmaps import Leaf, Snapshot
from segments.audiences.estimates import SLICE_PEOPLE
from segments.audiences.patience import Patience, statement_timeout
from segments.filters.base import Filter, NotReady, Query, Since, changed_in
from segments.filters.everyone import EVERYONE
from segments.filters.operators import MINUTE
from workspaces.models import Workspace

#: Past this many changed people a leaf is built anew: looking at them one by one costs more.
MOST_CAUGHT_UP = 100_000
#: So many whose answer may flip are looked at each minute: in less than a tenth of a second.
MOST_RESTLESS = 20_000
#: After this many changed people, or so long, a caught-up leaf is stored again, so that other
#: processes and the next start need not repeat it.
WORTH_STORING = 1_000
STORED_EVERY = timedelta(hours=6)

#: Who builds a leaf in this process: a lock is there as long as a thread holds or awaits it.
_turns: WeakValueDictionary[str, threading.Lock] = WeakValueDictionary()


class Leaves:
    """The leaves of ``workspace`` in one snapshot. Each is made ready when it is first asked for.

    Not ``alone``, the reader is within a transaction that writes: then one snapshot may show two
    states.
    """

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
        self.patience = Patience(within)
        self.bitmaps: dict[str, BitMap] = {}
        self.waiting: dict[str, Filter] = {}
        self.failed: dict[str, tuple[Filter, DatabaseError]] = {}
        self._alone = alone
        self._stores_all = False
        self._worth_storing: dict[str, Leaf] = {}
        self._names: dict[Filter, str] = {}
        self._changed: dict[str, BitMap | None] = {}

    def name_of(self, item: Filter) -> str:
        """Return the fingerprint of ``item``."""
        if item not in self._names:
            self._names[item] = item.fingerprint(self.workspace)
        return self._names[item]

    @property
    def whole(self) -> "Leaves":
        """The leaves of the whole workspace: these. ``LeavesAmong`` has the same attribute."""
        return self

    def everyone(self) -> BitMap:
        """Return the ids of all people of the workspace."""
        return self.leaf(EVERYONE)

    def leaf(self, item: Filter) -> BitMap:
        """Return the ids of the people for whom ``item`` holds. Its negation is not applied.

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
        return self.bitmaps[name]

    def build(self, item: Filter) -> None:
        """Bring the leaf ``item`` up to date and store it, however fresh the stored one is: the
        page that asked for it has an older one, and waits.

        Raises ``DatabaseError`` if it cannot be answered.
        """
        self._stores_all = True
        self.leaf(item)

    def prepare(self, wanted: dict[str, Filter]) -> None:
        """Bring the leaves ``wanted``, by name, up to date together, and everyone.

        Nothing is raised for what cannot be answered.
        """
        asked = {self.name_of(EVERYONE): EVERYONE} | wanted
        self._make_ready({name: leaf for name, leaf in asked.items() if not self._was_asked(name)})

    def to_look_at(self, item: Filter, known: Leaf) -> BitMap | None:
        """Return the people of whom ``known``, a leaf of ``item``, may not know the answer of here.

        None is too many to look at.
        """
        name = self.name_of(item)
        return self._looks({name: item}, {name: known})[name]

    @cached_property
    def is_large(self) -> bool:
        """Tell whether there are so many people that an estimate is worth its while."""
        known = self.bitmaps.get(self.name_of(EVERYONE))
        if known is not None:
            return len(known) > SLICE_PEOPLE
        everyone = Profile.objects.in_workspace(self.workspace).order_by()
        try:
            with transaction.atomic(), statement_timeout(patience.CATCH_UP_SECONDS):
                return everyone[SLICE_PEOPLE : SLICE_PEOPLE + 1].exists()
        except OperationalError:  # even this has to wait
            return True

    def hand_over(self) -> None:
        """Store what is worth it, and see to what could not be answered."""
        if self.snapshot.life is None:
            life.begin()
        elif self._worth_storing:
            filters = {name: item for item, name in self._names.items()}
            bitmaps.store(self.workspace.pk, self._worth_storing, filters)
        if self.waiting:
            backlog.ask_for(self.workspace, self.waiting)
        if self.failed:
            backlog.note_failures(self.workspace, self.failed)
        bitmaps.note_use(self.bitmaps)

    # How leaves are made ready

    def _was_asked(self, name: str) -> bool:
        return name in self.bitmaps or name in self.waiting or name in self.failed

    def _make_ready(self, wanted: dict[str, Filter]) -> None:
        """Bring each of ``wanted`` up to date, or build it, or put it among ``waiting``."""
        self._catch_up(wanted, bitmaps.recall(wanted, self.snapshot, self.now))
        for name, item in wanted.items():
            if not self._was_asked(name):
                self._build_in_turn(name, item)

    def _catch_up(self, wanted: dict[str, Filter], known: dict[str, Leaf]) -> None:
        """Bring up to date what is ``known``, but for what must be built anew.

        That is all of it when a page has no time to find out who changed, unless another process
        has stored what is newer.
        """
        if not known or self._is_caught_up(wanted, known):
            return
        rest = {name: leaf for name, leaf in known.items() if not self._was_asked(name)}
        if newer := bitmaps.reload(rest, self.snapshot, self.now):
            self._is_caught_up(wanted, newer)

    def _is_caught_up(self, wanted: dict[str, Filter], known: dict[str, Leaf]) -> bool:
        """Catch up, and tell whether time was enough. All that is ready by then is kept."""
        with self.patience.to_catch_up():
            self._catch_up_all(wanted, known)
            return True
        return False

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
        if waited and not turn.acquire(timeout=self.patience.for_a_lock()):
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
            leaf = self._worth_storing[name] = leaf.to_be_stored(self.now)
        bitmaps.cached.put(name, leaf)
        self.bitmaps[name] = leaf.bitmap

    def _is_worth_storing(self, leaf: Leaf, look: BitMap) -> bool:
        age = self.now - leaf.kept.stored_at if leaf.kept else STORED_EVERY
        return self._stores_all or len(look) >= WORTH_STORING or age >= STORED_EVERY

    def _moved_on(self, known: Leaf) -> Leaf:
        if (known.snapshot, known.moment) == (self.snapshot, self.now):
            return known
        return replace(known, snapshot=self.snapshot, moment=self.now)

    def _read(self, item: Filter, known: Leaf | None, look: BitMap) -> Leaf:
        name, alike = self.name_of(item), f"{self.workspace.pk} {item.key} {item.operator}"
        with self.patience.to_read(item, name, alike, large=lambda: self.is_large):
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
            self._moved_on(leaf).flipped(
                bitmaps.flips(leaf.bitmap, look, found[at]),
                bitmaps.flips(leaf.restless, look, restless.get(at, BitMap())),
            )
            for at, (_, leaf, look) in enumerate(asked)
        ]

    def _looks(self, wanted: dict[str, Filter], known: dict[str, Leaf]) -> dict[str, BitMap | None]:
        """Return, by leaf, the people to look at again. None is too many: the leaf is built anew.

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


def _union(parts: Iterable[BitMap | None]) -> BitMap | None:
    """Return all of ``parts`` together, or None if one of them, or all together, is too many."""
    together = BitMap()
    for part in parts:
        if part is None:
            return None
        together |= part
    return together if len(together) <= MOST_CAUGHT_UP else None


def _is_much(look: BitMap | None) -> bool:
    """Tell whether so many are to be looked at that a job may have done and stored it."""
    return look is None or len(look) > WORTH_STORING


def _limited(query: Query) -> Query:
    return Query(f"{query.sql} limit {MOST_CAUGHT_UP + 1}", query.params)


def traces_since(workspace: Workspace, since: Since) -> Query:
    """Select the people who were deleted, or lost a row, ``since``."""
    return changed_in("profiles_trace", "profile_id", workspace, since)
