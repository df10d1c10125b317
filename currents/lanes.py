"""Two senders of one connector at once in a process, and no more: its receiver may hang, and a
worker has few slots. The other queues of the connector stand in line.

Counted in memory, where the slots are: a worker that is killed leaves nothing behind.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from uuid import UUID

from currents import waking
from currents.models import Queue

#: Half of the slots of a worker that has four.
AT_ONCE = 2

_lock = Lock()
#: The queues that are being sent, and those that wait for that, by their connector.
_sent: dict[UUID, set[int]] = {}
_in_line: dict[UUID, set[int]] = {}


@dataclass(frozen=True)
class Lane:
    """What a sender was given: ``is_free`` where it may send, else when it is to ask again."""

    connector_id: UUID | None
    is_free: bool
    look_again: float | None = None

    @property
    def is_wanted(self) -> bool:
        return self.connector_id in _in_line


@contextmanager
def lane(queue_id: int) -> Iterator[Lane]:
    """Take a lane of the queue's connector, if one is free; else the queue is woken when one is."""
    connector = Queue.objects.filter(pk=queue_id).values_list("connector_id", flat=True).first()
    taken = _take(connector, queue_id)
    try:
        yield taken
    finally:
        if connector and taken.is_free:
            for waiting in _leave(connector, queue_id):
                waking.hurry(waiting)


def _take(connector: UUID | None, queue_id: int) -> Lane:
    if connector is None:
        return Lane(None, is_free=False)
    with _lock:
        sent = _sent.setdefault(connector, set())
        if queue_id in sent:
            return Lane(connector, is_free=False, look_again=waking.SHORTLY)
        if len(sent) >= AT_ONCE:
            _in_line.setdefault(connector, set()).add(queue_id)
            return Lane(connector, is_free=False, look_again=waking.LOOK_SECONDS)
        sent.add(queue_id)
        return Lane(connector, is_free=True)


def _leave(connector: UUID, queue_id: int) -> list[int]:
    """Free a lane; return the queues that stand in line for it."""
    with _lock:
        _sent[connector].discard(queue_id)
        if not _sent[connector]:
            del _sent[connector]
        return sorted(_in_line.pop(connector, ()))
