"""Leaf bitmaps: for one filter, the ids of the people for whom it holds.

A bitmap is built by one statement when it is first asked for, and from then on caught up: only
the people who changed since, or whose answer time may have changed, are looked at again. It is
kept with the snapshot in which it was true, in PostgreSQL for every process and in the memory of
this one. ``segments.audiences.people`` decides when to do which.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import connection, transaction
from django.utils import timezone
from pyroaring import BitMap

from segments.audiences import life
from segments.filters.base import Filter
from segments.models import LeafBitmap

#: Memory that one process gives to bitmaps, and how many versions of each it keeps: readers that
#: opened their snapshot a moment earlier must not be given what was true a moment later.
CACHE_BYTES = 96 * 2**20
VERSIONS = 4
#: A bitmap of longer ago is not caught up: the traces of deleted rows may be gone. Must be less
#: than ``profiles.changes.TRACES_KEPT``.
MOST_STALE = timedelta(days=7)
#: How often it is written down that a stored bitmap is still in use.
NOTED_EVERY = 3600.0
MOST_NOTED = 10_000


@dataclass(frozen=True)
class Snapshot:
    """Which transactions a reader sees: ``pg_current_snapshot()``.

    ``life`` and ``home`` are what ``audiences.life`` reads: ids mean nothing in another life.
    ``writer`` is the reader's own transaction, if that has written: it sees what nobody else does,
    and what may be rolled back.
    """

    xmin: int
    xmax: int
    running: frozenset[int]
    life: str | None = None
    home: str = ""
    writer: int | None = None

    @classmethod
    def parse(
        cls, text: str, *, life: str | None = None, home: str = "", writer: int | None = None
    ) -> Self:
        """Read PostgreSQL's ``xmin:xmax:xid,xid``."""
        xmin, xmax, running = text.split(":")
        xids = frozenset(int(xid) for xid in running.split(",") if xid)
        return cls(int(xmin), int(xmax), xids, life, home, writer)

    def __str__(self) -> str:
        return f"{self.xmin}:{self.xmax}:{','.join(map(str, sorted(self.running)))}"

    def sees_all_of(self, other: "Snapshot") -> bool:
        """Tell whether every transaction that ``other`` sees is seen here too."""
        return (
            other.life == self.life
            and other.writer in (None, self.writer)
            and other.xmax <= self.xmax
            and all(xid >= other.xmax or xid in other.running for xid in self.running)
        )


@dataclass(frozen=True)
class Leaf:
    """A bitmap, the snapshot and the moment in which it is true.

    With time it is true until ``until`` but for the ``restless``, whose answer may flip by then;
    no ``until`` is for good. ``stored_at`` is when it was last written to the database.
    """

    bitmap: BitMap
    snapshot: Snapshot
    moment: datetime
    until: datetime | None = None
    restless: BitMap = field(default_factory=BitMap)
    stored_at: datetime | None = None

    def may_serve(self, snapshot: Snapshot, now: datetime) -> bool:
        """Tell whether a reader of ``snapshot`` at ``now`` can go on from here."""
        return (
            self.moment <= now < (self.until or self.moment + MOST_STALE)
            and now - self.moment < MOST_STALE
            and snapshot.sees_all_of(self.snapshot)
        )


@dataclass(frozen=True)
class Moved:
    """The people who entered an audience and who left it, between two states of it."""

    entered: BitMap
    left: BitMap

    @classmethod
    def between(cls, before: BitMap, after: BitMap) -> Self:
        return cls(after - before, before - after)


class Cache:
    """The leaves that this process read last, the least recently used dropped first."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._leaves: OrderedDict[str, list[Leaf]] = OrderedDict()
        self._sizes: dict[str, int] = {}
        self._lock = threading.Lock()

    def get(self, fingerprint: str) -> list[Leaf]:
        """Return the versions kept of a leaf, the newest first."""
        with self._lock:
            if fingerprint not in self._leaves:
                return []
            self._leaves.move_to_end(fingerprint)
            return list(self._leaves[fingerprint])

    def put(self, fingerprint: str, leaf: Leaf) -> None:
        """Keep ``leaf`` as a version, and drop what is over the budget.

        What was read in no life is not kept: nothing would tell when that ends.
        """
        if leaf.snapshot.life is None:
            return
        with self._lock:
            earlier = [v for v in self._leaves.pop(fingerprint, []) if v is not leaf]
            kept = [leaf, *earlier][:VERSIONS]
            self._leaves[fingerprint] = kept
            # A leaf that only moved on to a newer snapshot shares the bitmap of the version before.
            bitmaps = {id(version.bitmap): version.bitmap for version in kept}
            size = sum(map(_memory_of, bitmaps.values()))
            self._bytes += size - self._sizes.get(fingerprint, 0)
            self._sizes[fingerprint] = size
            while self._bytes > self._most_bytes and len(self._leaves) > 1:
                dropped, _leaves = self._leaves.popitem(last=False)
                self._bytes -= self._sizes.pop(dropped)

    def clear(self) -> None:
        with self._lock:
            self._leaves.clear()
            self._sizes.clear()
            self._bytes = 0


cached = Cache(CACHE_BYTES)


def _memory_of(bitmap: BitMap) -> int:
    statistics: dict[str, Any] = dict(bitmap.get_statistics())
    kinds = ("array", "run", "bitset")
    return 256 + sum(int(statistics[f"n_bytes_{kind}_containers"]) for kind in kinds)


def recall(names: Collection[str], snapshot: Snapshot, now: datetime) -> dict[str, Leaf]:
    """Return, of each leaf that has one, the newest version from which a reader may go on."""
    found = remembered(names, snapshot, now)
    missing = [name for name in names if name not in found]
    for name, leaf in stored(missing, snapshot) if missing else ():
        if leaf.may_serve(snapshot, now):
            found[name] = leaf
    return found


def remembered(names: Iterable[str], snapshot: Snapshot, now: datetime) -> dict[str, Leaf]:
    """Return likewise what is in the memory of this process."""
    found = {}
    for name in names:
        if leaf := next((v for v in cached.get(name) if v.may_serve(snapshot, now)), None):
            found[name] = leaf
    return found


def reload(known: Mapping[str, Leaf], snapshot: Snapshot, now: datetime) -> dict[str, Leaf]:
    """Return what is stored of the leaves ``known``, where it is newer, and keep it here."""
    newer = {
        name: leaf
        for name, leaf in stored(known, snapshot)
        if leaf.may_serve(snapshot, now)
        and leaf.moment >= known[name].moment
        and leaf.snapshot.sees_all_of(known[name].snapshot)
    }
    for name, leaf in newer.items():
        cached.put(name, leaf)
    return newer


def stored(names: Collection[str], reader: Snapshot) -> Iterable[tuple[str, Leaf]]:
    """Give, of each of the leaves ``names`` that is stored, its name and what ``reader`` finds."""
    for row in LeafBitmap.objects.filter(pk__in=names, home=reader.home):
        restless = BitMap.deserialize(bytes(row.restless)) if row.restless else BitMap()
        yield (
            row.fingerprint,
            Leaf(
                BitMap.deserialize(bytes(row.bitmap)),
                # What is stored is good in every life: see ``audiences.life``.
                Snapshot.parse(row.snapshot, life=reader.life, home=reader.home),
                row.moment,
                row.until,
                restless,
                row.stored_at,
            ),
        )


@transaction.atomic
def store(workspace_id: int, leaves: dict[str, Leaf], filters: Mapping[str, Filter]) -> None:
    """Keep ``leaves``, by fingerprint, for other processes and for after a restart; each with the
    one of ``filters`` that it answers.

    Nothing of what was read in an earlier life of the database, or in none.
    """
    now, present = timezone.now(), life.present()
    leaves = {name: leaf for name, leaf in leaves.items() if leaf.snapshot.life == present}
    if present is None:
        return
    LeafBitmap.objects.bulk_create(
        (
            LeafBitmap(
                fingerprint=fingerprint,
                workspace_id=workspace_id,
                home=leaf.snapshot.home,
                leaf=filters[fingerprint].dump(),
                bitmap=leaf.bitmap.serialize(),
                snapshot=str(leaf.snapshot),
                moment=leaf.moment,
                until=leaf.until,
                restless=leaf.restless.serialize() if leaf.restless else None,
                stored_at=now,
                used_at=now,
            )
            # In one order, so that two processes that store the same leaves cannot deadlock.
            for fingerprint, leaf in sorted(leaves.items())
        ),
        update_conflicts=True,
        unique_fields=["fingerprint"],
        update_fields=[
            "home",
            "leaf",
            "bitmap",
            "snapshot",
            "moment",
            "until",
            "restless",
            "stored_at",
            "used_at",
        ],
    )


_noted: dict[str, float] = {}


def note_use(read: Iterable[str]) -> None:
    """Write down that the leaves ``read`` are in use, each once an hour."""
    now = time.monotonic()
    due = [name for name in read if now - _noted.get(name, -NOTED_EVERY) >= NOTED_EVERY]
    if due:
        if len(_noted) > MOST_NOTED:
            _noted.clear()
        _noted.update(dict.fromkeys(due, now))
        with transaction.atomic():
            # In one order, as ``store`` does, so that two that note the same cannot deadlock.
            used = LeafBitmap.objects.filter(pk__in=due).order_by("pk").select_for_update()
            names = list(used.values_list("pk", flat=True))
            LeafBitmap.objects.filter(pk__in=names).update(used_at=timezone.now())


OVER_BUDGET = """
select fingerprint from (
    select fingerprint,
        sum(octet_length(bitmap) + coalesce(octet_length(restless), 0))
            over (order by used_at desc, fingerprint) as so_far
    from segments_leafbitmap
) as leaf
where so_far > %s
"""


def drop_unused(before: datetime, most_bytes: int) -> int:
    """Drop the stored bitmaps not used since ``before``, and the least recently used of what is
    more than ``most_bytes`` in all; return how many.
    """
    unused = LeafBitmap.objects.filter(used_at__lt=before).delete()[0]
    with connection.cursor() as cursor:
        cursor.execute(OVER_BUDGET, [most_bytes])
        over = [name for (name,) in cursor.fetchall()]
    return unused + LeafBitmap.objects.filter(pk__in=over).delete()[0]


def replaced(bitmap: BitMap, look: BitMap, inside: BitMap) -> BitMap:
    """Return ``bitmap`` with ``inside`` for what it says of the ids of ``look``.

    It is the very same where nothing differs: at millions of ids, a copy is most of the work.
    """
    if (bitmap & look) == inside:
        return bitmap
    changed = bitmap.copy()
    changed -= look
    changed |= inside
    return changed
