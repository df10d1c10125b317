"""The outbox: events are written in the transaction in which they happen, and read in the order of
what has committed.

That order is the one of (xid, id): the transaction that wrote an event, and its number. A reader
goes no further than the oldest transaction that is still open. A slow one holds up those after it
for as long as it takes; it is never passed by, so nothing of it is missed, and nothing is read
twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from currents import partitions, waking
from currents.envelopes import Happening, envelope
from currents.models import SENDING, Queue
from workspaces import statements

STATEMENTS = statements.load(Path(__file__).with_name("outbox.sql"))

#: The largest event that is sent. Bytes.
LARGEST = 900 * 1024
#: What is read at once, whatever the number of events: enough for many batches of usual ones.
MOST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event in a queue. ``body`` is None where it is larger than may be sent."""

    xid: int
    id: int
    body: str | None
    age: float  # seconds since it was written


@dataclass(frozen=True)
class Reading:
    """What a queue may send now, in order.

    ``cut`` where others stand right behind; ``unsettled`` where one behind may not be sent yet.
    """

    events: list[Waiting]
    cut: bool
    unsettled: bool


def wanted(workspace_id: int) -> frozenset[str]:
    """Return the types of event that a connector of the workspace wants.

    Asked of the database each time, by index: a writer that asks once in its transaction cannot
    miss a connector that was launched before.
    """
    return frozenset(_ask(workspace_id).queues)


def write(workspace_id: int, happenings: Iterable[Happening]) -> int:
    """Write those of ``happenings`` that a connector wants, in their order; return how many.

    They become true with the transaction that is under way. Soon after it, a worker sends them.
    Raises ValueError where a value has no place in JSON.
    """
    asked = _ask(workspace_id)
    events = [
        (each.what.event_type, envelope(each, workspace_uid=asked.uid))
        for each in happenings
        if each.what.event_type in asked.queues
    ]
    if not events:
        return 0
    types, bodies = zip(*events, strict=True)
    with transaction.atomic(savepoint=False):
        partitions.ensure(asked.day)
        values: dict[str, Any] = {"types": list(types), "bodies": list(bodies)}
        with connection.cursor() as cursor:
            cursor.execute(STATEMENTS["write"], values | {"workspace": workspace_id})
        for event_type in set(types):
            for queue in asked.queues[event_type]:
                transaction.on_commit(partial(waking.wake, queue), robust=True)
    return len(events)


def horizon() -> int:
    """Return the transaction from which a queue that is made now has to read."""
    return _rows("horizon")[0][0]


def read(queue: Queue, limit: int) -> Reading:
    """Return what ``queue`` may send now: at most ``limit`` events, and about ``MOST`` bytes."""
    rows = _rows("read", **_behind(queue), limit=limit, largest=LARGEST, most=MOST)
    settled = [Waiting(xid, id, body, age) for xid, id, body, done, age in rows if done]
    size = sum(LARGEST if each.body is None else len(each.body) for each in settled)
    full = len(rows) >= limit or size >= MOST
    return Reading(settled, cut=full, unsettled=len(settled) < len(rows))


def waited(queue: Queue) -> float | None:
    """Return for how many seconds the next event of ``queue`` has waited; None if none waits."""
    rows = _rows("next", **_behind(queue))
    return rows[0][0] if rows else None


def position_at(queue: Queue, start: datetime) -> tuple[int, int] | None:
    """Return the position before the first event of ``queue`` written at ``start`` or later."""
    rows = _rows("since", **_behind(queue), start=start)
    return (rows[0][0], rows[0][1] - 1) if rows else None


@dataclass(frozen=True)
class _Asked:
    uid: UUID
    day: date
    queues: dict[str, list[waking.Sleeper]]


def _ask(workspace_id: int) -> _Asked:
    rows = _rows("wanted", workspace=workspace_id)
    queues: dict[str, list[waking.Sleeper]] = {}
    for _uid, _day, event_type, connector, queue, flush, state in rows:
        if event_type is not None:
            sleepers = queues.setdefault(event_type, [])
            if state in SENDING:
                sleepers.append(waking.Sleeper(connector, queue, flush))
    return _Asked(rows[0][0], rows[0][1], queues)


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
