"""Leaf bitmaps: for one filter, the ids of the people for whom it holds.

A bitmap is built by one statement when it is first asked for, and from then on caught up: only
the people who changed since are looked at again. It is kept with the snapshot in which it was
true, in PostgreSQL for every process and in the memory of this one.
"""

import sys
import threading
from array import array
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Self

from django.db import connection
from django.utils import timezone
from psycopg import Cursor
from pyroaring import BitMap

from segments.filters import Query, Value
from segments.models import LeafBitmap

#: Memory that one process gives to bitmaps, and how many versions of each it keeps: readers that
#: opened their snapshot a moment earlier must not be given what was true a moment later.
CACHE_BYTES = 48 * 2**20
VERSIONS = 4


@dataclass(frozen=True)
class Snapshot:
    """Which transactions a reader sees: ``pg_current_snapshot()``."""

    xmin: int
    xmax: int
    running: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read PostgreSQL's ``xmin:xmax:xid,xid``."""
        xmin, xmax, running = text.split(":")
        return cls(int(xmin), int(xmax), frozenset(int(xid) for xid in running.split(",") if xid))

    def __str__(self) -> str:
        return f"{self.xmin}:{self.xmax}:{','.join(map(str, sorted(self.running)))}"

    def sees_all_of(self, other: "Snapshot") -> bool:
        """Tell whether every transaction that ``other`` sees is seen here too."""
        return other.xmax <= self.xmax and all(
            xid >= other.xmax or xid in other.running for xid in self.running
        )


@dataclass(frozen=True)
class Leaf:
    """A bitmap, the snapshot in which it is true, and the minute if it drifts with time."""

    bitmap: BitMap
    snapshot: Snapshot
    minute: datetime | None = None


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
        """Keep ``leaf`` as a version, and drop what is over the budget."""
        with self._lock:
            kept = [leaf, *self._leaves.pop(fingerprint, [])][:VERSIONS]
            self._leaves[fingerprint] = kept
            size = sum(_memory_of(version.bitmap) for version in kept)
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
    return (
        int(bitmap.get_statistics()["n_bytes_array_containers"])
        + int(bitmap.get_statistics()["n_bytes_run_containers"])
        + int(bitmap.get_statistics()["n_bytes_bitset_containers"])
        + 256
    )


def recall(fingerprint: str, snapshot: Snapshot, minute: datetime | None) -> Leaf | None:
    """Return the newest version of a leaf from which a reader of ``snapshot`` may go on."""
    kept = cached.get(fingerprint) or _stored(fingerprint)
    return next(
        (leaf for leaf in kept if leaf.minute == minute and snapshot.sees_all_of(leaf.snapshot)),
        None,
    )


def _stored(fingerprint: str) -> list[Leaf]:
    row = LeafBitmap.objects.filter(
        fingerprint=fingerprint, system_identifier=system_identifier()
    ).first()
    if row is None:
        return []
    bitmap = BitMap.deserialize(bytes(row.bitmap))
    return [Leaf(bitmap, Snapshot.parse(row.snapshot), row.minute)]


def store(workspace_id: int, leaves: dict[str, Leaf]) -> None:
    """Keep ``leaves``, by fingerprint, for other processes and for after a restart."""
    now = timezone.now()
    LeafBitmap.objects.bulk_create(
        (
            LeafBitmap(
                fingerprint=fingerprint,
                workspace_id=workspace_id,
                system_identifier=system_identifier(),
                bitmap=leaf.bitmap.serialize(),
                snapshot=str(leaf.snapshot),
                minute=leaf.minute,
                stored_at=now,
            )
            # In one order, so that two processes that store the same leaves cannot deadlock.
            for fingerprint, leaf in sorted(leaves.items())
        ),
        update_conflicts=True,
        unique_fields=["fingerprint"],
        update_fields=["system_identifier", "bitmap", "snapshot", "minute", "stored_at"],
    )


def drop_unused(before: datetime) -> int:
    """Drop the stored bitmaps that nobody stored anew since ``before``; return how many."""
    return LeafBitmap.objects.filter(stored_at__lt=before).delete()[0]


@cache
def system_identifier() -> int:
    """The identity of the database cluster: transaction ids mean nothing in another."""
    with connection.cursor() as cursor:
        cursor.execute("select system_identifier from pg_control_system()")
        return int(cursor.fetchone()[0])


def read(query: Query) -> BitMap:
    """Run ``query`` and return the ids it selects."""
    found = f"({query.sql}) as found (id)"
    return _ids(f"select array_send(array_agg(id::int4)) from {found}", query.params)  # noqa: S608


def read_within(query: Query, ids: BitMap) -> BitMap:
    """Run ``query`` for the people of ``ids`` only."""
    found = f"({query.sql}) as found (id)"
    sql = f"select array_send(array_agg(id::int4)) from {found} where id = any(%s)"  # noqa: S608
    return _ids(sql, (*query.params, list(ids)))


def _ids(sql: str, params: Value) -> BitMap:
    # Django's cursor takes results as text, and a million ids as hexadecimal text cost 100 ms and
    # 25 MB more than as they are: it only puts the parameters in.
    with connection.cursor() as cursor, connection.wrap_database_errors:
        statement = cursor.mogrify(sql, params).encode()
        with Cursor(connection.connection) as binary:
            row = binary.execute(statement, binary=True).fetchone()
    return _decoded(row[0] if row else None)


def _decoded(sent: bytes | None) -> BitMap:
    # array_send: five words of header, then for each element its length (4) and its value, all
    # big-endian. An empty result is null.
    if sent is None:
        return BitMap()
    words = array("I", bytes(sent[20:]))
    if sys.byteorder == "little":
        words.byteswap()
    return BitMap(words[1::2])
