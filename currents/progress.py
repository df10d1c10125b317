"""What becomes of a queue: its batch is delivered, dropped, or to be tried again."""

import time
from typing import Any

from currents.calling import Answer
from currents.models import ConnectorState, DeliveryError, Queue, Trouble
from currents.outbox import Waiting
from lib.statements import Statements

statements = Statements.beside(__file__)
#: A connector counts as failing after so many calls in a row that its receiver did not take.
FAILING_AFTER = 3
#: What was delivered is written down at most so often. Seconds.
KEEP_SECONDS = 0.25


class Moved(Exception):
    """The queue is not where we thought: an admin had it replayed, or removed it."""


class Delivered:
    """The batches of a queue that were delivered and are not written down yet.

    They are after ``KEEP_SECONDS``, and before anything else is. What a killed worker had not
    written down is sent again, under the same ids.
    """

    def __init__(self, queue: Queue) -> None:
        self._queue = queue
        self._last: Waiting | None = None
        self._start_anew()

    def add(self, batch: list[Waiting], *, large: int = 0) -> None:
        """``batch`` was delivered, but so many too ``large``. Raises Moved as ``keep`` does."""
        self._last = batch[-1]
        self._counts["events"] += len(batch) - large
        self._counts["oversized"] += large
        self._counts["batches"] += 1
        if time.monotonic() - self._since >= KEEP_SECONDS:
            self.keep()

    def keep(self) -> None:
        """Write it down. Raises Moved where the queue was moved meanwhile."""
        queue, last, counts = self._queue, self._last, self._counts
        if last is None:
            return
        self._start_anew()
        recovers = queue.trouble
        limit = queue.batch_limit
        if limit is not None:  # feel our way back to full batches
            limit = limit + 1 if limit < queue.connector.batch_size else None
        _move(queue, "advance", last, limit=limit, **counts)
        queue.batch_limit, queue.trouble, queue.failures = limit, "", 0
        if recovers:
            statements.count("recover", connector=queue.connector_id)

    def _start_anew(self) -> None:
        self._last = None
        self._counts = {"events": 0, "oversized": 0, "batches": 0}
        self._since = time.monotonic()


def drop(queue: Queue, last: Waiting, *, refused: int = 0, oversized: int = 0) -> None:
    """The events up to ``last`` are given up and counted. Raises Moved as ``keep`` does."""
    _move(queue, "drop", last, refused=refused, oversized=oversized)


def shrink(queue: Queue, events: int) -> None:
    """A batch of so many ``events`` was too large: halve those to come."""
    queue.batch_limit = max(events // 2, 1)
    queue.save(update_fields=["batch_limit"])


def fail(queue: Queue, trouble: Trouble, *, wait: float) -> None:
    statements.count("fail", queue=queue.pk, trouble=trouble, wait=wait)
    queue.failures += 1
    if trouble == Trouble.CREDENTIALS or queue.failures >= FAILING_AFTER:
        queue.connector.set_state(ConnectorState.FAILING, only_from=(ConnectorState.ACTIVE,))


def note(queue: Queue, answer: Answer, *, events: int, dropped: int = 0) -> None:
    """Keep ``answer`` for the page: what the receiver said to so many events."""
    DeliveryError.objects.create(
        connector=queue.connector,
        event_type=queue.event_type,
        status=answer.status,
        detail=answer.detail,
        events=events,
        dropped=dropped,
    )


def _move(queue: Queue, statement: str, last: Waiting, **values: Any) -> None:
    position = {"xid": queue.xid, "event_id": queue.event_id}
    goal = {"to_xid": last.xid, "to_id": last.id}
    if not statements.count(statement, queue=queue.pk, **position, **goal, **values):
        raise Moved
    queue.xid, queue.event_id = last.xid, last.id
