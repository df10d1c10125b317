"""Having a queue looked at: by a job, never more than one waiting for each queue."""

import time
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from procrastinate.contrib.django import app
from procrastinate.contrib.django.models import ProcrastinateJob
from procrastinate.exceptions import AlreadyEnqueued

from lib.statements import Statements

statements = Statements.beside(__file__)
TASK = "currents.tasks.send"
#: What waits in a queue is looked at this often, though its batch may wait longer to fill.
LOOK_SECONDS = 5.0
#: When another sender is at it, or an older transaction open, look again after this. Seconds.
SHORTLY = 1.0


@dataclass(frozen=True, slots=True)
class Sleeper:
    """A queue that may have to be woken: its connector, itself, and how long a batch may fill."""

    connector: UUID
    queue: int
    flush_seconds: float


#: Until when, by the monotonic clock, a job that this process asked for is still to come.
_asleep: dict[tuple[UUID, int], float] = {}


def wake(sleeper: Sleeper) -> None:
    """Have a queue looked at soon: when its batch has had the time to fill.

    Called after a commit and not within: two transactions that asked for the same job would wait
    for each other. What a process that dies in between leaves undone, ``currents.watching`` finds.
    """
    key, now = (sleeper.connector, sleeper.queue), time.monotonic()
    if now >= _asleep.get(key, 0):
        due_in = look(sleeper.queue, after=min(sleeper.flush_seconds, LOOK_SECONDS))
        # Half of the time, lest another machine's clock begin before ours thinks that it may.
        _asleep[key] = now + min(due_in, LOOK_SECONDS) / 2


def look(queue_id: int, *, after: float = 0) -> float:
    """Have the queue looked at in ``after`` seconds, unless a job for that is waiting already.

    Returns in how many seconds the job that waits now is due.
    """
    now, lock = timezone.now(), _lock(queue_id)
    waiting = ProcrastinateJob.objects.filter(queueing_lock=lock, status="todo")
    for due in waiting.values_list("scheduled_at", flat=True):
        return max((due - now).total_seconds(), 0) if due else 0
    due = now + timedelta(seconds=after) if after else None
    try:
        with transaction.atomic():
            app.configure_task(TASK, queueing_lock=lock, schedule_at=due).defer(queue_id=queue_id)
    except AlreadyEnqueued:
        return 0  # another process was first
    return after


def hurry(queue_id: int) -> None:
    """Have the queue looked at now, whatever a job that is waiting waits for."""
    statements.count("hurry", lock=_lock(queue_id))
    look(queue_id)


def _lock(queue_id: int) -> str:
    return f"{TASK} {queue_id}"
