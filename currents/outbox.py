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
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

from django.db import connection, transaction

from currents import partitions, restoring, waking
from currents.envelopes import Happening, envelope, properties, seconds
from currents.event_types import CATALOGUE, Person
from currents.models import SENDING, Queue
from workspaces import statements

STATEMENTS = statements.load(Path(__file__).with_name("outbox.sql"))

#: The largest event that is sent. Bytes.
LARGEST = 900 * 1024
#: A usual event has no more bytes than this; of larger ones only so many bytes are read at once.
USUAL = 4096
MOST = 4 * 1024 * 1024


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


@dataclass(frozen=True)
class Asked:
    """What a writer has to know of a workspace: see ``ask``."""

    uid: UUID
    day: date
    # Those to wake for each type that is wanted; none where its connectors are at rest.
    queues: dict[str, list[waking.Sleeper]]


def ask(workspace_id: int) -> Asked:
    """Return which events the workspace's connectors want, for a ``write`` in this transaction.

    Asked of the database each time, by index: a writer that asks once in its transaction cannot
    miss a connector that was launched before it asked.
    """
    rows = _rows("wanted", workspace=workspace_id)
    queues: dict[str, list[waking.Sleeper]] = {}
    if any(restored for *_rest, restored in rows):
        restoring.settle_in()
    for _uid, _day, event_type, connector, queue, flush, state, _restored in rows:
        if event_type is not None:
            sleepers = queues.setdefault(event_type, [])
            if state in SENDING:
                sleepers.append(waking.Sleeper(connector, queue, flush))
    return Asked(rows[0][0], rows[0][1], queues)


def wanted(workspace_id: int) -> frozenset[str]:
    """Return the types of event that a connector of the workspace wants."""
    return frozenset(ask(workspace_id).queues)


def write(workspace_id: int, happenings: Iterable[Happening], *, asked: Asked | None = None) -> int:
    """Write those of ``happenings`` that a connector wants, in their order; return how many.

    They become true with the transaction that is under way. Soon after it, a worker sends them.
    ``asked`` is what ``ask`` gave in the same transaction, if the writer did. Raises ValueError
    where a value has no place in JSON.
    """
    asked = asked or ask(workspace_id)
    lines: dict[tuple[str, str], list[str]] = {}
    for each in happenings:
        if each.what.event_type in asked.queues:
            statement, line = _line(each, asked.uid)
            lines.setdefault((each.what.event_type, statement), []).append(line)
    written = 0
    if lines:
        with transaction.atomic(savepoint=False):
            partitions.ensure(asked.day)
            for (event_type, statement), events in lines.items():
                written += _write(workspace_id, event_type, statement, events)
                for queue in asked.queues[event_type]:
                    transaction.on_commit(partial(waking.wake, queue), robust=True)
    return written


def horizon() -> int:
    """Return the transaction from which a queue that is made now has to read."""
    return _rows("horizon")[0][0]


def read(queue: Queue, limit: int) -> Reading:
    """Return what ``queue`` may send now: at most ``limit`` events, or about ``MOST`` bytes of them
    where the next one is larger than usual.
    """
    rows = _rows("read", **_behind(queue), limit=limit, usual=USUAL)
    usual = next((place for place, row in enumerate(rows) if row[2] is None), len(rows))
    if rows and not usual:
        return _read_large(queue, limit)
    events = list(map(Waiting._make, rows[:usual]))
    return Reading(events, cut=len(rows) >= limit or usual < len(rows))


def _read_large(queue: Queue, limit: int) -> Reading:
    rows = _rows("read_large", **_behind(queue), limit=limit, largest=LARGEST, most=MOST)
    events = list(map(Waiting._make, rows))
    size = sum(LARGEST if each.body is None else len(each.body.encode()) for each in events)
    return Reading(events, cut=len(events) >= limit or size >= MOST)


def waited(queue: Queue, first: Waiting | None = None) -> float | None:
    """Return for how many seconds the next event of ``queue``, or ``first``, has waited.

    None if none waits. It need not be settled yet.
    """
    position = {"xid": first.xid, "event_id": first.id - 1} if first else {}
    rows = _rows("next", **_behind(queue) | position)
    return rows[0][0] if rows else None


def position_at(queue: Queue, start: datetime) -> tuple[int, int] | None:
    """Return the position before the first event of ``queue`` written at ``start`` or later."""
    rows = _rows("since", **_behind(queue), start=start)
    return (rows[0][0], rows[0][1] - 1) if rows else None


def _line(happening: Happening, uid: UUID) -> tuple[str, str]:
    """Return the statement that writes an event, and the event as that takes it."""
    if isinstance(happening.who, Person):
        return "write", envelope(happening, workspace_uid=uid)
    told = properties(happening.what, str(uid))
    return "write_of_people", f"{happening.who}\t{seconds(happening)}\t{told}"


def _write(workspace_id: int, event_type: str, statement: str, events: list[str]) -> int:
    """Write ``events``; return how many: those of people who are there."""
    values: dict[str, Any] = {
        "workspace": workspace_id,
        "event_type": event_type,
        "events": "\n".join(events),
        "with_timezone": "timezone" not in CATALOGUE[event_type].not_of_person,
    }
    with connection.cursor() as cursor:
        cursor.execute(STATEMENTS[statement], values)
        return int(cursor.rowcount)


def _behind(queue: Queue) -> dict[str, Any]:
    return {
        "workspace": queue.connector.workspace_id,
        "event_type": queue.event_type,
        "xid": queue.xid,
        "event_id": queue.event_id,
    }


def _rows(statement: str, **values: Any) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(STATEMENTS[statement], values)
        return cursor.fetchall()
