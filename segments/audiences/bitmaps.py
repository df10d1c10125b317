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
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import batched, chain
from typing import Any, Self
from uuid import UUID, uuid4

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
#: A drift of more than one in so many of the bytes of a bitmap is folded in.
MOST_DRIFT = 4
#: Bitmaps are written so many bytes at a time, and read so many at a time: each takes several times
#: its bytes on its way.
PORTION_BYTES = 2**20
READ_AT_ONCE = 32
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
class Kept:
    """What the database has of a leaf: bitmaps that were written whole, which ``whole`` names.

    ``drift`` are the people of whom the whole bitmap says the opposite of what the leaf does;
    ``restless_drift`` is the same of its restless. ``stored_at`` is when one of it was last
    written.
    """

    whole: UUID
    stored_at: datetime
    drift: BitMap = field(default_factory=BitMap)
    restless_drift: BitMap = field(default_factory=BitMap)


@dataclass(frozen=True)
class Leaf:
    """A bitmap, the snapshot and the moment in which it is true.

    With time it is true until ``until`` but for the ``restless``, whose answer may flip by then;
    no ``until`` is for good.
    """

    bitmap: BitMap
    snapshot: Snapshot
    moment: datetime
    until: datetime | None = None
    restless: BitMap = field(default_factory=BitMap)
    kept: Kept | None = None

    def may_serve(self, snapshot: Snapshot, now: datetime) -> bool:
        """Tell whether a reader of ``snapshot`` at ``now`` can go on from here."""
        return (
            self.moment <= now < (self.until or self.moment + MOST_STALE)
            and now - self.moment < MOST_STALE
            and snapshot.sees_all_of(self.snapshot)
        )

    def flipped(self, people: BitMap, restless: BitMap) -> "Leaf":
        """Return the leaf with the opposite answer for ``people``, and whether theirs may flip with
        time likewise for ``restless``.

        Where nobody flips the bitmap is shared: at millions of ids, a copy is most of the work.
        """
        kept = self.kept and replace(
            self.kept,
            drift=self.kept.drift ^ people,
            restless_drift=self.kept.restless_drift ^ restless,
        )
        return replace(
            self,
            bitmap=self.bitmap ^ people if people else self.bitmap,
            restless=self.restless ^ restless if restless else self.restless,
            kept=kept,
        )

    def to_be_stored(self, now: datetime) -> "Leaf":
        """Return the leaf as it will be kept: as a drift, or written whole when that has grown."""
        if self.kept is None or self._has_drifted_far(self.kept):
            return replace(self, kept=Kept(uuid4(), now))
        return replace(self, kept=replace(self.kept, stored_at=now))

    def _has_drifted_far(self, kept: Kept) -> bool:
        drift = _bytes_of(kept.drift) + _bytes_of(kept.restless_drift)
        return drift * MOST_DRIFT > _bytes_of(self.bitmap) + _bytes_of(self.restless)


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

#: What is written of a leaf that is written whole.
WHOLE = (
    "home",
    "leaf",
    "whole",
    "bitmap",
    "drift",
    "snapshot",
    "moment",
    "until",
    "restless",
    "restless_drift",
    "stored_at",
    "used_at",
)
STORE_DRIFTS = """
update segments_leafbitmap as kept
set drift = new.drift,
    restless_drift = new.restless_drift,
    snapshot = new.snapshot,
    moment = new.moment,
    until = new.until,
    stored_at = now()
from unnest(
    %s::text[], %s::bytea[], %s::bytea[], %s::text[], %s::timestamptz[], %s::timestamptz[]
) as new (fingerprint, drift, restless_drift, snapshot, moment, until)
where kept.fingerprint = new.fingerprint
"""


def _memory_of(bitmap: BitMap) -> int:
    return 256 + _bytes_of(bitmap)


def _bytes_of(bitmap: BitMap) -> int:
    statistics: dict[str, Any] = dict(bitmap.get_statistics())
    kinds = ("array", "run", "bitset")
    return sum(int(statistics[f"n_bytes_{kind}_containers"]) for kind in kinds)


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
    for some in batched(names, READ_AT_ONCE):
        for row in LeafBitmap.objects.filter(pk__in=some, home=reader.home).defer("leaf"):
            yield row.fingerprint, _leaf_of(row, reader)


def _leaf_of(row: LeafBitmap, reader: Snapshot) -> Leaf:
    drift, restless_drift = _read(row.drift), _read(row.restless_drift)
    return Leaf(
        _read(row.bitmap) ^ drift if drift else _read(row.bitmap),
        # What is stored is good in every life: see ``audiences.life``.
        Snapshot.parse(row.snapshot, life=reader.life, home=reader.home),
        row.moment,
        row.until,
        _read(row.restless) ^ restless_drift,
        Kept(row.whole, row.stored_at, drift, restless_drift),
    )


def _read(stored: Any) -> BitMap:
    return BitMap.deserialize(bytes(stored)) if stored else BitMap()


def _written(bitmap: BitMap) -> bytes | None:
    return bitmap.serialize() if bitmap else None


@transaction.atomic
def store(workspace_id: int, leaves: dict[str, Leaf], filters: Mapping[str, Filter]) -> None:
    """Keep ``leaves``, by fingerprint, for other processes and for after a restart; each with the
    one of ``filters`` that it answers.

    Nothing of what was read in an earlier life of the database, or in none.
    """
    present = life.present()
    leaves = {name: leaf for name, leaf in leaves.items() if leaf.snapshot.life == present}
    if present is None or not leaves:
        return
    # In one order here and below, so that two that store the same leaves cannot deadlock.
    rows = LeafBitmap.objects.filter(pk__in=leaves).order_by("pk").select_for_update(no_key=True)
    known = {name: whole for name, *whole in rows.values_list("pk", "whole", "home")}
    drifted = {
        name: leaf
        for name, leaf in sorted(leaves.items())
        if leaf.kept and known.get(name) == [leaf.kept.whole, leaf.snapshot.home]
    }
    _store_drifts(drifted)
    _store_whole(
        _row_of(workspace_id, name, leaf, filters[name])
        for name, leaf in sorted(leaves.items())
        if name not in drifted
    )


def _row_of(workspace_id: int, name: str, leaf: Leaf, item: Filter) -> LeafBitmap:
    """Return the row of a leaf. What it is said to have drifted from stands there as it was."""
    now = timezone.now()
    kept = leaf.kept or Kept(uuid4(), now)
    return LeafBitmap(
        fingerprint=name,
        workspace_id=workspace_id,
        home=leaf.snapshot.home,
        leaf=item.dump(),
        whole=kept.whole,
        bitmap=(leaf.bitmap ^ kept.drift if kept.drift else leaf.bitmap).serialize(),
        drift=_written(kept.drift),
        snapshot=str(leaf.snapshot),
        moment=leaf.moment,
        until=leaf.until,
        restless=_written(leaf.restless ^ kept.restless_drift),
        restless_drift=_written(kept.restless_drift),
        stored_at=now,
        used_at=now,
    )


def _store_whole(rows: Iterable[LeafBitmap]) -> None:
    """Write ``rows``, each of which is made when it is its turn."""
    portion: list[LeafBitmap] = []
    size = 0
    for row in chain(rows, [None]):
        if row is not None:
            portion.append(row)
            size += len(row.bitmap) + len(row.restless or b"")
        if portion and (row is None or size >= PORTION_BYTES):
            LeafBitmap.objects.bulk_create(
                portion,
                update_conflicts=True,
                unique_fields=["fingerprint"],
                update_fields=WHOLE,
            )
            portion, size = [], 0


def _store_drifts(leaves: dict[str, Leaf]) -> None:
    """Write how far ``leaves`` have drifted from what stands there, and leave that as it is.

    PostgreSQL keeps large values apart, and touches none that does not change.
    """
    for some in batched(leaves.items(), READ_AT_ONCE):
        rows = [
            (
                name,
                _written(leaf.kept.drift),
                _written(leaf.kept.restless_drift),
                str(leaf.snapshot),
                leaf.moment,
                leaf.until,
            )
            for name, leaf in some
            if leaf.kept
        ]
        with connection.cursor() as cursor:
            cursor.execute(STORE_DRIFTS, [*map(list, zip(*rows, strict=True))])


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
        sum(
            octet_length(bitmap) + coalesce(octet_length(drift), 0)
                + coalesce(octet_length(restless), 0) + coalesce(octet_length(restless_drift), 0)
        )
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


def flips(bitmap: BitMap, look: BitMap, inside: BitMap) -> BitMap:
    """Return of whom ``bitmap`` says the wrong thing, if of the ids of ``look`` just ``inside`` is
    in.
    """
    return (bitmap & look) ^ inside
