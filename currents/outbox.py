"""The outbox: events are written in the transaction in which they happen, and read in the order of
what has committed.

That order is the one of (xid, id): the transaction that wrote an event, and its number. A reader
goes no further than the oldest transaction of this database that is still open. A slow one holds up
those after it for as long as it takes; it is never passed by, so nothing of it is missed, and
nothing is read twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property, partial
from typing import Any, NamedTuple

from django.db import transaction
from django.db.backends.utils import CursorWrapper

from currents import partitions, restoring, waking
from currents.envelopes import StreamedEvent, envelope
from currents.models import SENDING, Queue
from currents.types.base import Properties
from lib.statements import Statements

statements = Statements.beside(__file__, prepared=True)

#: The largest event that is sent. Bytes.
LARGEST_BYTES = 900 * 1024
#: A usual event has no more bytes than this; of larger ones only so many bytes are read at once.
USUAL_BYTES = 4096
MOST_BYTES = 4 * 1024 * 1024


class Waiting(NamedTuple):
    """An event in a queue. ``body`` is None where it is larger than may be sent."""

    xid: int
    id: int
    body: str | None


@dataclass(frozen=True)
class Reading:
    """What a queue may send now, in order; ``cut`` where there may be more of it."""

    events: list[Waiting]
    cut: bool


class Asked:
    """What a writer has to know of a workspace: see ``ask``. The answer is awaited when it is first
    looked at.
    """

    def __init__(self, cursor: CursorWrapper) -> None:
        self._cursor = cursor

    @cached_property
    def _rows(self) -> list[Any]:
        rows = self._cursor.fetchall()
        if any(restored for *_rest, restored in rows):
            restoring.settle_in()
        return rows

    @property
    def uid(self) -> str:
        return str(self._rows[0][0])

    @property
    def day(self) -> date:
        return self._rows[0][1]

    @property
    def has_day(self) -> bool:
        """Whether that day has a partition."""
        return bool(self._rows[0][2])

    @cached_property
    def queues(self) -> dict[str, list[waking.Sleeper]]:
        """Those to wake for each type that is wanted; none where its connectors are at rest."""
        queues: dict[str, list[waking.Sleeper]] = {}
        for *_about, event_type, connector, queue, flush, state, _restored in self._rows:
            if event_type is not None:
                sleepers = queues.setdefault(event_type, [])
                if state in SENDING:
                    sleepers.append(waking.Sleeper(connector, queue, flush))
        return queues

    def wants(self, *kinds: type[Properties]) -> bool:
        return any(kind.event_type in self.queues for kind in kinds)


def ask(workspace_id: int) -> Asked:
    """Ask which events the workspace's connectors want, for a ``write`` in this transaction.

    Asked of the database each time, by index: a writer that asks once in its transaction cannot
    miss a connector that was launched before it asked.
    """
    return Asked(statements.ask("wanted", workspace=workspace_id))


def wanted(workspace_id: int) -> frozenset[str]:
    return frozenset(ask(workspace_id).queues)


def write(
    workspace_id: int, events: Iterable[StreamedEvent], *, asked: Asked | None = None
) -> None:
    """Write those of ``events`` that a connector wants, in their order.

    They become true with the transaction that is under way. Soon after it, a worker sends them.
    ``asked`` is what ``ask`` gave in the same transaction, if the writer did. Raises ValueError
    where a value has no place in JSON.
    """
    asked = asked or ask(workspace_id)
    lines: dict[str, list[str]] = {}
    uid = asked.uid
    for each in events:
        if asked.wants(type(each.what)):
            line = envelope(each, workspace_uid=uid)
            lines.setdefault(each.what.event_type, []).append(line)
    if lines:
        with transaction.atomic(savepoint=False):
            if not asked.has_day:
                partitions.ensure(asked.day)
            for event_type, bodies in lines.items():
                _write(workspace_id, event_type, bodies)
                for queue in asked.queues[event_type]:
                    transaction.on_commit(partial(waking.wake, queue), robust=True)


def horizon() -> int:
    return statements.one("horizon")[0]


def read(queue: Queue, limit: int) -> Reading:
    """Return what ``queue`` may send now: at most ``limit`` events, or about ``MOST_BYTES`` of them
    where the next one is larger than usual.
    """
    rows = statements.rows("read", **_behind(queue), limit=limit, usual=USUAL_BYTES)
    usual = next((place for place, row in enumerate(rows) if row[2] is None), len(rows))
    if rows and not usual:
        return _read_large(queue, limit)
    events = list(map(Waiting._make, rows[:usual]))
    return Reading(events, cut=len(rows) >= limit or usual < len(rows))


def _read_large(queue: Queue, limit: int) -> Reading:
    rows = statements.rows(
        "read_large", **_behind(queue), limit=limit, largest=LARGEST_BYTES, most=MOST_BYTES
    )
    events = list(map(Waiting._make, rows))
    size = sum(LARGEST_BYTES if each.body is None else len(each.body.encode()) for each in events)
    return Reading(events, cut=len(events) >= limit or size >= MOST_BYTES)


def waited(queue: Queue, first: Waiting | None = None) -> float | None:
    """Return for how many seconds the next event of ``queue``, or ``first``, has waited.

    None if none waits. It need not be settled yet.
    """
    position = {"xid": first.xid, "event_id": first.id - 1} if first else {}
    found = statements.one("next", **_behind(queue) | position)
    return found[0] if found else None


def position_at(queue: Queue, start: datetime) -> tuple[int, int] | None:
    """Return the position before the first event of ``queue`` written at ``start`` or later."""
    found = statements.one("since", **_behind(queue), start=start)
    return (found[0], found[1] - 1) if found else None


def _write(workspace_id: int, event_type: str, events: list[str]) -> None:
    text = "\n".join(events)
    statements.count("write", workspace=workspace_id, event_type=event_type, events=text)


def _behind(queue: Queue) -> dict[str, Any]:
    return {
        "workspace": queue.connector.workspace_id,
        "event_type": queue.event_type,
        "xid": queue.xid,
        "event_id": queue.event_id,
    }
