"""Two senders of one connector at once in a process, and three of one workspace, and no more: their
receivers may hang, and a worker has few slots. The other queues of the two stand in line.

Counted in memory, where the slots are: a worker that is killed leaves nothing behind.
"""

from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock

from django.conf import settings

from currents import waking
from currents.models import Queue

#: Senders of a connector.
AT_ONCE = 2

#: A connector or a workspace, whose senders are counted.
type Owner = tuple[str, Hashable]

_lock = Lock()
#: The queues that are being sent, and those that wait for that, by whose they are.
_sent: dict[Owner, set[int]] = {}
_in_line: dict[Owner, set[int]] = {}


@dataclass(frozen=True)
class Lane:
    """What a sender was given: ``is_free`` where it may send, else when it is to ask again."""

    owners: dict[Owner, int]
    is_free: bool
    look_again: float | None = None

    @property
    def is_wanted(self) -> bool:
        return not _in_line.keys().isdisjoint(self.owners)


@contextmanager
def lane(queue_id: int) -> Iterator[Lane]:
    """Take a lane of the queue's connector and workspace, if one is free; else the queue is woken
    when one is.
    """
    owners = _owners(queue_id)
    taken = _take(owners, queue_id)
    try:
        yield taken
    finally:
        if taken.is_free:
            for waiting in _leave(owners, queue_id):
                waking.hurry(waiting)


def _owners(queue_id: int) -> dict[Owner, int]:
    """Return to whom a queue belongs, each with how many of its queues are sent at once."""
    of_queue = Queue.objects.filter(pk=queue_id)
    for connector, workspace in of_queue.values_list("connector_id", "connector__workspace_id"):
        return {
            ("connector", connector): AT_ONCE,
            ("workspace", workspace): settings.SENDER_SLOTS,
        }
    return {}


def _take(owners: dict[Owner, int], queue_id: int) -> Lane:
    if not owners:
        return Lane(owners, is_free=False)
    with _lock:
        if any(queue_id in _sent.get(owner, ()) for owner in owners):
            return Lane(owners, is_free=False, look_again=waking.SHORTLY)
        full = [owner for owner, most in owners.items() if len(_sent.get(owner, ())) >= most]
        for owner in full:
            _in_line.setdefault(owner, set()).add(queue_id)
        if full:
            return Lane(owners, is_free=False, look_again=waking.LOOK_SECONDS)
        for owner in owners:
            _sent.setdefault(owner, set()).add(queue_id)
        return Lane(owners, is_free=True)


def _leave(owners: dict[Owner, int], queue_id: int) -> list[int]:
    """Free a lane; return the queues that stand in line for it."""
    waiting: set[int] = set()
    with _lock:
        for owner in owners:
            _sent[owner].discard(queue_id)
            if not _sent[owner]:
                del _sent[owner]
            waiting |= _in_line.pop(owner, set())
    return sorted(waiting)
